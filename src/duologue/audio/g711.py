"""ITU-T G.711: mu-law and A-law, by table.

Both directions are one numpy lookup. The tables hold 16-bit values as the recommendation's 14-bit (mu-law) and 13-bit (A-law) values
shifted to the top, which is what every telephony stack calls "linear".
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_MULAW_BIAS = 132
_MULAW_CLIP = 32_635
_SCALE = np.float32(1 / 32_768)


def _mulaw_values() -> NDArray[np.int32]:
    """The 16-bit value of each of the 256 mu-law bytes."""
    inverted = ~np.arange(256, dtype=np.int32) & 0xFF
    exponent, mantissa = (inverted >> 4) & 7, inverted & 15
    magnitude = (((mantissa << 3) + _MULAW_BIAS) << exponent) - _MULAW_BIAS
    return np.where(inverted & 0x80, -magnitude, magnitude)


def _alaw_values() -> NDArray[np.int32]:
    """The 16-bit value of each of the 256 A-law bytes."""
    toggled = np.arange(256, dtype=np.int32) ^ 0x55
    exponent, mantissa = (toggled >> 4) & 7, toggled & 15
    base = (mantissa << 4) + np.where(exponent > 0, 0x108, 8)
    magnitude = base << np.maximum(exponent - 1, 0)
    values: NDArray[np.int32] = np.where(toggled & 0x80, magnitude, -magnitude)
    return values


def _mulaw_bytes() -> NDArray[np.uint8]:
    """The mu-law byte of each 16-bit value, indexed by the value's unsigned bit pattern."""
    values = np.arange(65_536, dtype=np.uint16).view(np.int16).astype(np.int32)
    biased = np.minimum(np.abs(values), _MULAW_CLIP) + _MULAW_BIAS
    exponent = np.floor(np.log2(biased)).astype(np.int32) - 7
    mantissa = (biased >> (exponent + 3)) & 15
    sign = np.where(values < 0, 0x80, 0)
    codes: NDArray[np.uint8] = (~(sign | (exponent << 4) | mantissa) & 0xFF).astype(np.uint8)
    return codes


def _alaw_bytes() -> NDArray[np.uint8]:
    """The A-law byte of each 16-bit value, indexed by the value's unsigned bit pattern."""
    values = np.arange(65_536, dtype=np.uint16).view(np.int16).astype(np.int32)
    magnitude = np.where(values < 0, -values - 1, values) >> 3
    exponent = np.maximum(np.floor(np.log2(np.maximum(magnitude, 1))).astype(np.int32) - 4, 0)
    mantissa = (magnitude >> np.maximum(exponent, 1)) & 15
    sign = np.where(values < 0, 0, 0x80)
    codes: NDArray[np.uint8] = ((sign | (exponent << 4) | mantissa) ^ 0x55).astype(np.uint8)
    return codes


_FROM_MULAW = (_mulaw_values() * _SCALE).astype(np.float32)
_FROM_ALAW = (_alaw_values() * _SCALE).astype(np.float32)
_TO_MULAW = _mulaw_bytes()
_TO_ALAW = _alaw_bytes()


def decode_mulaw(payload: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Samples in -1..1 of mu-law bytes."""
    return _FROM_MULAW[payload]


def decode_alaw(payload: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Samples in -1..1 of A-law bytes."""
    return _FROM_ALAW[payload]


def encode_mulaw(samples: NDArray[np.int16]) -> NDArray[np.uint8]:
    """The mu-law bytes of 16-bit samples."""
    return _TO_MULAW[samples.view(np.uint16)]


def encode_alaw(samples: NDArray[np.int16]) -> NDArray[np.uint8]:
    """The A-law bytes of 16-bit samples."""
    return _TO_ALAW[samples.view(np.uint16)]
