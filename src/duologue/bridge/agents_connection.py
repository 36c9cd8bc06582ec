"""The shell of one connection to an agent: the link's commands onto a socket, the socket's news into the link."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any
from urllib.parse import quote

from duologue.audio.formats import AudioFormat, Pcm
from duologue.audio.pcm import decode
from duologue.bridge.agent_events import AgentEvent, ClientClosing
from duologue.bridge.agents_link import DEFAULT_FORMAT, AgentsLink, LinkPolicy
from duologue.bridge.context import ScenarioContext
from duologue.bridge.done import Outcome
from duologue.bridge.errors import ClientClosed, ConnectionFailed
from duologue.bridge.events import AgentsEvents
from duologue.bridge.linking import (
    CloseAsked,
    CloseSocket,
    GiveAudio,
    Leave,
    LinkCommand,
    LinkEvent,
    Received,
    Send,
    SetFormat,
    SocketLost,
    Tell,
    TellClosed,
)
from duologue.bridge.listeners import Listener
from duologue.bridge.media import MediaUnit
from duologue.bridge.service_client import ServiceOptions
from duologue.bridge.service_socket import Socket
from duologue.errors import DuologueError, Refused, Violation
from duologue.protocols.cartesia.line_peer import LINE_FORMATS, read_line
from duologue.runtime.driver import Driver


@dataclass(frozen=True, slots=True)
class Ack:
    """What the agent's server put into effect."""

    stream_id: str
    config: Mapping[str, Any]
    agent: Mapping[str, Any]
    call_id: str = ""


@dataclass(frozen=True, slots=True)
class AgentsClientParameters:
    """Which agent, and how to reach it."""

    agent_id: str
    service: ServiceOptions
    on_web_socket_close: Listener | None = None
    link: LinkPolicy = field(default_factory=LinkPolicy)


