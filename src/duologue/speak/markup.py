"""Inline tags of a text to speak, as Cartesia's clients write them: never spoken, never in timestamps.

`<speed ratio="1.2"/>`, `<volume ratio="0.8"/>`, `<emotion value="calm"/>` hold from where they stand; `<break time="700ms"/>` is silence;
`<spell>AB12</spell>` is spoken letter by letter; `[laughter]` is left out; `<<m|ɛ|t>>` is said as it is written in IPA, as near as plain
letters come to it. Anything else that looks like a tag is text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from duologue.runtime.machine import Seconds
from duologue.speak.mapped_text import MappedText, Rewriting

MAX_BREAK: Seconds = 10.0
"""A longer break is cut to this, so that no text asks for endless silence."""

TAG = re.compile(
    r"""
    <\s*(?P<name>speed|volume)\s+ratio\s*=\s*["']?(?P<ratio>\d+(?:\.\d+)?)["']?\s*/?>
    | <\s*emotion\s+value\s*+=\s*+["']?\s*+(?P<emotion>[\w-]*+(?:\ ++[\w-]++)*+)\s*+["']?\s*+/?>
    | <\s*break\s+time\s*=\s*["']?(?P<time>\d+(?:\.\d+)?)\s*(?P<unit>ms|s)["']?\s*/?>
    | (?P<open>< \s*spell\s*>) | (?P<close></\s*spell\s*>)
    | (?P<sound>\[(?:laughter|laughs?|sighs?|coughs?|gasps?)\])
    | <<(?P<phonemes>[^<>\n]{1,200})>>
    """,
    re.VERBOSE | re.IGNORECASE,
)
"""One tag. The phrase splitter uses it too: a tag is never cut. What could be shared out between two repetitions is possessive, so that one
pass tells that a text is no tag.
"""

_LETTERS = {
    "ɑ": "ah", "æ": "a", "ʌ": "uh", "ə": "uh", "ɚ": "er", "ɝ": "er", "ɛ": "eh", "ɪ": "i", "i": "ee", "ɔ": "aw", "ʊ": "oo", "u": "oo",
    "o": "oh", "e": "ay", "a": "ah", "ʃ": "sh", "ʒ": "zh", "θ": "th", "ð": "th", "ŋ": "ng", "ɹ": "r", "ɡ": "g", "j": "y", "ɾ": "t",
    "ʔ": "", "ː": "", "ˈ": "", "ˌ": "", "tʃ": "ch", "dʒ": "j", "aɪ": "ie", "aʊ": "ow", "eɪ": "ay", "oʊ": "oh", "ɔɪ": "oy",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Style:
    """How text sounds from a place on, until the next tag."""

    speed: float = 1.0
    """Factor on the stream's speed."""
    volume: float = 1.0
    """Factor on the stream's volume."""
    emotion: str = ""


@dataclass(frozen=True, slots=True)
class Passage:
    """A stretch of text in one style."""

    text: MappedText
    """Without tags; stands for places of the text given."""
    style: Style
    pause: Seconds = 0.0
    """Silence before it."""


def read_markup(source: str, style: Style) -> list[Passage]:
    """The passages of a text, beginning in `style`; at least one, and the last one's style holds for what follows."""
    passages: list[Passage] = []
    pause = 0.0
    begun = 0
    spelling = False
    for tag in TAG.finditer(source):
        changed, silence = _effect(tag, style)
        opens, closes = tag["open"] is not None, tag["close"] is not None
        if changed != style or silence or opens or closes:
            said = _passage(source, begun, tag.start(), style, pause, spell=spelling)
            passages += said
            pause = silence if said else pause + silence
            style, begun = changed, tag.end()
            spelling = opens or (spelling and not closes)
    said = _passage(source, begun, len(source), style, pause, spell=spelling)
    passages += said
    pause = 0.0 if said else pause
    if pause or not passages or passages[-1].style != style:
        passages.append(Passage(MappedText.of(source, len(source)), style, pause))
    return passages


def hide_tags(source: str) -> str:
    """The text with spaces where its tags are: same length, so that places stay what they were."""
    if "<" not in source and "[" not in source:
        return source
    return TAG.sub(lambda tag: tag.group() if tag["phonemes"] else " " * len(tag.group()), source)


def strip_tags(source: str) -> str:
    """The text without its tags, inline phonemes as their signs: what timestamps and transcripts show."""
    return TAG.sub(lambda tag: tag["phonemes"].replace("|", "") if tag["phonemes"] else "", source)


def _passage(source: str, start: int, end: int, style: Style, pause: Seconds, *, spell: bool) -> list[Passage]:
    if not hide_tags(source[start:end]).strip():
        return []
    text = MappedText.of(source, start, end)
    hidden = [
        Rewriting(tag.start(), tag.end(), pronounce_ipa(tag["phonemes"]) if tag["phonemes"] else "")
        for tag in TAG.finditer(text.text)
    ]
    text = text.rewrite(hidden)
    if spell:
        text = spell_out(text)
    return [Passage(text, style, pause)]


def _effect(tag: re.Match[str], style: Style) -> tuple[Style, Seconds]:
    """The style after the tag and the silence it asks for."""
    if tag["name"]:
        ratio = float(tag["ratio"])
        if tag["name"].lower() == "speed":
            return replace(style, speed=min(max(ratio, 0.5), 2.0)), 0.0
        return replace(style, volume=min(max(ratio, 0.0), 2.0)), 0.0
    if tag["emotion"] is not None:
        return replace(style, emotion=tag["emotion"].lower()), 0.0
    if tag["time"]:
        seconds = float(tag["time"]) / (1000 if tag["unit"].lower() == "ms" else 1)
        return style, min(seconds, MAX_BREAK)
    return style, 0.0


def spell_out(text: MappedText) -> MappedText:
    """Every letter and digit by itself, with a little time between; signs in between fall away."""
    rewritings = []
    for place, character in enumerate(text.text):
        if character.isalnum():
            rewritings.append(Rewriting(place, place + 1, f"{character.upper()}, "))
        elif not character.isspace():
            rewritings.append(Rewriting(place, place + 1, ""))
    return text.rewrite(rewritings)


def pronounce_ipa(phonemes: str) -> str:
    """`m|ɛ|t` in plain letters (`meht`): what a voice without phoneme input is given to read."""
    letters = []
    for phoneme in phonemes.split("|"):
        sound = phoneme.strip()
        known = _LETTERS.get(sound.strip("ˈˌː"))
        if known is None:
            known = "".join(_LETTERS.get(sign, sign) for sign in sound)
        letters.append(known)
    return "".join(letters)
