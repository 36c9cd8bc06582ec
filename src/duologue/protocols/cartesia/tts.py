"""`/tts/websocket`: speech in contexts (Cartesia docs: TTS WebSocket, Contexts, Buffering, Flushing; C§5).

Every event names its context, errors too. After a cancel nothing more is said about a context, because the clients' loops of *other*
contexts would take it for theirs (C§5.7): so events of contexts that are not open are dropped here, in `render`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, assert_never

from duologue.agent.commands import EndReason
from duologue.audio.formats import AudioFormat
from duologue.errors import Violation
from duologue.ids import IdSource
from duologue.protocols.cartesia.errors import SHAPES, context_error_event, sentence, shape_of
from duologue.protocols.cartesia.generation import GenerationReader, missing_member
from duologue.protocols.cartesia.tts_frames import ContextFrames
from duologue.protocols.cartesia.tts_messages import (
    Generation,
    OutputFormat,
)
from duologue.protocols.codec import check_range, convert, parse_object
from duologue.protocols.dialect import ContextViolation, Deadlines, Frame, VoiceLookup
from duologue.protocols.query import Query
from duologue.speak.context_events import (
    ContextAudio,
    ContextCancelled,
    ContextDone,
    ContextFailed,
    ContextFlushed,
    ContextNotice,
    TextPushed,
)
from duologue.speak.speech import SpeakOptions

IDLE_S = 300.0
"""Without traffic (C§5.10). Not shorter: the clients cannot reconnect (C§16.2)."""
MAX_CONTEXTS = 50
"""Open contexts of one socket."""
MAX_CONTEXT_ID_CHARACTERS = 512
MAX_BUFFER_DELAY_MS = 5_000
DEFAULT_BUFFER_DELAY_MS = 3_000
"""C§5.5; older pages say 0."""
DEFAULT_RATE = 24_000
"""Hertz of the speech this dialect is given, when the server says nothing else."""


@dataclass(slots=True)
class _Context:
    """What must be remembered of a context to read its next message and to render its audio."""

    options: SpeakOptions
    frames: ContextFrames


class TtsDialect:
    """One `/tts/websocket` connection.

    `voices` maps the client's voice and language to a voice of the catalogue; `None` keeps the client's word. `rate` is that of the audio
    in `ContextAudio`, in hertz. `models` are names accepted besides `sonic*`.
    """

    deadlines = Deadlines(idle=IDLE_S)
    patient = False

    def __init__(
        self,
        query: Query,
        ids: IdSource,
        voices: VoiceLookup | None = None,
        *,
        rate: int = DEFAULT_RATE,
        models: Collection[str] = (),
        max_contexts: int = MAX_CONTEXTS,
        strict: bool = False,
    ) -> None:
        self.query = query
        self.request_id = ids.uuid()
        self._ids = ids
        self._reader = GenerationReader(voices, models, strict=strict)
        self._rate = rate
        self._max_contexts = max_contexts
        self._strict = strict
        self._contexts: dict[str, _Context] = {}
        self._too_large = False

    def connected(self) -> Sequence[Frame]:
        """Nothing is said first (C§5.3)."""
        return []

    def over(self) -> EndReason | None:
        """The client closes, nobody else does."""
        return None

    def receive(self, frame: Frame) -> Sequence[TextPushed | ContextCancelled]:
        """Translate one message. Raises `ContextViolation`; its refusal ends the context it names (C§3.2)."""
        name: str | None = None
        try:
            members = parse_object(frame)
            name = self._named(members)
            if members.get("cancel") is True:  # C§5.2: whatever else the message holds, and however it is laid out
                return self._cancel(name)
            # older versions could leave the name out (C§5.1)
            return [self._push(name or self._ids.uuid(), convert(members, Generation, strict=self._strict))]
        except Violation as violation:
            raise ContextViolation(violation, name) from None

    @staticmethod
    def _named(members: dict[str, Any]) -> str | None:
        """The client's name for the context, `None` when it gives none."""
        given = members.get("context_id")
        if given is None or given == "":
            return None
        if not isinstance(given, str):
            raise Violation("wrong_shape", "wrong type", path="context_id", expected="str")
        if len(given) > MAX_CONTEXT_ID_CHARACTERS:
            limit = f"at most {MAX_CONTEXT_ID_CHARACTERS} characters"
            raise Violation("out_of_range", "the context id is too long", path="context_id", expected=limit)
        return given

    def _cancel(self, name: str | None) -> Sequence[ContextCancelled]:
        if name is None:
            raise missing_member("context_id")
        if self._contexts.pop(name, None) is None:
            return []  # C§5.7: cancelling what is unknown or finished is no error
        return [ContextCancelled(name)]

    def _push(self, name: str, message: Generation) -> TextPushed:
        context = self._contexts.get(name)
        if message.transcript is None:
            raise missing_member("transcript")
        delay_ms = DEFAULT_BUFFER_DELAY_MS if message.max_buffer_delay_ms is None else message.max_buffer_delay_ms
        check_range(delay_ms, 0, MAX_BUFFER_DELAY_MS, "max_buffer_delay_ms")
        if context is None:
            context = self._open(name, message)
            if len(self._contexts) >= self._max_contexts:
                raise Violation(
                    "concurrency_limited",
                    f"{len(self._contexts)} contexts are open",
                    path="context_id",
                    expected=f"at most {self._max_contexts}",
                )
            self._contexts[name] = context
        else:
            self._reader.check_model(message.model_id)
            context.options = self._reader.options(message, context.options)
        return TextPushed(
            context=name,
            text=message.transcript,  # verbatim: the client supplies the spaces (C§5.4 rule 2)
            more=bool(message.continue_),
            flush=bool(message.flush),
            options=context.options,
            buffer_delay=delay_ms / 1000,
        )

    def _open(self, name: str, message: Generation) -> _Context:
        """A new context: here every required member must be given (C§5.1); later ones may repeat them or not."""
        for required in ("model_id", "voice", "output_format"):
            if getattr(message, required) is None:
                raise missing_member(required)
        assert message.output_format is not None  # noqa: S101 - just checked; tells the type checker
        self._reader.check_model(message.model_id)
        audio = self._read_format(message.output_format)
        fixed = SpeakOptions(
            phonemes=bool(message.add_phoneme_timestamps), spoken_words=bool(message.use_normalized_timestamps)
        )
        options = self._reader.options(message, fixed)
        return _Context(options, ContextFrames(name, self._rate, audio, timestamps=bool(message.add_timestamps)))

    def _read_format(self, given: OutputFormat) -> AudioFormat:
        if (given.container or "raw").lower() != "raw":
            raise Violation(
                "unsupported_audio_format",
                "only raw audio can be sent in events",
                path="output_format.container",
                expected="raw",
                remedy="Use POST /tts/bytes for containers.",
            )
        return self._reader.read_format(given.encoding, given.sample_rate)

    def render(self, notice: ContextNotice) -> Sequence[Frame]:
        """Events of a context; nothing for one that is cancelled, failed or done."""
        context = self._contexts.get(notice.context)
        if context is None:
            return []
        match notice:
            case ContextAudio():
                return list(context.frames.speak(notice))
            case ContextFlushed():
                return list(context.frames.flush(notice.segment))
            case ContextDone():
                del self._contexts[notice.context]
                return list(context.frames.finish())
            case ContextFailed():
                del self._contexts[notice.context]
                shape = SHAPES.get(notice.code, SHAPES["engine_failed"])
                return [context_error_event(shape, notice.message, self._error_id(), notice.context)]
            case _:
                assert_never(notice)

    def refuse(self, violation: Violation) -> Sequence[Frame]:
        """The error event, with the context the message named; nothing of that context follows (C§5.8)."""
        self._too_large = self._too_large or violation.code == "too_large"
        context = violation.context if isinstance(violation, ContextViolation) else None
        if context is not None:
            self._contexts.pop(context, None)
        return [context_error_event(shape_of(violation), sentence(violation), self._error_id(), context)]

    def _error_id(self) -> str:
        return self._ids.uuid()

    def closing(self, reason: EndReason) -> tuple[int, str]:
        """The close code: 1000 whenever the end is orderly (C§15)."""
        match reason:
            case EndReason.IDLE:
                return 1000, "connection idle timeout"  # C§5.10
            case EndReason.VIOLATION:
                return (1009, "message too big") if self._too_large else (1008, "invalid message")
            case EndReason.DRAINED:
                return 1001, "server going away"
            case EndReason.FAILED:
                return 1011, "internal error"
            case EndReason.CALLER_LEFT | EndReason.FINISHED | EndReason.TOO_LONG:
                return 1000, ""
            case _:
                assert_never(reason)
