"""One AudioSocket connection as a machine: who calls, the caller's audio, and our audio on a clock of 20 ms.

Asterisk writes every frame it gets to the channel at once, without a queue, and ends an application that has been silent both ways for two
seconds (T§6). So exactly one frame leaves every 20 ms, of what is to be said or of silence; a frame that is late is not caught up. Nothing
waits at the far end, so dropping our own queue is a complete clear, and what has been written for 20 ms has been heard: marks are exact.
Asterisk takes no keys from us: keys are tones in the audio.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from duologue.audio.dtmf import KEYS, key_tones, only_keys
from duologue.audio.formats import AudioFormat, Encoding
from duologue.audio.pcm import encode
from duologue.bridge.ingress.audiosocket_frames import ERROR, HANGUP, KEY, KINDS, RATES, UUID, FrameReader, Tlv
from duologue.bridge.ingress.ingress import FRAME_S
from duologue.errors import Violation
from duologue.runtime.machine import Seconds

RATE_PATIENCE_S = 0.5
"""A call that names itself and sends no audio is taken for one of 8 kHz after so long; Asterisk waits two seconds for us."""
QUIET_S = 120.0
"""A peer that sends nothing for so long is gone: a network that broke says nothing."""
MAX_QUEUED_S = 10.0
"""Audio that may wait to be played; what is beyond is dropped."""
MAX_TONES_S = 10.0
"""Keys that may wait to sound; more are dropped."""
MAX_RATE = 48_000
"""Rates above it are refused: Asterisk would have to make them up."""
TROUBLES = {1: "hung up", 2: "frames could not be forwarded", 4: "out of memory"}
"""Bits of Asterisk's error frame."""


@dataclass(frozen=True, slots=True)
class BytesReceived:
    """From the connection."""

    data: bytes


@dataclass(frozen=True, slots=True)
class ConnectionLost:
    """The connection is over: how Asterisk tells that the caller hung up."""


@dataclass(frozen=True, slots=True)
class FrameGiven:
    """To be played: 20 ms."""

    payload: bytes


@dataclass(frozen=True, slots=True)
class MarkGiven:
    """To be answered when everything given before has been played."""

    name: str


@dataclass(frozen=True, slots=True)
class ClearGiven:
    """Drop what waits."""


@dataclass(frozen=True, slots=True)
class KeysGiven:
    """To be pressed towards the caller."""

    digits: str


@dataclass(frozen=True, slots=True)
class HangUpGiven:
    """End the session."""

    reason: str


LineEvent: TypeAlias = BytesReceived | ConnectionLost | FrameGiven | MarkGiven | ClearGiven | KeysGiven | HangUpGiven


@dataclass(frozen=True, slots=True)
class Write:
    """Send these bytes."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Begin:
    """The call is there."""

    uuid: str
    audio: AudioFormat


@dataclass(frozen=True, slots=True)
class Hear:
    """The caller's audio."""

    payload: bytes


@dataclass(frozen=True, slots=True)
class Press:
    """The caller pressed a key."""

    key: str


@dataclass(frozen=True, slots=True)
class Answer:
    """A mark has been reached, or its audio dropped."""

    mark: str


@dataclass(frozen=True, slots=True)
class End:
    """Close the connection. `begun` tells whether there was a call."""

    reason: str
    begun: bool


LineCommand: TypeAlias = Write | Begin | Hear | Press | Answer | End


