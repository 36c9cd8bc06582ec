"""Rules about the frames of Cartesia's call stream: their shape, and the order of turns (C§11)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from duologue.sim.breach import Breach
from duologue.sim.caller import Call
from duologue.sim.wires import Received, Sign

SHAPES: Mapping[str, Mapping[str, type | tuple[type, ...]]] = {
    "ack": {"call_id": str, "config": dict, "agent": dict, "playback_reports": bool},
    "clear": {},
    "dtmf": {"dtmf": str},
    "custom": {"metadata": dict},
    "transfer_call": {"transfer": dict},
    "turn_started": {"turn_started": dict},
    "turn_output_text_delta": {"turn_output_text_delta": dict},
    "turn_ended": {"turn_ended": dict},
    "error": {"message": str, "title": str, "status_code": int},
}
"""Required members of every event that may come, beside its `stream_id`."""

TURN_MEMBERS: Mapping[str, Mapping[str, type]] = {
    "turn_started": {"id": str, "role": str},
    "turn_output_text_delta": {"id": str, "text": str},
    "turn_ended": {"id": str, "role": str, "text": str, "was_interrupted": bool},
}
"""What stands in the member named like the event."""


def frame_faults(call: Call) -> Iterator[Breach]:
    """Events that are not of their shape, or of another stream."""
    stream = next((received.message.get("stream_id") for received in call.signs(Sign.READY)), None)
    for received in call.received:
        if received.sign is not Sign.AUDIO:
            for fault in _faults(received.message, stream):
                yield Breach("frames", fault, received.at)


def _faults(message: Mapping[str, Any], stream: Any) -> Iterator[str]:
    kind = str(message.get("event"))
    shape = SHAPES.get(kind)
    if shape is None:
        yield f"an unknown event {kind!r}"
        return
    inner = message.get(kind)
    members = [(message, member, wanted) for member, wanted in shape.items()]
    if isinstance(inner, Mapping):
        members += [(inner, member, wanted) for member, wanted in TURN_MEMBERS.get(kind, {}).items()]
    for table, member, wanted in members:
        if not isinstance(table.get(member), wanted):
            yield f"{kind}.{member} is {table.get(member)!r}"
    if stream is not None and message.get("stream_id") != stream:
        yield f"{kind} of the stream {message.get('stream_id')!r}"
    # An engine's failure is told as an error too; this is the server's own.
    if kind == "error" and "could not do this" in message.get("message", ""):
        yield message["message"]


class Turns:
    """Turns of both sides, followed event by event."""

    def __init__(self) -> None:
        self._seen: set[str] = set()
        self._open: dict[str, str] = {}
        """The id of the open turn of each role."""
        self._said = ""
        self._cleared = False

    def take(self, received: Received) -> str:
        """One event; what is wrong with it here, or nothing."""
        message = received.message
        match received.sign:
            case Sign.AUDIO:
                return self._sounds()
            case Sign.CLEAR:
                self._cleared = True
            case Sign.CALLER_STARTED | Sign.REPLY_BEGINS:
                return self._begins(**message["turn_started"])
            case Sign.AGENT_SAID:
                self._said += received.text
                of_turn = message["turn_output_text_delta"]["id"] == self._open.get("assistant")
                return "" if of_turn else "words of the agent outside its turn"
            case Sign.CALLER_SAID | Sign.REPLY_OVER:
                return self._ends(**message["turn_ended"])
        return ""

    def _sounds(self) -> str:
        if "assistant" not in self._open:
            return "audio outside a turn of the agent"
        return "old audio after a clear" if self._cleared else ""

    def _begins(self, id: str, role: str) -> str:  # noqa: A002 - the wire's own name
        wrong = "a turn inside a turn" if role in self._open else "a turn's id came twice" if id in self._seen else ""
        self._seen.add(id)
        self._open[role] = id
        if role == "assistant":
            self._said, self._cleared = "", False
        return wrong

    def _ends(self, id: str, role: str, text: str, *, was_interrupted: bool) -> str:  # noqa: A002 - the wire's own name
        if self._open.pop(role, None) != id:
            return f"the end of a turn of the {role} that was not open"
        if role == "assistant":
            words, said = text.split(), self._said.split()
            if not was_interrupted and words != said:
                return f"the turn {self._said!r} ended as {text!r}"
            if "".join(said)[: len("".join(words))] != "".join(words):
                return f"{text!r} was heard of {self._said!r}"
        return ""


def order_faults(call: Call) -> Iterator[Breach]:
    """`ack` first; then turns that begin once and end once, and audio only inside the agent's."""
    first = call.received[0].message.get("event")
    if first != "ack":
        yield Breach("order", f"the call began with {first}")
    turns = Turns()
    for received in call.received:
        wrong = turns.take(received)
        if wrong:
            yield Breach("order", wrong, received.at)
