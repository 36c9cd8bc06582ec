"""Deepgram's speaking socket in turns, whole: `/v2/speak`."""

from __future__ import annotations

import asyncio
import io
import json
from typing import Any

import pytest
import soundfile

from duologue.server.app import Application
from duologue.sim.clock import run
from duologue.sim.wire import Rejected
from tests.server.driving import Client, application, light
from tests.server.test_deepgram_speak import CLOSE, FLUSH, audio, conversation, order, speak
from tests.server.test_http import request

PATH = "/v2/speak?model=flux-alexis-en&encoding=linear16&sample_rate=16000"
SPOKEN = ["SpeechStarted", "Flushed", "audio", "SpeechMetadata"]


def test_turns_are_spoken_one_after_the_other_and_the_close_waits_for_them() -> None:
    async def act(client: Client, _: Application) -> None:
        for word in ("Hello ", "there. ", "How ", "are ", "you? "):
            client.send(speak(word))
        client.send(FLUSH)
        client.send(speak("I am fine."))
        client.send(CLOSE)

    client = conversation(act, PATH)
    assert client.socket.closed == (1000, "")
    names = [name for name in order(client) if name not in ("Connected", "SessionMetadata")]
    first, second = (message for message in client.messages if message["type"] == "SpeechMetadata")
    assert names.count("SpeechStarted") == 2
    assert names[-4:] == SPOKEN
    assert (first["input_character_count"], second["input_character_count"]) == (26, 10)
    total = client.messages[-1]
    assert total["total_audio_duration_ms"] == pytest.approx(len(audio(client)) / 32, abs=2)
    assert total["total_input_character_count"] == 36


def test_an_interrupt_silences_at_once() -> None:
    async def act(client: Client, _: Application) -> None:
        client.send(speak("This is a long line of words that nobody wants to hear. " * 40))
        client.send(FLUSH)
        client.send(speak("Nor this."))
        client.send(FLUSH)
        await client.until(lambda heard: len(audio(heard)) > 32_000)
        client.send({"type": "Interrupt", "playback_offset": {"type": "time_ms", "value": 900}})
        await client.heard("SpeechInterrupted")
        client.send(speak("Yes."))
        client.send(FLUSH)
        await client.heard("SpeechMetadata")
        client.send(CLOSE)

    client = conversation(act, PATH)
    kinds = client.kinds()
    assert kinds.count("SpeechStarted") == 2, "the one that waited never began"
    cut = next(message for message in client.messages if message["type"] == "SpeechInterrupted")
    assert cut["text_spoken"] + cut["text_remaining"] == "This is a long line of words that nobody wants to hear. " * 40
    assert 0 < len(cut["text_spoken"]) < 60
    names = order(client)
    assert names[names.index("SpeechInterrupted") + 1 :] == [*SPOKEN, "SessionMetadata"]


def test_a_silent_client_is_let_go_after_a_minute() -> None:
    async def act(client: Client, _: Application) -> None:
        client.send(speak("Hello."))

    client = conversation(act, PATH)
    assert client.socket.closed is not None
    code, reason = client.socket.closed
    assert (code, reason[:8]) == (1011, "NET-0004")


def test_a_wrong_query_is_an_http_answer() -> None:
    async def main() -> None:
        async with application(light()) as app:
            with pytest.raises(Rejected) as refused:
                await Client(app, "/v2/speak?model=aura-2-thalia-en").connect()
            assert refused.value.status == 400
            assert app.services.limiter.held == 0

    run(main())


@pytest.mark.parametrize(
    ("query", "status", "kind"),
    [
        ("?model=flux-alexis-en&encoding=linear16&container=wav&speed=0.5", 200, "audio/wav"),
        ("?model=flux-alexis-en&encoding=linear16&container=none&sample_rate=24000", 200, "audio/l16;rate=24000"),
        ("?model=flux-alexis-en", 200, "audio/mpeg"),
        ("?model=aura-2-thalia-en", 400, "application/json"),
        ("", 400, "application/json"),
    ],
)
def test_a_text_is_spoken_in_one_request(query: str, status: int, kind: str) -> None:
    async def main() -> tuple[int, dict[str, str], Any]:
        async with application(light()) as app:
            headers = [(b"content-type", b"application/json")]
            body = json.dumps({"text": "Hello."}).encode()
            return await request(app, f"/v2/speak{query}", method="POST", headers=headers, body=body)

    found, headers, body = asyncio.run(main())
    assert (found, headers["content-type"]) == (status, kind)
    if kind == "audio/wav":
        assert soundfile.info(io.BytesIO(body)).samplerate == 24_000
    assert headers["dg-request-id"]
