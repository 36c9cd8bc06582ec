"""Rule 7: a voice comes in three shapes; unknown ids map to a default unless strict; `sonic*` and `ink*` are local models."""

from __future__ import annotations

import json

import pytest

from duologue.ids import SeededIds
from duologue.protocols.cartesia.stt_turns import SttTurnsDialect
from duologue.protocols.cartesia.tts import TtsDialect
from duologue.protocols.query import read_query
from duologue.speak.context_events import TextPushed
from tests.wire.exchange import answer


def lenient(name: str, language: str) -> str | None:
    """A catalogue that always finds a voice."""
    return {"known": "amy"}.get(name, f"default-{language}")


def strict(name: str, language: str) -> str | None:
    """One that does not."""
    return {"known": "amy"}.get(name)


def request(voice: object, model: str = "sonic-3") -> str:
    output = {"encoding": "pcm_s16le", "sample_rate": 8000}
    return json.dumps(
        {"context_id": "a", "model_id": model, "transcript": "Hi", "voice": voice, "output_format": output}
    )


@pytest.mark.parametrize("voice", ["known", {"id": "known"}, {"mode": "id", "id": "known"}])
def test_three_shapes_of_one_voice(voice: object) -> None:
    (push,) = TtsDialect(read_query(""), SeededIds(1), strict).receive(request(voice))
    assert isinstance(push, TextPushed)
    assert push.options.voice == "amy"


def test_unknown_voices_map_to_a_default_unless_strict() -> None:
    (push,) = TtsDialect(read_query(""), SeededIds(1), lenient).receive(request("6ccbfb76"))
    assert isinstance(push, TextPushed)
    assert push.options.voice == "default-en"
    events, (frame,) = answer(TtsDialect(read_query(""), SeededIds(1), strict), request("6ccbfb76"))
    assert (events, json.loads(frame)["error_code"]) == ([], "voice_not_found")


@pytest.mark.parametrize("model", ["sonic-3.6", "sonic-latest", "sonic-3-2026-01-12", "Sonic"])
def test_every_sonic_is_a_model(model: str) -> None:
    assert TtsDialect(read_query(""), SeededIds(1)).receive(request("v", model))


@pytest.mark.parametrize("model", ["ink-2", "ink-preview", "ink-whisper"])
def test_every_ink_is_a_model(model: str) -> None:
    query = read_query(f"model={model}&encoding=pcm_s16le&sample_rate=16000")
    assert SttTurnsDialect(query, SeededIds(1)).open().model == model
