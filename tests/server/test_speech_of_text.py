"""A text spoken at the client's pace."""

from __future__ import annotations

from contextlib import aclosing

import numpy as np

from duologue.server.speech_of_text import place_chunk, speech_of_text
from duologue.sim.clock import run
from duologue.speak.speech import SpeakOptions, SpeechChunk, SpokenPhoneme, SpokenWord
from tests.server.driving import application

TEXT = "One sentence here.  Another one there! \n And a last one."


def test_words_are_placed_in_the_whole_text_and_its_audio() -> None:
    async def main() -> None:
        async with application() as app:
            speech = speech_of_text(app.services.speak, TEXT, SpeakOptions())
            chunks = [chunk async for chunk in speech]
            length = sum(len(chunk.pcm) for chunk in chunks)
            words = [word for chunk in chunks for word in chunk.words]
            assert [TEXT[word.text_start : word.text_end] for word in words] == TEXT.split()
            starts = [word.start for word in words]
            assert starts == sorted(set(starts))
            assert words[-1].end <= length
            assert len({chunk.phrase for chunk in chunks}) == 3

    run(main())


def test_a_speech_nobody_wants_any_more_is_ended() -> None:
    async def main() -> None:
        async with application() as app:
            speech = speech_of_text(app.services.speak, TEXT, SpeakOptions())
            async with aclosing(speech):
                assert (await anext(speech)).phrase == 1
            assert await anext(speech, None) is None

    run(main())


def test_nothing_but_blanks_is_silence() -> None:
    async def main() -> None:
        async with application() as app:
            assert [chunk async for chunk in speech_of_text(app.services.speak, " \n ", SpeakOptions())] == []

    run(main())


def test_sounds_are_placed_in_the_audio_of_the_whole_text() -> None:
    words = (SpokenWord("a", 1, 2, 0, 1),)
    placed = place_chunk(SpeechChunk(np.zeros(5, np.float32), 2, words, phonemes=(SpokenPhoneme("m", 1, 3),)), 100, 10)
    assert placed.phonemes == (SpokenPhoneme("m", 101, 103),)
    assert placed.words == (SpokenWord("a", 101, 102, 10, 11),)
