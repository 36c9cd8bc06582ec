"""A player that speaks text as it comes, over Cartesia's speech socket: this server's or the vendor's.

    player = create_realtime_tts_player("One moment please.", api_key=key, base_url=server)
    player.send_media_to(call)
    player.append(" I am looking it up.")

The reference's methods pass a provider's request through; `append`, `finish` and `flush` are the same in neutral words. Orders take
effect when they are called; awaiting them is allowed and never needed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from duologue.audio.formats import AudioFormat, Encoding, Pcm, Samples
from duologue.audio.pcm import decode
from duologue.bridge.context import ScenarioContext, current_context
from duologue.bridge.done import Done, Outcome
from duologue.bridge.errors import ClientClosed
from duologue.bridge.events import PlayerEvents
from duologue.bridge.media import MediaUnit
from duologue.bridge.player_events import PlayerEvent
from duologue.bridge.routed import Frame
from duologue.bridge.routing import SourceKind, StreamLabel, Traits
from duologue.bridge.service_client import ServiceOptions
from duologue.bridge.service_socket import Socket
from duologue.bridge.speech_link import (
    CancelAsked,
    Connect,
    Connected,
    ConnectionLost,
    GenerationAsked,
    GiveSpeech,
    SendSpeech,
    SpeechCommand,
    SpeechEvent,
    SpeechLink,
    SpeechReceived,
    TellDone,
    TellFailed,
)
from duologue.errors import DuologueError, Refused, Violation
from duologue.protocols.cartesia.tts_peer import read_speech, write_generation
from duologue.runtime.driver import Driver
from duologue.runtime.machine import Seconds

DEFAULT_MODEL: Final = "sonic-latest"
DEFAULT_VOICE: Final = "6ccbfb76-1fc6-48f7-b71d-91ac6298247b"
"""What the vendor's own clients fall back to (C§5.9)."""
AHEAD_S: Seconds = 10.0
"""Speech that may wait to be played; with more, nothing is read from the socket, and the server waits."""
OWN_MEMBERS = frozenset({"transcript", "context_id", "continue", "flush"})
"""What each request says for itself; everything else has to be repeated within a context, and so is (C§5.1)."""


@dataclass(frozen=True, slots=True)
class SpeechOptions:
    """Where speech comes from, and how."""

    service: ServiceOptions
    request: Mapping[str, Any] = field(default_factory=dict)
    """Members of the first generation request; later ones repeat them."""
    rate: int = 16_000


