"""What every listening engine promises, whatever it is made of."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from duologue.audio.formats import LISTEN_RATE, Pcm
from duologue.audio.spans import AudioSpan
from duologue.listen.engines.registry import ENGINES, VOCABULARY
from duologue.listen.hypothesis import CaptureMode, EndSegment, Hypothesis, ListenOptions, VoiceActivity
from duologue.runtime.engines import Role

STEP = 512
SCRIPT = "0.1-0.9 a large latte; 1.4-2.0 thank you"
OPTIONS = {
    "pocketsphinx": ListenOptions(capture=CaptureMode.DIGITS, extras={"restart_s": 0.5, "open_when_unfit": False}),
    "scripted": ListenOptions(),
}
"""What the recognisers are opened for: something they are quick at."""
DETECTORS = ["silero", "energy", "scripted"]
RECOGNIZERS = ["pocketsphinx", "scripted"]


@lru_cache
def engine(role: Role, name: str) -> Any:
    made = ENGINES.spec(role, name, {"script": SCRIPT} if name == "scripted" else {})
    module, _, function = made.factory.partition(":")
    factory: Callable[..., Any] = getattr(__import__(module, fromlist=[function]), function)
    return factory(made.settings)


def some_sound(seconds: float = 2.2) -> Pcm:
    """A hum with a syllable's rhythm: loud and quiet enough for every detector to say something."""
    at = np.arange(round(seconds * LISTEN_RATE)) / LISTEN_RATE
    buzz = sum(np.sin(2 * np.pi * 120 * harmonic * at) / harmonic for harmonic in range(1, 20))
    rhythm = np.clip(np.sin(2 * np.pi * 3 * at), 0, 1)
    return (0.08 * buzz * rhythm).astype(np.float32)


def chopped(pcm: Pcm, sizes: Iterable[int], start: int = 0) -> Iterator[AudioSpan]:
    at = 0
    for size in sizes:
        if at < len(pcm):
            yield AudioSpan(start + at, pcm[at : at + size])
            at += size
    if at < len(pcm):
        yield AudioSpan(start + at, pcm[at:])


def heard(stream: Any, items: Iterable[Any]) -> list[Any]:
    return [result for item in items for result in stream.feed(item)]


