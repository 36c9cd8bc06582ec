"""AudioSocket's frames: a kind, a length, a payload (T§6). Pure and bounded."""

from __future__ import annotations

from dataclasses import dataclass

from duologue.errors import Violation

HANGUP, UUID, KEY, ERROR = 0x00, 0x01, 0x03, 0xFF
RATES = {
    0x10: 8_000,
    0x11: 12_000,
    0x12: 16_000,
    0x13: 24_000,
    0x14: 32_000,
    0x15: 44_100,
    0x16: 48_000,
    0x17: 96_000,
    0x18: 192_000,
}
"""Kinds of audio and their sample rates; 16-bit little-endian, mono."""
KINDS = {rate: kind for kind, rate in RATES.items()}

HEADER_BYTES = 3
MAX_PAYLOAD = 16_384
"""Beyond any frame of 20 ms (7,680 bytes at 192 kHz)."""


@dataclass(frozen=True, slots=True)
class Tlv:
    """One frame."""

    kind: int
    payload: bytes = b""

    def to_bytes(self) -> bytes:
        """As it stands on the wire."""
        return bytes((self.kind,)) + len(self.payload).to_bytes(2, "big") + self.payload


class FrameReader:
    """Bytes in any pieces to frames."""

    def __init__(self) -> None:
        self._held = b""

    def push(self, data: bytes) -> list[Tlv]:
        """Every frame complete now. Raises `Violation("too_large")`: whoever sends such lengths does not speak AudioSocket."""
        held = self._held + data
        frames, at = [], 0
        while len(held) - at >= HEADER_BYTES:
            size = int.from_bytes(held[at + 1 : at + HEADER_BYTES], "big")
            if size > MAX_PAYLOAD:
                raise Violation("too_large", f"a frame of {size} bytes", expected=f"at most {MAX_PAYLOAD}", fatal=True)
            end = at + HEADER_BYTES + size
            if len(held) < end:
                break
            frames.append(Tlv(held[at], held[at + HEADER_BYTES : end]))
            at = end
        self._held = held[at:]
        return frames
