"""What audio looks like on a wire, and the one form it has in memory.

In memory audio is always `Pcm`: mono float32 samples in -1..1. Everything else is an `AudioFormat`, met only at the rim.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from duologue.errors import Violation

Pcm: TypeAlias = NDArray[np.float32]
"""Mono samples in -1..1, shape (n,), float32."""

Samples: TypeAlias = int
"""Media time: a count of samples since a stream began, or a length. Always beside a known rate."""

LISTEN_RATE = 16_000
"""Every listening engine hears 16 kHz; media time in `listen` counts these samples."""

MIN_RATE, MAX_RATE = 8_000, 48_000
"""Sample rates a client may name, in hertz."""


class Encoding(StrEnum):
    """How one sample is written. Integers are little-endian; the names are Cartesia's (dialects translate Deepgram's)."""

    PCM_S16LE = "pcm_s16le"
    PCM_S32LE = "pcm_s32le"
    PCM_F16LE = "pcm_f16le"
    PCM_F32LE = "pcm_f32le"
    MULAW = "pcm_mulaw"
    ALAW = "pcm_alaw"

    @property
    def width(self) -> int:
        """Bytes per sample."""
        return _WIDTHS[self]


_WIDTHS = {
    Encoding.PCM_S16LE: 2,
    Encoding.PCM_S32LE: 4,
    Encoding.PCM_F16LE: 2,
    Encoding.PCM_F32LE: 4,
    Encoding.MULAW: 1,
    Encoding.ALAW: 1,
}


@dataclass(frozen=True, slots=True)
class AudioFormat:
    """Mono audio as bytes: the encoding of a sample and the rate in hertz (8,000 to 48,000).

    Raises `Violation("sample_rate")` for a rate outside the range.
    """

    encoding: Encoding
    sample_rate: int

    def __post_init__(self) -> None:
        if not MIN_RATE <= self.sample_rate <= MAX_RATE:
            raise Violation(
                "sample_rate",
                f"sample rate {self.sample_rate} Hz is not supported",
                path="sample_rate",
                expected=f"{MIN_RATE} to {MAX_RATE}",
            )

    @property
    def bytes_per_second(self) -> int:
        """How many bytes one second takes."""
        return self.encoding.width * self.sample_rate

    def seconds(self, byte_count: int) -> float:
        """How long `byte_count` bytes sound."""
        return byte_count / self.bytes_per_second
