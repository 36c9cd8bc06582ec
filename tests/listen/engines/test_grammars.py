from __future__ import annotations

import pytest

from duologue.listen.engines.grammars import CAPTURE_GRAMMARS, grammar_words, is_jsgf
from duologue.listen.hypothesis import CaptureMode

ORDER = """#JSGF V1.0 UTF-8 en;
// what people order
grammar cafe.orders;
/* two rules */
import <other.rule>;
public <order> = [<polite>] (a | an) /2.5/ iced latte {size="x"} | /0.1/ don't <NULL>+;
<polite> = "may i" | please*;
"""


def test_the_words_of_a_grammar_are_found_among_its_signs() -> None:
    assert grammar_words(ORDER) == {"a", "an", "iced", "latte", "don't", "may", "i", "please"}


def test_a_grammar_begins_with_its_header() -> None:
    assert is_jsgf(ORDER)
    assert is_jsgf("/* hello */ #JSGF V1.0;\ngrammar g;\npublic <g> = a;")
    assert not is_jsgf("public <g> = a;")
    assert not is_jsgf("")


@pytest.mark.parametrize("mode", [mode for mode in CaptureMode if mode is not CaptureMode.FREE])
def test_every_capture_mode_brings_a_grammar(mode: CaptureMode) -> None:
    assert is_jsgf(CAPTURE_GRAMMARS[mode])
    assert len(grammar_words(CAPTURE_GRAMMARS[mode])) > 10


def test_capture_modes_accept_what_they_are_for() -> None:
    words = {mode: grammar_words(grammar) for mode, grammar in CAPTURE_GRAMMARS.items()}
    assert {"yes", "no", "nope", "sure"} <= words[CaptureMode.YES_NO]
    assert {"zero", "oh", "nine", "double", "twenty"} <= words[CaptureMode.DIGITS]
    assert {"a", "z", "seven", "zulu", "dash"} <= words[CaptureMode.SPELLING]
    assert {"at", "dot", "gmail", "com", "underscore"} <= words[CaptureMode.EMAIL]
