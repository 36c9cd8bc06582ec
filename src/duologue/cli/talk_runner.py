"""The shell of `TalkSession`: socket, sound, keyboard and screen."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any, Protocol, assert_never

from duologue.audio.formats import Pcm
from duologue.cli.call_screen import CallScreen
from duologue.cli.keyboard import typed_lines
from duologue.cli.microphone import Mouth, frames_in_time
from duologue.cli.talk_events import (
    Arrived,
    Drop,
    HangUp,
    Play,
    Recorded,
    RecordingOver,
    Send,
    Show,
    TalkCommand,
    TalkEvent,
    Typed,
)
from duologue.cli.talk_session import TalkSession
from duologue.errors import EngineFailure
from duologue.runtime.driver import Driver, Timers
from duologue.runtime.machine import Seconds

READY_S = 15.0
"""For the agent to take its settings."""
UNSENT_FRAMES = 500
"""Ten seconds of microphone. A server that takes none for so long is not there any more."""


class Sound(Protocol):
    """A microphone and a loudspeaker."""

    @property
    def over(self) -> bool:
        """The caller is a recording and has said all of it."""
        ...

    def play(self, payload: bytes) -> None:
        """16 bit mono, behind what is being played."""
        ...

    def clear(self) -> None:
        """Silence, at once."""
        ...

    def frames(self) -> AsyncIterator[Pcm]:
        """What is recorded."""
        ...


class RecordedSound:
    """A recording in the place of the microphone. Nobody listens: the session's `Loudspeaker` remembers what was played."""

    def __init__(self, voice: Pcm) -> None:
        self._mouth = Mouth(voice)

    def play(self, payload: bytes) -> None:
        """Nothing to play on."""

    def clear(self) -> None:
        """Nothing to silence."""

    @property
    def over(self) -> bool:
        """All of it has been said."""
        return not self._mouth.speaking

    async def frames(self) -> AsyncIterator[Pcm]:
        """In real time, and silence behind its end."""
        clock = asyncio.get_running_loop().time
        async for frame in frames_in_time(self._mouth, clock(), clock):
            yield frame


class TalkRunner:
    """Holds one call over an open socket of the `websockets` library."""

    def __init__(self, socket: Any, session: TalkSession, sound: Sound, screen: CallScreen, *, keyboard: bool) -> None:
        self._socket = socket
        self._session = session
        self._sound = sound
        self._screen = screen
        self._keyboard = keyboard
        self._timers = Timers(asyncio.get_running_loop())
        self._driver: Driver[TalkEvent, TalkCommand] = Driver(session, self._perform, self._timers)
        self._outgoing: asyncio.Queue[str | bytes] = asyncio.Queue(UNSENT_FRAMES)
        self._ready = asyncio.Event()
        self._ended = asyncio.Event()
        self._failure: EngineFailure | None = None
        self.began = self._timers.now()
        screen.audible = self

    def now(self) -> Seconds:
        """Seconds since the call began."""
        return self._timers.now() - self.began

    def microphone_level(self) -> float:
        """How loud the caller is, 0..1."""
        return self._session.tape.level()

    def loudspeaker_level(self) -> float:
        """How loud the agent is, 0..1."""
        return self._session.loudspeaker.level(self._timers.now())

    async def run(self) -> None:
        """Until the recording is over, the agent hangs up, or the task is cancelled. Raises `EngineFailure` when the call is lost."""
        for frame in self._session.surface.opening():
            self._send(frame)
        self._driver.start()
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(each) for each in (self._read(), self._write(), self._record())]
            if self._keyboard:
                tasks.append(group.create_task(self._type()))
            try:
                async with asyncio.timeout(READY_S):
                    await self._ready.wait()
            except TimeoutError:
                self._end(EngineFailure("agent", f"it did not take its settings within {READY_S:g} s"))
            await self._ended.wait()
            for task in tasks:
                task.cancel()
        self._driver.close()
        if self._failure is not None:
            raise self._failure

    async def _read(self) -> None:
        from websockets.exceptions import ConnectionClosed

        try:
            while True:
                self._driver.feed(Arrived(await self._socket.recv()))
                if self._session.ready:
                    self._ready.set()
        except ConnectionClosed as closed:
            code = closed.rcvd.code if closed.rcvd else 1006
            reason = f" {closed.rcvd.reason}" if closed.rcvd and closed.rcvd.reason else ""
            if code in (1000, 1001) and self._session.ready:
                self._screen.tell("", f"the agent hung up ({code}{reason})")
                self._end()
            else:
                self._end(EngineFailure("server", f"it closed the call: {code}{reason}"))

    async def _write(self) -> None:
        from websockets.exceptions import ConnectionClosed

        with contextlib.suppress(ConnectionClosed):  # `_read` tells why
            while True:
                await self._socket.send(await self._outgoing.get())

    async def _record(self) -> None:
        await self._ready.wait()
        told = False
        async for frame in self._sound.frames():
            self._driver.feed(Recorded(frame))
            if self._sound.over and not told:
                told = True
                self._driver.feed(RecordingOver())

    async def _type(self) -> None:
        async for line in typed_lines():
            self._driver.feed(Typed(line))

    def _perform(self, command: TalkCommand) -> None:
        match command:
            case Send(frame):
                self._send(frame)
            case Play(payload):
                self._sound.play(payload)
            case Drop():
                self._sound.clear()
            case Show(who, text, style):
                self._screen.tell(who, text, style)
            case HangUp():
                self._end()
            case _:
                assert_never(command)

    def _send(self, frame: str | bytes) -> None:
        try:
            self._outgoing.put_nowait(frame)
        except asyncio.QueueFull:
            self._end(EngineFailure("server", "it takes no audio any more"))

    def _end(self, failure: EngineFailure | None = None) -> None:
        if not self._ended.is_set():
            self._failure = failure
        self._ended.set()
        self._ready.set()
