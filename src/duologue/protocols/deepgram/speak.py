"""`/v1/speak`: text in pieces becomes one stream of speech (Deepgram docs: Text to speech WebSocket; D§8).

The socket is one context of `SpeechContexts` after another: `Clear` cancels the present one, the next text begins a new one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

from duologue import __version__
from duologue.agent.commands import EndReason
from duologue.errors import Violation
from duologue.ids import IdSource
from duologue.protocols.codec import convert, describe, encode
from duologue.protocols.deepgram.clients import identify
from duologue.protocols.deepgram.errors import unknown_message
from duologue.protocols.deepgram.speak_messages import (
    MODEL_UUID,
    Cleared,
    Flushed,
    Speak,
    SpeakMetadata,
    SpeakWarning,
)
from duologue.protocols.deepgram.speak_query import read_socket_format, read_wanted
from duologue.protocols.deepgram.speak_stream import SESSION_S, SpeechStream, read_message
from duologue.protocols.dialect import Deadlines, Frame, Reply, VoiceLookup
from duologue.protocols.query import Handshake
from duologue.speak.context_events import (
    ContextAudio,
    ContextCancelled,
    ContextDone,
    ContextFailed,
    ContextFlushed,
    ContextNotice,
    TextPushed,
)

_ENDS = (".", "!", "?", "…")


class SpeakV1Dialect:
    """One `/v1/speak` connection. Raises `Violation` for a query that is refused.

    `voices` maps the client's model to a voice of the catalogue; `None` keeps the client's word. `rate` is that of the audio in
    `ContextAudio`, in hertz. With `strict`, unknown members of messages are errors.
    """

    deadlines = Deadlines(session=SESSION_S)
    patient = True
    """As the vendor: who wants speech before a sentence ends flushes."""
    HANDLED = ("Speak", "Flush", "Clear", "Close")

    def __init__(
        self,
        handshake: Handshake,
        ids: IdSource,
        voices: VoiceLookup | None = None,
        *,
        rate: int,
        strict: bool = False,
    ) -> None:
        self.request_id = ids.uuid()
        self._wanted = read_wanted(handshake.query, voices)
        self._stream = SpeechStream(rate, read_socket_format(handshake.query))
        self._client = identify(handshake)
        self._strict = strict
        self._flushes = 0
        self._flushed = 0
        """Flushes answered, or dropped by a `Clear`."""
        self._clears = 0
        self._closing = False
        self._failed = False
        self._fatal = ""
        self._last = ""
        """The text behind which the next one goes on; empty where nothing was said or it was flushed."""
        self._flushed_before = 0
        """Flushes of contexts that are over."""

    def _renew(self) -> None:
        """A new context; nothing of the one before is heard any more."""
        self._stream.renew()
        self._last = ""
        self._flushed_before = self._flushed = self._flushes

    def connected(self) -> Sequence[Frame]:
        """Said first (D§8.3)."""
        return [encode(SpeakMetadata(self.request_id, self._wanted.model, __version__, MODEL_UUID))]

    def over(self) -> EndReason | None:
        """After a `Close`, once all that was flushed before it has been told; at once when speech is lost."""
        if self._failed:
            return EndReason.FAILED
        return EndReason.FINISHED if self._closing and self._flushed == self._flushes else None

    def receive(self, frame: Frame) -> Sequence[TextPushed | ContextCancelled | Reply]:
        """Translate one message. Raises a fatal `Violation`: the vendor closes on what it does not understand (D§8.4)."""
        if self._closing:
            return []
        try:
            return self._translate(frame)
        except Violation as violation:
            violation.fatal = True
            raise

    def _translate(self, frame: Frame) -> Sequence[TextPushed | ContextCancelled | Reply]:
        members = read_message(frame, self.HANDLED)
        match members.get("type"):
            case "Speak":
                text = convert(members, Speak, strict=self._strict).text
                return [self._push(text)] if text else []
            case "Flush":
                self._flushes += 1
                return [self._push("", flush=True)]
            case "Clear":
                return self._clear()
            case "Close":
                self._closing = True
                return []
            case "KeepAlive":
                return []  # no part of this protocol, and no harm (D§8.2)
            case _:
                raise unknown_message(self.HANDLED)

    def _push(self, text: str, *, flush: bool = False) -> TextPushed:
        """Verbatim, but two sentences that were sent one by one do not grow together."""
        if text[:1].isalpha() and self._last.endswith(_ENDS):
            text = f" {text}"
        self._last = "" if flush else text or self._last
        return self._stream.push(text, self._wanted.options, flush=flush)

    def _clear(self) -> Sequence[TextPushed | ContextCancelled | Reply]:
        silenced = self._stream.context
        self._renew()
        self._clears += 1
        return [ContextCancelled(silenced), Reply((encode(Cleared(self._clears - 1)),))]

    def render(self, notice: ContextNotice) -> Sequence[Frame]:
        """Audio and what became of flushes; nothing of a stream that was cleared."""
        if notice.context != self._stream.context:
            return []
        match notice:
            case ContextAudio():
                return list(self._stream.give(notice.pcm))
            case ContextFlushed():
                number = self._flushed_before + notice.segment - 1
                self._flushed = number + 1
                return [*self._stream.finish(), encode(Flushed(number))]
            case ContextDone():
                self._renew()  # nothing was said for a while
                return []
            case ContextFailed():
                self._failed, self._fatal = True, notice.code
                return self._warn(notice.code.upper(), notice.message)
            case _:
                assert_never(notice)

    def _warn(self, code: str, description: str) -> Sequence[Frame]:
        if not self._client.takes_new_messages:
            return []
        return [encode(SpeakWarning(code, description, code, description))]

    def refuse(self, violation: Violation) -> Sequence[Frame]:
        """A `Warning`; the close behind it has the vendor's code."""
        self._fatal = violation.code
        return self._warn(violation.code.upper(), describe(violation))

    def closing(self, reason: EndReason) -> tuple[int, str]:
        """Codes with the vendor's word in the reason (D§8.4)."""
        match reason:
            case EndReason.FINISHED | EndReason.CALLER_LEFT:
                return 1000, ""
            case EndReason.VIOLATION if self._fatal == "too_large":
                return 1009, "BIG-0000: the message is too large"
            case EndReason.VIOLATION if self._fatal == "binary":
                return 1003, "MESSAGE-0000: this socket takes text only"
            case EndReason.VIOLATION:
                return 1008, "DATA-0000: the message is not a recognised command"
            case EndReason.TOO_LONG:
                return 1011, "NET-0003: the connection has reached its time limit"
            case EndReason.IDLE:
                return 1011, "NET-0001: nothing came from the client within the time allowed"
            case EndReason.DRAINED:
                return 1001, "server going away"
            case EndReason.FAILED if self._fatal == "text_too_long":
                return 1008, "DATA-0001: too many characters wait to be spoken"
            case EndReason.FAILED:
                return 1011, "NET-0000: speech could not be made"
            case _:
                assert_never(reason)
