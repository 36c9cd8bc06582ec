"""A call over a JSON media stream: the `Ingress` of every service in `json_dialects`. A shell around `JsonMedia` and one WebSocket."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeAlias

import structlog

from duologue.audio.dtmf import KEYS, key_tones, only_keys
from duologue.audio.formats import AudioFormat
from duologue.audio.pcm import encode
from duologue.bridge.ingress.ingress import FarEnd, Ingress
from duologue.bridge.ingress.json_dialects import JsonDialect
from duologue.bridge.ingress.json_media import (
    ClearAnswered,
    JsonMedia,
    KeyHeard,
    MarkReturned,
    StreamAudio,
    StreamEnded,
    StreamFact,
    StreamFailed,
    StreamStarted,
)
from duologue.errors import DuologueError, Violation
from duologue.runtime.machine import Seconds
from duologue.server.socket import Socket

START_S: Seconds = 10.0
"""How long a socket may stay without its `start`."""
QUIET_S: Seconds = 120.0
"""A service that sends nothing for so long is gone: a network that broke says nothing."""
AUDIO = "audio"
"""Tag of what a clear takes back."""
MAX_UNSENT_S: Seconds = 10.0
"""Audio that may wait to be written; what is beyond is dropped."""
HUNG_UP = (1000, "call ended")
REFUSED = 1008
"""Close code for a stream that is not taken."""
HANDING_OVER_S: Seconds = 5.0
"""How long a stream that has ended waits for the outcome of its transfer."""

Take: TypeAlias = Callable[[Ingress, StreamStarted], FarEnd]
"""Gives the call to whoever answers. Raises `DuologueError` when nobody does."""
Transfer: TypeAlias = Callable[[str, str], Awaitable[None]]
"""Hands a call over: its name, and to whom. Raises `DuologueError`."""

_log = structlog.get_logger("duologue.bridge")


class JsonStream:
    """One stream. `run` until it is over."""

    def __init__(self, socket: Socket, dialect: JsonDialect, take: Take, transfer: Transfer | None = None) -> None:
        self._socket = socket
        self._service = dialect.name
        self._media = JsonMedia(dialect)
        self._take = take
        self._transfer = transfer
        self._call = ""
        self._audio: AudioFormat | None = None
        self._far: FarEnd | None = None
        self._silent_at: Seconds = 0.0
        self._clears = False
        self._behind_clear = ""
        """The mark that was set right behind a clear: where the service answers clears, that answer is its."""
        self._received_at: Seconds = self._now()
        self._timer: asyncio.TimerHandle
        self._handing_over: asyncio.Task[None] | None = None
        self._ended = False
        self._tasks: asyncio.TaskGroup | None = None

    async def run(self) -> None:
        """Read facts until either side ends. No task is left, and the call has been told of its end, when this returns."""
        async with asyncio.TaskGroup() as tasks:
            self._tasks = tasks
            self._watch(START_S)
            try:
                async for frame in self._socket.frames():
                    self._received_at = self._now()
                    self._receive(frame)
                await self._handed_over()
            finally:
                self._timer.cancel()
                self._end("the connection is over")

    # Orders.

    def audio_out(self, payload: bytes) -> None:
        """See `Ingress`."""
        if self._audio is None or self._ended or self._socket.unsent_audio_s > MAX_UNSENT_S:
            return
        seconds = self._audio.seconds(len(payload))
        self._silent_at = max(self._now(), self._silent_at) + seconds
        self._clears = False
        for frame in self._media.media(payload):
            self._socket.play(frame, seconds, AUDIO)

    def mark(self, name: str) -> None:
        """See `Ingress`; by our own clock where the service has no marks."""
        if self._ended:
            return
        if self._clears:
            self._clears, self._behind_clear = False, name
        for frame in self._media.mark(name):
            self._socket.tell(frame)
        if not self._media.has_marks:
            asyncio.get_running_loop().call_at(max(self._now(), self._silent_at), self._tell, MarkReturned(name))

    def clear(self) -> None:
        """See `Ingress`. What has not been written is taken back, so that the order overtakes it."""
        if self._audio is None or self._ended:
            return
        self._socket.forget(AUDIO)
        self._silent_at = self._now()
        self._clears = True
        for frame in self._media.clear():
            self._socket.tell(frame)

    def dtmf_out(self, digits: str) -> None:
        """See `Ingress`; as tones in the audio where the service has no keys."""
        if self._audio is None or self._ended:
            return
        if self._media.presses_keys:
            for frame in self._media.keys(only_keys(digits)):
                self._socket.tell(frame)
            return
        for digit in only_keys(digits):
            self.audio_out(encode(key_tones(digit, self._audio.sample_rate), self._audio.encoding))

    def hangup(self, reason: str = "") -> None:
        """See `Ingress`: closing the socket ends the call, because nothing follows it in the service's instructions."""
        self._end(reason or "hung up")

    def transfer(self, target: str) -> None:
        """See `Ingress`."""
        if self._ended or self._tasks is None:
            return
        if self._transfer is None:
            self._told_transfer(
                f"{self._service} transfers over its HTTP interface, for which no account is configured"
            )
        else:
            self._handing_over = self._tasks.create_task(self._hand_over(self._transfer, target), name="transfer")

    # Facts.

    @staticmethod
    def _now() -> Seconds:
        return asyncio.get_running_loop().time()

    def _receive(self, frame: str | bytes) -> None:
        try:
            fact = self._media.receive(frame)
            if fact is not None:
                self._tell(fact)
        except DuologueError as error:
            _log.warning("stream_refused", ingress=self._service, call=self._call, why=str(error))
            if self._far is None or (isinstance(error, Violation) and error.fatal):
                self._socket.end(REFUSED, str(error)[:100])

    def _tell(self, fact: StreamFact) -> None:
        far = self._far
        match fact:
            case StreamStarted(call=call, audio=audio):
                self._call, self._audio = call, audio
                self._far = self._take(self, fact)
            case StreamAudio(payload) if far is not None:
                far.audio_in(payload)
            case KeyHeard(key) if far is not None and key.upper() in KEYS:
                far.dtmf_in(key.upper())
            case MarkReturned(name) if far is not None:
                far.played(name)
            case ClearAnswered() if far is not None and self._behind_clear:
                far.played(self._behind_clear)
            case StreamFailed(message):
                _log.warning("stream_failed", ingress=self._service, call=self._call, why=message)
            case StreamEnded() if self._handing_over is None or self._handing_over.done():
                self._end("the caller hung up")

    def _watch(self, seconds: Seconds) -> None:
        self._timer = asyncio.get_running_loop().call_later(seconds, self._check)

    def _check(self) -> None:
        """Whether it has started, and whether anybody is still there."""
        left = self._received_at + QUIET_S - self._now()
        if self._audio is None:
            self._socket.end(REFUSED, "no start")
        elif left <= 0:
            _log.warning("stream_fell_silent", ingress=self._service, call=self._call)
            self._end("nothing came any more")
        else:
            self._watch(left)

    async def _handed_over(self) -> None:
        """A transfer that works ends the stream, perhaps before it is answered: what it was comes first."""
        if self._handing_over is not None:
            await asyncio.wait({self._handing_over}, timeout=HANDING_OVER_S)

    async def _hand_over(self, transfer: Transfer, target: str) -> None:
        try:
            await transfer(self._call, target)
        except DuologueError as error:
            self._told_transfer(str(error))
        else:
            self._told_transfer("")
            self._end("transferred")

    def _told_transfer(self, reason: str) -> None:
        if self._far is not None:
            self._far.transferred(reason)

    def _end(self, reason: str) -> None:
        if not self._ended:
            self._ended = True
            far, self._far = self._far, None
            if far is not None:
                far.hangup_in(reason)
            self._socket.end(*HUNG_UP)
