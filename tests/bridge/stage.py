"""A scenario in memory: its context, a unit that remembers what it heard, and a service without a network."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import numpy as np

from duologue.audio.formats import Pcm, Samples
from duologue.bridge.context import ScenarioContext
from duologue.bridge.events import Event
from duologue.bridge.media import MediaUnit
from duologue.bridge.routed import Frame
from duologue.bridge.routing import SourceKind, Traits
from duologue.bridge.service_client import ServiceOptions, TokenAnswer
from duologue.bridge.service_socket import Gate, Socket, SocketOwner, Traffic
from duologue.ids import SeededIds
from duologue.runtime.driver import Timers
from duologue.runtime.machine import Seconds


def stage(**options: Any) -> ScenarioContext:
    """A context on the running loop."""
    return ScenarioContext(Timers(asyncio.get_running_loop()), SeededIds(3), **options)


def tone(seconds: float, rate: int = 8_000) -> Pcm:
    """Something to hear."""
    return np.full(round(seconds * rate), 0.5, np.float32)


class Ear(MediaUnit):
    """A unit that hears, and gives what it is told to."""

    def __init__(
        self, context: ScenarioContext, rate: int = 8_000, kind: SourceKind = SourceKind.LIVE, inputs: int = 1
    ) -> None:
        self.traits = Traits(kind, inputs)
        self._rate = rate
        self.heard: list[tuple[Seconds, Pcm]] = []
        self.dropped: list[Seconds] = []
        self.positions: list[tuple[Samples, bool]] = []
        self.stopped_at: list[Samples] = []
        self.emptied_by: list[bool] = []
        self.events_told: list[Event] = []
        super().__init__("ear", context)

    @property
    def rate(self) -> int:
        return self._rate

    @property
    def times(self) -> list[Seconds]:
        """When frames came."""
        return [at for at, _ in self.heard]

    @property
    def sound(self) -> Pcm:
        """All of it."""
        return np.concatenate([np.zeros(0, np.float32), *(pcm for _, pcm in self.heard)])

    def give(self, pcm: Pcm) -> None:
        self._context.pump.arrived(self, pcm)

    def hear(self, frame: Frame) -> None:
        self.heard.append((self._context.now(), frame.pcm))

    def drop_audio(self) -> None:
        self.dropped.append(self._context.now())

    def passed(self, position: Samples, *, heard: bool) -> None:
        self.positions.append((position, heard))

    def stopped(self, position: Samples) -> None:
        self.stopped_at.append(position)

    def emptied(self, *, cleared: bool) -> None:
        self.emptied_by.append(cleared)

    def tell(self, event: Event) -> None:
        self.events_told.append(event)
        super().tell(event)


Script = Callable[["ScriptedPeer", dict[str, Any]], None]


class ScriptedPeer:
    """A service whose answers a test writes: every message of the client is kept, and handed to `script`."""

    def __init__(self, script: Script = lambda peer, message: None) -> None:
        self.script = script
        self.received: list[dict[str, Any]] = []
        self.closed: tuple[int, str] | None = None
        self.owner: SocketOwner | None = None
        self.gate: Gate | None = None
        self.traffic = Traffic()
        self.id = "socket-1"
        self._lost = False

    def say(self, message: dict[str, Any] | str) -> None:
        """The service says something."""
        if self.owner is not None and not self._lost:
            self.owner.frame_received(message if isinstance(message, str) else json.dumps(message))

    def hang_up(self, code: int = 1000, reason: str = "") -> None:
        """The service closes."""
        self._lose(code, reason)

    def of(self, event: str) -> list[dict[str, Any]]:
        """Messages of the client of one kind."""
        return [message for message in self.received if event in (message.get("event"), message.get("type"))]

    @property
    def kinds(self) -> list[str]:
        return [str(message.get("event", message.get("type"))) for message in self.received]

    # The client's side of the socket.

    def run(self, owner: SocketOwner, gate: Gate | None = None) -> None:
        self.owner = owner
        self.gate = gate

    def send(self, frame: str) -> None:
        self.received.append(json.loads(frame))
        self.script(self, self.received[-1])

    def close(self, code: int = 1000, reason: str = "") -> None:
        if self.closed is None:
            self.closed = (code, reason)
            asyncio.get_running_loop().call_soon(self._lose, code, reason)

    def _lose(self, code: int, reason: str) -> None:
        if not self._lost and self.owner is not None:
            self._lost = True
            self.owner.socket_lost(code, reason, was_clean=True)


class ScriptedNetwork:
    """Reaches scripted peers, one after the other. `delay_s` is what each step takes; `refusal` is raised by the second."""

    def __init__(self, *peers: ScriptedPeer, delay_s: float = 0.01, refusal: Exception | None = None) -> None:
        self._peers = list(peers)
        self._delay_s = delay_s
        self._refusal = refusal
        self.grants: list[str] = []
        self.paths: list[str] = []

    async def exchange_key(self, options: ServiceOptions, grant: str) -> TokenAnswer:
        await asyncio.sleep(self._delay_s)
        self.grants.append(grant)
        return TokenAnswer(200, options.address("/access-token", socket=False), "a-token")

    async def open_socket(self, options: ServiceOptions, path: str, token: str, now: Callable[[], Seconds]) -> Socket:
        await asyncio.sleep(self._delay_s)
        assert token == "a-token"
        self.paths.append(path)
        if self._refusal is not None:
            raise self._refusal
        return self._peers.pop(0)
