"""One stream of speech: text in, audio and words out, whatever happens to the engine meanwhile.

A phrase is prepared (tags, lexicon, spoken text), given to the engine passage by passage, and its words are carried back to the text as
it was given. When the engine or its worker dies, the rest of the phrase is asked for once more in a fresh stream, then from the next
voice of the list, then from another engine; what was already given is not repeated, but for the word that was cut.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np

from duologue.audio.formats import Pcm, Samples
from duologue.audio.resample import Resampler
from duologue.errors import DuologueError, EngineFailure, Refused
from duologue.runtime.engines import Flushed
from duologue.speak.markup import Passage, Style, read_markup
from duologue.speak.speech import SpeakOptions, SpeechChunk, SpokenPhoneme, SpokenWord
from duologue.speak.voice_choice import SpeakEngines, VoiceChoice
from duologue.speak.voice_stream import VoiceStream
from duologue.speak.word_translation import WordEstimator, WordTranslation

__all__ = ["MAX_QUEUED_CHARACTERS", "Deliver", "Fail", "SpeakChannel", "SpeakEngines"]

MAX_QUEUED_CHARACTERS = 100_000
"""Text a channel lets wait; more is refused."""

SILENCE_CHUNK_S = 0.1
"""Length of the chunks a break is given in."""

Deliver: TypeAlias = Callable[[SpeechChunk], None]
Fail: TypeAlias = Callable[[EngineFailure, bool], None]
"""Told of a failure, and whether another voice takes over from where it happened."""

log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Phrase:
    """A phrase and how far it has come."""

    number: int
    text: str
    turn: int
    """Counts the cancels before it; a phrase of an earlier turn is over."""
    given: Samples = 0
    last_word: SpokenWord | None = None

    @property
    def resume_at(self) -> int:
        """The character to go on from: that of the word that was cut, if one was."""
        if self.last_word is None:
            return 0
        return self.last_word.text_start if self.last_word.end > self.given else self.last_word.text_end


class SpeakChannel:
    """The shell of one synthesis stream. `deliver` gets every chunk in order: words count characters of the text given to `say`."""

    def __init__(self, engines: SpeakEngines, choices: Sequence[VoiceChoice], deliver: Deliver, fail: Fail) -> None:
        """Use `open`."""
        self._engines = engines
        self._voice = VoiceStream(choices)
        self._deliver = deliver
        self._fail = fail
        self._style = Style()
        self._phrases: asyncio.Queue[_Phrase | None] = asyncio.Queue()
        self._queued = 0
        self._count = 0
        self._turn = 0
        self._failure: EngineFailure | None = None
        self._finishing = self._closed = False
        self._task: asyncio.Task[None] | None = None

    @classmethod
    async def open(
        cls, engines: SpeakEngines, options: SpeakOptions | Sequence[SpeakOptions], deliver: Deliver, fail: Fail
    ) -> SpeakChannel:
        """A channel with a stream open in the first voice that can be had. `options` may be a list of fallbacks.

        Raises `Refused` when every engine is full, `Violation` when none can do what is asked, `EngineFailure` when none can be started.
        """
        wanted = [options] if isinstance(options, SpeakOptions) else list(options)
        channel = cls(engines, engines.choose(wanted), deliver, fail)
        while True:
            try:
                await channel._voice.reach(channel._style)
                break
            except DuologueError as error:
                if not channel._voice.has_spare:
                    raise
                engine = channel._voice.give_up().engine
                log.warning("voice engine %s cannot be opened, trying the next", engine)
                fail(EngineFailure(engine, str(error), lost="nothing yet"), True)
        channel._start()
        return channel

    @property
    def rate(self) -> int:
        """Of the audio given, in hertz."""
        return self._engines.rate

    def say(self, text: str) -> int:
        """Queue a phrase; its number, from 1. Raises `Refused("speech_queue_full")` past `MAX_QUEUED_CHARACTERS`."""
        if self._closed or self._finishing or self._failure is not None:
            return self._count
        if self._queued + len(text) > MAX_QUEUED_CHARACTERS:
            raise Refused("speech_queue_full", f"more than {MAX_QUEUED_CHARACTERS} characters wait to be spoken")
        self._queued += len(text)
        self._count += 1
        self._phrases.put_nowait(_Phrase(self._count, text, self._turn))
        return self._count

    def finish(self) -> None:
        """No more phrases will come. Idempotent."""
        if not self._finishing:
            self._finishing = True
            self._phrases.put_nowait(None)

    async def finished(self) -> None:
        """Return once everything said before `finish` was delivered, or the channel was closed. Raises `EngineFailure` when it failed."""
        if self._task is not None:
            await asyncio.wait([self._task])
            if not self._task.cancelled() and (error := self._task.exception()) is not None:
                raise error  # our own mistake, not the engine's: those end in `fail`
        if self._failure is not None:
            raise self._failure

    def cancel(self) -> None:
        """Forget what is queued and all audio still to come: nothing is delivered after this. New phrases may follow."""
        self._stop()
        self._phrases = asyncio.Queue()
        self._queued = 0
        if self._finishing:
            self._phrases.put_nowait(None)
        if not self._closed and self._failure is None:
            self._start()

    def close(self) -> None:
        """End the stream; nothing is delivered any more. Idempotent."""
        self._closed = True
        self._stop()

    def _start(self) -> None:
        self._task = asyncio.get_running_loop().create_task(self._run(self._phrases, self._turn), name="speak")

    def _stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
        self._turn += 1  # the task may be what called this, through `deliver`, and goes on to its next await
        self._voice.drop()

    async def _run(self, phrases: asyncio.Queue[_Phrase | None], turn: int) -> None:
        try:
            while turn == self._turn and (phrase := await phrases.get()) is not None:
                self._queued -= len(phrase.text)
                await self._speak(phrase)
        except EngineFailure as failure:
            self._failure = failure
            self._fail(failure, False)
        finally:
            if turn == self._turn:
                self._voice.drop()

    async def _speak(self, phrase: _Phrase) -> None:
        retried = False
        while True:
            try:
                return await self._speak_rest(phrase)
            except DuologueError as error:
                self._check_turn(phrase)
                self._voice.drop()
                failure = _as_failure(error, self._voice.choice.engine, phrase, retried=retried)
                if isinstance(error, EngineFailure) and not retried:
                    retried = True
                    log.warning("%s; asking again", failure)
                    continue
                if not self._voice.has_spare:
                    raise failure from error
                self._voice.give_up()
                retried = False
                self._fail(failure, True)

    def _check_turn(self, phrase: _Phrase) -> None:
        """Nothing is done any more for a phrase that was cancelled."""
        if phrase.turn != self._turn:
            raise asyncio.CancelledError

    async def _speak_rest(self, phrase: _Phrase) -> None:
        """What has not been given of a phrase, passage by passage."""
        passages = read_markup(phrase.text, self._style)
        if phrase.given:
            passages = [replace(passage, text=passage.text.after(phrase.resume_at)) for passage in passages]
            passages = [passage for passage in passages if passage.text.text.strip()] or passages[-1:]
            passages[0] = replace(passages[0], pause=0.0)  # its silence came before what was given
        for passage in passages[:-1]:
            await self._speak_passage(phrase, passage, last=False)
        await self._speak_passage(phrase, passages[-1], last=True)
        self._style = passages[-1].style

    async def _speak_passage(self, phrase: _Phrase, passage: Passage, *, last: bool) -> None:
        await self._be_silent(phrase, passage.pause)
        choice = self._voice.choice
        spoken = choice.write_out(self._engines.lexicon.apply(passage.text))
        if not spoken.text.strip():
            if last:
                self._emit(phrase, np.zeros(0, np.float32), last=True)
            return
        await self._voice.reach(passage.style)
        translation = WordTranslation(phrase.text, spoken, as_spoken=choice.options.spoken_words)
        info = choice.host.info
        estimator = None if info.word_times else WordEstimator(spoken.text, info.sample_rate, choice.options.speed)
        resampler = Resampler(info.sample_rate, self.rate)
        begun = phrase.given
        async for result in self._voice.send(spoken.text):
            if isinstance(result, Flushed):
                continue
            for chunk in translation.push(estimator.push(result) if estimator else result):
                self._give(phrase, chunk, resampler, begun, ends=last and chunk.last)
                if not chunk.last:
                    # What is there already would be worked off in one go, after a long word minutes of it: others have their turn, and the
                    # first audio is on its way before.
                    await asyncio.sleep(0)
            if result.last:
                return
        raise EngineFailure(choice.engine, "the stream ended", lost="the phrase being spoken")

    def _give(self, phrase: _Phrase, chunk: SpeechChunk, resampler: Resampler, begun: Samples, *, ends: bool) -> None:
        pcm = resampler.push(chunk.pcm)
        if chunk.last:
            pcm = np.concatenate((pcm, resampler.finish()))
        scale = self.rate / self._voice.choice.host.info.sample_rate
        words = tuple(
            replace(word, start=begun + round(word.start * scale), end=begun + round(word.end * scale))
            for word in chunk.words
        )
        sounds = tuple(
            replace(sound, start=begun + round(sound.start * scale), end=begun + round(sound.end * scale))
            for sound in chunk.phonemes
        )
        self._emit(phrase, pcm, words, sounds, last=ends)

    def _emit(
        self,
        phrase: _Phrase,
        pcm: Pcm,
        words: tuple[SpokenWord, ...] = (),
        sounds: tuple[SpokenPhoneme, ...] = (),
        *,
        last: bool = False,
    ) -> None:
        self._check_turn(phrase)
        phrase.given += len(pcm)
        if words:
            phrase.last_word = words[-1]
        self._deliver(SpeechChunk(pcm, phrase.number, words, last=last, phonemes=sounds))

    async def _be_silent(self, phrase: _Phrase, seconds: float) -> None:
        """Pieces of silence, between which others have their turn: a phrase may ask for two minutes of it."""
        left = round(seconds * self.rate)
        step = round(SILENCE_CHUNK_S * self.rate)
        while left > 0:
            pcm = np.zeros(min(left, step), np.float32)
            left -= len(pcm)
            self._emit(phrase, pcm)
            await asyncio.sleep(0)


def _as_failure(error: DuologueError, engine: str, phrase: _Phrase, *, retried: bool) -> EngineFailure:
    lost = f"the rest of phrase {phrase.number}"
    message = error.message if isinstance(error, EngineFailure) else str(error)
    return EngineFailure(engine, message, lost=lost, retried=retried)
