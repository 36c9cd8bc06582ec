"""When the gap behind the last word is long enough."""

from __future__ import annotations

from duologue.protocols.deepgram.listen_gaps import UtteranceGaps

GAP = 16_000


def hear(gaps: UtteranceGaps, *voiced: tuple[int, bool]) -> list[int]:
    found = [gaps.hear(position, 0.9 if speaks else 0.0) for position, speaks in voiced]
    return [last for last in found if last is not None]


def test_it_is_told_once_when_the_gap_is_complete() -> None:
    gaps = UtteranceGaps(GAP)
    assert hear(gaps, (8_000, True), (16_000, False)) == []
    assert gaps.told(16_000, 12_000) is None
    assert hear(gaps, (27_000, False), (28_000, False), (40_000, False)) == [12_000]


def test_speech_inside_the_gap_prevents_it() -> None:
    gaps = UtteranceGaps(GAP)
    gaps.told(16_000, 12_000)
    assert hear(gaps, (20_000, True), (40_000, False)) == []
    assert gaps.begin(20_000) is None
    gaps.told(36_000, 34_000)
    assert hear(gaps, (50_000, False)) == [34_000]


def test_the_beginning_of_speech_ends_a_gap_nobody_was_told_of() -> None:
    gaps = UtteranceGaps(GAP)
    gaps.told(16_000, 12_000)
    assert gaps.begin(28_000) == 12_000
    assert gaps.begin(29_000) is None


def test_words_that_come_late_are_judged_by_what_was_heard_since() -> None:
    gaps = UtteranceGaps(GAP)
    hear(gaps, (8_000, True), (16_000, False), (60_000, True), (70_000, False))
    assert gaps.told(16_000, 12_000) == 12_000
    gaps = UtteranceGaps(GAP)
    hear(gaps, (8_000, True), (16_000, False), (20_000, True), (70_000, False))
    assert gaps.told(16_000, 12_000) is None


def test_a_sound_without_words_has_no_end() -> None:
    gaps = UtteranceGaps(GAP)
    gaps.begin(8_000)
    assert gaps.told(16_000, None) is None
    assert hear(gaps, (60_000, False)) == []
