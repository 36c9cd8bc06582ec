"""JSON bodies of Cartesia's HTTP requests, and what they mean (Cartesia docs: access tokens, TTS bytes; C§4, C§6)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from duologue.audio.formats import AudioFormat
from duologue.errors import Violation
from duologue.protocols.cartesia.generation import GenerationReader, missing_member
from duologue.protocols.cartesia.tts_messages import Delivery
from duologue.protocols.codec import Message, convert, parse_object
from duologue.speak.speech import SpeakOptions

MAX_TOKEN_LIFETIME_S = 3_600
"""What a token lives that says nothing; also the most (C§4)."""


class Grants(Message):
    """What a token opens. Each defaults to no."""

    tts: bool | None = None
    stt: bool | None = None
    agent: bool | None = None


class TokenBody(Message):
    """Body of `POST /access-token`; both members are optional."""

    grants: Grants | None = None
    expires_in: int | None = None


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """The token a client asks for."""

    grants: frozenset[str]
    lifetime_s: int


def read_token_request(body: bytes, *, strict: bool = False) -> TokenRequest:
    """The token asked for; an empty body asks for one without grants. Raises `Violation`."""
    message = convert(parse_object(body) if body.strip() else {}, TokenBody, strict=strict)
    grants = message.grants or Grants()
    given = frozenset(name for name in ("tts", "stt", "agent") if getattr(grants, name))
    return TokenRequest(given, MAX_TOKEN_LIFETIME_S if message.expires_in is None else message.expires_in)


BIT_RATES = (32_000, 64_000, 96_000, 128_000, 192_000)
"""Of MP3, in bits per second (C§6.1)."""
DEFAULT_BIT_RATE = 128_000


class Container(StrEnum):
    """What the samples are wrapped in."""

    RAW = "raw"
    WAV = "wav"
    MP3 = "mp3"


class BytesFormat(Message):
    """`output_format` over HTTP."""

    container: str
    sample_rate: int
    encoding: str | None = None
    """Of `raw` and `wav`."""
    bit_rate: int | None = None
    """Of `mp3`."""


class BytesBody(Delivery):
    """Body of `POST /tts/bytes`."""

    output_format: BytesFormat | None = None
    save: bool | None = None


@dataclass(frozen=True, slots=True)
class BytesRequest:
    """The speech a client asks for in one piece."""

    text: str
    options: SpeakOptions
    container: Container
    sample_rate: int
    audio: AudioFormat | None
    """How samples are written; `None` for MP3."""
    bit_rate: int = DEFAULT_BIT_RATE


def read_bytes_request(body: bytes, reader: GenerationReader, *, characters: int, strict: bool = False) -> BytesRequest:
    """The speech asked for, of at most so many characters. Raises `Violation`."""
    message = convert(parse_object(body), BytesBody, strict=strict)
    for required in ("model_id", "transcript", "voice", "output_format"):
        if getattr(message, required) is None:
            raise missing_member(required)
    text, given = message.transcript or "", message.output_format
    assert given is not None  # noqa: S101 - just checked; tells the type checker
    check_text(text, characters)
    reader.check_model(message.model_id)
    if message.save:
        raise Violation("not_implemented", "speech is not kept on this server", path="save", remedy="Leave it out.")
    options = reader.options(message, SpeakOptions())
    try:
        container = Container(given.container.lower())
    except ValueError:
        raise Violation(
            "unsupported_audio_format",
            f"unknown container {given.container[:40]!r}",
            path="output_format.container",
            expected=", ".join(Container),
        ) from None
    if container is Container.MP3:
        bit_rate = DEFAULT_BIT_RATE if given.bit_rate is None else given.bit_rate
        if bit_rate not in BIT_RATES:
            raise Violation(
                "unsupported_audio_format",
                f"unknown bit rate {str(bit_rate)[:20]}",
                path="output_format.bit_rate",
                expected=", ".join(map(str, BIT_RATES)),
            )
        return BytesRequest(text, options, container, given.sample_rate, None, bit_rate)
    if given.encoding is None:
        raise missing_member("output_format.encoding")
    audio = reader.read_format(given.encoding, given.sample_rate)
    return BytesRequest(text, options, container, audio.sample_rate, audio)


def check_text(text: str, characters: int) -> None:
    """Refuse a text that is empty or longer than so many characters. Raises `Violation`."""
    if not text.strip():
        raise Violation("wrong_shape", "there is nothing to say", path="transcript", expected="text")
    if len(text) > characters:
        raise Violation(
            "text_too_long",
            f"the text has {len(text)} characters",
            path="transcript",
            expected=f"at most {characters}",
            remedy="Send it in several requests.",
        )
