"""Cartesia's words for audio: encodings, rates, containers (Cartesia docs: TTS WebSocket, STT turns WebSocket; C§A.6)."""

from __future__ import annotations

from duologue.audio.formats import AudioFormat, Encoding
from duologue.errors import Violation

TTS_ENCODINGS = (Encoding.PCM_F32LE, Encoding.PCM_S16LE, Encoding.MULAW, Encoding.ALAW)
"""What `/tts/*` gives (C§5.1). The other two encodings are understood as well, which no client can mind."""
STT_ENCODINGS = tuple(Encoding)
"""What `/stt/*` takes (C§7.1)."""
TTS_RATES = (8_000, 16_000, 22_050, 24_000, 44_100, 48_000)
"""Documented output rates; with `strict` no other is accepted."""

_CODES = """
    en fr de es pt zh ja hi it ko nl pl ru sv tr tl bg ro ar cs el fi hr ms sk da
    ta uk hu no vi bn th he ka id te gu kn ml mr pa or ur
"""
LANGUAGES = frozenset(_CODES.split())
"""Base codes of `language` and `locale` (C§A.1)."""


def read_encoding(name: str, path: str) -> Encoding:
    """An encoding by its name, in any case. Raises `Violation("unsupported_audio_format")`."""
    try:
        return Encoding(name.lower())
    except ValueError:
        raise Violation(
            "unsupported_audio_format",
            f"unknown encoding {name[:40]!r}",
            path=path,
            expected=", ".join(encoding.value for encoding in STT_ENCODINGS),
        ) from None


def read_format(encoding: str, sample_rate: int, path: str = "") -> AudioFormat:
    """An encoding and a rate. Raises `Violation` naming the member of `path` that is wrong."""
    prefix = f"{path}." if path else ""
    known = read_encoding(encoding, f"{prefix}encoding")
    try:
        return AudioFormat(known, sample_rate)
    except Violation as violation:
        raise Violation(
            "unsupported_audio_format",
            violation.message,
            path=f"{prefix}sample_rate",
            expected=violation.expected,
        ) from None


def read_language(name: str, path: str) -> str:
    """A language or locale as its code in lower case, `_` accepted for `-` (C§A.2). Raises `Violation("language_not_supported")`."""
    code = name.strip().replace("_", "-").lower()
    if code.split("-")[0] not in LANGUAGES:
        raise Violation(
            "language_not_supported",
            f"unknown language {name[:40]!r}",
            path=path,
            expected="a code such as en or en-GB",
        )
    return code
