"""A transcript in the shapes OpenAI's clients ask for."""

from __future__ import annotations

import json

import pytest

from duologue.errors import Violation
from duologue.protocols.cartesia.stt_messages import HeardWord, Transcript
from duologue.protocols.cartesia.transcriptions import AnswerFormat, read_answer_format, render_answer

TRANSCRIPT = Transcript(
    request_id="r", is_final=True, text="two lattes", duration=1.5, language="en", words=[HeardWord("two", 0.1, 0.4)]
)


def test_nothing_said_is_json() -> None:
    assert read_answer_format("") is AnswerFormat.JSON
    assert read_answer_format("Verbose_JSON") is AnswerFormat.VERBOSE
    with pytest.raises(Violation, match="unknown format 'srt'"):
        read_answer_format("srt")


def test_each_format_holds_the_text() -> None:
    assert render_answer(TRANSCRIPT, AnswerFormat.TEXT) == (b"two lattes\n", "text/plain")
    body, kind = render_answer(TRANSCRIPT, AnswerFormat.JSON)
    assert (json.loads(body), kind) == ({"text": "two lattes"}, "application/json")
    verbose = json.loads(render_answer(TRANSCRIPT, AnswerFormat.VERBOSE)[0])
    assert verbose == {
        "task": "transcribe",
        "language": "en",
        "duration": 1.5,
        "text": "two lattes",
        "words": [{"word": "two", "start": 0.1, "end": 0.4}],
    }
