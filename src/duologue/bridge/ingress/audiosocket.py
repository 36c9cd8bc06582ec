"""The way in for Asterisk's AudioSocket: a TCP server, one connection a call. Decides nothing; see `audiosocket_line`.

There is neither encryption nor a password on this wire, only the UUID: bind it to loopback or to a private network.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network

import structlog

from duologue.audio.formats import AudioFormat
from duologue.bridge.ingress.audiosocket_line import (
    Answer,
    AudioSocketLine,
    Begin,
    BytesReceived,
    ClearGiven,
    ConnectionLost,
    End,
    FrameGiven,
    HangUpGiven,
    Hear,
    KeysGiven,
    LineCommand,
    LineEvent,
    MarkGiven,
    Press,
    Write,
)
from duologue.bridge.ingress.ingress import CallFacts, FarEnd, Ingress
from duologue.bridge.ingress.take import TakeCall
from duologue.errors import Refused, Violation
from duologue.runtime.driver import Driver, Timers
from duologue.runtime.machine import Seconds

READ_BYTES = 16_384
MAX_UNSENT_BYTES = 256 * 1024
"""A peer that lets so much pile up does not read any more: seconds of audio at any rate."""
GOODBYE_S: Seconds = 2.0
"""What was written before a hang-up may take so long to leave; then the connection is cut. A peer that does not read lets nothing leave."""

_log = structlog.get_logger("duologue.bridge")


@dataclass(frozen=True, slots=True)
class AudioSocketPolicy:
    """How the server listens."""

    host: str = "127.0.0.1"
    port: int = 9092
    """0 takes a free one."""
    max_connections: int = 100
    """One more is hung up on at once, so that its dialplan goes on."""
    identify_s: Seconds = 5.0
    """How long a connection may stay without saying which call it is."""
    agents: Mapping[str, str] = field(default_factory=dict)
    """From UUIDs to agents by id, for extensions whose dialplan writes a UUID of its own."""
    known_only: bool = False
    """Refuse UUIDs that are not in `agents`."""
    allow: tuple[str, ...] = ()
    """Addresses and networks that may connect; empty for whoever reaches the port. Raises `Violation("address")` for what is none."""

    def __post_init__(self) -> None:
        self.allows("::1")

    def allows(self, peer: str) -> bool:
        """A peer of this address may connect."""
        try:
            networks = [ip_network(each, strict=False) for each in self.allow]
        except ValueError as error:
            raise Violation("address", str(error), path="bridge.audiosocket.allow", expected="addresses") from None
        return not networks or any(ip_address(peer) in network for network in networks)


class AudioSocketServer:
    """Listens, and hands each call to `take`. `start` and `close` once each."""

    def __init__(self, policy: AudioSocketPolicy, take: TakeCall, timers: Timers) -> None:
        self._policy = policy
        self._take = take
        self._timers = timers
        self._server: asyncio.Server | None = None
        self._calls: set[AudioSocketCall] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def port(self) -> int:
        """Where it listens, once started."""
        return self._server.sockets[0].getsockname()[1] if self._server and self._server.sockets else 0

    async def start(self) -> None:
        """Open the port. Raises `Violation("address")`."""
        policy = self._policy
        try:
            self._server = await asyncio.start_server(self._serve, policy.host, policy.port, limit=READ_BYTES)
        except (OSError, OverflowError) as error:
            why = getattr(error, "strerror", None) or str(error)
            if isinstance(error, OSError) and error.errno and not isinstance(error, socket.gaierror):
                why = os.strerror(error.errno)  # where asyncio puts a sentence of its own
            raise Violation(
                "address",
                f"cannot listen on {policy.host}:{policy.port}: {why}",
                path="bridge.audiosocket.listen",
                remedy="Give another address of this machine, or another port.",
            ) from None

    async def close(self) -> None:
        """Take no more calls, and hang up on those there are. Returns when no task is left."""
        if self._server is not None:
            self._server.close()
        for call in list(self._calls):
            call.hangup("the server is going")
        if self._tasks:
            await asyncio.wait(list(self._tasks))
        if self._server is not None:
            await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        peer = writer.get_extra_info("peername")[0]
        call = AudioSocketCall(writer, self._answer, self._timers, self._policy.identify_s)
        try:
            if not self._policy.allows(peer):
                _log.warning(
                    "connection_refused", ingress="audiosocket", peer=peer, why="not in bridge.audiosocket.allow"
                )
                return
            if len(self._calls) >= self._policy.max_connections:
                call.hangup("too many calls")
                return
            self._calls.add(call)
            await call.read(reader)
        finally:
            self._calls.discard(call)
            await call.close()

    def _answer(self, call: Ingress, uuid: str, audio: AudioFormat) -> FarEnd:
        """Raises `Refused`."""
        agent = self._policy.agents.get(uuid, "")
        if not agent and self._policy.known_only:
            raise Refused("unknown_call", f"{uuid} is not an expected call")
        custom = {"agent": agent} if agent else {}
        return self._take(call, CallFacts("audiosocket", uuid, custom=custom), audio)


class AudioSocketCall:
    """One connection; the `Ingress` of its call."""

    def __init__(
        self,
        writer: asyncio.StreamWriter,
        answer: Callable[[Ingress, str, AudioFormat], FarEnd],
        timers: Timers,
        identify_s: Seconds,
    ) -> None:
        self._writer = writer
        self._answer = answer
        self._far: FarEnd | None = None
        self._ended = False
        self._cut: asyncio.TimerHandle | None = None
        line = AudioSocketLine(timers.now(), identify_s)
        self._driver: Driver[LineEvent, LineCommand] = Driver(line, self._perform, timers)
        self._driver.start()

    async def read(self, reader: asyncio.StreamReader) -> None:
        """Feed what comes, until either side ends."""
        try:
            while not self._ended and (data := await reader.read(READ_BYTES)):
                self._driver.feed(BytesReceived(data))
        except OSError:
            pass  # a broken connection ends like a closed one
        self._driver.feed(ConnectionLost())

    async def close(self) -> None:
        """Let go of the connection."""
        self._driver.feed(HangUpGiven("the connection is closed"))
        self._driver.close()
        self._writer.close()
        with suppress(OSError):  # it may be gone already
            await self._writer.wait_closed()
        if self._cut is not None:
            self._cut.cancel()

    # Orders.

    def audio_out(self, payload: bytes) -> None:
        """See `Ingress`."""
        self._driver.feed(FrameGiven(payload))

    def mark(self, name: str) -> None:
        """See `Ingress`; exact to the frame."""
        self._driver.feed(MarkGiven(name))

    def clear(self) -> None:
        """See `Ingress`; complete, because nothing waits at the far end."""
        self._driver.feed(ClearGiven())

    def dtmf_out(self, digits: str) -> None:
        """See `Ingress`; as tones, because Asterisk takes no keys on this wire."""
        self._driver.feed(KeysGiven(digits))

    def hangup(self, reason: str = "") -> None:
        """See `Ingress`. The dialplan goes on behind `AudioSocket(...)`."""
        self._driver.feed(HangUpGiven(reason or "hung up"))

    def transfer(self, target: str) -> None:  # noqa: ARG002 - the interface's
        """Not on this wire: hang up, and let the dialplan decide what comes next."""
        if self._far is not None:
            self._far.transferred("AudioSocket cannot transfer: hang up, and let the dialplan dial")

    def _perform(self, command: LineCommand) -> None:
        match command:
            case Write(data):
                self._write(data)
            case Begin(uuid, audio):
                self._begin(uuid, audio)
            case Hear(payload) if self._far is not None:
                self._far.audio_in(payload)
            case Press(key) if self._far is not None:
                self._far.dtmf_in(key)
            case Answer(mark) if self._far is not None:
                self._far.played(mark)
            case End(reason):
                self._end(reason)
            case _:
                pass  # facts about a call that was refused

    def _write(self, data: bytes) -> None:
        if self._writer.transport.get_write_buffer_size() > MAX_UNSENT_BYTES:
            self._writer.transport.abort()
        if not self._writer.is_closing():
            self._writer.write(data)

    def _begin(self, uuid: str, audio: AudioFormat) -> None:
        try:
            self._far = self._answer(self, uuid, audio)
        except Refused as refused:
            _log.info("call_refused", ingress="audiosocket", call=uuid, why=str(refused))
            self.hangup(str(refused))

    def _end(self, reason: str) -> None:
        if not self._ended:
            self._ended = True
            far, self._far = self._far, None
            if far is not None:
                far.hangup_in(reason)
            else:
                _log.info("connection_without_call", ingress="audiosocket", why=reason)
            self._writer.close()  # also ends the reading, once everything is written
            self._cut = asyncio.get_running_loop().call_later(GOODBYE_S, self._writer.transport.abort)
