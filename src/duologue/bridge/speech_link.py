"""One player's speech: which contexts are open, which of them may still be heard, and when a connection is needed.

A machine. Requests wait for the connection in order. A context that was cancelled is never heard again, however late its audio comes
(C§5.7). A connection that ends while nothing is owed is opened again by the next request; one that ends in the middle is an error.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, TypeAlias

from duologue.audio.formats import AudioFormat
from duologue.protocols.cartesia.tts_peer import (
    ContextDone,
    ContextFailed,
    SpeechAudio,
    SpeechOther,
    SpeechSaid,
    write_cancel,
    write_generation,
)
from duologue.runtime.machine import Seconds

MAX_WAITING = 1_000
"""Requests that may wait for the connection."""
MAX_CANCELLED = 1_000
"""Cancelled contexts that are remembered."""


@dataclass(frozen=True, slots=True)
class GenerationAsked:
    """Speak more. The request is complete, but for the output format."""

    request: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class CancelAsked:
    """No more of a context."""

    context_id: str


@dataclass(frozen=True, slots=True)
class Connected:
    """The socket is open."""


@dataclass(frozen=True, slots=True)
class SpeechReceived:
    """The server said something."""

    said: SpeechSaid


@dataclass(frozen=True, slots=True)
class ConnectionLost:
    """The socket is gone, or could not be opened (`fatal`: trying again would not help)."""

    reason: str
    fatal: bool = False


SpeechEvent: TypeAlias = GenerationAsked | CancelAsked | Connected | SpeechReceived | ConnectionLost


@dataclass(frozen=True, slots=True)
class Connect:
    """Open a socket; `Connected` or `ConnectionLost` follows."""


@dataclass(frozen=True, slots=True)
class SendSpeech:
    """Write one text frame."""

    frame: str


@dataclass(frozen=True, slots=True)
class GiveSpeech:
    """Audio to play."""

    payload: bytes


@dataclass(frozen=True, slots=True)
class TellDone:
    """Nothing is owed any more: what has been given is all there is."""


@dataclass(frozen=True, slots=True)
class TellFailed:
    """Something will not be heard. `fatal` ends the player."""

    message: str
    fatal: bool = False


SpeechCommand: TypeAlias = Connect | SendSpeech | GiveSpeech | TellDone | TellFailed


class _Line(Enum):
    CLOSED = "closed"
    OPENING = "opening"
    OPEN = "open"


class SpeechLink:
    """The machine. `audio` is the format everything is asked for in."""

    def __init__(self, audio: AudioFormat) -> None:
        self._audio = audio
        self._line = _Line.CLOSED
        self._waiting: deque[str] = deque()
        self._open: set[str] = set()
        self._cancelled: OrderedDict[str, None] = OrderedDict()

    @property
    def owed(self) -> bool:
        """Whether audio may still come."""
        return bool(self._open)

    @property
    def full(self) -> bool:
        """Whether no more requests can wait."""
        return len(self._waiting) >= MAX_WAITING

    def speaks(self, context_id: str) -> bool:
        """Whether audio of a context may still come."""
        return context_id in self._open

    def handle(self, event: SpeechEvent, now: Seconds) -> Sequence[SpeechCommand]:  # noqa: ARG002 - nothing here depends on time
        """See the module."""
        match event:
            case GenerationAsked(request):
                context = str(request.get("context_id", ""))
                self._cancelled.pop(context, None)
                self._open.add(context)
                return self._send(write_generation(request, self._audio))
            case CancelAsked(context_id):
                return self._cancel(context_id)
            case Connected():
                self._line = _Line.OPEN
                frames = [SendSpeech(frame) for frame in self._waiting]
                self._waiting.clear()
                return frames
            case SpeechReceived(said):
                return self._read(said)
            case ConnectionLost(reason, fatal):
                return self._lose(reason, fatal=fatal)

    def wake(self, now: Seconds) -> Sequence[SpeechCommand]:  # noqa: ARG002 - see `wake_at`
        """Never."""
        return ()

    def wake_at(self) -> Seconds | None:
        """Time alone changes nothing here."""
        return None

    def _send(self, frame: str) -> Sequence[SpeechCommand]:
        if self._line is _Line.OPEN:
            return (SendSpeech(frame),)
        if not self.full:
            self._waiting.append(frame)
        if self._line is _Line.OPENING:
            return ()
        self._line = _Line.OPENING
        return (Connect(),)

    def _cancel(self, context_id: str) -> Sequence[SpeechCommand]:
        if context_id not in self._open:
            return ()
        self._open.discard(context_id)
        self._cancelled[context_id] = None
        while len(self._cancelled) > MAX_CANCELLED:
            self._cancelled.popitem(last=False)
        return (*self._send(write_cancel(context_id)), *self._settled())

    def _read(self, said: SpeechSaid) -> Sequence[SpeechCommand]:
        match said:
            case SpeechAudio(context_id, payload):
                return () if context_id in self._cancelled else (GiveSpeech(payload),)
            case ContextDone(context_id):
                return self._end(context_id)
            case ContextFailed(context_id, message):
                if context_id in self._cancelled:
                    return ()
                return (TellFailed(message), *self._end(context_id))
            case SpeechOther():
                return ()

    def _end(self, context_id: str) -> Sequence[SpeechCommand]:
        if context_id not in self._open:
            return ()
        self._open.discard(context_id)
        return self._settled()

    def _settled(self) -> Sequence[SpeechCommand]:
        return () if self._open else (TellDone(),)

    def _lose(self, reason: str, *, fatal: bool) -> Sequence[SpeechCommand]:
        self._line = _Line.CLOSED
        self._waiting.clear()
        owed, self._open = self._open, set()
        if not owed and not fatal:
            return ()
        return (TellFailed(reason, fatal), TellDone())
