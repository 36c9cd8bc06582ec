"""Cartesia's contexts, by literal times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from duologue.speak.context_events import (
    ContextAudio,
    ContextCancelled,
    ContextCommand,
    ContextDone,
    ContextFailed,
    ContextFlushed,
    ContextSpeechFailed,
    ContextSpeechReceived,
    SpeakPhrase,
    StopStream,
    TextPushed,
)
from duologue.speak.contexts import PHRASES_AHEAD, ContextLimits, SpeechContexts
from duologue.speak.phrases import PhrasePolicy, PhraseSplitter
from duologue.speak.speech import SpeakOptions, SpeechChunk, SpokenPhoneme, SpokenWord

RATE = 1000
PLAIN = SpeakOptions()


def push(text: str, context: str = "a", *, more: bool = True, flush: bool = False, delay: float = 3.0) -> TextPushed:
    return TextPushed(context, text, more, flush, PLAIN, delay)


def speech(
    context: str = "a", stream: int = 1, phrase: int = 1, samples: int = 100, *, last: bool = True
) -> ContextSpeechReceived:
    words = (SpokenWord("w", 10, 50, 0, 1),)
    return ContextSpeechReceived(context, stream, SpeechChunk(np.ones(samples, np.float32), phrase, words, last))


def phrases(commands: Sequence[ContextCommand]) -> list[str]:
    return [command.text for command in commands if isinstance(command, SpeakPhrase)]


def told(commands: Sequence[ContextCommand]) -> list[str]:
    """Short names of notices: `audio 1`, `flushed 1`, `done`, `failed CODE`, each with its context."""
    names = []
    for command in commands:
        match command:
            case ContextAudio():
                names.append(f"{command.context} audio {command.segment}")
            case ContextFlushed():
                names.append(f"{command.context} flushed {command.segment}")
            case ContextDone():
                names.append(f"{command.context} done")
            case ContextFailed():
                names.append(f"{command.context} failed {command.code}")
            case SpeakPhrase() | StopStream():
                pass
    return names


def test_text_is_joined_verbatim_and_done_comes_once_after_the_last_audio() -> None:
    """C§5.4: "Hello," and "world" is spoken "Hello,world"."""
    contexts = SpeechContexts(RATE)
    assert contexts.handle(push("Hello,"), 0.0) == []
    assert phrases(contexts.handle(push("world", more=False), 0.1)) == ["Hello,world"]
    assert told(contexts.handle(speech(last=False), 0.2)) == ["a audio 1"]
    commands = contexts.handle(speech(last=True), 0.3)
    assert told(commands) == ["a audio 1", "a done"]
    assert StopStream("a", 1) in commands
    assert contexts.handle(speech(), 0.4) == []
    assert contexts.count == 0
    assert contexts.wake_at() is None


def test_an_empty_last_input_ends_the_context() -> None:
    contexts = SpeechContexts(RATE)
    contexts.handle(push("Good morning. "), 0.0)
    assert told(contexts.handle(speech(), 0.1)) == ["a audio 1"]
    assert told(contexts.handle(push("", more=False), 0.2)) == ["a done"]


@pytest.mark.parametrize("text", ["", "  \n"])
def test_a_context_without_text_yields_just_done(text: str) -> None:
    assert told(SpeechContexts(RATE).handle(push(text, more=False), 0.0)) == ["a done"]


def test_text_is_held_for_a_natural_start_at_most_for_the_delay() -> None:
    contexts = SpeechContexts(RATE)
    assert contexts.handle(push("Well", delay=0.5), 1.0) == []
    assert contexts.wake_at() == 1.5
    assert contexts.handle(push(" now", delay=0.5), 1.2) == []
    assert contexts.wake_at() == 1.5
    assert phrases(contexts.wake(1.5)) == ["Well now"]


def test_without_a_delay_every_push_is_spoken_at_once() -> None:
    assert phrases(SpeechContexts(RATE).handle(push("Well", delay=0.0), 0.0)) == ["Well"]


def test_a_flush_closes_a_segment_after_its_last_audio_and_segments_count_from_1() -> None:
    """C§5.6, C.2: the text of the same message belongs to the segment that is closed."""
    contexts = SpeechContexts(RATE)
    assert phrases(contexts.handle(push("One", flush=True), 0.0)) == ["One"]
    assert contexts.handle(push("Two", more=False), 0.1) == []
    commands = contexts.handle(speech(phrase=1), 0.2)
    assert told(commands) == ["a audio 1", "a flushed 1"]
    assert phrases(commands) == ["Two"]
    assert told(contexts.handle(speech(phrase=2), 0.3)) == ["a audio 2", "a done"]


def test_a_flush_alone_and_a_flush_of_nothing() -> None:
    contexts = SpeechContexts(RATE)
    assert contexts.handle(push("One"), 0.0) == []
    assert phrases(contexts.handle(push("", flush=True), 0.1)) == ["One"]
    assert told(contexts.handle(speech(), 0.2)) == ["a audio 1", "a flushed 1"]
    assert told(contexts.handle(push("", flush=True), 0.3)) == ["a flushed 2"]


def test_nothing_follows_a_cancel() -> None:
    contexts = SpeechContexts(RATE)
    contexts.handle(push("A long story. ", more=False), 0.0)
    assert contexts.handle(ContextCancelled("a"), 0.1) == [StopStream("a", 1)]
    assert contexts.handle(speech(), 0.2) == []
    assert contexts.handle(ContextSpeechFailed("a", 1, "late"), 0.3) == []
    assert contexts.handle(ContextCancelled("a"), 0.4) == []
    assert contexts.handle(ContextCancelled("never"), 0.5) == []


def test_an_id_used_again_is_a_new_context_and_late_audio_of_the_old_one_is_dropped() -> None:
    contexts = SpeechContexts(RATE)
    contexts.handle(push("One. ", more=False), 0.0)
    contexts.handle(ContextCancelled("a"), 0.1)
    (command,) = contexts.handle(push("Two. ", more=False), 0.2)
    assert isinstance(command, SpeakPhrase)
    assert command.stream == 2
    assert contexts.handle(speech(stream=1), 0.3) == []
    (audio, *_) = contexts.handle(speech(stream=2), 0.4)
    assert isinstance(audio, ContextAudio)
    assert audio.segment == 1
    assert audio.words[0].start == 10


def test_a_silent_open_context_expires_after_its_audio_would_have_been_heard() -> None:
    """C§5.4 rule 7, leniently: 2 s of audio received at 1.0 are heard at 3.0, so the end is at 8.0."""
    contexts = SpeechContexts(RATE)
    contexts.handle(push("Hi. "), 0.0)
    assert contexts.wake_at() is None
    contexts.handle(speech(samples=2000), 1.0)
    assert contexts.wake_at() == 8.0
    assert told(contexts.wake(8.0)) == ["a done"]
    assert contexts.handle(push("x", more=False), 9.0) != []


def test_input_postpones_the_expiry() -> None:
    contexts = SpeechContexts(RATE)
    contexts.handle(push(""), 0.0)
    assert contexts.wake_at() == 5.0
    contexts.handle(push(""), 4.0)
    assert contexts.wake(5.0) == []
    assert contexts.wake_at() == 9.0


def test_times_of_words_count_from_the_start_of_the_contexts_audio() -> None:
    contexts = SpeechContexts(RATE)
    contexts.handle(push("One. ", delay=0), 0.0)
    contexts.handle(push("Two. ", delay=0), 0.0)
    contexts.handle(speech(phrase=1, samples=100), 0.1)
    audio = contexts.handle(speech(phrase=2, samples=100), 0.3)[0]
    assert isinstance(audio, ContextAudio)
    assert (audio.words[0].start, audio.words[0].end, audio.words[0].text_start) == (110, 150, 5)
    assert audio.elapsed == pytest.approx(0.2)


def test_contexts_take_turns_by_phrases() -> None:
    contexts = SpeechContexts(RATE, ContextLimits(phrases_in_flight=1))
    assert phrases(contexts.handle(push("A1. A2. A3. ", "a", more=False), 0.0)) == ["A1. "]
    assert phrases(contexts.handle(push("B1. B2. ", "b", more=False), 0.0)) == []
    assert phrases(contexts.handle(speech("a", 1, 1), 0.1)) == ["B1. "]
    assert phrases(contexts.handle(speech("b", 2, 1), 0.2)) == ["A2. "]
    assert phrases(contexts.handle(speech("a", 1, 2), 0.3)) == ["B2. "]
    commands = contexts.handle(speech("b", 2, 2), 0.4)
    assert (phrases(commands), told(commands)) == (["A3. "], ["b audio 1", "b done"])


def test_a_cancelled_context_gives_its_turn_to_others() -> None:
    contexts = SpeechContexts(RATE, ContextLimits(phrases_in_flight=1))
    contexts.handle(push("A. ", "a", more=False), 0.0)
    contexts.handle(push("B. ", "b", more=False), 0.0)
    assert phrases(contexts.handle(ContextCancelled("a"), 0.1)) == ["B. "]


def test_other_options_open_another_stream_for_the_text_that_carries_them() -> None:
    contexts = SpeechContexts(RATE)
    contexts.handle(push("Slow "), 0.0)
    fast = SpeakOptions(speed=1.5)
    (first,) = contexts.handle(TextPushed("a", "fast", more=False, flush=False, options=fast), 0.1)
    assert first == SpeakPhrase("a", 1, "Slow ", PLAIN)
    commands = contexts.handle(speech(), 0.2)
    assert commands[1:] == [StopStream("a", 1), SpeakPhrase("a", 2, "fast", fast)]


def test_one_context_too_many_fails_by_name_and_harms_no_other() -> None:
    contexts = SpeechContexts(RATE)
    for number in range(50):
        assert told(contexts.handle(push("x", str(number)), 0.0)) == []
    assert told(contexts.handle(push("x", "more"), 0.0)) == ["more failed concurrency_limited"]
    assert contexts.count == 50
    assert contexts.handle(push("y", "7"), 0.0) == []


def test_too_much_waiting_text_ends_the_context() -> None:
    contexts = SpeechContexts(RATE)
    contexts.handle(push("Go. "), 0.0)
    assert contexts.handle(push("x" * 100_000), 0.0) == []
    commands = contexts.handle(push("x"), 0.0)
    assert told(commands) == ["a failed text_too_long"]
    assert StopStream("a", 1) in commands
    assert contexts.count == 0


class CountingSplitter(PhraseSplitter):
    """Counts how often a phrase was looked for, by all of its kind."""

    looked = 0

    def take(self) -> str | None:
        """Counted."""
        CountingSplitter.looked += 1
        return super().take()

    def take_rest(self) -> str | None:
        """Counted."""
        CountingSplitter.looked += 1
        return super().take_rest()


@pytest.mark.parametrize("more", [False, True])
def test_no_event_cuts_a_long_text_into_all_its_phrases(monkeypatch: pytest.MonkeyPatch, *, more: bool) -> None:
    monkeypatch.setattr("duologue.speak.contexts.PhraseSplitter", CountingSplitter)
    text = "Of course, I can do that. How many? " * 50 + "And then"
    contexts = SpeechContexts(RATE)
    CountingSplitter.looked = 0
    spoken = phrases(contexts.handle(push(text, more=more), 0.0))
    most = CountingSplitter.looked
    while len(spoken) < 101:
        CountingSplitter.looked = 0
        spoken += phrases(contexts.handle(speech(phrase=len(spoken)), 0.1))
        most = max(most, CountingSplitter.looked)
    assert most <= PHRASES_AHEAD + 1
    assert contexts.wake_at() == (3.0 if more else None)
    if more:
        contexts.wake(3.0)
    spoken += phrases(contexts.handle(speech(phrase=101), 3.0))
    whole = PhraseSplitter()
    assert spoken == [*whole.push(text), *whole.flush()]


def test_what_follows_a_long_text_comes_behind_it() -> None:
    contexts = SpeechContexts(RATE)
    spoken = phrases(contexts.handle(push("One more. " * 30, flush=True), 0.0))
    contexts.handle(push("Two, and then three more of them", flush=True), 0.0)
    contexts.handle(push("End.", more=False), 0.0)
    heard: list[str] = []
    while contexts.count:
        commands = contexts.handle(speech(phrase=len(spoken)), 0.1)
        spoken += phrases(commands)
        heard += told(commands)
    assert spoken == ["One more. "] * 30 + ["Two, and then three more of them", "End."]
    assert heard == ["a audio 1"] * 30 + ["a flushed 1", "a audio 2", "a flushed 2", "a audio 3", "a done"]


def test_borders_without_text_are_bounded_too() -> None:
    contexts = SpeechContexts(RATE)
    contexts.handle(push("Go. "), 0.0)
    told_of = [told(contexts.handle(push("", flush=True), 0.0)) for _ in range(4_000)]
    assert ["a failed text_too_long"] in told_of


def test_a_failed_synthesis_ends_its_context_only() -> None:
    contexts = SpeechContexts(RATE)
    contexts.handle(push("One. ", "a"), 0.0)
    contexts.handle(push("Two. ", "b"), 0.0)
    assert told(contexts.handle(ContextSpeechFailed("a", 1, "the worker died"), 0.1)) == ["a failed engine_failed"]
    assert told(contexts.handle(speech("b", 2), 0.2)) == ["b audio 1"]


EVENTS = st.one_of(
    st.builds(
        push,
        st.sampled_from(["Hi. ", "a, b", "", "One. Two. Three. ", " "]),
        st.sampled_from("abc"),
        more=st.booleans(),
        flush=st.booleans(),
        delay=st.sampled_from([0.0, 0.5, 3.0]),
    ),
    st.builds(ContextCancelled, st.sampled_from("abc")),
    st.just("speak"),
    st.just("late"),
    st.just("wake"),
)


class Grammar:
    """Watches what a client is told: segments in order, each closed once; one end; nothing between an end and the next push."""

    def __init__(self) -> None:
        self.waiting: list[tuple[SpeakPhrase, int]] = []
        """Phrases in synthesis, with their number in their stream."""
        self.segments: dict[str, int] = {}
        """The open segment of every context the client may hear of."""
        self._counts: dict[tuple[str, int], int] = {}

    def check(self, commands: Sequence[ContextCommand]) -> None:
        for command in commands:
            match command:
                case SpeakPhrase(context, stream, text, _):
                    assert text.strip()
                    number = self._counts[context, stream] = self._counts.get((context, stream), 0) + 1
                    self.waiting.append((command, number))
                case ContextAudio():
                    assert command.segment == self.segments[command.context]
                case ContextFlushed(context, segment):
                    assert segment == self.segments[context]
                    self.segments[context] += 1
                case ContextDone() | ContextFailed():
                    del self.segments[command.context]
                case StopStream(context, stream):
                    self.waiting = [
                        item for item in self.waiting if (item[0].context, item[0].stream) != (context, stream)
                    ]
        assert len({phrase.context for phrase, _ in self.waiting}) == len(self.waiting) <= 2


@given(st.lists(EVENTS, max_size=60))
def test_the_grammar_of_a_context_holds_whatever_happens(events: list[object]) -> None:
    contexts = SpeechContexts(RATE, ContextLimits(contexts=2, phrases_in_flight=2))
    grammar = Grammar()
    now = 0.0
    for event in events:
        now += 0.3
        if isinstance(event, TextPushed):
            grammar.segments.setdefault(event.context, 1)
            grammar.check(contexts.handle(event, now))
        elif isinstance(event, ContextCancelled):
            grammar.segments.pop(event.context, None)
            grammar.check(contexts.handle(event, now))
        elif event == "wake" and (due := contexts.wake_at()) is not None:
            now = max(now, due)
            grammar.check(contexts.wake(now))
        elif event == "late":
            assert contexts.handle(speech("a", 99), now) == []
        elif event == "speak" and grammar.waiting:
            phrase, number = grammar.waiting.pop(0)
            grammar.check(contexts.handle(speech(phrase.context, phrase.stream, number), now))
    assert contexts.count == len(grammar.segments) <= 2


def test_words_and_sounds_are_placed_in_the_contexts_audio() -> None:
    contexts = SpeechContexts(RATE)
    contexts.handle(push("One sentence. Another."), 0.0)
    first = speech(samples=100)
    sounding = replace(first.chunk, phonemes=(SpokenPhoneme("m", 20, 40),))
    (audio, *_) = contexts.handle(replace(first, chunk=sounding), 0.1)
    assert isinstance(audio, ContextAudio)
    assert audio.phonemes == (SpokenPhoneme("m", 20, 40),)
    contexts.handle(push("", more=False), 0.2)
    (audio, *_) = contexts.handle(replace(first, chunk=replace(sounding, phrase=2)), 0.3)
    assert isinstance(audio, ContextAudio)
    assert audio.phonemes == (SpokenPhoneme("m", 120, 140),)
    assert [(word.start, word.end) for word in audio.words] == [(110, 150)]


def test_where_text_is_cut_may_be_said() -> None:
    text = "Hello there my good old friend of mine. And"
    assert phrases(SpeechContexts(RATE).handle(push(text), 0.0)) == ["Hello there my good "]
    patient = SpeechContexts(RATE, ContextLimits(phrases=PhrasePolicy(patient=True)))
    assert phrases(patient.handle(push(text), 0.0)) == ["Hello there my good old friend of mine. "]
