"""Messages of `/tts/websocket` (Cartesia docs: TTS WebSocket, Contexts, Flushing; C§5.1 to C§5.3)."""

from __future__ import annotations

from typing import Any

from duologue.protocols.codec import Message


class VoiceControls(Message):
    """Delivery as versions before 2025-04-16 had it, beside the voice."""

    speed: str | float | None = None
    """A word of the legacy `speed`, or -1 (slowest) to 1 (fastest)."""
    emotion: Any = None


class VoiceObject(Message, rename={"controls": "__experimental_controls"}):
    """`{"id"}`, or `{"mode":"id","id"}` of versions before 2026-08-14."""

    id: str | None = None
    mode: str | None = None
    embedding: Any = None
    """Versions before 2025-04-16; refused."""
    controls: VoiceControls | None = None


class OutputFormat(Message):
    """How a context's audio is written."""

    encoding: str
    sample_rate: int
    container: str | None = None


class GenerationConfig(Message):
    """Delivery, from the message that carries it."""

    speed: float | None = None
    volume: float | None = None
    emotion: Any = None


class Delivery(Message):
    """How a text is spoken: members of requests on the socket and over HTTP."""

    model_id: str | None = None
    voice: str | VoiceObject | None = None
    language: str | None = None
    locale: str | None = None
    accent: str | None = None
    normalization: str | None = None
    pronunciation_dict_id: str | None = None
    generation_config: GenerationConfig | None = None
    speed: str | float | None = None
    """Legacy: `slow`, `normal`, `fast`; a number is that of `generation_config`."""
    duration: float | None = None
    transcript: str | None = None


class Generation(Delivery, rename={"continue_": "continue"}):
    """Text for a context. All members but `transcript`, `continue` and `flush` are expected to stay the same within a context."""

    context_id: str | None = None
    output_format: OutputFormat | None = None
    continue_: bool | None = None
    flush: bool | None = None
    cancel: bool | None = None
    max_buffer_delay_ms: int | None = None
    add_timestamps: bool | None = None
    add_phoneme_timestamps: bool | None = None
    use_normalized_timestamps: bool | None = None


class ContextEvent(Message, tag_field="type", omit_defaults=True):
    """What every event of a context carries. `status_code` is 206 throughout; clients ignore the number (C§5.3)."""

    context_id: str
    done: bool
    status_code: int


class Chunk(ContextEvent, tag="chunk"):
    """Audio: `data` is always a base64 string of whole samples."""

    data: str
    step_time: float
    flush_id: int


class WordTimestamps(Message):
    """Three lists of equal length; seconds from the start of the context's audio."""

    words: list[str]
    start: list[float]
    end: list[float]


class Timestamps(ContextEvent, tag="timestamps"):
    """Where the words of the next chunk sound."""

    word_timestamps: WordTimestamps
    flush_id: int


class PhonemeTimes(Message):
    """As for words; the letters are those of the IPA."""

    phonemes: list[str]
    start: list[float]
    end: list[float]


class PhonemeTimestamps(ContextEvent, tag="phoneme_timestamps"):
    """Where the sounds of the next chunk are."""

    phoneme_timestamps: PhonemeTimes
    flush_id: int


class FlushDone(ContextEvent, tag="flush_done"):
    """A labelled segment is complete."""

    flush_done: bool
    flush_id: int


class Done(ContextEvent, tag="done"):
    """The context is over."""
