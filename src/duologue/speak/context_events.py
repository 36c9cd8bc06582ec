"""The vocabulary of `SpeechContexts`: what a client asks of its contexts, and what it is told (Cartesia's `/tts/websocket`)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from duologue.audio.formats import Pcm
from duologue.runtime.machine import Seconds
from duologue.speak.speech import SpeakOptions, SpeechChunk, SpokenPhoneme, SpokenWord


@dataclass(frozen=True, slots=True)
class TextPushed:
    """More text for a context; the first message naming a context creates it. Text is joined verbatim."""

    context: str
    text: str
    more: bool
    """More text will follow (`continue`)."""
    flush: bool
    """After this text, close a labelled segment."""
    options: SpeakOptions
    buffer_delay: Seconds = 3.0
    """Text is held for a natural start at most this long; 0 speaks every push at once."""


@dataclass(frozen=True, slots=True)
class ContextCancelled:
    """The client wants nothing more of a context."""

    context: str


@dataclass(frozen=True, slots=True, eq=False)
class ContextSpeechReceived:
    """The synthesiser gave audio for a context; `chunk.phrase` counts the phrases of the stream."""

    context: str
    stream: int
    chunk: SpeechChunk


@dataclass(frozen=True, slots=True)
class ContextSpeechFailed:
    """The synthesiser of a context failed."""

    context: str
    stream: int
    message: str
    code: str = "engine_failed"


ContextEvent: TypeAlias = TextPushed | ContextCancelled | ContextSpeechReceived | ContextSpeechFailed


@dataclass(frozen=True, slots=True)
class SpeakPhrase:
    """Synthesise a phrase in the context's stream; `stream` numbers grow, a new one opens a stream."""

    context: str
    stream: int
    text: str
    options: SpeakOptions


@dataclass(frozen=True, slots=True)
class StopStream:
    """End the context's stream, forgetting what is still to come."""

    context: str
    stream: int


@dataclass(frozen=True, slots=True, eq=False)
class ContextAudio:
    """Audio of a context in order. `words` and `phonemes` begin inside it; their times count from the start of the context's audio."""

    context: str
    pcm: Pcm
    words: tuple[SpokenWord, ...]
    segment: int
    """The flush id it belongs to, from 1."""
    elapsed: Seconds
    """Since the text was let out to the synthesiser, or since the chunk before."""
    phonemes: tuple[SpokenPhoneme, ...] = ()


@dataclass(frozen=True, slots=True)
class ContextFlushed:
    """A labelled segment is complete."""

    context: str
    segment: int


@dataclass(frozen=True, slots=True)
class ContextDone:
    """The context is over; nothing of it follows."""

    context: str


@dataclass(frozen=True, slots=True)
class ContextFailed:
    """The context is over because something went wrong; nothing of it follows."""

    context: str
    code: str
    message: str


ContextNotice: TypeAlias = ContextAudio | ContextFlushed | ContextDone | ContextFailed
ContextCommand: TypeAlias = SpeakPhrase | StopStream | ContextNotice
