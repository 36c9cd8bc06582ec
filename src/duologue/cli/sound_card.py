"""Microphone and loudspeaker of this machine, through the library `sounddevice` (the optional extra `mic`)."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import threading
from collections import deque
from collections.abc import AsyncIterator, Iterator
from typing import Any

import numpy as np

from duologue.audio.formats import LISTEN_RATE, Encoding, Pcm
from duologue.audio.framing import Framer
from duologue.audio.pcm import decode
from duologue.audio.resample import Resampler
from duologue.cli.microphone import FRAME, FRAME_S
from duologue.errors import Violation

WAITING_FRAMES = 100
"""Of the microphone: two seconds. A program so far behind loses the oldest."""


class PlayQueue:
    """What a loudspeaker has still to play. The sound card takes from it in a thread of its own."""

    def __init__(self) -> None:
        self._parts: deque[Pcm] = deque()
        self._lock = threading.Lock()

    def push(self, pcm: Pcm) -> None:
        """Behind all that waits."""
        with self._lock:
            if len(pcm):
                self._parts.append(pcm)

    def clear(self) -> None:
        """Nothing that waits is given any more."""
        with self._lock:
            self._parts.clear()

    def take(self, count: int) -> Pcm:
        """The next samples, silence where there are none."""
        taken = np.zeros(count, np.float32)
        place = 0
        with self._lock:
            while place < count and self._parts:
                part = self._parts.popleft()
                fits = part[: count - place]
                taken[place : place + len(fits)] = fits
                place += len(fits)
                if len(fits) < len(part):
                    self._parts.appendleft(part[len(fits) :])
        return taken


class SoundCard:
    """Open devices. `frames` is the microphone; `play` and `clear` are the loudspeaker."""

    def __init__(self, rate_out: int) -> None:
        self._queue = PlayQueue()
        self._rate_out = rate_out
        self._card_rate_out = rate_out
        self._card_rate_in = LISTEN_RATE
        self._to_card: Resampler | None = None
        self._odd = b""
        self._recorded: asyncio.Queue[Pcm] = asyncio.Queue(WAITING_FRAMES)
        self._loop = asyncio.get_running_loop()

    @classmethod
    @contextlib.contextmanager
    def open(cls, rate_out: int, microphone: str = "", speaker: str = "") -> Iterator[SoundCard]:
        """Devices by name, part of a name or number; empty for this machine's default. Raises `Violation` saying what is missing."""
        library = load_library()
        card = cls(rate_out)
        with contextlib.ExitStack() as held:
            try:
                held.enter_context(card._open_microphone(library, device(microphone)))
                held.enter_context(card._open_speaker(library, device(speaker)))
            except (library.PortAudioError, ValueError) as error:
                raise Violation(
                    "sound_card",
                    f"there is no microphone or loudspeaker to use: {error}",
                    remedy="Look at them with `duologue talk --devices`, or let a recording speak: --wav FILE.",
                ) from None
            yield card

    @property
    def over(self) -> bool:
        """A person may always go on."""
        return False

    def play(self, payload: bytes) -> None:
        """16 bit mono at `rate_out`, behind what is being played."""
        payload = self._odd + payload
        whole = len(payload) // 2 * 2
        self._odd = payload[whole:]
        pcm = decode(payload[:whole], Encoding.PCM_S16LE)
        self._queue.push(pcm if self._to_card is None else self._to_card.push(pcm))

    def clear(self) -> None:
        """Silence, at once."""
        self._odd = b""
        if self._to_card is not None:
            self._to_card.clear()
        self._queue.clear()

    async def frames(self) -> AsyncIterator[Pcm]:
        """20 ms at `LISTEN_RATE` each, as they are recorded from now on: what was said before the call is nobody's business."""
        while not self._recorded.empty():
            self._recorded.get_nowait()
        framer = Framer(FRAME)
        to_listen = Resampler(self._card_rate_in, LISTEN_RATE)
        while True:
            for span in framer.push(to_listen.push(await self._recorded.get())):
                yield span.pcm

    def _open_microphone(self, library: Any, name: str | int | None) -> Any:
        self._card_rate_in = usable_rate(library.check_input_settings, library, name, "input", LISTEN_RATE)
        return library.InputStream(
            samplerate=self._card_rate_in,
            blocksize=round(self._card_rate_in * FRAME_S),
            device=name,
            channels=1,
            dtype="float32",
            latency="low",
            callback=self._heard,
        )

    def _open_speaker(self, library: Any, name: str | int | None) -> Any:
        self._card_rate_out = usable_rate(library.check_output_settings, library, name, "output", self._rate_out)
        if self._card_rate_out != self._rate_out:
            self._to_card = Resampler(self._rate_out, self._card_rate_out)
        return library.OutputStream(
            samplerate=self._card_rate_out,
            device=name,
            channels=1,
            dtype="float32",
            latency="low",
            callback=self._wanted,
        )

    def _heard(self, block: Any, _frames: int, _time: object, _status: object) -> None:
        """In the sound card's thread."""
        pcm = np.array(block[:, 0], np.float32)
        with contextlib.suppress(RuntimeError):  # the loop is gone, the card not yet
            self._loop.call_soon_threadsafe(self._keep, pcm)

    def _keep(self, pcm: Pcm) -> None:
        if self._recorded.full():
            self._recorded.get_nowait()
        self._recorded.put_nowait(pcm)

    def _wanted(self, block: Any, frames: int, _time: object, _status: object) -> None:
        """In the sound card's thread."""
        block[:, 0] = self._queue.take(frames)


def load_library() -> Any:
    """The module `sounddevice`. Raises `Violation` saying how to get it, or what it lacks."""
    try:
        import sounddevice
    except ModuleNotFoundError:
        raise Violation(
            "sound_card",
            "microphone and loudspeaker need the package sounddevice",
            remedy=f"Install it: {sys.executable} -m pip install sounddevice. Or let a recording speak: --wav FILE.",
        ) from None
    except OSError as error:
        raise Violation(
            "sound_card",
            f"sounddevice finds no PortAudio: {error}",
            remedy="On Debian and Ubuntu: apt install libportaudio2. Or let a recording speak: --wav FILE.",
        ) from None
    return sounddevice


def device(name: str) -> str | int | None:
    """As the library wants it: a number, a part of a name, or nothing for the default."""
    return int(name) if name.isdecimal() else name or None


def list_devices() -> str:
    """This machine's devices, one a line. Raises `Violation` when the library is missing."""
    return str(load_library().query_devices())


def usable_rate(check: Any, library: Any, name: str | int | None, kind: str, wanted: int) -> int:
    """`wanted` where the device takes it, else the device's own rate, between which and `wanted` is resampled."""
    try:
        check(device=name, channels=1, dtype="float32", samplerate=wanted)
    except library.PortAudioError:
        return int(library.query_devices(name, kind)["default_samplerate"])
    return wanted