class RealtimeTTSPlayer(MediaUnit):
    """Speaks. Its audio waits while nobody hears it. Events: `PlayerEvents`."""

    traits = Traits(SourceKind.STORED, bound_s=600.0)

    def __init__(self, text: str, options: SpeechOptions, context: ScenarioContext | None = None) -> None:
        if not text.strip():
            raise Violation("text", "a speech player needs something to say at first", path="text", expected="text")
        self._options = options
        self._audio = AudioFormat(Encoding.PCM_S16LE, options.rate)
        first = {"continue": False, **options.request, "transcript": text}
        write_generation(first, self._audio)  # raises before anything is begun
        context = context or current_context()
        self._speech = _SpeechConnection(self, options, self._audio, context)
        super().__init__("player", context)
        self._context.own(self)
        self._context_id = str(options.request.get("context_id") or self._context.ids.uuid())
        self._continues = False
        # Behind whatever its creator does next, so that listeners are there.
        asyncio.get_running_loop().call_soon(self._introduce)
        self.generation_request(first)

    @property
    def rate(self) -> int:
        return self._options.rate

    @property
    def context_id(self) -> str:
        """The context that text goes to when a request names none."""
        return self._context_id

    def generation_request(self, parameters: Mapping[str, Any]) -> Awaitable[None]:
        """Send a generation request (`transcript`, `context_id`, `continue`, `flush` ...); model, voice and the like are filled in.

        Without a `context_id` it goes to the current context, or to a new one when that has had its last text.
        Raises `Violation`, `ClientClosed`.
        """
        self._check_open()
        carried = {name: value for name, value in self._options.request.items() if name not in OWN_MEMBERS}
        request: dict[str, Any] = {"model_id": DEFAULT_MODEL, "voice": {"mode": "id", "id": DEFAULT_VOICE}, **carried}
        request |= {"transcript": "", **parameters}
        if not request.get("context_id"):
            if not self._is_open():
                self._context_id = self._context.ids.uuid()
            request["context_id"] = self._context_id
        write_generation(request, self._audio)  # what cannot be written is the caller's mistake, and told to the caller
        self._context_id = str(request["context_id"])
        self._continues = request.get("continue") is True
        self._speech.feed(GenerationAsked(request))
        return Done()

    def append(self, text: str) -> Awaitable[None]:
        """Say more, in one breath with what came before if that was not finished."""
        return self.generation_request({"transcript": text, "continue": True})

    def flush(self) -> Awaitable[None]:
        """Speak what was appended without waiting for more of the sentence; nothing when there is no open text."""
        return self.generation_request({"continue": True, "flush": True}) if self._is_open() else Done()

    def finish(self) -> Awaitable[None]:
        """No more text comes for now: `PlaybackFinished` follows the last sound."""
        return self.generation_request({"continue": False}) if self._is_open() else Done()

    def cancel_context_request(self, parameters: Mapping[str, Any] | None = None) -> Awaitable[None]:
        """No more audio of `parameters["context_id"]`, or of the current context; what waits is dropped by `clear_buffer`."""
        self._check_open()
        context_id = str((parameters or {}).get("context_id") or self._context_id)
        if context_id == self._context_id:
            self._continues = False
        self._speech.feed(CancelAsked(context_id))
        return Done()

    def clear_buffer(self) -> float:
        """Drop audio not yet played, before the next 20 ms frame. Milliseconds dropped here. More of an open context may still come."""
        return self._context.pump.clear(self) * 1000

    def pause(self) -> None:
        """Hold the audio; `resume` goes on at the same sample."""
        self._context.pump.pause(self, paused=True)

    def resume(self) -> None:
        """Go on."""
        self._context.pump.pause(self, paused=False)

    def stop(self) -> Awaitable[None]:
        """End the player for good: `Stopped`."""
        if not self._speech.closed:
            self.tell(PlayerEvent(self, PlayerEvents.Stopped))
            self._context.disown(self)
            self.retire()
        return self._speech.close()

    close = stop
    """What the end of the scenario calls."""

    # What the router asks of a unit.

    def hear(self, frame: Frame) -> None:
        """It hears nothing."""

    def drop_audio(self) -> None:
        """Nor has it anything to drop."""

    def passed(self, position: Samples, *, heard: bool) -> None:  # noqa: ARG002 - the interface's
        self._speech.make_room()

    def emptied(self, *, cleared: bool) -> None:  # noqa: ARG002 - the interface's
        self._speech.make_room()
        if not self._speech.owed:
            self.tell(PlayerEvent(self, PlayerEvents.PlaybackFinished))

    def sounds(self, label: StreamLabel) -> None:
        super().sounds(label)
        self.tell(PlayerEvent(self, PlayerEvents.Started))

    def _is_open(self) -> bool:
        """Whether the current context takes more text. A service ends one by itself when no text comes for a while (C§5.4)."""
        return self._continues and self._speech.speaks(self._context_id)

    def _introduce(self) -> None:
        if not self._speech.closed:
            self.tell(PlayerEvent(self, PlayerEvents.Created))

    def _check_open(self) -> None:
        if self._speech.closed:
            raise ClientClosed("the player")
        if self._speech.full:
            raise Refused("too_many_requests", "too many requests wait for the connection")


