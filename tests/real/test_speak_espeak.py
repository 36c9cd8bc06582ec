"""The embedded voice as it is: real library, real worker process."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
from contextlib import suppress
from itertools import pairwise
from statistics import median

import numpy as np
import psutil
import pytest

from duologue.runtime.engines import Role
from duologue.runtime.pool import PoolHost
from duologue.speak.alignment import WordAlignment
from duologue.speak.channel import SpeakChannel, SpeakEngines
from duologue.speak.engines import espeak
from duologue.speak.engines.registry import ENGINES
from duologue.speak.speech import SpeakOptions, SpeechChunk
from duologue.speak.voices import VOICES, VoiceCatalogue

pytestmark = pytest.mark.real

SENTENCE = "The quick brown fox jumps over the lazy dog while the other one sleeps in the sun for an hour. "


@pytest.fixture(scope="module")
def engine() -> espeak.EspeakEngine:
    return espeak.create({})


@pytest.mark.parametrize("voice", [voice.name for voice in VOICES])
def test_every_voice_of_the_catalogue_speaks(engine: espeak.EspeakEngine, voice: str) -> None:
    _, options = VoiceCatalogue().resolve(SpeakOptions(voice=voice))
    pcm = np.concatenate([chunk.pcm for chunk in engine.open(options).feed(SENTENCE)])
    seconds = len(pcm) / engine.info.sample_rate
    assert 3.0 < seconds < 12.0
    assert 0.02 < float(np.sqrt(np.mean(pcm**2))) < 0.5


@pytest.mark.parametrize(
    "language", ["de", "fr", "es-MX", "pt_BR", "it", "hi", "ja", "zh", "ko", "ru", "nl", "pl", "tr"]
)
def test_the_vendors_languages_are_spoken(engine: espeak.EspeakEngine, language: str) -> None:
    _, options = VoiceCatalogue().resolve(SpeakOptions(language=language))
    assert sum(len(chunk.pcm) for chunk in engine.open(options).feed("Hola, 1 2 3.")) > 5_000


def test_between_words_there_is_silence_and_inside_them_sound(engine: espeak.EspeakEngine) -> None:
    """Word times are right when the loud samples lie inside the words."""
    chunks = list(engine.open(SpeakOptions()).feed("Hello, world. Tell me: is it late? Yes, it is."))
    pcm = np.concatenate([chunk.pcm for chunk in chunks])
    inside = np.zeros(len(pcm), bool)
    for chunk in chunks:
        for word in chunk.words:
            inside[word.start : word.end] = True
    energy = np.square(pcm)
    assert energy[~inside].sum() < 0.02 * energy.sum()
    assert 0.3 < inside.mean() < 0.95


def test_the_same_words_are_told_every_time(engine: espeak.EspeakEngine) -> None:
    stream = engine.open(SpeakOptions())
    runs = [[word.text for chunk in stream.feed(SENTENCE) for word in chunk.words] for _ in range(20)]
    assert runs == [SENTENCE.split()] * 20


def test_a_thousand_phrases_leave_nothing_behind(engine: espeak.EspeakEngine) -> None:
    stream = engine.open(SpeakOptions())

    def speak(count: int) -> None:
        for number in range(count):
            iterator = iter(stream.feed("A phrase that is sometimes left in the middle."))
            next(iterator)
            if number % 3:
                iterator.close()  # type: ignore[attr-defined]
            else:
                list(iterator)

    speak(100)
    gc.collect()
    process = psutil.Process()
    before, threads = process.memory_info().rss, threading.active_count()
    speak(1000)
    gc.collect()
    assert threading.active_count() <= threads
    assert process.memory_info().rss - before < 4_000_000


def test_speech_is_made_much_faster_than_it_is_heard(engine: espeak.EspeakEngine) -> None:
    """Printed for the record. The processor's time is counted, not the clock's: other work shares the machine."""
    stream = engine.open(SpeakOptions())
    firsts, ratios = [], []
    for _ in range(20):
        began = time.thread_time()
        chunks = stream.feed("I can help you ")
        next(iter(chunks))
        firsts.append(time.thread_time() - began)
        began = time.thread_time()
        samples = sum(len(chunk.pcm) for chunk in stream.feed(SENTENCE))
        ratios.append(samples / engine.info.sample_rate / (time.thread_time() - began))
    print(f"first audio {1000 * median(firsts):.2f} ms for four words; {median(ratios):.0f} times real time")
    assert median(ratios) > 50


def test_a_worker_process_speaks_and_is_replaced_when_it_is_killed() -> None:
    async def talk() -> None:
        host: PoolHost[SpeakOptions, str, SpeechChunk] = PoolHost(ENGINES.spec(Role.SYNTHESIZER, "espeak"))
        await host.start()
        try:
            speakers = SpeakEngines({"espeak": host})
            text = SENTENCE * 2 + "It costs $5, at 10:30 pm."
            alignment = WordAlignment()
            alignment.say(1, text)
            failures: list[str] = []
            chunks: list[SpeechChunk] = []
            killed = False

            def hear(chunk: SpeechChunk) -> None:
                nonlocal killed
                chunks.append(chunk)
                alignment.add(chunk)
                if not killed and len(chunks) == 5:
                    for child in psutil.Process().children(recursive=True):
                        with suppress(psutil.NoSuchProcess):
                            if "duologue.runtime.worker" in child.cmdline():
                                child.kill()
                                killed = True

            channel = await SpeakChannel.open(
                speakers, SpeakOptions(), hear, lambda failure, _: failures.append(str(failure))
            )
            channel.say(text)
            channel.finish()
            await asyncio.wait_for(channel.finished(), 100)
            assert killed
            assert failures == []
            assert chunks[-1].last
            assert alignment.text_before(alignment.length) == text
            assert all(first.text_start <= second.text_start for first, second in pairwise(alignment.words))
        finally:
            await host.close()

    asyncio.run(talk())
