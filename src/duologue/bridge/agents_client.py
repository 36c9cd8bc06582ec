"""The client of an agent, as VoxEngine's Cartesia module has it: a media unit, a source of events, a thin layer over the call stream.

    client = await create_agents_client(agent_id="coffee", api_key=key, cartesia_version="2025-04-16", base_url=server)
    client.on(AgentsEvents.Clear, lambda event: client.clear_media_buffer())
    send_media_between(call, client)
    client.start(metadata={"from": call.facts.from_})

Orders take effect when they are called, in that order; awaiting them waits for their outcome.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import structlog

from duologue.audio.formats import Samples
from duologue.bridge.agents_connection import Ack, AgentsClientParameters, AgentsConnection
from duologue.bridge.agents_link import DEFAULT_FORMAT
from duologue.bridge.context import ScenarioContext, current_context
from duologue.bridge.done import Done
from duologue.bridge.errors import ClientClosed
from duologue.bridge.events import AgentsEvents, Event, EventName, Events
from duologue.bridge.linking import (
    AudioGiven,
    BufferCleared,
    DataAsked,
    KeysAsked,
    PlayedTo,
    RunChanged,
    StartAsked,
    StoppedAt,
)
from duologue.bridge.listeners import Listener
from duologue.bridge.media import MediaUnit
from duologue.bridge.pump import MediaPump
from duologue.bridge.routed import Frame
from duologue.bridge.routing import SourceKind, Traits
from duologue.bridge.service_client import ServiceOptions
from duologue.errors import Violation
from duologue.protocols.cartesia.line_peer import KEYS, LINE_FORMATS, CallStart, write_data, write_start

_log = structlog.get_logger("duologue.bridge")

MAX_REASON = 123
"""Bytes of a close frame's text (RFC 6455)."""

MAX_KEYS = 64
"""In one order; each is a message."""

_RUNS: Mapping[EventName, bool] = {Events.WebSocketMediaStarted: True, Events.WebSocketMediaEnded: False}
_BY_RATE = {audio.sample_rate: name for name, audio in LINE_FORMATS.items()}


