"""The bench's ears: what an agent would expect, and one conversation under every wording."""

from __future__ import annotations

import numpy as np
import pytest

from duologue.listen.hypothesis import CaptureMode, ListenOptions
from duologue.listen.policy import GatePolicy
from duologue.sim import turn_ears
from duologue.sim.turn_bench import Dialogue, Turn
from duologue.sim.turn_ears import WORDINGS, Ears, expectation, expected_capture, named

ORDER = Turn(0, 1, "command", "a latte", ("audio/coffee-1.flac",))


def test_an_agent_expects_digits_letters_and_coffee() -> None:
    assert expectation(Turn(0, 1, "digits", "one")).capture is CaptureMode.DIGITS
    assert expectation(Turn(0, 1, "spelling", "a")).capture is CaptureMode.SPELLING
    assert expectation(ORDER).grammar
    assert expectation(Turn(0, 1, "read", "once")) == ListenOptions()


def test_an_agent_names_the_words_of_its_orders_only() -> None:
    assert "latte" in named(ORDER).keyterms
    assert named(Turn(0, 1, "digits", "one")) == ListenOptions()


def test_what_is_expected_is_told_only_where_an_agent_would() -> None:
    dialogue = Dialogue("d", 9.0, "clean", (Turn(2.0, 3.0, "digits", "one"),))
    assert expected_capture(dialogue, "heard") == expected_capture(dialogue, "keyterms") == []
    assert expected_capture(dialogue, "expected") == [(1.5, CaptureMode.DIGITS)]


@pytest.mark.parametrize(
    ("recognizer", "wordings"), [("scripted", tuple(WORDINGS)), (None, ("silence", "foreground", "reference"))]
)
def test_a_conversation_is_heard_under_every_wording(
    recognizer: str | None, wordings: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    # The true words are heard without a language model here; loading one takes a second.
    monkeypatch.setattr(turn_ears, "_language_model", lambda: lambda words: 0.8 if words else None)
    ears = Ears("energy", recognizer, GatePolicy())
    pcm = np.zeros(32_000, np.float32)
    pcm[8_000:24_000] = 0.2 * np.random.default_rng(1).standard_normal(16_000)
    turn = Turn(0.5, 1.5, "command", "hello", words=(("hello", 0.5, 1.5),))
    heard = ears.hear(Dialogue("d", 2.0, "clean", (turn,)), pcm)
    assert tuple(heard) == wordings
    assert heard["reference"].hypotheses[1][-1].text == "hello"
    assert heard["silence"].hypotheses == heard["foreground"].hypotheses == {}
