"""A call as a scenario sees it: a media unit over an ingress.

The ingress tells it facts (`FarEnd`), it gives the ingress orders. What was handed to the far end is not yet heard: a playout ledger,
which counts marks, says how far the caller's loudspeaker has come, and every frame's source is told so.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from duologue.audio.formats import AudioFormat, Samples
from duologue.audio.pcm import decode, encode
from duologue.bridge.context import ScenarioContext
from duologue.bridge.done import Done, Outcome
from duologue.bridge.events import CallEvents, EventName
from duologue.bridge.heard_frames import HeardFrames, Playout
from duologue.bridge.ingress.ingress import CallFacts, Ingress, ToneKind
from duologue.bridge.media import MediaUnit
from duologue.bridge.routed import Frame
from duologue.bridge.routing import Traits
from duologue.errors import Violation
from duologue.runtime.machine import Seconds

_TONE_TYPES = {ToneKind.RTP_EVENT: 1, ToneKind.IN_BAND: 2, ToneKind.INFO: 3}
_PRESSED = frozenset("0123456789*#")
_KEYS = _PRESSED | {"p"}
MAX_KEYS = 100
"""In one order; each is a fifth of a second of tones."""


class CallState(StrEnum):
    """VoxEngine's states."""

    ALERTING = "ALERTING"
    CONNECTED = "CONNECTED"
    TERMINATED = "TERMINATED"


