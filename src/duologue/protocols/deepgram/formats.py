"""Deepgram's words for audio (Deepgram docs: Voice Agent settings, media formats; D§5.2, D§A)."""

from __future__ import annotations

from dataclasses import dataclass

from duologue.audio.formats import AudioFormat, Encoding
from duologue.errors import Violation

INPUT_RATE_V1, INPUT_RATE_V0 = 24_000, 16_000
"""Input rate when the client names none (D§14)."""

_ENCODINGS = {
    "linear16": Encoding.PCM_S16LE,
    "linear32": Encoding.PCM_S32LE,
    "mulaw": Encoding.MULAW,
    "ulaw": Encoding.MULAW,
    "alaw": Encoding.ALAW,
}
_UNSUPPORTED = frozenset(["flac", "amr-nb", "amr-wb", "opus", "ogg-opus", "speex", "g729", "mp3", "aac"])
"""Encodings the vendor lists and this server does not speak."""


@dataclass(frozen=True, slots=True)
class OutputFormat:
    """How the agent's speech is written."""

    audio: AudioFormat
    container: str
    """`none` or `wav`."""


def read_input(
    encoding: str | None, sample_rate: int | None, default_rate: int, *, float32: bool = True
) -> AudioFormat:
    """`audio.input`. `linear32` are floats unless `float32` is false: sources differ (D§A). Raises `Violation`."""
    known = _encoding(encoding or "linear16", "audio.input.encoding", float32=float32)
    return _format(known, default_rate if sample_rate is None else sample_rate, "audio.input.sample_rate")


def read_output(
    encoding: str | None, sample_rate: int | None, container: str | None, *, float32: bool = True
) -> OutputFormat:
    """`audio.output`. The default rate is 24,000 for linear audio and 8,000 for G.711 (D§A). Raises `Violation`."""
    known = _encoding(encoding or "linear16", "audio.output.encoding", float32=float32)
    default_rate = 8_000 if known.width == 1 else 24_000
    audio = _format(known, default_rate if sample_rate is None else sample_rate, "audio.output.sample_rate")
    wrapped = (container or "none").lower()
    if wrapped not in ("none", "wav"):
        raise Violation(
            "unsupported_audio_format",
            f"container {wrapped[:40]!r} is not supported",
            path="audio.output.container",
            expected="none or wav",
        )
    return OutputFormat(audio, wrapped)


def read_stream(encoding: str | None, sample_rate: int | None) -> AudioFormat | None:
    """Of a listening query; `None` for audio in a container, which names no encoding. `linear32` are floats (D§A). Raises `Violation`."""
    if encoding is None:
        return None
    known = _encoding(encoding, "encoding", float32=True)
    if sample_rate is None:
        raise Violation(
            "missing_parameter", "the sample rate is missing", path="sample_rate", expected="a rate beside the encoding"
        )
    return _format(known, sample_rate, "sample_rate")


def _encoding(name: str, path: str, *, float32: bool) -> Encoding:
    lower = name.lower()
    if lower == "linear32" and float32:
        return Encoding.PCM_F32LE
    if lower in _ENCODINGS:
        return _ENCODINGS[lower]
    what = "is not supported by this server" if lower in _UNSUPPORTED else "is unknown"
    raise Violation(
        "unsupported_audio_format",
        f"encoding {name[:40]!r} {what}",
        path=path,
        expected="linear16, linear32, mulaw or alaw",
    )


def _format(encoding: Encoding, sample_rate: int, path: str) -> AudioFormat:
    try:
        return AudioFormat(encoding, sample_rate)
    except Violation as violation:
        raise Violation("unsupported_audio_format", violation.message, path=path, expected=violation.expected) from None
