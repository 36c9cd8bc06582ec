"""The embedded voice, interrupted a thousand times at random: the model's history holds exactly the words the ear heard.

espeak speaks each phrase once, in its worker process; the recording, with its real samples and word times, then speaks in virtual time.
The ear knows nothing but the samples it played: it finds them in the recording and counts a word when at least half of it has sounded.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from duologue.agent.notices import Interrupted
from duologue.audio.formats import Pcm
from duologue.audio.resample import resample
from duologue.runtime.engines import Role
from duologue.runtime.pool import PoolHost
from duologue.sim import clock
from duologue.sim.caller import AGENT_RATE
from duologue.sim.draw import Answer, Case
from duologue.sim.heard_rules import kept_words, plain
from duologue.sim.hostile import Temper
from duologue.sim.marked import Lexicon, to_int16
from duologue.sim.plan import Plan, Step, Wait, Wire
from duologue.sim.scenario import FIXED
from duologue.sim.session_rules import check_drafts, notices
from duologue.sim.world import Outcome, build_world, live
from duologue.speak.engines.registry import ENGINES
from duologue.speak.speech import SpeechChunk
from tests.real.recorded_voice import RecordedVoice, Recording, record

pytestmark = pytest.mark.real

SENTENCES = (
    "Good morning, what would you like to drink today?",
    "We have coffee, tea and a very good hot chocolate.",
    "Would you like milk or sugar with that?",
    "The small one is cheaper, but most people take the large one.",
    "I am afraid the bakery was empty before noon.",
    "Your order will be ready in a few minutes, please wait by the window.",
    "If you want, I can add a piece of lemon cake.",
    "Thank you very much, and have a wonderful day!",
    "Somebody else asked for the same thing yesterday.",
    "No problem at all, let me change that for you.",
)
ANSWERS = tuple(
    Answer((" ".join(SENTENCES[(place + step) % len(SENTENCES)] for step in (0, 3, 7)),)) for place in range(12)
)
WANTED = 1000
STEPS = 10


def interrupting(seed: int) -> Case:
    """A caller who cuts the agent off again and again."""
    chance = random.Random(seed)
    cuts = [
        Step(Wait.AGENT_SPEAKS, chance.uniform(0.0, 6.0), line=" ".join(["wait"] * chance.randint(1, 3)))
        for _ in range(STEPS)
    ]
    listen: dict[str, Any] = {"type": "deepgram", "version": "v2", "model": "flux-general-en"}
    if seed % 2:
        listen["eager_eot_threshold"] = 0.4
    settings = {**FIXED[Wire.DEEPGRAM], "agent": {"listen": {"provider": listen}, "greeting": SENTENCES[0]}}
    return Case(
        seed=seed,
        plan=Plan(settings, (Step(Wait.NOTHING, 0.2, line="hello there"), *cuts), frame_s=0.1, seed=seed),
        answers=ANSWERS,
        recognizer=Temper(),
        synthesizer=Temper(delay=(0.0, 0.05)) if seed % 3 == 0 else Temper(),
        late_facts=0.0,
    )


class CollectingVoice(RecordedVoice):
    """A recorded voice that remembers what it could not say, and is silent for it."""

    def __init__(self, recording: Recording) -> None:
        super().__init__(recording)
        self.known = dict(recording.chunks)
        self.missing: list[str] = []
        self._recording = Recording(recording.rate, _Defaults(self))


class _Defaults(dict[str, tuple[SpeechChunk, ...]]):
    def __init__(self, voice: CollectingVoice) -> None:
        super().__init__(voice.known)
        self._voice = voice

    def get(self, phrase: str, default: Any = None) -> Any:
        if phrase not in self:
            self._voice.missing.append(phrase)
            return (SpeechChunk(np.zeros(1600, np.float32), 1, (), last=True),)
        return self[phrase]


def call(case: Case, voice: RecordedVoice) -> Outcome:
    outcome = Outcome(case)

    async def main() -> None:
        lexicon = Lexicon()
        await live(case, outcome, build_world(case, lexicon, random.Random(case.seed), voice=voice), lexicon)

    clock.run(main())
    return outcome


def speak(phrases: list[str]) -> Recording:
    """What espeak says, at the caller's rate."""

    async def main() -> Recording:
        host = PoolHost(ENGINES.spec(Role.SYNTHESIZER, "espeak"))
        await host.start()
        try:
            return await record(host, phrases)
        finally:
            await host.close()

    return at_rate(asyncio.run(main()), AGENT_RATE)


