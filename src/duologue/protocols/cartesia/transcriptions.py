"""Answers of `POST /audio/transcriptions`, the twin of `POST /stt` for OpenAI's clients (Cartesia docs: Batch STT; C§9)."""

from __future__ import annotations

from enum import StrEnum

from duologue.errors import Violation
from duologue.protocols.cartesia.stt_messages import HeardWord, Transcript
from duologue.protocols.codec import Message, encode


class AnswerFormat(StrEnum):
    """`response_format`, as far as it is known here."""

    JSON = "json"
    TEXT = "text"
    VERBOSE = "verbose_json"


class PlainAnswer(Message):
    """`json`."""

    text: str


class VerboseAnswer(Message, omit_defaults=True):
    """`verbose_json`: what OpenAI's clients require, and the words when asked for."""

    task: str
    language: str
    duration: float
    text: str
    words: list[HeardWord] | None = None


def read_answer_format(written: str) -> AnswerFormat:
    """The answer a form asks for; nothing said is `json`. Raises `Violation`."""
    try:
        return AnswerFormat(written.lower() or AnswerFormat.JSON)
    except ValueError:
        raise Violation(
            "out_of_range",
            f"unknown format {written[:40]!r}",
            path="response_format",
            expected=", ".join(AnswerFormat),
        ) from None


def render_answer(transcript: Transcript, wanted: AnswerFormat) -> tuple[bytes, str]:
    """The body and its media type."""
    if wanted is AnswerFormat.TEXT:
        return f"{transcript.text}\n".encode(), "text/plain"
    if wanted is AnswerFormat.JSON:
        return encode(PlainAnswer(transcript.text)).encode(), "application/json"
    verbose = VerboseAnswer(
        task="transcribe",
        language=transcript.language or "",
        duration=transcript.duration or 0.0,
        text=transcript.text,
        words=transcript.words,
    )
    return encode(verbose).encode(), "application/json"
