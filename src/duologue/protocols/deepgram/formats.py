"""Deepgram's words for audio (Deepgram docs: Voice Agent settings, media formats; D§5.2, D§A)."""

from __future__ import annotations

from dataclasses import dataclass

from duologue.audio.formats import AudioFormat, Encoding
from duologue.errors import Violation

MP3_RATE, MP3_BIT_RATES = 22_050, (32_000, 48_000)
"""What the vendor makes of MP3 (D§A)."""
INPUT_RATE_V1, INPUT_RATE_V0 = 24_000, 16_000
"""Input rate when the client names none (D§14)."""

_ENCODINGS = {
    "linear16": Encoding.PCM_S16LE,
    "linear32": Encoding.PCM_S32LE,
    "mulaw": Encoding.MULAW,
    "ulaw": Encoding.MULAW,
    "alaw": Encoding.ALAW,
}
_KNOWN = "linear16, linear32, mulaw or alaw"
_UNSUPPORTED = frozenset(["flac", "amr-nb", "amr-wb", "opus", "ogg-opus", "speex", "g729", "mp3", "aac"])
"""Encodings the vendor lists and this server does not speak."""


@dataclass(frozen=True, slots=True)
class OutputFormat:
    """How the agent's speech is written."""

    audio: AudioFormat
    container: str
    """`none` or `wav`."""
    mp3_bit_rate: int = 0
    """0 for plain samples."""


def read_input(
    encoding: str | None, sample_rate: int | None, default_rate: int, *, float32: bool = True
) -> AudioFormat:
    """`audio.input`. `linear32` are floats unless `float32` is false: sources differ (D§A). Raises `Violation`."""
    known = _encoding(encoding or "linear16", "audio.input.encoding", float32=float32)
    return _format(known, default_rate if sample_rate is None else sample_rate, "audio.input.sample_rate")


def read_output(
    encoding: str | None,
    sample_rate: int | None,
    container: str | None,
    bitrate: int | None = None,
    *,
    float32: bool = True,
) -> OutputFormat:
    """`audio.output`. The default rate is 24,000 for linear audio and 8,000 for G.711; MP3 has one rate (D§A). Raises `Violation`."""
    if (encoding or "").lower() == "mp3":
        return _read_mp3(sample_rate, container, bitrate)
    known = _encoding(
        encoding or "linear16",
        "audio.output.encoding",
        float32=float32,
        expected="linear16, linear32, mulaw, alaw or mp3",
    )
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


def _read_mp3(sample_rate: int | None, container: str | None, bitrate: int | None) -> OutputFormat:
    """The vendor's one rate and two bit rates; a stream of frames needs no container."""
    given = (
        ("sample_rate", sample_rate, (MP3_RATE,)),
        ("container", (container or "none").lower(), ("none",)),
        ("bitrate", bitrate, MP3_BIT_RATES),
    )
    for name, value, known in given:
        if value is not None and value not in known:
            raise Violation(
                "unsupported_audio_format",
                f"MP3 with the {name} {str(value)[:20]!r} is not supported",
                path=f"audio.output.{name}",
                expected=" or ".join(map(str, known)),
            )
    return OutputFormat(AudioFormat(Encoding.PCM_S16LE, MP3_RATE), "none", bitrate or MP3_BIT_RATES[-1])


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


def _encoding(name: str, path: str, *, float32: bool, expected: str = _KNOWN) -> Encoding:
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
        expected=expected,
    )


def _format(encoding: Encoding, sample_rate: int, path: str) -> AudioFormat:
    try:
        return AudioFormat(encoding, sample_rate)
    except Violation as violation:
        raise Violation("unsupported_audio_format", violation.message, path=path, expected=violation.expected) from None
