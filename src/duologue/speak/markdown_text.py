"""Text written in Markdown, without the signs that only an eye needs. Works on pieces: a sign whose partner is elsewhere goes too."""

from __future__ import annotations

import re

from duologue.speak.mapped_text import MappedText, Rewriting

_SIGN = re.compile(
    r"""
    (?P<fence>^[ \t]*(?:```|~~~)[^\n]*$)                     # a fence and the name of its language
    | (?P<rule>^[ \t]*(?:[-*_][ \t]*){3,}$)                  # a line across
    | (?P<row>^[ \t]*\|?(?:[ \t]*:?-{3,}:?[ \t]*\|)+[ \t:-]*$)  # below a table's head
    | (?P<head>^[ \t]*\#{1,6}[ \t]+)
    | (?P<quote>^[ \t]*(?:>[ \t]?)+)
    | (?P<box>^[ \t]*[-*+][ \t]+\[[ xX]\][ \t]+)
    | (?P<bullet>^[ \t]*[-*+•][ \t]+)
    | (?P<image>!\[(?P<alt>[^\]\n]*)\]\([^)\s]*(?:\s"[^"\n]*")?\))
    | (?P<link>\[(?P<label>[^\]\n]+)\]\([^)\s]*(?:\s"[^"\n]*")?\))
    | (?P<angle><(?P<address>https?://[^<>\s]+)>)
    | (?P<html></?[a-zA-Z][a-zA-Z0-9]{0,9}(?:\s[^<>\n]{0,200})?/?>)
    | (?P<code>`+)
    | (?P<strike>~~)
    | (?P<strong>\*{2,3})
    | (?P<star>(?<![\w*])\*(?=[^\s*])|(?<=[^\s*])\*(?![\w*]))
    | (?P<score>(?<!\w)_{1,3}(?=[^\s_])|(?<=[^\s_])_{1,3}(?!\w))
    | (?P<cell>[ \t]*\|[ \t]*)
    | (?P<escape>\\(?P<escaped>[\\`*_{}\[\]()\#+\-.!|<>~]))
    """,
    re.VERBOSE | re.MULTILINE,
)


def read_markdown(text: MappedText) -> MappedText:
    """The text as it would look on a page: labels of links, no signs of emphasis, table cells parted by commas."""
    rewritings: list[Rewriting] = []
    for sign in _SIGN.finditer(text.text):
        start, end = sign.span()
        kept = next((group for group in ("alt", "label", "address", "escaped") if sign[group] is not None), None)
        if kept is not None:
            # Only what stands around the label goes, so that each of its words stays the word it was.
            rewritings += (Rewriting(start, sign.start(kept), ""), Rewriting(sign.end(kept), end, ""))
        elif sign["cell"] is not None:
            inside = _begins_line(text.text, start) or _ends_line(text.text, end)
            rewritings.append(Rewriting(start, end, "" if inside else ", "))
        else:
            rewritings.append(Rewriting(start, end, ""))
    return text.rewrite(rewritings)


def _begins_line(text: str, place: int) -> bool:
    return not text[:place].rpartition("\n")[2].strip()


def _ends_line(text: str, place: int) -> bool:
    return not text[place:].partition("\n")[0].strip()
