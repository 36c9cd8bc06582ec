"""Samples as bytes, and back: the only place that knows how each `Encoding` is written.

Decoding never yields anything but finite numbers in -1..1: a NaN would poison every filter after it, so it becomes silence, and what is
louder than full scale is clipped. Encoding clips too, because resampling overshoots at loud edges.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from duologue.audio.formats import Encoding, Pcm
from duologue.audio.g711 import decode_alaw, decode_mulaw, encode_alaw, encode_mulaw

Payload: TypeAlias = bytes | bytearray | memoryview

_FULL_S16 = np.float32(32_768)
_FULL_S32 = 2_147_483_648.0


def decode(payload: Payload, encoding: Encoding) -> Pcm:
    """Samples of whole-sample bytes. Raises `ValueError` when the last sample is incomplete; `AudioInput` carries such bytes over."""
    match encoding:
        case Encoding.PCM_S16LE:
            return np.frombuffer(payload, "<i2") * np.float32(1 / 32_768)
        case Encoding.PCM_S32LE:
            return (np.frombuffer(payload, "<i4") * (1 / _FULL_S32)).astype(np.float32)
        case Encoding.PCM_F16LE:
            with np.errstate(invalid="ignore"):
                return _tame(np.frombuffer(payload, "<f2").astype(np.float32))
        case Encoding.PCM_F32LE:
            return _tame(np.frombuffer(payload, "<f4").astype(np.float32))
        case Encoding.MULAW:
            return decode_mulaw(np.frombuffer(payload, np.uint8))
        case Encoding.ALAW:
            return decode_alaw(np.frombuffer(payload, np.uint8))


def encode(pcm: Pcm, encoding: Encoding) -> bytes:
    """Bytes of samples; rounds to nearest, clips what is beyond full scale, writes NaN as silence."""
    match encoding:
        case Encoding.PCM_S16LE:
            return to_s16(pcm).astype("<i2", copy=False).tobytes()
        case Encoding.PCM_S32LE:
            wide = np.rint(_tame(pcm).astype(np.float64) * _FULL_S32)
            return np.minimum(wide, _FULL_S32 - 1).astype("<i4").tobytes()
        case Encoding.PCM_F16LE:
            return _tame(pcm).astype("<f2").tobytes()
        case Encoding.PCM_F32LE:
            return _tame(pcm).astype("<f4", copy=False).tobytes()
        case Encoding.MULAW:
            return encode_mulaw(to_s16(pcm)).tobytes()
        case Encoding.ALAW:
            return encode_alaw(to_s16(pcm)).tobytes()


def to_s16(pcm: Pcm) -> NDArray[np.int16]:
    """Samples as 16-bit integers, rounded and clipped; NaN becomes 0. Exact for what `decode` made of 16-bit integers."""
    scaled = _tame(pcm) * _FULL_S16
    np.rint(scaled, out=scaled)
    np.minimum(scaled, np.float32(32_767), out=scaled)
    return scaled.astype(np.int16)


def _tame(pcm: Pcm) -> Pcm:
    """Finite and within -1..1."""
    # A signalling NaN makes numpy warn wherever it is touched; here it is expected.
    with np.errstate(invalid="ignore"):
        tamed = np.maximum(np.minimum(pcm, np.float32(1.0)), np.float32(-1.0))
        absent = np.isnan(tamed)
    if absent.any():
        tamed[absent] = 0.0
    return tamed
