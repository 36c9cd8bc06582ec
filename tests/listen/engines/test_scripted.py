from __future__ import annotations

import numpy as np
import pytest

from duologue.audio.formats import LISTEN_RATE
from duologue.audio.spans import AudioSpan
from duologue.errors import Violation
from duologue.listen.engines.scripted import (
    Utterance,
    create_end_of_turn,
    create_recognizer,
    create_voice_activity,
    read_script,
)
from duologue.listen.hypothesis import Completeness, EndSegment, Hypothesis, ListenOptions

SCRIPT = "0.5-1.5 one two\n# a pause\n2.0-2.4 three; 3 - 3.5"


def silence(start_s: float, end_s: float) -> AudioSpan:
    return AudioSpan(round(start_s * LISTEN_RATE), np.zeros(round((end_s - start_s) * LISTEN_RATE), np.float32))


def test_a_script_has_a_line_or_a_semicolon_between_utterances() -> None:
    assert read_script(SCRIPT) == (
        Utterance(8000, 24000, "one two"),
        Utterance(32000, 38400, "three"),
        Utterance(48000, 56000, ""),
    )


@pytest.mark.parametrize("line", ["hello", "1-0.5 back", "0-1 a; 0.5-2 b", "x-2 a"])
def test_a_line_that_cannot_be_read_is_named(line: str) -> None:
    with pytest.raises(Violation, match=r"line \d of the script is"):
        read_script(line)


def test_words_share_the_time_of_their_utterance() -> None:
    (first, second) = Utterance(0, 1000, "a b").words()
    assert (first.text, first.start, first.end, second.start, second.end) == ("a", 0, 500, 500, 1000)


def test_there_is_voice_where_the_script_has_an_utterance() -> None:
    stream = create_voice_activity({"script": SCRIPT}).open(ListenOptions())
    voiced = [activity.position / LISTEN_RATE for activity in stream.feed(silence(0, 4)) if activity.speech > 0.5]
    assert min(voiced) == pytest.approx(0.5, abs=0.05)
    assert [at for at in voiced if 1.55 < at < 2.0 or 2.45 < at < 3.0] == []
    assert max(voiced) == pytest.approx(3.5, abs=0.05)


def test_words_appear_after_the_delay_and_at_the_end_at_once() -> None:
    stream = create_recognizer({"script": SCRIPT, "delay": 0.3, "every": 0.1}).open(ListenOptions())
    heard = [(round(h.position / LISTEN_RATE, 2), h.text) for h in stream.feed(silence(0.2, 1.5))]
    assert heard == [(1.3, "one")]
    (final,) = stream.feed(EndSegment(1))
    assert (final.text, final.final, final.position) == ("one two", True, 24000)


def test_a_segment_has_the_words_whose_middle_it_was_given() -> None:
    stream = create_recognizer({"script": SCRIPT}).open(ListenOptions())
    list(stream.feed(silence(0.2, 1.1)))
    (first,) = stream.feed(EndSegment(1))
    list(stream.feed(silence(1.1, 3.0)))
    (second,) = stream.feed(EndSegment(2))
    assert (first.text, second.text) == ("one", "two three")


def test_a_flush_says_what_the_delay_held_back_once() -> None:
    stream = create_recognizer({"script": SCRIPT, "delay": 1.0}).open(ListenOptions())
    assert list(stream.feed(silence(0.2, 1.5))) == []
    assert [hypothesis.text for hypothesis in stream.flush()] == ["one two"]
    assert list(stream.flush()) == []


def test_one_stream_may_have_its_own_script() -> None:
    stream = create_recognizer({"script": SCRIPT}).open(ListenOptions(extras={"script": "0-0.4 other"}))
    list(stream.feed(silence(0, 0.5)))
    assert list(stream.feed(EndSegment(1))) == [
        Hypothesis(1, 8000, "other", Utterance(0, 6400, "other").words(), final=True)
    ]


def test_the_end_of_turn_model_says_what_it_was_told() -> None:
    stream = create_end_of_turn({"completeness": 0.9}).open(ListenOptions())
    assert list(stream.feed(silence(0, 1))) == [Completeness(16000, 0.9)]
    assert list(stream.flush()) == []
    stream.close()