def at_rate(recording: Recording, rate: int) -> Recording:
    """The recording, with each phrase as one stretch of samples at another rate, and its words' times with it."""
    chunks = {}
    for phrase, said in recording.chunks.items():
        pcm: Pcm = resample(np.concatenate([chunk.pcm for chunk in said]), recording.rate, rate)
        words = [
            replace(word, start=word.start * rate // recording.rate, end=word.end * rate // recording.rate)
            for chunk in said
            for word in chunk.words
        ]
        step = rate // 10
        pieces = range(0, len(pcm), step)
        chunks[phrase] = tuple(
            SpeechChunk(
                pcm[start : start + step],
                1,
                tuple(word for word in words if start <= word.start < start + step),
                last=start == pieces[-1],
            )
            for start in pieces
        )
    return Recording(rate, chunks)


class Ear:
    """Finds what it heard in a recording."""

    def __init__(self, recording: Recording) -> None:
        self._phrases = [
            (
                to_int16(np.concatenate([chunk.pcm for chunk in said])),
                [word for chunk in said for word in chunk.words],
                text,
            )
            for text, said in recording.chunks.items()
        ]

    def words(self, samples: np.ndarray[Any, Any]) -> Iterator[str]:
        """The words of a stretch, of which the last may be cut."""
        at = 0
        while at < len(samples):
            length, begin, words, text = max(self._matches(samples[at:]), key=lambda match: match[0])
            assert length, "the ear heard something that nobody said"
            for word in words:
                if word.start >= begin and 2 * (len(samples) - at) >= word.start + word.end - 2 * begin:
                    yield text[word.text_start : word.text_end]
            at += length

    def _matches(self, rest: np.ndarray[Any, Any]) -> Iterator[tuple[int, int, list[Any], str]]:
        yield 0, 0, [], ""
        for samples, words, text in self._phrases:
            for begin in sorted({0, *(word.start for word in words)}):
                length = min(len(rest), len(samples) - begin)
                if np.array_equal(samples[begin : begin + length], rest[:length]):
                    yield length, begin, words, text
                    break


def test_history_is_what_was_heard_of_the_embedded_voice() -> None:
    recording = Recording(AGENT_RATE, {})
    for _ in range(4):  # until every phrase that is ever asked for is recorded
        missing: set[str] = set()
        for seed in range(6):
            voice = CollectingVoice(recording)
            call(interrupting(seed), voice)
            missing |= set(voice.missing)
        if not missing:
            break
        recording = Recording(AGENT_RATE, {**recording.chunks, **speak(sorted(missing)).chunks})
    ear = Ear(recording)
    interruptions = words = seed = 0
    while interruptions < WANTED:
        voice = CollectingVoice(recording)
        outcome = call(interrupting(seed), voice)
        assert outcome.call is not None
        assert not voice.missing, voice.missing
        heard = [word for each in outcome.call.ear.utterances(outcome.call.ended) for word in ear.words(each)]
        kept = kept_words(outcome)
        assert plain(" ".join(heard)) == kept, f"seed {seed}"
        assert list(check_drafts(outcome)) == []
        words += len(kept)
        interruptions += sum(isinstance(each, Interrupted) for step in outcome.trace.steps for each in notices(step))
        seed += 1
    print(f"\n{interruptions} interruptions in {seed} calls, {words} words heard, 0 wrong")
