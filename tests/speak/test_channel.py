"""The shell of a synthesis stream: any engine, any accident."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from dataclasses import replace

import numpy as np
import pytest

from duologue.errors import EngineFailure, Refused, Violation
from duologue.runtime.engines import EngineInfo
from duologue.runtime.inline import InlineHost
from duologue.speak.alignment import WordAlignment
from duologue.speak.channel import MAX_QUEUED_CHARACTERS, SpeakChannel, SpeakEngines
from duologue.speak.engines.tone import ToneEngine, ToneSettings, ToneStream
from duologue.speak.pronunciation import Lexicon
from duologue.speak.speech import Pronunciation, SpeakOptions, SpeechChunk, SpokenPhoneme, SpokenWord
from duologue.speak.voices import Gender, Voice, VoiceCatalogue

PLAIN = SpeakOptions()
VOICES = VoiceCatalogue(
    [Voice("tina", "1", "tone", "t", Gender.NEUTRAL), Voice("bob", "2", "spare", "b", Gender.NEUTRAL)], default="tina"
)


class MortalStream:
    """Speaks in tones until its engine's lives are spent."""

    def __init__(self, stream: ToneStream, engine: MortalEngine, *, hums: bool) -> None:
        self._stream = stream
        self._hums = hums
        self._engine = engine

    def feed(self, item: str) -> Iterator[SpeechChunk]:
        """Dies after as many chunks as the next entry of the engine's `lives` says."""
        left = self._engine.lives.pop(0) if self._engine.lives else None
        self._engine.said.append(item)
        for count, chunk in enumerate(self._stream.feed(item)):
            if left is not None and count >= left:
                raise EngineFailure(self._engine.info.name, "the worker died")
            hums = tuple(SpokenPhoneme("m", word.start, word.end) for word in chunk.words) if self._hums else ()
            yield replace(chunk, words=chunk.words if self._engine.info.word_times else (), phonemes=hums)

    def flush(self) -> Iterator[SpeechChunk]:
        """Nothing."""
        return iter(())

    def close(self) -> None:
        """Nothing."""


class MortalEngine:
    """A tone engine that dies: each entry of `lives` is how many chunks one feed gives before it does; then it lives for ever."""

    def __init__(
        self, lives: list[int] | None = None, *, name: str = "tone", rate: int = 1000, word_times: bool = True
    ) -> None:
        self._tone = ToneEngine(ToneSettings(sample_rate=rate, syllable_s=0.1, gap_s=0.02, pause_s=0.08, chunk_s=0.06))
        self.lives = lives or []
        self.said: list[str] = []
        self.opened: list[SpeakOptions] = []
        self.refusing = False
        self.info: EngineInfo = replace(self._tone.info, name=name, word_times=word_times)

    def open(self, options: SpeakOptions) -> MortalStream:
        """A stream; the engine remembers what was asked."""
        self.opened.append(options)
        if self.refusing:
            raise Refused("engine_full", "full")
        return MortalStream(self._tone.open(options), self, hums=options.phonemes)


class Listener:
    """Remembers what a channel gave."""

    def __init__(self) -> None:
        self.chunks: list[SpeechChunk] = []
        self.failures: list[tuple[str, bool]] = []

    def fail(self, failure: EngineFailure, recovered: bool) -> None:
        self.failures.append((str(failure), recovered))

    @property
    def samples(self) -> int:
        return sum(len(chunk.pcm) for chunk in self.chunks)

    @property
    def words(self) -> list[SpokenWord]:
        return [word for chunk in self.chunks for word in chunk.words]


def engines(*mortals: MortalEngine, lexicon: Lexicon | None = None, voices: VoiceCatalogue = VOICES) -> SpeakEngines:
    return SpeakEngines({mortal.info.name: InlineHost(mortal) for mortal in mortals}, voices, lexicon or Lexicon())


