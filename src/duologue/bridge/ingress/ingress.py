"""The one interface of all ways in for calls: orders go out through `Ingress`, facts are told to a `FarEnd`.

An ingress is a shell around one outside protocol (a socket, a PBX, a browser). It knows nothing of agents, scenarios or routing: it
takes orders for one call and tells what happened to it. Audio crosses in 20 ms frames of raw bytes in the format the ingress names at
its start, whole samples only. Orders never block and never raise: what cannot be done is told as a fact. Orders after the end of the
call are ignored. Facts come on the event loop, in the order they happened, and none comes after `hangup_in`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from duologue.audio.formats import AudioFormat
from duologue.runtime.machine import Seconds

FRAME_S: Seconds = 0.020
"""Length of one frame, towards the far end and from it."""


class ToneKind(StrEnum):
    """How a key reached us."""

    RTP_EVENT = "rtp_event"
    """RFC 4733 (once RFC 2833), or a provider's message that stands for it."""
    IN_BAND = "in_band"
    INFO = "info"
    """SIP INFO."""


@dataclass(frozen=True, slots=True)
class CallFacts:
    """What the far end said about a call. Fields it did not name are empty."""

    ingress: str
    """Name of the way in: `"twilio"`, `"audiosocket"` ..."""
    call_id: str
    """The far end's own name of the call (Twilio's CallSid, AudioSocket's UUID), for logs and REST requests."""
    from_: str = ""
    to: str = ""
    display_name: str = ""
    incoming: bool = True
    headers: Mapping[str, str] = field(default_factory=dict)
    custom: Mapping[str, str] = field(default_factory=dict)
    """Parameters the caller's side attached: Twilio's `<Parameter>`s, a SIP header with customer data."""


class FarEnd(Protocol):
    """Whom an ingress tells what happened to one call: the `Call`. All methods return at once."""

    def audio_in(self, payload: bytes) -> None:
        """The caller's audio: usually one 20 ms frame, any number of whole samples."""
        ...

    def dtmf_in(self, digit: str, kind: ToneKind = ToneKind.RTP_EVENT) -> None:
        """The caller pressed a key: one of `0-9 * # A-D`."""
        ...

    def played(self, name: str) -> None:
        """Everything sent before the mark `name` has been played, or a clear has dropped what was left of it."""
        ...

    def transferred(self, reason: str = "") -> None:
        """How a `transfer` went: empty `reason` means that the far end took the call over."""
        ...

    def hangup_in(self, reason: str) -> None:
        """The call is over, whoever ended it. Last, and once; also the answer to `Ingress.hangup`, within five seconds of it."""
        ...


class Ingress(Protocol):
    """What can be ordered of one call. All methods return at once."""

    def audio_out(self, payload: bytes) -> None:
        """Play one 20 ms frame. Frames come in real time while there is something to say, none while there is nothing: an ingress
        whose far end wants an unbroken stream fills the gaps with silence itself."""
        ...

    def mark(self, name: str) -> None:
        """Answer `played(name)` when all audio sent so far has been played; where the far end cannot say, by the ingress's own clock."""
        ...

    def clear(self) -> None:
        """Drop what was sent and is not yet played, before any frame that follows; open marks are answered."""
        ...

    def dtmf_out(self, digits: str) -> None:
        """Press keys towards the caller: `0-9 * #`, and `p` for a pause."""
        ...

    def hangup(self, reason: str = "") -> None:
        """End the call; `hangup_in` follows."""
        ...

    def transfer(self, target: str) -> None:
        """Hand the call over to a number or an address; `transferred` follows, then, if it went well, `hangup_in`."""
        ...


class TakeCall(Protocol):
    """Who is told of new calls: the scenario runner."""

    def __call__(self, ingress: Ingress, facts: CallFacts, audio: AudioFormat) -> FarEnd:
        """A call is there and its audio flows in `audio`, both ways; what happens to it is told to the answer.

        Raises `Refused` when no call is taken now.
        """
        ...
