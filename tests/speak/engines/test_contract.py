"""What every synthesiser must keep to, ours or a library's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from duologue.errors import Violation
from duologue.runtime.engines import Role
from duologue.speak.engines import espeak, tone
from duologue.speak.speech import SpeakOptions, SpeechChunk, SpeechSynthesizer
from duologue.speak.words import find_words

TEXTS = [
    "Hello, world.",
    "I heard: tell me — 12 apples it's well-known $3.50, really?",
    "One",
    "A. B! C?",
    "naïve café 你好",
]


@pytest.fixture(params=["tone", "espeak"])
def engine(request: pytest.FixtureRequest) -> Any:
    return {"tone": tone.create, "espeak": espeak.create}[request.param]({})


def speak(engine: SpeechSynthesizer, text: str, options: SpeakOptions | None = None) -> list[SpeechChunk]:
    return list(engine.open(options or SpeakOptions()).feed(text))


def test_it_says_who_it_is(engine: SpeechSynthesizer) -> None:
    info = engine.info
    assert info.role is Role.SYNTHESIZER
    assert info.name
    assert info.version
    assert info.licence
    assert info.word_times
    assert 8_000 <= info.sample_rate <= 48_000


@pytest.mark.parametrize("text", TEXTS)
def test_a_phrase_is_chunks_of_audio_of_which_one_is_the_last(engine: SpeechSynthesizer, text: str) -> None:
    chunks = speak(engine, text)
    assert [chunk.last for chunk in chunks] == [False] * (len(chunks) - 1) + [True]
    assert {chunk.phrase for chunk in chunks} == {1}
    for chunk in chunks:
        assert chunk.pcm.dtype == np.float32
        assert chunk.pcm.ndim == 1
        assert np.abs(chunk.pcm).max(initial=0.0) <= 1.0
        assert len(chunk.pcm) <= engine.info.sample_rate // 5
    assert sum(len(chunk.pcm) for chunk in chunks) > 0


@pytest.mark.parametrize("text", TEXTS)
def test_words_begin_inside_their_chunk_end_inside_the_audio_and_are_words_of_the_text(
    engine: SpeechSynthesizer, text: str
) -> None:
    chunks = speak(engine, text)
    total = sum(len(chunk.pcm) for chunk in chunks)
    position = behind = 0
    spans = []
    for chunk in chunks:
        for word in chunk.words:
            assert position <= word.start < position + len(chunk.pcm)
            assert behind <= word.start <= word.end <= total
            assert text[word.text_start : word.text_end] == word.text
            behind = word.end
            spans.append((word.text_start, word.text_end))
        position += len(chunk.pcm)
    assert spans == sorted(spans)
    assert set(spans) <= set(find_words(text))


@pytest.mark.parametrize("text", ["Hello, world.", "One two three four five.", "He sat in the sun for an hour."])
def test_every_plain_word_is_told(engine: SpeechSynthesizer, text: str) -> None:
    told = [(word.text_start, word.text_end) for chunk in speak(engine, text) for word in chunk.words]
    assert told == find_words(text)


@pytest.mark.parametrize("text", ["", "  ", "—", "..."])
def test_a_phrase_without_words_ends_with_one_last_chunk(engine: SpeechSynthesizer, text: str) -> None:
    chunks = speak(engine, text)
    assert chunks[-1].last
    assert not any(chunk.words for chunk in chunks)


def test_phrases_are_counted(engine: SpeechSynthesizer) -> None:
    stream = engine.open(SpeakOptions())
    assert {chunk.phrase for chunk in stream.feed("One.")} == {1}
    assert list(stream.flush()) == []
    assert {chunk.phrase for chunk in stream.feed("Two.")} == {2}
    stream.close()


def test_a_phrase_left_in_the_middle_harms_nothing(engine: SpeechSynthesizer) -> None:
    stream = engine.open(SpeakOptions())
    iterator = iter(stream.feed("A rather long sentence that nobody will hear to its end."))
    next(iterator)
    iterator.close()  # type: ignore[attr-defined]
    assert [chunk.last for chunk in stream.feed("Fine.")][-1]


def test_streams_may_be_drained_alternately(engine: SpeechSynthesizer) -> None:
    text = "One two three four five six."
    alone = [word.text for chunk in speak(engine, text) for word in chunk.words]
    iterators = [iter(engine.open(SpeakOptions()).feed(text)) for _ in range(2)]
    heard: list[list[str]] = [[], []]
    for pair in zip(*iterators, strict=False):
        for number, chunk in enumerate(pair):
            heard[number] += [word.text for word in chunk.words]
    assert heard[0][: len(alone) - 1] == heard[1][: len(alone) - 1] == alone[:-1]


def test_faster_is_shorter_and_louder_is_louder(engine: SpeechSynthesizer) -> None:
    text = "A sentence of several words to be measured."
    plain = np.concatenate([chunk.pcm for chunk in speak(engine, text)])
    fast = np.concatenate([chunk.pcm for chunk in speak(engine, text, SpeakOptions(speed=1.5))])
    quiet = np.concatenate([chunk.pcm for chunk in speak(engine, text, SpeakOptions(volume=0.5))])
    assert len(fast) < 0.8 * len(plain)
    assert np.abs(quiet).max() < 0.7 * np.abs(plain).max()


@pytest.mark.parametrize("speed", [0.49, 2.01])
def test_a_speed_it_cannot_speak_is_refused(engine: SpeechSynthesizer, speed: float) -> None:
    with pytest.raises(Violation, match=r"expected 0\.5 to 2"):
        engine.open(SpeakOptions(speed=speed))