class AgentsConnection:
    """One connection, for the unit `client`."""

    def __init__(self, client: MediaUnit, parameters: AgentsClientParameters, context: ScenarioContext) -> None:
        self.audio: AudioFormat = LINE_FORMATS[DEFAULT_FORMAT]
        """The format of both directions; settled by `start` and its ack."""
        self.closed = False
        """Whether it is over, or about to be."""
        self._client = client
        self._parameters = parameters
        self._context = context
        self._link = AgentsLink(parameters.link)
        self._driver: Driver[LinkEvent, LinkCommand] = Driver(self._link, self._perform, context.timers)
        self._socket: Socket | None = None
        self._opening: asyncio.Task[None] | None = None
        self._exchange: Mapping[str, Any] = {}
        self._carried = b""
        self._left = False
        loop = asyncio.get_running_loop()
        self._acked: asyncio.Future[Ack] = loop.create_future()
        self._over: asyncio.Future[None] = loop.create_future()
        self.acknowledged = Outcome(self._acked)
        """The ack, when it has come. Raises `ConnectionFailed` when the connection ends without one."""

    @property
    def id(self) -> str:
        """The socket's name; empty before it is open."""
        return self._socket.id if self._socket is not None else ""

    @property
    def started(self) -> bool:
        """Whether `start` was sent."""
        return self._link.started

    def check_open(self) -> None:
        """Raises `ClientClosed`; `Violation` before `open`; `Refused` when too much waits for the ack."""
        if self.closed:
            raise ClientClosed("the client")
        if self._socket is None:
            raise Violation("not_open", "the client is not connected yet", remedy="Await `open()` first.")
        if self._link.full:
            raise Refused("too_many_messages", "too many messages wait for the ack of `start`")

    def feed(self, event: LinkEvent) -> None:
        """Tell the link."""
        self._driver.feed(event)

    async def open(self) -> None:
        """Exchange the key, open the socket. See `AgentsClient.open`."""
        if self.closed or self._opening is not None:
            raise ClientClosed("the client")
        self._opening = asyncio.get_running_loop().create_task(self._open())
        try:
            await asyncio.shield(self._opening)
        except asyncio.CancelledError:
            if not self.closed:
                self.close()
                raise
            raise ClientClosed("the client") from None
        except DuologueError:
            self._finish()
            raise
        # Behind whatever the caller of `connect` does next, so that its listeners are there.
        asyncio.get_running_loop().call_soon(self._introduce)

    def close(self, code: int = 1000, reason: str = "") -> Awaitable[None]:
        """See `AgentsClient.close`."""
        if not self.closed:
            self.closed = True
            if self._socket is not None:
                self._driver.feed(CloseAsked(code, reason))
            else:
                if self._opening is not None:
                    self._opening.cancel()
                self._finish()
        elif self._over.done() and not self._left:
            self._perform(Leave())
        return Outcome(self._over)

    # What the socket tells.

    def frame_received(self, frame: str | bytes) -> None:
        self._driver.feed(Received(read_line(frame)))

    def socket_lost(self, code: int, reason: str, *, was_clean: bool) -> None:
        self._driver.feed(SocketLost(code, reason, was_clean))

    async def _open(self) -> None:
        service = self._parameters.service
        answer = await self._context.network.exchange_key(service, "agent")
        self._exchange = {"status": answer.status, "url": answer.url}
        path = f"/agents/stream/{quote(self._parameters.agent_id, safe='')}"
        self._socket = await self._context.network.open_socket(service, path, answer.token, self._context.now)
        self._socket.run(self)
        self._driver.start()

    def _introduce(self) -> None:
        """What VoxEngine tells about a new connection."""
        if self.closed:
            return
        facts = {"web_socket_id": self.id, "base_url": self._parameters.service.url}
        self._client.tell(AgentEvent(self._client, AgentsEvents.HTTPResponse, {"payload": self._exchange}))
        self._client.tell(AgentEvent(self._client, AgentsEvents.ConnectorInformation, {"payload": facts}))

    def _decode(self, payload: bytes) -> Pcm:
        """Samples of the agent's bytes; those of an incomplete sample wait for the rest."""
        payload = self._carried + payload
        odd = len(payload) % self.audio.encoding.width
        self._carried = payload[len(payload) - odd :] if odd else b""
        return decode(payload[: len(payload) - odd], self.audio.encoding)

    def _perform(self, command: LinkCommand) -> None:
        match command:
            case Send(frame) if self._socket is not None:
                self._socket.send(frame)
            case GiveAudio(payload):
                self._context.pump.arrived(self._client, self._decode(payload))
            case SetFormat(audio):
                self.audio = audio
                self._context.pump.set_rate(self._client)
            case Tell(name, payload):
                self._tell_agent(name, payload)
            case CloseSocket(code, reason) if self._socket is not None:
                self.closed = True
                self._socket.close(code, reason)
            case TellClosed():
                self._tell_closed(command)
            case Leave():
                self._left = True
                self._context.pump.leave(self._client)
                self._settle()

    def _tell_agent(self, name: AgentsEvents, payload: Mapping[str, Any]) -> None:
        if name is AgentsEvents.ACK and self._link.started and not self._acked.done():
            self._acked.set_result(_read_ack(payload))
        if name is AgentsEvents.TransferCall and not self._client.listens(name):
            name = AgentsEvents.Unknown
        self._client.tell(AgentEvent(self._client, name, {"payload": payload}))

    def _tell_closed(self, closed: TellClosed) -> None:
        self.closed = True
        if self._parameters.service.statistics and self._socket is not None:
            counts = asdict(self._socket.traffic)
            self._client.tell(
                AgentEvent(self._client, AgentsEvents.ConnectorInformation, {"payload": {"statistics": counts}})
            )
        if not self._acked.done():
            self._acked.set_exception(ConnectionFailed(f"closed before the ack: {closed.code} {closed.reason}".strip()))
        # Before the listeners hear of it: one that closes the client, too, cuts the last words off.
        if not self._over.done():
            self._over.set_result(None)
        self._client.tell(
            ClientClosing(self._client, closed.code, closed.reason, closed.was_clean, closed.why, closed.text)
        )
        self._settle()

    def _settle(self) -> None:
        """When nothing more is to be sent or heard, nobody is told anything any more."""
        if self._left and self._over.done():
            self._finish()

    def _finish(self) -> None:
        self.closed = True
        self._context.disown(self._client)
        self._client.retire()
        self._driver.close()
        if not self._acked.done():
            self._acked.set_exception(ClientClosed("the client"))
        if not self._over.done():
            self._over.set_result(None)


def _read_ack(message: Mapping[str, Any]) -> Ack:
    config, agent = message.get("config"), message.get("agent")
    return Ack(
        str(message.get("stream_id", "")),
        config if isinstance(config, Mapping) else {},
        agent if isinstance(agent, Mapping) else {},
        str(message.get("call_id", "")),
    )