class AgentsClient(MediaUnit):
    """One connection to one agent. Make one with `create_agents_client`, or with `connect`."""

    traits = Traits(SourceKind.STREAMED)

    def __init__(self, parameters: AgentsClientParameters, context: ScenarioContext | None = None) -> None:
        context = context or current_context()
        self._connection = AgentsConnection(self, parameters, context)
        super().__init__("client", context)
        if parameters.on_web_socket_close is not None:
            self.add_event_listener(AgentsEvents.WebSocketClosed, parameters.on_web_socket_close)
        self._context.own(self)

    @classmethod
    async def connect(
        cls,
        *,
        agent_id: str,
        api_key: str,
        cartesia_version: str = "2025-04-16",
        base_url: str | None = None,
        on_web_socket_close: Listener | None = None,
        statistics: bool = False,
        trace: str | Path | None = None,
        privacy: bool = False,
        context: ScenarioContext | None = None,
    ) -> AgentsClient:
        """A client whose socket is open. Raises `AuthenticationError`, `AgentNotFound`, `ConnectionFailed`."""
        service = ServiceOptions(api_key, cartesia_version, base_url, statistics, trace, privacy)
        client = cls(AgentsClientParameters(agent_id, service, on_web_socket_close), context)
        await client.open()
        return client

    @classmethod
    @asynccontextmanager
    async def session(cls, **parameters: Any) -> AsyncIterator[AgentsClient]:
        """`connect`, and `close` at the end of the block."""
        client = await cls.connect(**parameters)
        try:
            yield client
        finally:
            await client.close()

    @property
    def rate(self) -> int:
        return self._connection.audio.sample_rate

    @property
    def web_socket_id(self) -> str:
        """The socket's name in logs and traces; empty before it is open."""
        return self._connection.id

    @property
    def closed(self) -> bool:
        """Whether the connection is over, or about to be."""
        return self._connection.closed

    async def open(self) -> None:
        """Exchange the key, open the socket: what `connect` does. Raises as it does, and `ClientClosed` when closed meanwhile."""
        await self._connection.open()

    def start(
        self,
        *,
        stream_id: str | None = None,
        input_format: str | None = None,
        voice_id: str | None = None,
        agent: Mapping[str, Any] | None = None,
        metadata: Mapping[str, Any] | None = None,
        output_audio_delivery: str | None = "speaking_pace",
        extra: Mapping[str, Any] | None = None,
    ) -> Awaitable[Ack]:
        """Begin the call: the first message on the wire. Awaiting waits for the ack; without `await` it is VoxEngine's `start`.

        `input_format` is one of `mulaw_8000`, `pcm_16000`, `pcm_24000`, `pcm_44100`; without it the one nearest to the unit bridged to
        this client. `agent` may hold `system_prompt` and `introduction`; `metadata` reaches the agent, and its `from` and `to` name the
        parties. `extra` is merged into the message as it is. Raises `Violation` for a second start or a format there is not,
        `ClientClosed`; the outcome raises `ConnectionFailed` when the connection ends without an ack.
        """
        self._connection.check_open()
        if self._connection.started:
            raise Violation("started", "the call has been started already", remedy="A new call needs a new client.")
        start = CallStart(
            stream_id,
            input_format or _nearest_format(self, self._context.pump),
            voice_id,
            output_audio_delivery,
            _object("agent", agent or {}),
            _object("metadata", metadata or {}),
            _object("extra", extra or {}),
        )
        if "event" in start.extra:
            raise Violation("extra", "the message is a start, and no other event", path="event")
        write_start(start)  # what cannot be written is the caller's mistake, and told to the caller
        self._connection.feed(StartAsked(start))
        return self._connection.acknowledged

    def dtmf(self, digits: str) -> Awaitable[None]:
        """Send keys (`0-9 * #`) to the agent, one message each. Before the ack they wait for it. Raises `Violation`, `ClientClosed`."""
        given: object = digits  # whatever the annotation says
        if not isinstance(given, str) or not 0 < len(digits) <= MAX_KEYS or not KEYS.issuperset(digits):
            raise Violation("digits", f"{str(given)[:MAX_KEYS]!r} are no keys", expected=f"1 to {MAX_KEYS} of 0-9 * #")
        self._connection.check_open()
        self._connection.feed(KeysAsked(digits))
        return Done()

    def custom(self, metadata: Mapping[str, Any]) -> Awaitable[None]:
        """Send data to the agent. Before the ack it waits for it. Raises `Violation`, `ClientClosed`."""
        data = _object("metadata", metadata)
        write_data("", data)
        self._connection.check_open()
        self._connection.feed(DataAsked(data))
        return Done()

    def send_media_to(
        self,
        unit: MediaUnit,
        *,
        tag: str = "",
        encoding: str = "",
        custom_parameters: Mapping[str, str] | None = None,
    ) -> None:
        """As every unit's; raises `ClientClosed`."""
        if self.closed:
            raise ClientClosed("the client")
        super().send_media_to(unit, tag=tag, encoding=encoding, custom_parameters=custom_parameters)

    def clear_media_buffer(self, *, tag: str | None = None) -> float:
        """Drop what was received and not yet played, here and at the far end, before the next 20 ms frame. Milliseconds dropped here."""
        return self._context.pump.clear(self, tag) * 1000

    def close(self, code: int = 1000, reason: str = "") -> Awaitable[None]:
        """End the connection, or the attempt to open one; audio not yet played is dropped. Awaiting waits until it is over.

        Raises `Violation` for a code that is not an application's to send (1000, 3000 to 4999), or a reason of more than 123 bytes.
        """
        if (code != 1000 and not 3000 <= code < 5000) or len(reason.encode()) > MAX_REASON:
            raise Violation(
                "close", f"a close with {code} and {len(reason)} characters", expected="1000 or 3000 to 4999, 123 bytes"
            )
        return self._connection.close(code, reason)

    # What the router asks of a unit.

    def hear(self, frame: Frame) -> None:
        self._connection.feed(AudioGiven(frame.pcm, self.rate))

    def drop_audio(self) -> None:
        """Nothing to drop: what was sent is with the agent."""

    def passed(self, position: Samples, *, heard: bool) -> None:
        # Where a telephone says what it has played, that counts, and not what it was handed.
        if heard or not any(unit.traits.reports_heard for unit in self._context.pump.heard_by(self)):
            self._connection.feed(PlayedTo(position))

    def stopped(self, position: Samples) -> None:
        self._connection.feed(StoppedAt(position))

    def emptied(self, *, cleared: bool) -> None:
        if cleared:
            self._connection.feed(BufferCleared())

    def tell(self, event: Event) -> None:
        if event.name in _RUNS:
            self._connection.feed(RunChanged(_RUNS[event.name]))
        if event.name is AgentsEvents.Clear and not self._listeners.reaches(event.name):
            _log.warning(
                "clear_unheard", client=self.id, remedy="Call `clear_media_buffer()` when `AgentsEvents.Clear` comes."
            )
        super().tell(event)


def _nearest_format(client: AgentsClient, pump: MediaPump) -> str:
    """The line's format that loses nothing of what is bridged to the client, at the lowest rate."""
    rates = [unit.rate for unit in (*pump.hears(client), *pump.heard_by(client))]
    above = sorted(rate for rate in _BY_RATE if rates and rate >= rates[0])
    return _BY_RATE[above[0]] if above else DEFAULT_FORMAT


def _object(name: str, given: object) -> dict[str, Any]:
    """What a scenario gave for a JSON object, whatever the annotations say. Raises `Violation`."""
    if not isinstance(given, Mapping):
        raise Violation(name, f"{name} is {type(given).__name__}, not an object", path=name, expected="a mapping")
    return dict(given)


create_agents_client = AgentsClient.connect
"""VoxEngine's name for it."""