class AudioSocketLine:
    """The machine. `identify_s` is how long a connection may stay without a name."""

    def __init__(self, now: Seconds, identify_s: Seconds) -> None:
        self._reader = FrameReader()
        self._uuid = ""
        self._audio: AudioFormat | None = None
        self._deadline: Seconds | None = now + identify_s
        self._received_at = now
        self._tick: Seconds | None = None
        self._queue: deque[bytes | MarkGiven] = deque()
        self._frames = 0
        self._tones: deque[bytes] = deque()
        self._over = False

    def handle(self, event: LineEvent, now: Seconds) -> Sequence[LineCommand]:
        """See the module."""
        if self._over:
            return ()
        match event:
            case BytesReceived(data):
                self._received_at = now
                return self._receive(data, now)
            case ConnectionLost():
                return self._end("the caller hung up" if self._audio else "left without a name")
            case HangUpGiven(reason):
                return [Write(Tlv(HANGUP).to_bytes()), *self._end(reason)]
            case FrameGiven() | MarkGiven() | ClearGiven() | KeysGiven():
                return self._take(event)

    def wake(self, now: Seconds) -> Sequence[LineCommand]:
        """A frame is due, or patience is over."""
        if self._over:
            return ()
        if now - self._received_at > QUIET_S:
            return self._refuse("nothing came any more")
        if self._tick is not None and now >= self._tick:
            # A loop that was held up sends no burst: the caller heard silence meanwhile.
            late = now - self._tick >= FRAME_S
            self._tick = (now if late else self._tick) + FRAME_S
            return self._play()
        if self._deadline is not None and now >= self._deadline:
            return self._begin(8_000, now) if self._uuid else self._refuse("did not say who calls")
        return ()

    def wake_at(self) -> Seconds | None:
        """The next frame, or the end of patience."""
        return None if self._over else self._tick if self._tick is not None else self._deadline

    # From Asterisk.

    def _receive(self, data: bytes, now: Seconds) -> list[LineCommand]:
        commands: list[LineCommand] = []
        try:
            for frame in self._reader.push(data):
                commands += self._read(frame, now)
                if self._over:
                    break
        except Violation as violation:
            commands += self._refuse(str(violation))
        return commands

    def _read(self, frame: Tlv, now: Seconds) -> Sequence[LineCommand]:
        if not self._uuid:
            return self._identify(frame, now)
        if frame.kind == HANGUP:
            return self._end("the caller hung up")
        if frame.kind in RATES:
            return self._hear(RATES[frame.kind], frame.payload, now)
        if frame.kind == KEY:
            key = frame.payload.decode("ascii", "replace").upper()
            return [Press(key)] if self._audio and len(key) == 1 and key in KEYS else ()
        if frame.kind == ERROR:
            bits = frame.payload[0] if frame.payload else 0
            told = [text for bit, text in TROUBLES.items() if bits & bit]
            return self._end(f"Asterisk reports an error: {', '.join(told) or 'of no kind'}")
        return ()  # kinds of releases to come

    def _identify(self, frame: Tlv, now: Seconds) -> Sequence[LineCommand]:
        if frame.kind != UUID or len(frame.payload) != 16:
            return self._refuse("the first frame is not a UUID")
        self._uuid = _hyphenated(frame.payload.hex())
        self._deadline = now + RATE_PATIENCE_S
        return ()

    def _hear(self, rate: int, payload: bytes, now: Seconds) -> Sequence[LineCommand]:
        begun: Sequence[LineCommand] = ()
        if self._audio is None:
            if rate > MAX_RATE:
                return self._refuse(f"{rate} Hz is more than {MAX_RATE} Hz")
            begun = self._begin(rate, now)
        if self._audio is None or self._audio.sample_rate != rate:
            return self._refuse("the sample rate changed")
        whole = len(payload) - len(payload) % self._audio.encoding.width
        return [*begun, Hear(payload[:whole])] if whole else begun

    def _begin(self, rate: int, now: Seconds) -> Sequence[LineCommand]:
        self._audio = AudioFormat(Encoding.PCM_S16LE, rate)
        self._deadline = None
        self._tick = now + FRAME_S
        return [Begin(self._uuid, self._audio)]

    # To Asterisk.

    def _take(self, order: FrameGiven | MarkGiven | ClearGiven | KeysGiven) -> Sequence[LineCommand]:
        if self._audio is None:
            return ()
        match order:
            case FrameGiven(payload):
                if self._frames * FRAME_S < MAX_QUEUED_S:
                    self._queue.append(payload)
                    self._frames += 1
            case MarkGiven():
                self._queue.append(order)
            case ClearGiven():
                # Marks of what is dropped are answered with the next frame: whoever ordered the clear is still at it.
                marks = [item for item in self._queue if isinstance(item, MarkGiven)]
                self._queue = deque(marks)
                self._frames = 0
            case KeysGiven(digits) if len(self._tones) * FRAME_S < MAX_TONES_S:
                tones = key_tones(only_keys(digits), self._audio.sample_rate)
                self._tones.extend(self._cut(encode(tones, Encoding.PCM_S16LE)))
        return ()

    def _play(self) -> list[LineCommand]:
        """The next frame: of a key, of what is said, or of silence. Marks at the head of the queue have been reached."""
        if self._audio is None:
            return []
        commands: list[LineCommand] = []
        while self._queue and isinstance(self._queue[0], MarkGiven):
            commands.append(Answer(self._queue.popleft().name))  # type: ignore[union-attr]  # the condition says so
        payload = bytes(self._frame_bytes)
        if self._tones:
            payload = self._tones.popleft()
        elif self._queue:
            payload = self._queue.popleft()  # type: ignore[assignment]  # marks are gone from the head
            self._frames -= 1
        return [*commands, Write(Tlv(KINDS[self._audio.sample_rate], payload).to_bytes())]

    @property
    def _frame_bytes(self) -> int:
        return 0 if self._audio is None else round(self._audio.sample_rate * FRAME_S) * self._audio.encoding.width

    def _cut(self, payload: bytes) -> list[bytes]:
        """Whole frames; the last is filled up with silence."""
        size = self._frame_bytes
        return [payload[at : at + size].ljust(size, b"\0") for at in range(0, len(payload), size)]

    # Ends.

    def _refuse(self, why: str) -> list[LineCommand]:
        return [Write(Tlv(HANGUP).to_bytes()), *self._end(why)]

    def _end(self, reason: str) -> list[LineCommand]:
        begun = self._audio is not None
        self._over = True
        marks: list[LineCommand] = [Answer(item.name) for item in self._queue if isinstance(item, MarkGiven)]
        self._queue.clear()
        self._tones.clear()
        return [*marks, End(reason, begun)]


def _hyphenated(digits: str) -> str:
    """A UUID's 32 digits in its usual form."""
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