@pytest.mark.parametrize("name", DETECTORS)
class TestDetector:
    def test_says_one_thing_for_each_whole_step_at_its_end(self, name: str) -> None:
        stream = engine(Role.VOICE_ACTIVITY, name).open(ListenOptions())
        activities = heard(stream, chopped(some_sound(), [700] * 100, start=1000))
        assert [activity.position for activity in activities] == [
            1000 + STEP * count for count in range(1, len(some_sound()) // STEP + 1)
        ]
        assert all(0.0 <= activity.speech <= 1.0 for activity in activities)

    def test_any_chunking_gives_the_same(self, name: str) -> None:
        @settings(max_examples=15, deadline=None, database=None, derandomize=True)
        @given(st.lists(st.integers(1, 3000), min_size=1, max_size=30))
        def check(sizes: list[int]) -> None:
            pcm = some_sound(0.6)
            one = heard(engine(Role.VOICE_ACTIVITY, name).open(ListenOptions()), [AudioSpan(0, pcm)])
            other = heard(engine(Role.VOICE_ACTIVITY, name).open(ListenOptions()), chopped(pcm, sizes))
            assert [activity.position for activity in one] == [activity.position for activity in other]
            np.testing.assert_allclose([a.speech for a in one], [a.speech for a in other], atol=1e-5)

        check()

    def test_a_flush_speaks_of_the_rest_and_of_nothing_twice(self, name: str) -> None:
        stream = engine(Role.VOICE_ACTIVITY, name).open(ListenOptions())
        assert heard(stream, [AudioSpan(0, some_sound()[:500])]) == []
        assert [activity.position for activity in stream.flush()] == [500]
        assert list(stream.flush()) == []
        more = heard(stream, [AudioSpan(500, some_sound()[500:2000])])
        assert [activity.position for activity in more] == [1012, 1524]

    def test_what_follows_a_gap_is_placed_by_its_own_start(self, name: str) -> None:
        stream = engine(Role.VOICE_ACTIVITY, name).open(ListenOptions())
        spans = [AudioSpan(0, some_sound()[:600]), AudioSpan(8000, some_sound()[:1024])]
        assert [activity.position for activity in heard(stream, spans)] == [512, 8512, 9024]

    def test_streams_know_nothing_of_each_other(self, name: str) -> None:
        quiet, loud, alone = (engine(Role.VOICE_ACTIVITY, name).open(ListenOptions()) for _ in range(3))
        silence = np.zeros(STEP, np.float32)
        expected, got = [], []
        for span in chopped(some_sound(), [STEP] * 100):
            expected += list(alone.feed(span))
            list(quiet.feed(AudioSpan(span.start, silence)))
            got += list(loud.feed(span))
        assert got == expected

    def test_closing_twice_is_allowed(self, name: str) -> None:
        stream = engine(Role.VOICE_ACTIVITY, name).open(ListenOptions())
        stream.close()
        stream.close()


@pytest.mark.parametrize("name", RECOGNIZERS)
class TestRecognizer:
    def test_there_is_one_final_for_each_end_of_segment_and_it_bears_its_number(self, name: str) -> None:
        stream = engine(Role.RECOGNIZER, name).open(OPTIONS[name])
        spans = list(chopped(some_sound(), [STEP] * 100))
        results = heard(stream, [*spans[:35], EndSegment(1), *spans[35:], EndSegment(2)])
        finals = [result for result in results if result.final]
        assert [final.segment for final in finals] == [1, 2]
        first = results.index(finals[0])
        assert {result.segment for result in results[: first + 1]} == {1}
        assert {result.segment for result in results[first + 1 :]} == {2}
        assert results[-1].final

    def test_positions_never_go_back_and_stay_inside_the_audio(self, name: str) -> None:
        stream = engine(Role.RECOGNIZER, name).open(OPTIONS[name])
        pcm = some_sound()
        results = heard(stream, [*chopped(pcm, [4000] * 100, start=3000), EndSegment(1)])
        positions = [result.position for result in results]
        assert positions == sorted(positions)
        assert all(3000 <= position <= 3000 + len(pcm) for position in positions)
        assert positions[-1] == 3000 + len(pcm)

    def test_words_are_in_order_inside_the_audio_and_make_up_the_text(self, name: str) -> None:
        stream = engine(Role.RECOGNIZER, name).open(OPTIONS[name])
        for result in heard(stream, [*chopped(some_sound(), [2000] * 100), EndSegment(1)]):
            assert result.text == " ".join(word.text for word in result.words)
            edges = [edge for word in result.words for edge in (word.start, word.end)]
            assert all(earlier <= later for earlier, later in zip(edges[::2], edges[1::2], strict=True))
            assert [word.start for word in result.words] == sorted(word.start for word in result.words)
            assert not edges or (edges[0] >= 0 and max(edges) <= len(some_sound()))

    @pytest.mark.parametrize("sizes", [[512] * 200, [1] * 40 + [3999] * 20, [12_345, 7, 9000]])
    def test_any_chunking_gives_the_same_final(self, name: str, sizes: list[int]) -> None:
        one = engine(Role.RECOGNIZER, name).open(OPTIONS[name])
        other = engine(Role.RECOGNIZER, name).open(OPTIONS[name])
        expected = heard(one, [AudioSpan(0, some_sound()), EndSegment(1)])[-1]
        assert heard(other, [*chopped(some_sound(), sizes), EndSegment(1)])[-1] == expected

    def test_a_segment_without_audio_has_an_empty_final(self, name: str) -> None:
        stream = engine(Role.RECOGNIZER, name).open(OPTIONS[name])
        (final,) = heard(stream, [EndSegment(1)])
        assert (final.segment, final.text, final.words, final.final) == (1, "", (), True)

    def test_silence_has_an_empty_final(self, name: str) -> None:
        stream = engine(Role.RECOGNIZER, name).open(OPTIONS[name])
        silence = np.zeros(LISTEN_RATE // 2, np.float32)
        final = heard(stream, [AudioSpan(10 * LISTEN_RATE, silence), EndSegment(1)])[-1]
        assert (final.text, final.final) == ("", True)

    def test_a_flush_ends_no_segment(self, name: str) -> None:
        stream = engine(Role.RECOGNIZER, name).open(OPTIONS[name])
        heard(stream, [AudioSpan(0, some_sound()[:9000])])
        assert not any(result.final for result in stream.flush())
        rest = heard(stream, [AudioSpan(9000, some_sound()[9000:]), EndSegment(1)])
        assert [(result.segment, result.final) for result in rest][-1] == (1, True)

    def test_a_stream_left_in_the_middle_of_an_item_goes_on(self, name: str) -> None:
        stream = engine(Role.RECOGNIZER, name).open(OPTIONS[name])
        results = stream.feed(AudioSpan(0, some_sound()))
        next(results, None)
        results.close()
        final = heard(stream, [EndSegment(1)])[-1]
        assert (final.segment, final.final) == (1, True)

    def test_closing_in_the_middle_and_twice_is_allowed(self, name: str) -> None:
        stream = engine(Role.RECOGNIZER, name).open(OPTIONS[name])
        heard(stream, [AudioSpan(0, some_sound()[:9000])])
        stream.close()
        stream.close()


@pytest.mark.parametrize("known", [entry for entry in ENGINES if entry.installed], ids=lambda e: f"{e.role}-{e.name}")
def test_an_engine_is_what_the_registry_says_it_is(known: Any) -> None:
    info = engine(known.role, known.name).info
    assert (info.name, info.role, info.licence) == (known.name, known.role, known.licence)
    assert info.sample_rate == LISTEN_RATE
    assert info.version
    assert info.worst_step_s > 0
    assert not info.download


def test_what_engines_take_and_give_crosses_the_link() -> None:
    for value in (
        ListenOptions(),
        AudioSpan(0, np.zeros(4, np.float32)),
        EndSegment(1),
        VoiceActivity(512, 0.5),
        Hypothesis(1, 0, ""),
    ):
        assert VOCABULARY.kind(value) >= 0
