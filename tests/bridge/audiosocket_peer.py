"""Asterisk's side of AudioSocket, written from its documentation: it shares no code with ours."""

from __future__ import annotations

import asyncio
import struct
from contextlib import suppress
from uuid import UUID

import numpy as np

DIALPLAN_UUID = UUID("40325ec2-5efd-4bd3-805f-53576e581d13")
FRAME = 320


class AudioSocketPeer:
    """One call. Every frame we send is kept with the moment it came."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._writer: asyncio.StreamWriter | None = None
        self._reading: asyncio.Task[None] | None = None
        self.frames: list[tuple[float, bytes]] = []
        self.ended: str = ""
        """How our side ended: `hang up` or `end of stream`."""

    async def dial(self, uuid: UUID | None = DIALPLAN_UUID) -> AudioSocketPeer:
        """Connect and say which call it is."""
        reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        self._reading = asyncio.create_task(self._read(reader))
        if uuid is not None:
            self.send(0x01, uuid.bytes)
        return self

    def send(self, kind: int, payload: bytes = b"") -> None:
        """One frame."""
        assert self._writer is not None
        self._writer.write(struct.pack(">BH", kind, len(payload)) + payload)

    def send_raw(self, data: bytes) -> None:
        """Bytes as they are."""
        assert self._writer is not None
        self._writer.write(data)

    def press(self, digit: str) -> None:
        """A key."""
        self.send(0x03, digit.encode())

    async def speak(self, pcm: bytes, kind: int = 0x10, frame: int = FRAME) -> None:
        """A recording, in real time."""
        loop = asyncio.get_running_loop()
        due = loop.time()
        for at in range(0, len(pcm), frame):
            self.send(kind, pcm[at : at + frame].ljust(frame, b"\0"))
            due += 0.02
            await asyncio.sleep(max(0.0, due - loop.time()))

    async def over(self) -> str:
        """Wait for our side's end."""
        assert self._reading is not None
        await self._reading
        return self.ended

    async def hang_up(self) -> None:
        """The caller hangs up: Asterisk closes the connection."""
        assert self._writer is not None
        assert self._reading is not None
        self._writer.close()
        await self._reading
        with suppress(OSError):
            await self._writer.wait_closed()

    @property
    def samples(self) -> np.ndarray:
        """Everything heard, 16-bit."""
        return np.frombuffer(b"".join(payload for _, payload in self.frames), "<i2")

    async def _read(self, reader: asyncio.StreamReader) -> None:
        loop = asyncio.get_running_loop()
        try:
            while True:
                kind, size = struct.unpack(">BH", await reader.readexactly(3))
                payload = await reader.readexactly(size)
                if kind == 0:
                    self.ended = "hang up"
                    return
                # Asterisk ends the application for any other kind, and for an empty frame.
                assert 0x10 <= kind <= 0x18, f"Asterisk does not accept kind {kind:#x}"
                assert payload, "Asterisk does not accept empty audio"
                self.frames.append((loop.time(), payload))
        except (asyncio.IncompleteReadError, ConnectionError):
            self.ended = self.ended or "end of stream"
