"""Audio a command was given: a file, or standard input while it comes."""

from __future__ import annotations

import asyncio
import io
import sys
import threading
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import BinaryIO

import numpy as np

from duologue.audio.containers import read_audio
from duologue.audio.formats import LISTEN_RATE, AudioFormat, Encoding, Pcm
from duologue.audio.framing import Framer
from duologue.audio.input import STEP_S, AudioInput
from duologue.audio.resample import resample
from duologue.audio.spans import AudioSpan
from duologue.errors import Violation

_COMPRESSED = (b"fLaC", b"OggS", b"ID3", b"\xff\xfb", b"\xff\xf3", b"FORM", b"caff")
_CHUNK = 4096
_WAITING_CHUNKS = 64


class AudioSource:
    """Steps of audio at `LISTEN_RATE`, from a whole recording or from a stream."""

    def __init__(self, pcm: Pcm | None, stream: tuple[bytes, BinaryIO] | None, rate: int, *, realtime: bool) -> None:
        self._pcm = pcm
        self._stream = stream
        self._rate = rate
        self._realtime = realtime
        self.seconds = 0.0
        """Given out so far."""

    @classmethod
    def open(cls, source: str, rate: int, *, channel: int | None = None, realtime: bool = False) -> AudioSource:
        """`source` is a path, or `-`; `channel` one of a file's, from 1. Raises `Violation` for what cannot be read or is not audio."""
        if source != "-":
            return cls(_read_file(source, channel), None, rate, realtime=realtime)
        stream = sys.stdin.buffer
        if stream.isatty():
            raise Violation("audio_file", "there is no audio on standard input", remedy="Pipe a recording into it.")
        head = stream.read(4)
        if head.startswith(_COMPRESSED):
            return cls(read_audio(head + stream.read()), None, rate, realtime=realtime)
        return cls(None, (head, stream), rate, realtime=False)  # a pipe has a pace of its own

    @property
    def length(self) -> float | None:
        """In seconds, where it is known beforehand."""
        return None if self._pcm is None else len(self._pcm) / LISTEN_RATE

    async def spans(self) -> AsyncIterator[list[AudioSpan]]:
        """The audio, in order."""
        began = time.monotonic()
        async for spans in self._recorded() if self._pcm is not None else self._streamed():
            if spans:
                self.seconds = (spans[-1].start + len(spans[-1].pcm)) / LISTEN_RATE
            if self._realtime:
                await asyncio.sleep(max(0.0, began + self.seconds - time.monotonic()))
            yield spans

    async def _recorded(self) -> AsyncIterator[list[AudioSpan]]:
        assert self._pcm is not None  # noqa: S101 - the caller has looked
        framer = Framer(round(LISTEN_RATE * STEP_S))
        for start in range(0, len(self._pcm), _CHUNK):
            yield framer.push(self._pcm[start : start + _CHUNK])
        yield framer.finish()

    async def _streamed(self) -> AsyncIterator[list[AudioSpan]]:
        """A thread of its own reads: a pipe cannot be waited for everywhere, and Ctrl-C must not wait for it."""
        assert self._stream is not None  # noqa: S101 - the caller has looked
        head, stream = self._stream
        incoming: asyncio.Queue[bytes] = asyncio.Queue()
        loop = asyncio.get_running_loop()
        room = threading.Semaphore(_WAITING_CHUNKS)

        def read() -> None:
            while chunk := stream.read1(_CHUNK):  # type: ignore[attr-defined]
                room.acquire()
                loop.call_soon_threadsafe(incoming.put_nowait, chunk)
            loop.call_soon_threadsafe(incoming.put_nowait, b"")

        threading.Thread(target=read, daemon=True, name="standard input").start()
        hearing = AudioInput(AudioFormat(Encoding.PCM_S16LE, self._rate))
        yield hearing.push(head)
        while chunk := await incoming.get():
            room.release()
            yield hearing.push(chunk)
        yield hearing.finish()


def _read_file(name: str, channel: int | None) -> Pcm:
    path = Path(name)
    try:
        return read_audio(path) if channel is None else _read_channel(path, channel)
    except OSError as error:
        raise Violation("audio_file", f"cannot read {path}: {error.strerror or error}") from None
    except Violation as violation:
        violation.path = violation.path or name
        raise


def _read_channel(path: Path, channel: int) -> Pcm:
    """One side of a call that was recorded on two channels, counted from 1. Bounded as `read_audio` is."""
    import soundfile

    content = path.read_bytes()
    read_audio(content)  # refuses what is no audio, or too much
    sides, rate = soundfile.read(io.BytesIO(content), dtype="float32", always_2d=True)
    if channel > sides.shape[1]:
        raise Violation("channel", f"{path} has {sides.shape[1]} channels", path="--channel", expected="one of these")
    return resample(np.ascontiguousarray(sides[:, channel - 1]), rate, LISTEN_RATE)
