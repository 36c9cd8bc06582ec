"""The query of `/v1/speak` and `/v2/speak`, as sockets and over HTTP (Deepgram docs: Text to speech; D§8.1, D§8.5, D§A)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from duologue.audio.formats import AudioFormat
from duologue.errors import Violation
from duologue.protocols.codec import check_range
from duologue.protocols.deepgram.formats import OutputFormat, read_output
from duologue.protocols.dialect import VoiceLookup
from duologue.protocols.query import Query
from duologue.speak.speech import SpeakOptions

DEFAULT_MODEL = "aura-asteria-en"
SPEED_RANGE = (0.7, 1.5)
FLUX_SPEED_RANGE = (0.5, 1.5)
EXPRESSIVITY_RANGE = (-2, 2)
"""Taken and without effect: no voice here has registers."""
MP3_RATE = 22_050
MP3_BIT_RATES = (32_000, 48_000)
DEFAULT_BIT_RATE = 48_000
RATES = (8_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000)
"""What the vendor names, and two that other services do."""


class Wrapping(StrEnum):
    """What the samples of an HTTP answer are wrapped in."""

    RAW = "raw"
    WAV = "wav"
    MP3 = "mp3"


@dataclass(frozen=True, slots=True)
class Wanted:
    """How a text is spoken."""

    model: str
    options: SpeakOptions


@dataclass(frozen=True, slots=True)
class WantedFile:
    """The same over HTTP."""

    wanted: Wanted
    wrapping: Wrapping
    audio: AudioFormat | None
    """`None` for MP3."""
    bit_rate: int = 0
    """Bits per second, of MP3."""

    @property
    def media_type(self) -> str:
        """What the body is (D§A)."""
        if self.wrapping is Wrapping.MP3 or self.audio is None:
            return "audio/mpeg"
        if self.wrapping is Wrapping.WAV:
            return "audio/wav"
        return f"audio/{_MEDIA[self.audio.encoding.value]};rate={self.audio.sample_rate}"


_SAMPLES = ("linear16", "mulaw", "ulaw", "alaw")
_IMPLIED = {"wav": "linear16", "ogg": "opus"}
"""What a container holds where no encoding is named."""
_MEDIA = {"pcm_s16le": "l16", "pcm_mulaw": "mulaw", "pcm_alaw": "alaw"}


def read_wanted(query: Query, voices: VoiceLookup | None) -> Wanted:
    """The voice. Raises `Violation`, for an unknown one only when the lookup is strict."""
    model = query.text("model", DEFAULT_MODEL) or DEFAULT_MODEL
    return _wanted(query, model, voices, SPEED_RANGE)


def read_flux_wanted(query: Query, voices: VoiceLookup | None) -> Wanted:
    """The same of `/v2/speak`: a model must be named, and none of the first family's (D§9.1). Raises `Violation`."""
    model = query.required("model")
    if model.lower().startswith("aura"):
        raise Violation(
            "voice_not_found",
            "No such model/version combination found",
            path="model",
            expected="a flux- voice",
            remedy="Aura voices speak at /v1/speak.",
        )
    wanted = _wanted(query, model, voices, FLUX_SPEED_RANGE)
    if not is_flux_step(wanted.options.speed):
        raise Violation("out_of_range", "wrong speed", path="speed", expected="steps of 0.05")
    expressivity = query.whole("expressivity")
    if expressivity is not None:
        check_range(expressivity, *EXPRESSIVITY_RANGE, "expressivity")
    return wanted


def is_flux_step(speed: float) -> bool:
    """Flux speaks faster and slower in steps."""
    return abs(speed * 20 - round(speed * 20)) < 1e-6


def _wanted(query: Query, model: str, voices: VoiceLookup | None, speeds: tuple[float, float]) -> Wanted:
    voice = voices(model, "") if voices else model
    if voice is None:
        raise Violation("voice_not_found", "No such model/version combination found", path="model")
    speed = query.number("speed")
    if speed is not None:
        check_range(speed, *speeds, "speed")
    if query.text("callback") is not None:
        raise Violation(
            "bad_parameter",
            "speech is given on the connection only",
            path="callback",
            remedy="Leave it out.",
        )
    return Wanted(model, SpeakOptions(voice=voice, speed=1.0 if speed is None else speed))


def read_socket_format(query: Query) -> AudioFormat:
    """Always samples without a header (D§8.1). Raises `Violation`."""
    return _read_samples(query, query.text("encoding"), "none").audio


def read_file(query: Query, voices: VoiceLookup | None, *, flux: bool = False) -> WantedFile:
    """What `POST /v1/speak` asks for: MP3 unless it says something else, as a container that holds samples does (D§8.5, D§A).

    `flux` reads it as `/v2/speak` does. Raises `Violation`.
    """
    wanted = read_flux_wanted(query, voices) if flux else read_wanted(query, voices)
    container = query.text("container")
    implied = _IMPLIED.get((container or "").lower(), "mp3")
    encoding = (query.text("encoding") or implied).lower()
    if encoding == "mp3":
        if container is not None and container.lower() != "none":
            raise Violation("unsupported_audio_format", "MP3 has no container", path="container", expected="none")
        rate = query.whole("sample_rate")
        if rate not in (None, MP3_RATE):
            raise Violation(
                "unsupported_audio_format", "MP3 has one sample rate here", path="sample_rate", expected=str(MP3_RATE)
            )
        bit_rate = query.whole("bit_rate") or DEFAULT_BIT_RATE
        if bit_rate not in MP3_BIT_RATES:
            expected = " or ".join(map(str, MP3_BIT_RATES))
            raise Violation("unsupported_audio_format", "no such bit rate", path="bit_rate", expected=expected)
        return WantedFile(wanted, Wrapping.MP3, None, bit_rate)
    output = _read_samples(query, encoding, container or "wav")
    return WantedFile(wanted, Wrapping.WAV if output.container == "wav" else Wrapping.RAW, output.audio)


def _read_samples(query: Query, encoding: str | None, container: str) -> OutputFormat:
    if encoding is not None and encoding.lower() not in _SAMPLES:
        raise Violation(
            "unsupported_audio_format",
            f"speech is not given as {encoding[:40]!r} here",
            path="encoding",
            expected="linear16, mulaw or alaw, or mp3 in one request",
        )
    rate = query.whole("sample_rate")
    if rate is not None and rate not in RATES:
        expected = ", ".join(map(str, RATES))
        raise Violation("unsupported_audio_format", "no such sample rate", path="sample_rate", expected=expected)
    try:
        return read_output(encoding, rate, container)
    except Violation as violation:
        path = violation.path.removeprefix("audio.output.")
        raise Violation(
            violation.code, violation.message, path=path, expected=violation.expected, remedy=violation.remedy
        ) from None