def run(test: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(test())  # type: ignore[arg-type]


async def speak(speakers: SpeakEngines, *phrases: str, options: SpeakOptions | list[SpeakOptions] = PLAIN) -> Listener:
    """Say phrases to the end; failures of the channel are with the listener."""
    listener = Listener()
    channel = await SpeakChannel.open(speakers, options, listener.chunks.append, listener.fail)
    for number, phrase in enumerate(phrases, 1):
        assert channel.say(phrase) == number
    channel.finish()
    with suppress(EngineFailure):
        await channel.finished()
    channel.close()
    return listener


def test_phrases_come_out_in_order_each_with_one_last_chunk() -> None:
    async def test() -> None:
        heard = await speak(engines(MortalEngine()), "Hello, you. ", "Bye.")
        assert [chunk.phrase for chunk in heard.chunks if chunk.last] == [1, 2]
        assert [chunk.phrase for chunk in heard.chunks] == sorted(chunk.phrase for chunk in heard.chunks)
        assert [(word.text, word.start) for word in heard.words] == [("Hello,", 0), ("you.", 300), ("Bye.", 0)]

    run(test)


@pytest.mark.parametrize(
    ("options", "said", "words"),
    [
        (SpeakOptions(), ["five", "dollars"], ["$5"]),
        (SpeakOptions(normalization="off"), ["$5 😀"], ["$5"]),
        (SpeakOptions(language="de", normalization="en"), ["five", "dollars"], ["$5"]),
        (SpeakOptions(spoken_words=True), ["five", "dollars"], ["five", "dollars"]),
    ],
)
def test_texts_are_written_out_as_it_is_asked_for(options: SpeakOptions, said: list[str], words: list[str]) -> None:
    async def test() -> None:
        mortal = MortalEngine()
        heard = await speak(engines(mortal), "$5 😀", options=options)
        assert " ".join(mortal.said).strip() == " ".join(said)
        assert [word.text for word in heard.words] == words

    run(test)


def test_words_are_those_of_the_text_as_given() -> None:
    async def test() -> None:
        text = 'Pay **$5** <speed ratio="1.2"/>to <break time="100ms"/>[Bob](https://x.io) 😀 now.'
        mortal = MortalEngine()
        heard = await speak(engines(mortal), text)
        assert mortal.said == ["Pay five dollars ", "to ", "Bob  now."]
        assert [word.text for word in heard.words] == ["Pay", "**$5**", "to", "[Bob](https://x.io)", "now."]
        assert all(text[word.text_start : word.text_end] == word.text for word in heard.words)
        starts = [word.start for word in heard.words]
        assert starts == sorted(starts)
        assert heard.chunks[-1].last
        assert [options.speed for options in mortal.opened] == [1.0, 1.2]

    run(test)


def test_a_style_holds_for_the_phrases_that_follow_and_a_break_is_silence() -> None:
    async def test() -> None:
        mortal = MortalEngine()
        heard = await speak(
            engines(mortal), 'One <volume ratio="0.5"/>', '<break time="250ms"/>two <emotion value="sad"/>three'
        )
        assert [options.volume for options in mortal.opened] == [1.0, 0.5, 0.5]
        assert (mortal.opened[-1].extras or {})["emotion"] == "sad"
        second = [chunk for chunk in heard.chunks if chunk.phrase == 2]
        assert [len(chunk.pcm) for chunk in second[:3]] == [100, 100, 50]
        assert not any(chunk.pcm.any() for chunk in second[:3])
        assert next((word.text, word.start) for chunk in second for word in chunk.words) == ("two", 250)

    run(test)


@pytest.mark.parametrize("text", ["", " ", "😀", "—", '<break time="100ms"/>'])
def test_a_phrase_with_nothing_to_say_still_ends(text: str) -> None:
    async def test() -> None:
        heard = await speak(engines(MortalEngine()), text, "Yes.")
        assert [chunk.phrase for chunk in heard.chunks if chunk.last] == [1, 2]
        assert [word.text for word in heard.words] == ["Yes."]

    run(test)


def turns_of_others(text: str) -> list[int]:
    """For each chunk of what is said, how many turns another task had had when it was given."""
    given: list[int] = []

    async def test() -> None:
        turns = 0

        async def others() -> None:
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0)

        waiting = asyncio.create_task(others())
        channel = await SpeakChannel.open(
            engines(MortalEngine()), PLAIN, lambda _: given.append(turns), lambda *_: None
        )
        channel.say(text)
        channel.finish()
        await channel.finished()
        waiting.cancel()

    run(test)
    return given


def test_others_have_their_turn_between_the_pieces_of_a_long_silence() -> None:
    given = turns_of_others('<break time="9s"/>.')
    assert len(given) >= 90
    assert max(given.count(turn) for turn in given) <= 2


