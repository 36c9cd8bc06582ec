"""The contexts of one socket: continuous streams of speech, each fed with text in pieces (Cartesia's `/tts/websocket`).

- Text of a context is joined verbatim and spoken in order as one stream of samples; contexts do not wait for each other.
- Text is held for a natural start, at most for the delay its pushes name; a flush or the last input lets it out at once.
- A flush closes a labelled segment. Segments count from 1, and `ContextFlushed` follows the last audio of its segment.
- A context ends exactly once, with `ContextDone` or `ContextFailed`; after a cancel nothing follows at all. A context whose input stays
  open ends by itself `expiry` seconds after its last audio would have been heard. An id may be used again: that is a new context.
- Contexts take turns by phrases: each has at most one in synthesis, all together at most `phrases_in_flight`.
- However long a text is, an event looks for a few phrases in it only (`PHRASES_AHEAD`); the next ones are found when their turn comes.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import assert_never

from duologue.audio.formats import Samples
from duologue.runtime.machine import Seconds
from duologue.speak.context_events import (
    ContextAudio,
    ContextCancelled,
    ContextCommand,
    ContextDone,
    ContextEvent,
    ContextFailed,
    ContextFlushed,
    ContextSpeechFailed,
    ContextSpeechReceived,
    SpeakPhrase,
    StopStream,
    TextPushed,
)
from duologue.speak.phrases import PhrasePolicy, PhraseSplitter
from duologue.speak.speech import SpeakOptions, SpeechChunk

PHRASES_AHEAD = 8
"""So many phrases are cut from a text when it comes: enough for what clients send piece by piece. The rest of a long text waits uncut."""
BORDER_CHARACTERS = 32
"""What the border of a segment, or of options, counts for among the characters that wait: it takes memory too."""


@dataclass(frozen=True, slots=True)
class ContextLimits:
    """Bounds of one socket."""

    contexts: int = 50
    """Open at once; one more fails with `concurrency_limited`."""
    characters: int = 100_000
    """Text of one context that waits to be spoken; more ends the context with `text_too_long`."""
    phrases_in_flight: int = 4
    """Phrases of all contexts in synthesis at once."""
    expiry: Seconds = 5.0
    """A context with open input and nothing to say ends this long after its audio would have been heard (the vendor's is 1 to 5 s)."""
    phrases: PhrasePolicy = field(default_factory=PhrasePolicy)
    """Where text is cut."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A phrase to speak, text of which all phrases are still to be cut (`uncut`), or with neither the border of a segment."""

    text: str | None
    segment: int
    options: SpeakOptions
    uncut: PhraseSplitter | None = None


@dataclass(slots=True)
class _InFlight:
    """The phrase in synthesis."""

    number: int
    segment: int
    began_at: Samples
    """Where its audio begins in the context's."""
    text_at: int
    """Where its text begins in the context's."""
    length: int
    since: Seconds
    """When it was let out, or gave audio last."""


@dataclass(slots=True)
class _Context:
    """One context."""

    splitter: PhraseSplitter
    """Of the text behind what is `waiting`."""
    behind: bool = False
    """There may be complete phrases in the splitter."""
    options: SpeakOptions = field(default_factory=SpeakOptions)
    waiting: deque[_Waiting] = field(default_factory=deque)
    in_flight: _InFlight | None = None
    segment: int = 1
    closed: bool = False
    stream: int = 0
    """0 until the first phrase."""
    stream_options: SpeakOptions | None = None
    phrases: int = 0
    """Spoken in this stream."""
    samples: Samples = 0
    text_at: int = 0
    pending: int = 0
    """Characters that wait, borders counted with them."""
    release_at: Seconds | None = None
    """When held text is let out."""
    quiet_at: Seconds = 0.0
    """When its audio would have been heard, or text came last."""


class SpeechContexts:
    """The machine. `rate` is that of the audio the synthesisers give, in hertz."""

    def __init__(self, rate: int, limits: ContextLimits | None = None) -> None:
        self._rate = rate
        self._limits = limits or ContextLimits()
        self._contexts: dict[str, _Context] = {}
        self._turns: deque[str] = deque()
        """Contexts that may have something to do, in the order of their turns."""
        self._streams = 0
        self._in_flight = 0

    @property
    def count(self) -> int:
        """Open contexts."""
        return len(self._contexts)

    def handle(self, event: ContextEvent, now: Seconds) -> Sequence[ContextCommand]:
        """What follows from `event`."""
        match event:
            case TextPushed():
                commands = self._push(event, now)
            case ContextCancelled(context):
                commands = self._end(context)
            case ContextSpeechReceived(context, stream, chunk):
                commands = self._receive(context, stream, chunk, now)
            case ContextSpeechFailed(context, stream, message, code):
                commands = self._lose(context, stream, message, code)
            case _:
                assert_never(event)
        return [*commands, *self._advance(now)]

    def wake(self, now: Seconds) -> Sequence[ContextCommand]:
        """Let out text that was held long enough; end contexts nobody continues."""
        commands: list[ContextCommand] = []
        for name, context in list(self._contexts.items()):
            if context.release_at is not None and context.release_at <= now:
                self._release(name, context)
            expires = self._expires(context)
            if expires is not None and expires <= now:
                commands += [*self._end(name), ContextDone(name)]
        return [*commands, *self._advance(now)]

    def wake_at(self) -> Seconds | None:
        """The next release or expiry."""
        times = (
            time
            for context in self._contexts.values()
            for time in (context.release_at, self._expires(context))
            if time is not None
        )
        return min(times, default=None)

    def _push(self, event: TextPushed, now: Seconds) -> list[ContextCommand]:
        context = self._contexts.get(event.context)
        if context is None:
            if len(self._contexts) >= self._limits.contexts:
                limit = self._limits.contexts
                return [ContextFailed(event.context, "concurrency_limited", f"more than {limit} contexts at once")]
            context = self._contexts[event.context] = _Context(PhraseSplitter(self._limits.phrases))
        if event.options != context.options:
            self._release(event.context, context)  # what was pushed before keeps the voice it was pushed with
            context.options = event.options
        context.closed = not event.more
        context.quiet_at = max(context.quiet_at, now)
        context.splitter.add(event.text)
        context.pending += len(event.text)
        completed = self._cut(context)
        if context.pending > self._limits.characters:
            limit = self._limits.characters
            message = f"more than {limit} characters of the context wait to be spoken"
            return [*self._end(event.context), ContextFailed(event.context, "text_too_long", message)]
        if event.flush or context.closed or event.buffer_delay <= 0:
            self._release(event.context, context)
        elif not context.splitter.size:
            context.release_at = None
        elif completed or context.release_at is None:
            context.release_at = now + event.buffer_delay
        if event.flush:
            context.waiting.append(_Waiting(None, context.segment, context.options))
            context.pending += BORDER_CHARACTERS
            context.segment += 1
        self._line_up(event.context)
        return []

    def _cut(self, context: _Context) -> bool:
        """Cut what comes next into phrases, as far as that is done ahead. Returns whether there was a complete phrase."""
        for ahead in range(PHRASES_AHEAD):
            phrase = context.splitter.take()
            if phrase is None:
                context.behind = False
                return ahead > 0
            context.waiting.append(_Waiting(phrase, context.segment, context.options))
        context.behind = True
        return True

    def _release(self, name: str, context: _Context) -> None:
        """Let out whatever text is held. What is too long to be cut at once waits as it is."""
        segment, options, splitter = context.segment, context.options, context.splitter
        for _ in range(0 if context.behind else PHRASES_AHEAD):
            phrase = splitter.take_rest()
            if phrase is None:
                break
            context.waiting.append(_Waiting(phrase, segment, options))
        if splitter.size:
            context.waiting.append(_Waiting(None, segment, options, splitter))
            first = splitter.first and not splitter.held.strip()
            context.splitter = PhraseSplitter(self._limits.phrases, first=first)
            context.pending += BORDER_CHARACTERS
        context.behind = False
        context.release_at = None
        self._line_up(name)

    def _line_up(self, name: str) -> None:
        if name not in self._turns:
            self._turns.append(name)

    def _advance(self, now: Seconds) -> Iterator[ContextCommand]:
        """Give turns: each context in line may begin one phrase, or end."""
        for _ in range(len(self._turns)):
            name = self._turns.popleft()
            context = self._contexts.get(name)
            if context is None or context.in_flight is not None:
                continue  # it is lined up again when its phrase is over
            yield from self._take_turn(name, context, now)

    def _take_turn(self, name: str, context: _Context, now: Seconds) -> Iterator[ContextCommand]:
        while (head := self._head(context)) is not None:
            if head.text is None:
                yield ContextFlushed(name, head.segment)
                context.pending -= BORDER_CHARACTERS
            elif not head.text.strip():
                context.text_at += len(head.text)
                context.pending -= len(head.text)
            elif self._in_flight >= self._limits.phrases_in_flight:
                self._turns.append(name)
                return
            else:
                yield from self._speak(name, context, context.waiting.popleft(), head.text, now)
                return
            context.waiting.popleft()
        if context.closed and not context.splitter.size:
            yield from self._end(name)
            yield ContextDone(name)

    def _head(self, context: _Context) -> _Waiting | None:
        """What comes next, cut from its text where that was not done yet; it is then the first that is `waiting`."""
        if not context.waiting and context.behind:
            self._cut(context)
        if not context.waiting:
            return None
        head = context.waiting[0]
        if head.uncut is None:
            return head
        phrase = head.uncut.take_rest()
        if phrase is None:
            context.waiting.popleft()
            context.pending -= BORDER_CHARACTERS
            return self._head(context)
        context.waiting.appendleft(_Waiting(phrase, head.segment, head.options))
        return context.waiting[0]

    def _speak(self, name: str, context: _Context, head: _Waiting, text: str, now: Seconds) -> Iterator[ContextCommand]:
        if head.options != context.stream_options:
            if context.stream:
                yield StopStream(name, context.stream)
            self._streams += 1
            context.stream, context.stream_options, context.phrases = self._streams, head.options, 0
        context.phrases += 1
        context.pending -= len(text)
        context.in_flight = _InFlight(context.phrases, head.segment, context.samples, context.text_at, len(text), now)
        self._in_flight += 1
        yield SpeakPhrase(name, context.stream, text, head.options)

    def _receive(self, name: str, stream: int, chunk: SpeechChunk, now: Seconds) -> list[ContextCommand]:
        context = self._contexts.get(name)
        phrase = context.in_flight if context is not None and context.stream == stream else None
        if context is None or phrase is None or phrase.number != chunk.phrase:
            return []  # of a context, stream or phrase that is over
        words = tuple(
            replace(
                word,
                start=word.start + phrase.began_at,
                end=word.end + phrase.began_at,
                text_start=word.text_start + phrase.text_at,
                text_end=word.text_end + phrase.text_at,
            )
            for word in chunk.words
        )
        at = phrase.began_at
        sounds = tuple(replace(sound, start=sound.start + at, end=sound.end + at) for sound in chunk.phonemes)
        commands: list[ContextCommand] = []
        if len(chunk.pcm) or words:
            commands.append(ContextAudio(name, chunk.pcm, words, phrase.segment, now - phrase.since, sounds))
        phrase.since = now
        context.samples += len(chunk.pcm)
        context.quiet_at = max(context.quiet_at, now) + len(chunk.pcm) / self._rate
        if chunk.last:
            context.text_at += phrase.length
            context.in_flight = None
            self._in_flight -= 1
            self._line_up(name)
        return commands

    def _lose(self, name: str, stream: int, message: str, code: str) -> list[ContextCommand]:
        context = self._contexts.get(name)
        if context is None or context.stream != stream:
            return []
        return [*self._end(name), ContextFailed(name, code, message)]

    def _end(self, name: str) -> list[ContextCommand]:
        """Forget the context, and stop what it has in synthesis."""
        context = self._contexts.pop(name, None)
        if context is None:
            return []
        if context.in_flight is not None:
            self._in_flight -= 1
        return [StopStream(name, context.stream)] if context.stream else []

    def _expires(self, context: _Context) -> Seconds | None:
        busy = (
            context.closed
            or context.waiting
            or context.behind
            or context.in_flight is not None
            or context.release_at is not None
        )
        return None if busy else context.quiet_at + self._limits.expiry