class _SpeechConnection:
    """The shell of the player's link: one socket at a time, opened when it is needed."""

    def __init__(
        self, player: RealtimeTTSPlayer, options: SpeechOptions, audio: AudioFormat, context: ScenarioContext
    ) -> None:
        self.closed = False
        self._player = player
        self._options = options
        self._audio = audio
        self._context = context
        self._link = SpeechLink(audio)
        self._driver: Driver[SpeechEvent, SpeechCommand] = Driver(self._link, self._perform, context.timers)
        self._socket: Socket | None = None
        self._opening: asyncio.Task[None] | None = None
        self._carried = b""
        self._room = asyncio.Event()
        self._over: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @property
    def owed(self) -> bool:
        """Whether audio may still come."""
        return self._link.owed

    @property
    def full(self) -> bool:
        """Whether no more requests can wait."""
        return self._link.full

    def speaks(self, context_id: str) -> bool:
        """Whether audio of a context may still come."""
        return self._link.speaks(context_id)

    def feed(self, event: SpeechEvent) -> None:
        """Tell the link."""
        self._driver.feed(event)

    def make_room(self) -> None:
        """Something was played: there may be room for more."""
        self._room.set()

    def close(self) -> Awaitable[None]:
        """End the connection."""
        if not self.closed:
            self.closed = True
            self._driver.close()
            self._room.set()
            if self._socket is not None:
                self._socket.close()
            else:
                if self._opening is not None:
                    self._opening.cancel()
                self._finish()
        return Outcome(self._over)

    # What the socket tells.

    def frame_received(self, frame: str | bytes) -> None:
        self._driver.feed(SpeechReceived(read_speech(frame)))

    def socket_lost(self, code: int, reason: str, *, was_clean: bool) -> None:  # noqa: ARG002 - the interface's
        self._socket = None
        if self.closed:
            self._finish()
        else:
            self._driver.feed(ConnectionLost(f"the connection ended: {code} {reason}".strip()))

    def _perform(self, command: SpeechCommand) -> None:
        match command:
            case Connect():
                self._opening = asyncio.get_running_loop().create_task(self._open())
            case SendSpeech(frame):
                if self._socket is not None:
                    self._socket.send(frame)
            case GiveSpeech(payload):
                self._context.pump.arrived(self._player, self._decode(payload))
            case TellDone():
                if self._context.pump.waiting(self._player) == 0:
                    self._player.tell(PlayerEvent(self._player, PlayerEvents.PlaybackFinished))
            case TellFailed(message, fatal):
                self._player.tell(PlayerEvent(self._player, PlayerEvents.Error, error=message))
                if fatal:
                    self._player.stop()

    async def _open(self) -> None:
        service = self._options.service
        try:
            answer = await self._context.network.exchange_key(service, "tts")
            self._socket = await self._context.network.open_socket(
                service, "/tts/websocket", answer.token, self._context.now
            )
        except DuologueError as error:
            self._driver.feed(ConnectionLost(str(error), fatal=True))
            return
        self._carried = b""
        self._socket.run(self, self._has_room)
        self._player.tell(PlayerEvent(self._player, PlayerEvents.PlaybackReady))
        self._driver.feed(Connected())

    async def _has_room(self) -> None:
        while not self.closed and self._context.pump.waiting(self._player) > AHEAD_S:
            self._room.clear()
            await self._room.wait()

    def _decode(self, payload: bytes) -> Pcm:
        payload = self._carried + payload
        odd = len(payload) % self._audio.encoding.width
        self._carried = payload[len(payload) - odd :] if odd else b""
        return decode(payload[: len(payload) - odd], self._audio.encoding)

    def _finish(self) -> None:
        if not self._over.done():
            self._over.set_result(None)


def create_realtime_tts_player(
    text: str,
    *,
    generation_request_parameters: Mapping[str, Any] | None = None,
    api_key: str,
    cartesia_version: str = "2026-03-01",
    base_url: str | None = None,
    sample_rate: int = 16_000,
    statistics: bool = False,
    trace: str | Path | None = None,
    privacy: bool = False,
    context: ScenarioContext | None = None,
) -> RealtimeTTSPlayer:
    """A player that begins to speak `text` at once; must be called on the event loop. Raises `Violation` for blank text.

    `generation_request_parameters` are members of the provider's generation request; its output format is chosen here, by
    `sample_rate` (hertz). A failure to connect is told by `PlayerEvents.Error`, which ends the player.
    """
    service = ServiceOptions(api_key, cartesia_version, base_url, statistics, trace, privacy)
    return RealtimeTTSPlayer(
        text, SpeechOptions(service, dict(generation_request_parameters or {}), sample_rate), context
    )