def test_others_have_their_turn_between_the_pieces_of_a_long_word() -> None:
    """The word is known to be over, and its audio given, when its last part begins."""
    given = turns_of_others("9" * 60)
    assert len(given) > 60
    assert max(given.count(turn) for turn in given) <= 2


def test_a_lexicon_changes_the_sound_and_not_the_words() -> None:
    async def test() -> None:
        mortal = MortalEngine()
        heard = await speak(engines(mortal, lexicon=Lexicon([Pronunciation("nginx", "engine x")])), "use nginx")
        assert mortal.said == ["use engine x"]
        assert [word.text for word in heard.words] == ["use", "nginx"]

    run(test)


def test_an_engine_without_word_times_gets_estimated_ones() -> None:
    async def test() -> None:
        heard = await speak(engines(MortalEngine(word_times=False)), "one two three")
        assert [word.text for word in heard.words] == ["one", "two", "three"]
        assert not any(word.exact for word in heard.words)

    run(test)


def test_a_worker_that_dies_before_any_audio_is_asked_again_and_nobody_notices() -> None:
    async def test() -> None:
        mortal = MortalEngine([0])
        heard = await speak(engines(mortal), "Hello, you.")
        whole = await speak(engines(MortalEngine()), "Hello, you.")
        assert mortal.said == ["Hello, you.", "Hello, you."]
        assert heard.failures == []
        assert heard.samples == whole.samples
        assert heard.words == whole.words

    run(test)


def test_a_worker_that_dies_in_the_middle_goes_on_from_the_word_that_was_cut() -> None:
    async def test() -> None:
        mortal = MortalEngine([4])  # 240 samples: "Hello," ended at 200
        text = "Hello, you there."
        heard = await speak(engines(mortal), text)
        assert mortal.said == [text, " you there."]
        assert [word.text for word in heard.words] == ["Hello,", "you", "there."]
        assert [word.start for word in heard.words] == [0, 240, 360]
        assert all(text[word.text_start : word.text_end] == word.text for word in heard.words)
        mortal = MortalEngine([3])  # 180 samples: in the middle of "Hello,"
        heard = await speak(engines(mortal), text)
        assert mortal.said == [text, text]
        alignment = WordAlignment()
        alignment.say(1, text)
        for chunk in heard.chunks:
            alignment.add(chunk)
        assert alignment.text_before(heard.samples) == text

    run(test)


def test_after_two_deaths_the_next_voice_takes_over() -> None:
    async def test() -> None:
        first, second = MortalEngine([0, 0]), MortalEngine(name="spare", rate=2000)
        heard = await speak(
            engines(first, second), "Hello.", "Bye.", options=[SpeakOptions(), SpeakOptions(voice="bob")]
        )
        assert heard.failures == [("tone: the worker died; lost: the rest of phrase 1", True)]
        assert second.said == ["Hello.", "Bye."]
        assert second.opened[0].voice == "b"
        whole = await speak(engines(MortalEngine()), "Hello.", "Bye.")
        assert abs(heard.samples - whole.samples) <= 4  # resampled from 2 kHz to the first engine's 1 kHz
        assert [word.start for word in heard.words] == [word.start for word in whole.words]

    run(test)


def test_another_engine_is_the_last_resort_without_being_asked_for() -> None:
    async def test() -> None:
        first, second = MortalEngine([0, 0]), MortalEngine(name="spare")
        heard = await speak(engines(first, second), "Hello.")
        assert [recovered for _, recovered in heard.failures] == [True]
        assert second.said == ["Hello."]

    run(test)


def test_when_nobody_can_speak_the_channel_ends_with_the_failure() -> None:
    async def test() -> None:
        speakers = engines(MortalEngine([1, 0, 0, 0]))
        heard = await speak(speakers, "Hello.", "Never.")
        assert heard.failures == [("tone: the worker died; lost: the rest of phrase 1", False)]
        assert [chunk.phrase for chunk in heard.chunks] == [1]
        channel = await SpeakChannel.open(speakers, PLAIN, heard.chunks.append, heard.fail)
        channel.say("Hello.")
        with pytest.raises(EngineFailure, match="the worker died"):
            await channel.finished()
        assert channel.say("Late.") == 1

    run(test)


