"""A caller on the Voice Agent socket: a microphone in real time, a loudspeaker, and the messages of the server with their times."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from duologue.audio.formats import LISTEN_RATE, Encoding, Pcm
from duologue.audio.pcm import encode
from duologue.cli.deepgram_call import SPEAKER_RATE
from duologue.cli.loudspeaker import Loudspeaker
from duologue.cli.microphone import MicrophoneTape, Mouth, first_sound, frames_in_time
from duologue.errors import EngineFailure
from duologue.runtime.machine import Seconds

PATIENCE_S = 30.0
"""For the next thing that must happen in a call."""


@dataclass(frozen=True, slots=True)
class Message:
    """A text message of the server."""

    at: Seconds
    """Since the call began."""
    type: str
    content: Mapping[str, Any]


@dataclass(slots=True)
class Reply:
    """What the agent said in one go."""

    text: str
    begins: Seconds = 0.0
    """Its first sound; 0 until there is one."""
    ends: Seconds = 0.0
    cut: bool = False
    """The caller talked over it."""


Told = Callable[[Message], None]
T = TypeVar("T")


@dataclass(slots=True)
class Utterance:
    """A recording the caller spoke."""

    name: str
    begins: Seconds
    onset: Seconds
    """The first sound in it."""
    last_sound: Seconds
    ends: Seconds


@dataclass(frozen=True, slots=True)
class Silence:
    """The caller's voice stopped the loudspeaker."""

    at: Seconds
    unheard: Seconds
    """Audio that had arrived and was not played."""


@dataclass(slots=True)
class PhoneCall:
    """One call. `socket` is a connection of the `websockets` library; `told` hears of every message as it comes."""

    socket: Any
    told: Told = lambda _: None
    loudspeaker: Loudspeaker = field(default_factory=lambda: Loudspeaker(SPEAKER_RATE))
    messages: list[Message] = field(default_factory=list)
    said: list[Utterance] = field(default_factory=list)
    typed: list[str] = field(default_factory=list)
    replies: list[Reply] = field(default_factory=list)
    cleared: list[Silence] = field(default_factory=list)
    microphone: MicrophoneTape = field(default_factory=MicrophoneTape)
    spoke_at: Seconds = 0.0
    """When the caller's last sound was, or will be; or when a line was typed."""
    over: bool = False
    _began: float = field(default_factory=time.monotonic)
    _mouth: Mouth = field(default_factory=Mouth)
    _replying: bool = False
    _moved: asyncio.Event = field(default_factory=asyncio.Event)

    def now(self) -> Seconds:
        """Seconds since the call began."""
        return time.monotonic() - self._began

    async def read(self) -> None:
        """Take what the server sends until it closes."""
        from websockets.exceptions import ConnectionClosed

        try:
            async for frame in self.socket:
                if isinstance(frame, bytes):
                    self._play(frame)
                else:
                    self._take(json.loads(frame))
                self._moved.set()
        except ConnectionClosed:
            pass  # `until` says so when something is still missing
        self.over = True
        self._moved.set()

    async def speak_into_microphone(self) -> None:
        """Send a frame every 20 ms."""
        from websockets.exceptions import ConnectionClosed

        self.microphone.began = self.now()
        async for frame in frames_in_time(self._mouth, self.microphone.began, self.now):
            if self.over:
                return
            self.microphone.record(frame)
            try:
                await self.socket.send(encode(frame, Encoding.PCM_S16LE))
            except ConnectionClosed:
                return

    def say(self, name: str, voice: Pcm) -> Utterance:
        """The caller says a recording at 16 kHz, from the next frame on."""
        begins = self.microphone.until
        ends = begins + len(voice) / LISTEN_RATE
        onset = begins + first_sound(voice) / LISTEN_RATE
        self._mouth.say(voice)
        self.said.append(Utterance(name, begins, onset, ends - first_sound(voice[::-1]) / LISTEN_RATE, ends))
        self.spoke_at = self.said[-1].last_sound
        return self.said[-1]

    async def type(self, text: str) -> None:
        """The application says a line for the caller (`InjectUserMessage`)."""
        self.spoke_at = self.now()
        self.typed.append(text)
        await self.socket.send(json.dumps({"type": "InjectUserMessage", "content": text}))

    async def until(self, met: Callable[[], T], missing: str) -> T:
        """Wait until something is so, and return it; anything but `None` and `False` is.

        Raises `EngineFailure` saying what is `missing` after `PATIENCE_S`, or when the call is over.
        """
        try:
            async with asyncio.timeout(PATIENCE_S):
                while (found := met()) is None or found is False:
                    if self.over:
                        raise EngineFailure("call", f"the server closed the call: {missing}")
                    self._moved.clear()
                    await self._moved.wait()
                return found
        except TimeoutError:
            raise EngineFailure("call", f"{missing}, for {PATIENCE_S:g} s") from None

    async def until_answered(self, mark: int) -> None:
        """Wait until the caller's line after message `mark` was understood and answered, and the answer was heard to its end."""
        user = await self.until(lambda: self.find("ConversationText", mark, role="user"), "nothing was understood")
        await self.until_said(user)

    async def until_said(self, mark: int | None) -> None:
        """Wait until a line of the agent after message `mark` has been heard to its end."""
        await self.until(lambda: self._finished(mark or 0), "no reply came")
        await asyncio.sleep(max(0.0, self.loudspeaker.silent_at - self.now()))

    def find(self, type_: str, mark: int | None = 0, **content: Any) -> int | None:
        """Where the first message of a type and content after `mark` stands in `messages`."""
        for index in range(mark or 0, len(self.messages)):
            message = self.messages[index]
            if message.type == type_ and all(message.content.get(name) == value for name, value in content.items()):
                return index
        return None

    def microphone_level(self) -> float:
        """How loud the caller is now, 0..1."""
        return self.microphone.level()

    def loudspeaker_level(self) -> float:
        """How loud the agent is now, 0..1."""
        return self.loudspeaker.level(self.now())

    def _finished(self, mark: int) -> bool:
        spoken = self.find("ConversationText", mark, role="assistant")
        return spoken is not None and self.find("AgentAudioDone", spoken) is not None

    def _take(self, content: dict[str, Any]) -> None:
        message = Message(self.now(), str(content.get("type")), content)
        match message.type:
            case "UserStartedSpeaking":
                self._fall_silent(message.at)
            case "AgentAudioDone":
                self._replying = False
            case "ConversationText" if content.get("role") == "assistant":
                if not self._replying:
                    self.replies.append(Reply(""))
                    self._replying = True
                self.replies[-1].text = f"{self.replies[-1].text} {content.get('content')}".strip()
        self.messages.append(message)
        self.told(message)

    def _play(self, frame: bytes) -> None:
        begins = self.loudspeaker.play(frame, self.now())
        if self._replying:
            reply = self.replies[-1]
            reply.begins, reply.ends = reply.begins or begins, self.loudspeaker.silent_at

    def _fall_silent(self, now: Seconds) -> None:
        unheard = self.loudspeaker.clear(now)
        if unheard > 0:
            self.cleared.append(Silence(now, unheard))
            self.replies[-1].ends, self.replies[-1].cut = now, True
        self._replying = False
