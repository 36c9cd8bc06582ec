"""The audio ring: cut by position, bounded."""

from __future__ import annotations

import numpy as np

from duologue.audio.spans import AudioSpan
from duologue.listen.ring import AudioRing


def ring(count: int, most: int = 1000) -> AudioRing:
    made = AudioRing(most)
    for place in range(count):
        made.push(AudioSpan(place * 10, np.arange(place * 10, place * 10 + 10, dtype=np.float32)))
    return made


def test_what_is_cut_is_what_stood_there() -> None:
    span = ring(5).cut(13, 37)
    assert span is not None
    assert (span.start, list(span.pcm)) == (13, list(range(13, 37)))


def test_a_whole_step_is_given_without_a_copy() -> None:
    made = ring(3)
    assert made.cut(10, 20) is made.cut(10, 20)


def test_beyond_its_bound_the_oldest_audio_is_lost() -> None:
    made = ring(10, most=30)
    assert (made.start, made.end) == (60, 100)
    span = made.cut(0, 100)
    assert span is not None
    assert span.start == 60


def test_what_is_forgotten_or_not_yet_heard_cannot_be_cut() -> None:
    made = ring(5)
    made.forget_before(25)
    assert made.start == 20
    assert made.cut(0, 20) is None
    assert made.cut(50, 60) is None
    made.forget_before(1000)
    assert made.cut(0, 100) is None
    assert (made.start, made.end) == (50, 50)
