"""Grammars for the recogniser: the words one needs, and those the capture modes bring along.

Grammars are JSGF (Java Speech Grammar Format). Without one, digits and spelled letters are useless with an open vocabulary: nine words
of ten are wrong.
"""

from __future__ import annotations

import re

from duologue.listen.engines.pronounce import LETTERS
from duologue.listen.hypothesis import CaptureMode

_COMMENTS = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)
_NOT_WORDS = re.compile(
    r"/\*.*?\*/"  # comments
    r"|//[^\n]*"
    r"|\{(?:\\.|[^}\\])*\}"  # tags
    r"|/\s*[\d.eE+-]+\s*/"  # weights
    r"|<[^>]*>",  # rule names
    re.DOTALL,
)
_HEADER = re.compile(r"^\s*#JSGF[^;]*;\s*grammar\s+[^;]*;")
_KEYWORDS = frozenset({"public", "import"})


def is_jsgf(text: str) -> bool:
    """Whether a text begins as a JSGF grammar must: `#JSGF V1.0; grammar name;`."""
    return _HEADER.match(_COMMENTS.sub(" ", text)) is not None


def grammar_words(jsgf: str) -> set[str]:
    """The words a JSGF grammar can accept, as written."""
    text = _HEADER.sub(" ", _NOT_WORDS.sub(" ", jsgf), count=1)
    words = re.split(r"[\s=|()\[\]*+;\"]+", text)
    return {word for word in words if word and word not in _KEYWORDS}


_DIGIT = "zero | oh | one | two | three | four | five | six | seven | eight | nine"
_LETTER = " | ".join(LETTERS)
_NATO = (
    "alpha | bravo | charlie | delta | echo | foxtrot | golf | hotel | india | juliet | kilo | lima | mike | november | oscar"
    " | papa | quebec | romeo | sierra | tango | uniform | victor | whiskey | x ray | yankee | zulu"
)
_TEENS = (
    "ten | eleven | twelve | thirteen | fourteen | fifteen | sixteen | seventeen | eighteen | nineteen"
    " | twenty | thirty | forty | fifty | sixty | seventy | eighty | ninety | hundred | thousand"
)


def _jsgf(rule: str, *rules: str) -> str:
    return "\n".join(("#JSGF V1.0;", "grammar capture;", f"public <capture> = {rule};", *rules))


CAPTURE_GRAMMARS: dict[CaptureMode, str] = {
    CaptureMode.YES_NO: _jsgf(
        "[<lead>] <answer> [<answer>] [<tail>]",
        "<lead> = um | uh | well | oh;",
        "<answer> = yes | yeah | yep | yup | no | nope | nah | sure | okay | right | correct | wrong | absolutely | definitely"
        " | of course | not really | i think so | i don't think so | that's right | that's correct | that's wrong | please do"
        " | go ahead | no way | not at all | i do | i don't | it is | it isn't;",
        "<tail> = please | thanks | thank you | that's right | that's correct;",
    ),
    CaptureMode.DIGITS: _jsgf(
        "<item>+",
        f"<digit> = {_DIGIT};",
        f"<item> = <digit> | /0.05/ double <digit> | /0.05/ triple <digit> | /0.01/ ( {_TEENS} );",
    ),
    CaptureMode.SPELLING: _jsgf(
        "<item>+",
        f"<letter> = {_LETTER};",
        f"<digit> = {_DIGIT};",
        f"<nato> = {_NATO};",
        "<item> = <letter> | <digit> | /0.05/ <nato> | /0.05/ double <letter> | /0.02/ ( dash | space | dot | underscore );",
    ),
    CaptureMode.EMAIL: _jsgf(
        "<part>+ [ at <host> ]",
        f"<letter> = {_LETTER};",
        f"<digit> = {_DIGIT};",
        "<part> = <letter> | <digit> | /0.1/ ( dot | dash | underscore | hyphen | double <letter> | info | contact | mail | hello );",
        "<host> = <name>+ ( dot <domain> )+;",
        "<name> = gmail | yahoo | hotmail | outlook | icloud | proton | mail | example | <letter> | <digit> | dash;",
        "<domain> = com | net | org | edu | gov | info | co | u k | u s | d e | i o | e u | c a | a u;",
    ),
}
"""What can be said in each capture mode; `FREE` has none."""
