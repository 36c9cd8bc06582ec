"""Callers on Deepgram's agent wire (mu-law, 8 kHz, binary frames) in a process of their own: `python -m bench.wire_callers URL JSON`.

Prints `begin` and `end` around the feeding, so that whoever started it can read the server's CPU in between, then the result as JSON.
Frames are masked with zero, so that sending one is a single write: what is measured is the server, not the caller.
"""

from __future__ import annotations

import asyncio
import json
import struct
import sys
import time
from collections.abc import Sequence
from typing import Any

from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.http11 import Response
from websockets.uri import parse_uri

from bench.caller import Mix, line
from bench.feeder import Record, feed
from bench.in_process import run
from duologue.audio.formats import Encoding

RATE = 8_000
PATIENCE_S = 20.0
"""Until every call is set up."""
_AUDIO: dict[str, Any] = {"encoding": "mulaw", "sample_rate": RATE}
SETTINGS: dict[str, Any] = {
    "type": "Settings",
    "audio": {"input": _AUDIO, "output": {**_AUDIO, "container": "none"}},
    "agent": {
        "listen": {"provider": {"type": "deepgram", "model": "nova-3"}},
        "think": {"provider": {"type": "scripted", "model": "any"}, "prompt": "You take orders."},
        "speak": {"provider": {"type": "deepgram", "model": "aura-2-thalia-en"}},
    },
}


class WireCall(asyncio.Protocol):
    """One caller."""

    def __init__(self, url: str) -> None:
        self.record = Record()
        self.heard: list[float] = []
        """When each piece of the agent's audio came."""
        self.ready = asyncio.Event()
        self.answers: asyncio.Queue[dict[str, Any]] = asyncio.Queue(1000)
        self.ponged: asyncio.Future[None] | None = None
        """Done when the next pong comes."""
        self._socket = ClientProtocol(parse_uri(url), max_size=None)
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: Any) -> None:
        """Ask for the upgrade."""
        self._transport = transport
        self._socket.send_request(self._socket.connect())
        self._flush()

    def data_received(self, data: bytes) -> None:
        """Note audio, wait for the settings to be applied."""
        self._socket.receive_data(data)
        for event in self._socket.events_received():
            if isinstance(event, Response):
                self.tell(SETTINGS)
            elif isinstance(event, Frame) and event.opcode is Opcode.BINARY:
                self.heard.append(time.perf_counter())
            elif isinstance(event, Frame) and event.opcode is Opcode.TEXT:
                message = json.loads(bytes(event.data))
                if message["type"] == "SettingsApplied":
                    self.ready.set()
                elif not self.answers.full():
                    self.answers.put_nowait(message)
            elif isinstance(event, Frame) and event.opcode is Opcode.PONG and self.ponged is not None:
                self.ponged.set_result(None)
        self._flush()

    def tell(self, message: dict[str, Any]) -> None:
        """A message."""
        self._socket.send_text(json.dumps(message).encode())
        self._flush()

    def ping(self) -> None:
        """A ping, which the server's WebSocket library answers by itself."""
        self._socket.send_ping(b"")
        self._flush()

    def push(self, frame: bytes) -> None:
        """The next 20 ms."""
        if self._transport is not None:
            self._transport.write(framed(frame))

    def close(self) -> None:
        """Hang up."""
        if self._transport is not None:
            self._transport.abort()

    def _flush(self) -> None:
        if self._transport is not None:
            for data in self._socket.data_to_send():
                if data:
                    self._transport.write(data)


def framed(payload: bytes) -> bytes:
    """A binary message of 126 to 65,535 bytes, masked with zero, which leaves it as it is."""
    return struct.pack("!BBHI", 0x82, 0xFE, len(payload), 0) + payload


async def connect(url: str) -> WireCall:
    """A call whose settings have been applied."""
    address = parse_uri(url)
    call = WireCall(url)
    await asyncio.get_running_loop().create_connection(lambda: call, address.host, address.port)
    async with asyncio.timeout(PATIENCE_S):
        await call.ready.wait()
    return call


async def converse(url: str, count: int, mix: Mix, turns: int, spread_s: float) -> dict[str, Any]:
    """`count` calls of `turns` turns; from the end of the caller's speech to the agent's first audio, without the first turn."""
    said = line(mix, turns, Encoding.MULAW, RATE)
    calls = [await connect(url) for _ in range(count)]
    sys.stdout.write("begin\n")
    sys.stdout.flush()
    fed = await feed(calls, said, spread_s)
    sys.stdout.write("end\n")
    sys.stdout.flush()
    await asyncio.sleep(0.2)
    for call in calls:
        call.close()
    ends = said.ends[1:]
    found = [_first_after(call, end, end + mix.cycle - 0.3) for call in calls for end in ends]
    answered = [seconds for seconds in found if seconds is not None]
    return {
        "answers": answered,
        "missed": len(found) - len(answered),
        "audio_s": count * said.seconds,
        "late_p95_ms": fed.late_p95_ms,
        "caller_cpu_s": fed.cpu_s,
    }


def _first_after(call: WireCall, end: float, until: float) -> float | None:
    """Seconds from `end` (in the call's audio) to the first audio heard before `until`; `None` when there is none."""
    due = call.record.began + end
    return next((at - due for at in call.heard if due < at < call.record.began + until), None)


def main(arguments: Sequence[str]) -> None:
    """The program."""
    asked = json.loads(arguments[1])
    result = run(converse(arguments[0], asked["count"], Mix(**asked["mix"]), asked["turns"], asked["spread_s"]))
    sys.stdout.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
