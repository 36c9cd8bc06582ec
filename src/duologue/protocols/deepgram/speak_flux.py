"""`/v2/speak`, Flux: speech in turns (Deepgram docs: Flux text to speech; D§9).

Text makes turns, each ended by a `Flush`; one is spoken at a time, further ones wait. `Interrupt` drops all of them. Every turn is a
segment of one context of `SpeechContexts`; an interrupt begins another context.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TypeAlias, assert_never

from duologue import __version__
from duologue.agent.commands import EndReason
from duologue.errors import Violation
from duologue.ids import IdSource
from duologue.protocols.codec import convert, describe, encode
from duologue.protocols.deepgram.errors import unknown_message
from duologue.protocols.deepgram.speak_flux_messages import (
    AppliedSettings,
    ConfigureFailure,
    ConfigureSuccess,
    Connected,
    ControlsApplied,
    Flushed,
    FluxSpeechError,
    FluxSpeechWarning,
    Interrupt,
    SessionMetadata,
    SpeechInterrupted,
    SpeechMetadata,
    SpeechStarted,
    SpeedChange,
    TurnMetadata,
)
from duologue.protocols.deepgram.speak_flux_turns import SpeechTurn, SpeechTurns
from duologue.protocols.deepgram.speak_messages import MODEL_UUID, Speak
from duologue.protocols.deepgram.speak_query import FLUX_SPEED_RANGE, is_flux_step, read_flux_wanted, read_socket_format
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

IDLE_S = 60.0
_PAUSE = re.compile(r"\\\{\s*pause\s*:")

Item: TypeAlias = TextPushed | ContextCancelled | Reply


class SpeakV2Dialect:
    """One `/v2/speak` connection. Raises `Violation` for a query that is refused.

    `voices` maps the client's model to a voice of the catalogue; `None` keeps the client's word. `rate` is that of the audio in
    `ContextAudio`, in hertz. With `strict`, unknown members of messages are errors.
    """

    deadlines = Deadlines(idle=IDLE_S, session=SESSION_S, pings_count=True)
    patient = True
    """Speech begins with a whole sentence, or with the flush: tokens of a model come one by one."""
    HANDLED = ("Speak", "Flush", "Interrupt", "Configure", "Close")

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
        self._ids = ids
        self._wanted = read_flux_wanted(handshake.query, voices)
        self._options = self._wanted.options
        self._applied = AppliedSettings(handshake.query.number("speed"))
        self._stream = SpeechStream(rate, read_socket_format(handshake.query))
        self._strict = strict
        self._rate = rate
        self._turns = SpeechTurns()
        self._played_ms = 0
        """Where the last interrupt stood."""
        self._closing = False
        self._failed = False
        self._fatal = ""

    def connected(self) -> Sequence[Frame]:
        """Said first."""
        return [encode(Connected(self.request_id, self._wanted.model, __version__, [MODEL_UUID]))]

    def over(self) -> EndReason | None:
        """After a `Close`, once every turn has been told; at once when speech is lost."""
        if self._failed:
            return EndReason.FAILED
        return EndReason.FINISHED if self._closing and self._turns.active is None else None

    def receive(self, frame: Frame) -> Sequence[Item]:
        """Translate one message. Raises a fatal `Violation`: the vendor closes on what it does not understand (D§9.3)."""
        if self._closing:
            return []
        try:
            return list(self._translate(frame))
        except Violation as violation:
            violation.fatal = True
            raise

    def _translate(self, frame: Frame) -> Iterator[Item]:
        members = read_message(frame, self.HANDLED)
        match members.get("type"):
            case "Speak":
                yield from self._speak(convert(members, Speak, strict=self._strict).text)
            case "Flush":
                yield from self._flush()
            case "Interrupt":
                yield from self._interrupt(convert(members, Interrupt, strict=self._strict))
            case "Configure":
                yield self._configure(convert(members, SpeedChange, strict=self._strict).speed)
            case "Close":
                yield from self._close()
            case "KeepAlive":
                return  # no part of this protocol, and no harm
            case _:
                raise unknown_message(self.HANDLED)

    def _speak(self, text: str) -> Iterator[Item]:
        if _PAUSE.search(text):
            raise Violation("control", "pauses cannot be written into text here", path="text", remedy="Leave them out.")
        if not text:
            return
        turn = self._turns.open
        if turn is None:
            waits = self._turns.active is not None
            turn = self._turns.begin(f"dg_sp_{self._ids.uuid().replace('-', '')[:12]}")
            if not waits:
                yield Reply((encode(SpeechStarted(turn.speech_id)),))
        self._turns.write(turn, text)
        yield self._stream.push(text, self._options)

    def _flush(self) -> Iterator[Item]:
        turn = self._turns.open
        if turn is None:
            yield _warning("NO_ACTIVE_SPEECH", "there is no text to flush")
            return
        turn.flushed = True
        if turn is self._turns.active:
            yield Reply((encode(Flushed(turn.speech_id)),))
        yield self._stream.push("", self._options, flush=True)

    def _interrupt(self, wanted: Interrupt) -> Iterator[Item]:
        offset = wanted.playback_offset
        if not self._turns.samples:
            yield _warning("NO_AUDIO_GENERATED", "there is nothing to interrupt yet")
            return
        if self._turns.active is None:
            yield _warning("NO_ACTIVE_SPEECH", "nothing is being said")
            return
        if offset is not None and (offset.type != "time_ms" or not offset.value > self._played_ms):
            yield _warning("INVALID_INTERRUPT_OFFSET", f"the offset must be a time_ms of more than {self._played_ms}")
            return
        generated_ms = self._ms(self._turns.samples)
        played_ms = generated_ms if offset is None else int(min(offset.value, 1e12))
        played = None if offset is None else round(min(played_ms, generated_ms + 1) * self._rate / 1000)
        cut = self._turns.interrupt(played)
        if cut is None:
            return
        self._played_ms = played_ms
        silenced = self._stream.context
        self._stream.renew()
        yield ContextCancelled(silenced)
        turn, texts = cut
        spoken, remaining = texts or (None, None)
        yield Reply((encode(SpeechInterrupted(played_ms, self._metadata(turn), spoken, remaining)),))

    def _configure(self, speed: float | None) -> Reply:
        if speed is None:
            return Reply((encode(ConfigureSuccess(self._applied)),))
        low, high = FLUX_SPEED_RANGE
        if not low <= speed <= high:
            why = ("SPEED_OUT_OF_RANGE", f"expected {low:g} to {high:g}")
        elif not is_flux_step(speed):
            why = ("SPEED_INCREMENT_INVALID", "expected steps of 0.05")
        else:
            self._options = replace(self._options, speed=speed)
            self._applied = AppliedSettings(speed)
            return Reply((encode(ConfigureSuccess(self._applied)),))
        return Reply((encode(ConfigureFailure(why[0], "speed", speed, why[1])),))

    def _close(self) -> Iterator[Item]:
        """What was said is finished first, flushed or not."""
        if self._turns.open is not None:
            yield from self._flush()
        self._closing = True
        if self._turns.active is None:
            yield Reply((self._goodbye(),))

    def render(self, notice: ContextNotice) -> Sequence[Frame]:
        """Audio and what became of turns; nothing of a context that was interrupted."""
        if notice.context != self._stream.context:
            return []
        match notice:
            case ContextAudio():
                self._turns.speak(len(notice.pcm), notice.words)
                return list(self._stream.give(notice.pcm))
            case ContextFlushed():
                return list(self._finish_turn())
            case ContextDone():
                self._turns.renew()  # nothing was said for a while; a turn may go on
                self._stream.renew()
                return []
            case ContextFailed():
                self._failed, self._fatal = True, notice.code
                return [encode(FluxSpeechError(_error_code(notice.code), notice.message))]
            case _:
                assert_never(notice)

    def _finish_turn(self) -> Iterator[Frame]:
        yield from self._stream.finish()
        turn = self._turns.finish()
        if turn is None:
            return
        if not turn.samples:
            yield encode(FluxSpeechWarning("NO_SYNTHESIZABLE_TEXT", "the text has nothing to say"))
        told = self._metadata(turn)
        yield encode(
            SpeechMetadata(
                told.speech_id,
                told.audio_duration_ms,
                told.input_character_count,
                told.billable_character_count,
                told.controls_applied,
            )
        )
        following = self._turns.active
        if following is not None:
            yield encode(SpeechStarted(following.speech_id))
            if following.flushed:
                yield encode(Flushed(following.speech_id))
        elif self._closing:
            yield self._goodbye()

    def _metadata(self, turn: SpeechTurn) -> TurnMetadata:
        length = len(turn.text)
        return TurnMetadata(turn.speech_id, self._ms(turn.samples), length, length, ControlsApplied())

    def _goodbye(self) -> str:
        characters = self._turns.characters
        return encode(SessionMetadata(self._ms(self._turns.samples), characters, characters))

    def _ms(self, samples: int) -> int:
        return round(samples * 1000 / self._rate)

    def refuse(self, violation: Violation) -> Sequence[Frame]:
        """The `Error` that goes before the close."""
        self._fatal = violation.code
        return [encode(FluxSpeechError(_error_code(violation.code), describe(violation)))]

    def closing(self, reason: EndReason) -> tuple[int, str]:
        """Codes as on `/v1/speak`, with the vendor's word in the reason (D§9.3, D§8.4)."""
        match reason:
            case EndReason.FINISHED | EndReason.CALLER_LEFT:
                return 1000, ""
            case EndReason.VIOLATION | EndReason.FAILED:
                code = _error_code(self._fatal)
                return _CLOSES[code], code
            case EndReason.TOO_LONG:
                return 1011, "NET-0003: the connection has reached its time limit"
            case EndReason.IDLE:
                return 1011, "NET-0004: nothing came from the client within the time allowed"
            case EndReason.DRAINED:
                return 1001, "server going away"
            case _:
                assert_never(reason)


_ERRORS = {
    "binary": "MESSAGE-0000",
    "control": "DATA-0002",
    "too_large": "BIG-0000",
    "text_too_long": "BIG-0000",
    "internal": "NET-0000",
    "engine_failed": "NET-0000",
}
_CLOSES = {"MESSAGE-0000": 1003, "DATA-0000": 1008, "DATA-0002": 1008, "BIG-0000": 1009, "NET-0000": 1011}
"""Close codes of the errors."""


def _error_code(code: str) -> str:
    """The vendor's word for the code of a violation or a failure."""
    return _ERRORS.get(code, "DATA-0000")


def _warning(code: str, description: str) -> Reply:
    return Reply((encode(FluxSpeechWarning(code, description)),))