class Call(MediaUnit):
    """One leg. Orders take effect when they are called; awaiting them waits for the outcome."""

    traits = Traits(reports_heard=True)

    def __init__(
        self,
        ingress: Ingress,
        facts: CallFacts,
        audio: AudioFormat,
        playout: Playout,
        context: ScenarioContext | None = None,
    ) -> None:
        self.audio = audio
        """The format its ingress carries."""
        self.facts = facts
        """What the far end said about the call."""
        super().__init__("call", context)
        self._ingress = ingress
        self._heard = HeardFrames(playout, audio.sample_rate)
        self._state = CallState.ALERTING
        self._answered_at: Seconds | None = None
        self._ended_at: Seconds | None = None
        self._tones = False
        self._over: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @property
    def rate(self) -> int:
        return self.audio.sample_rate

    @property
    def state(self) -> CallState:
        """Whether it rings, is up or is over."""
        return self._state

    @property
    def duration(self) -> Seconds:
        """Seconds since it was answered, until its end; 0 before."""
        if self._answered_at is None:
            return 0.0
        return (self._context.now() if self._ended_at is None else self._ended_at) - self._answered_at

    # What a scenario orders.

    def answer(self) -> Awaitable[None]:
        """Take an alerting call: audio flows from now on, `Connected` follows."""
        if self._state is CallState.ALERTING:
            self._state = CallState.CONNECTED
            self._answered_at = self._context.now()
            self.tell(CallEvent(self, CallEvents.Connected, dict(self.facts.headers)))
        return Done()

    def reject(self, code: int = 486) -> Awaitable[None]:
        """Refuse an alerting call with a SIP code (300 to 699)."""
        return self.hangup(f"rejected with {code}")

    def hangup(self, reason: str = "") -> Awaitable[None]:
        """End the call; `Disconnected` follows, and awaiting waits for it."""
        if self._state is not CallState.TERMINATED:
            self._ingress.hangup(reason)
        return Outcome(self._over)

    def ended(self) -> Awaitable[None]:
        """Wait until the call is over, whoever ends it."""
        return Outcome(self._over)

    def handle_tones(self, on: bool = True) -> None:  # noqa: FBT001, FBT002 - the documented shape
        """Report the caller's keys as `ToneReceived` from now on, or no longer."""
        self._tones = on

    def send_digits(self, digits: str) -> Awaitable[None]:
        """Press keys towards the caller: `0-9 * #`, `p` for a pause. Raises `Violation("digits")` for others, or too many."""
        given: object = digits  # whatever the annotation says
        if not isinstance(given, str) or not 0 < len(digits) <= MAX_KEYS or not _KEYS.issuperset(digits):
            said = f"{str(given)[:MAX_KEYS]!r} are no keys"
            raise Violation("digits", said, expected=f"1 to {MAX_KEYS} of 0-9 * # and p for a pause")
        if self._state is not CallState.TERMINATED:
            self._ingress.dtmf_out(digits)
        return Done()

    def transfer_to(self, target: str) -> Awaitable[None]:
        """Hand the caller over to a number or an address; `TransferComplete` or `TransferFailed` follows. Raises
        `Violation("transfer_target")` for what is no text."""
        given: object = target  # whatever the annotation says
        if not isinstance(given, str):
            raise Violation("transfer_target", f"{target!r} is no text", expected="a number or sip: address")
        if self._state is not CallState.TERMINATED:
            self._ingress.transfer(target)
        return Done()

    # What the ingress tells (`FarEnd`).

    def audio_in(self, payload: bytes) -> None:
        """The caller's audio goes to whoever hears this call."""
        if self._state is CallState.CONNECTED:
            self._context.pump.arrived(self, decode(payload, self.audio.encoding))

    def dtmf_in(self, digit: str, kind: ToneKind = ToneKind.RTP_EVENT) -> None:
        """A key, reported when the scenario asked for keys. Those a telephone does not have (A to D) are nobody's to answer."""
        if self._tones and digit in _PRESSED and self._state is CallState.CONNECTED:
            self.tell(ToneReceived(self, digit, _TONE_TYPES[kind]))

    def played(self, name: str) -> None:
        """A mark came back."""
        self._heard.played(name, self._context.now())

    def transferred(self, reason: str = "") -> None:
        """How a transfer went."""
        self.tell(TransferFailed(self, reason) if reason else CallEvent(self, CallEvents.TransferComplete))

    def hangup_in(self, reason: str) -> None:
        """The call is over."""
        if self._state is CallState.TERMINATED:
            return
        unanswered = self._answered_at is None and not self.facts.incoming
        self._ended_at = self._context.now()
        self._heard.ended(self._ended_at)
        self._state = CallState.TERMINATED
        self._context.pump.leave(self)
        name = CallEvents.Failed if unanswered else CallEvents.Disconnected
        self.tell(CallDisconnected(self, reason, self.duration, name))
        self._listeners.close()
        if not self._over.done():
            self._over.set_result(None)

    # What the router asks of a unit.

    def hear(self, frame: Frame) -> None:
        if self._state is not CallState.CONNECTED:
            return
        now = self._context.now()
        _set_mark(self._ingress, self._heard.begins(now))
        self._ingress.audio_out(encode(frame.pcm, self.audio.encoding))
        _set_mark(self._ingress, self._heard.sent(frame, now))

    def drop_audio(self) -> None:
        if self._state is CallState.CONNECTED:
            self._ingress.clear()
            _set_mark(self._ingress, self._heard.cleared(self._context.now()))

    def passed(self, position: Samples, *, heard: bool) -> None:
        """Nobody asks how much of a caller's own audio was taken."""

    def emptied(self, *, cleared: bool) -> None:
        """A caller's audio is passed on as it comes."""


def _set_mark(ingress: Ingress, name: str | None) -> None:
    if name is not None:
        ingress.mark(name)


@dataclass(frozen=True, slots=True)
class CallEvent:
    """Something became of a call."""

    call: Call
    name: EventName
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CallDisconnected:
    """The call is over; `duration` in seconds since it was answered."""

    call: Call
    reason: str
    duration: float
    name: EventName = CallEvents.Disconnected


@dataclass(frozen=True, slots=True)
class ToneReceived:
    """The caller pressed a key. `type` is the reference's number: 1 RFC 4733, 2 in the audio, 3 SIP INFO."""

    call: Call
    tone: str
    type: int = 1
    name: EventName = CallEvents.ToneReceived


@dataclass(frozen=True, slots=True)
class TransferFailed:
    """A transfer was refused."""

    call: Call
    reason: str
    name: EventName = CallEvents.TransferFailed
