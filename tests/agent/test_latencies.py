"""The figures of a reply."""

from __future__ import annotations

import pytest

from duologue.agent.latencies import Latencies
from duologue.listen.events import TurnEnded
from tests.conversations.call import DECISION


def test_each_part_of_the_answer_is_measured() -> None:
    spent = Latencies()
    spent.end_turn(TurnEnded(1, 32_000, "hi", "hi", (), 0.9, 24_000, DECISION), 10.0)
    spent.asked, spent.first_token, spent.spoken, spent.first_audio, spent.sent = 10.0, 10.3, 10.4, 10.5, 10.6
    measured = spent.measured(7)
    assert measured.reply == 7
    assert (measured.stt, measured.ttt, measured.tts, measured.total) == pytest.approx((0.5, 0.3, 0.1, 1.1))


def test_the_models_first_words_and_calls_are_measured_from_the_request_of_their_round() -> None:
    spent = Latencies()
    spent.ask(10.0)
    spent.write(10.2, text=False)
    spent.write(10.3, text=False)
    spent.ask(12.0)
    spent.write(12.1, text=True)
    spent.write(12.5, text=True)
    spent.first_audio = 12.9
    measured = spent.measured(1)
    assert (measured.ttt, measured.ttt_tool, measured.ttt_text) == pytest.approx((0.2, 0.2, 0.1))
    assert measured.text_to_speech == pytest.approx(0.8)


def test_what_was_not_measured_is_none_and_a_draft_is_never_negative() -> None:
    spent = Latencies()
    assert spent.measured(1).total is None
    spent.sent = 9.0
    spent.end_turn(None, 10.0)
    assert spent.measured(1).total == 0.0
    assert spent.measured(1).stt is None


def test_a_recogniser_that_is_late_with_its_last_words_counts() -> None:
    spent = Latencies()
    turn = TurnEnded(
        1, 32_000, "hi", "hi", (), 0.9, 24_000, DECISION
    )  # decided at 2.0 s of audio, half a second after the speech
    spent.end_turn(turn, 13.2, hears_from=10.0)
    assert spent.stt == pytest.approx(13.2 - (10.0 + 1.5))
    spent.end_turn(turn, 11.0, hears_from=10.5)
    assert spent.stt == pytest.approx(0.5), "audio that came faster than it sounds is not answered before it ended"