def test_a_full_engine_is_passed_over_and_the_last_one_says_so() -> None:
    async def test() -> None:
        full, spare = MortalEngine(), MortalEngine(name="spare")
        full.refusing = True
        heard = await speak(engines(full, spare), "Hello.")
        assert spare.said == ["Hello."]
        assert heard.failures == [("tone: full; lost: nothing yet", True)]
        with pytest.raises(Refused, match="full"):
            await speak(engines(full), "Hello.")

    run(test)


def test_an_unknown_voice_is_refused_by_a_strict_catalogue() -> None:
    async def test() -> None:
        strict = VoiceCatalogue(VOICES, default="tina", strict=True)
        with pytest.raises(Violation, match="there is no voice 'nobody'"):
            await speak(engines(MortalEngine(), voices=strict), "Hi.", options=SpeakOptions(voice="nobody"))

    run(test)


def test_nothing_is_delivered_after_a_cancel_and_new_phrases_are() -> None:
    async def test() -> None:
        listener = Listener()
        mortal = MortalEngine()
        channel = await SpeakChannel.open(engines(mortal), PLAIN, listener.chunks.append, listener.fail)
        channel.say("One.")
        channel.say("Two.")
        channel.cancel()
        assert channel.say("Three.") == 3
        channel.finish()
        await channel.finished()
        assert {chunk.phrase for chunk in listener.chunks} == {3}
        assert mortal.said == ["Three."]

    run(test)


def test_a_cancel_between_two_chunks_stops_at_once() -> None:
    async def test() -> None:
        listener = Listener()
        channels: list[SpeakChannel] = []

        def deliver(chunk: SpeechChunk) -> None:
            listener.chunks.append(chunk)
            if len(listener.chunks) == 2:
                channels[0].cancel()

        host = InlineHost(MortalEngine(), pace=lambda _: 0.0)
        speakers = SpeakEngines({"tone": host}, VOICES)
        channels.append(await SpeakChannel.open(speakers, PLAIN, deliver, listener.fail))
        channels[0].say("A long sentence of many words.")
        channels[0].finish()
        await channels[0].finished()
        assert len(listener.chunks) == 2

    run(test)


def test_a_closed_channel_is_silent_and_closing_twice_is_once() -> None:
    async def test() -> None:
        listener = Listener()
        channel = await SpeakChannel.open(engines(MortalEngine()), PLAIN, listener.chunks.append, listener.fail)
        channel.say("One.")
        channel.close()
        channel.close()
        assert channel.say("Two.") == 1
        channel.cancel()
        await channel.finished()
        assert listener.chunks == []

    run(test)


def test_too_much_text_is_refused() -> None:
    async def test() -> None:
        listener = Listener()
        channel = await SpeakChannel.open(engines(MortalEngine()), PLAIN, listener.chunks.append, listener.fail)
        channel.say("x" * MAX_QUEUED_CHARACTERS)
        with pytest.raises(Refused, match="100000 characters wait"):
            channel.say("x")
        channel.close()
        await channel.finished()

    run(test)


def test_audio_is_at_the_default_engines_rate() -> None:
    async def test() -> None:
        speakers = engines(MortalEngine(rate=1000), MortalEngine(name="spare", rate=2000))
        assert speakers.rate == 1000
        heard = await speak(speakers, "Hello.", options=SpeakOptions(voice="bob"))
        assert heard.words[0].end == 200
        assert np.concatenate([chunk.pcm for chunk in heard.chunks]).dtype == np.float32

    run(test)


def test_sounds_are_placed_in_the_phrase_at_the_channels_rate() -> None:
    async def test() -> None:
        fast, slow = MortalEngine(rate=2000), MortalEngine(name="spare", rate=1000)
        options = SpeakOptions(phonemes=True)
        heard = await speak(engines(fast, slow), 'Hello <break time="250ms"/>you.', options=options)
        sounds = [sound for chunk in heard.chunks for sound in chunk.phonemes]
        assert [(sound.start, sound.end) for sound in sounds] == [(word.start, word.end) for word in heard.words]
        assert sounds[1].start > 250
        assert not [sound for chunk in (await speak(engines(fast), "Hello.")).chunks for sound in chunk.phonemes]

    run(test)
