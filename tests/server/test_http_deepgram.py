"""Deepgram over HTTP: recordings and texts in one request."""

from __future__ import annotations

import asyncio
import hashlib
import io
import json
import threading
from typing import Any

import numpy as np
import pytest
import soundfile

from duologue.auth.concurrency import Kind
from duologue.server.app import Application
from duologue.sim.clock import run
from tests.server.driving import application, light
from tests.server.test_connection import with_keys
from tests.server.test_fetching import serving
from tests.server.test_http import request
from tests.server.test_http_transcription import SILENCE, NotingIds, encoded
from tests.server.test_listen_endpoint import scripted

WAV = [(b"content-type", b"audio/wav")]
JSON = [(b"content-type", b"application/json")]
MEMBERS = {"err_code", "err_msg", "category", "message", "request_id"}


async def listen(app: Application, body: bytes, query: str = "?model=nova-3", **options: Any) -> tuple[int, Any, Any]:
    answer = await request(app, f"/v1/listen{query}", method="POST", headers=WAV, body=body, **options)
    assert app.services.limiter.held == 0
    return answer


async def speak(app: Application, text: object, query: str = "") -> tuple[int, dict[str, str], Any]:
    body = json.dumps({"text": text}).encode()
    return await request(app, f"/v1/speak{query}", method="POST", headers=JSON, body=body)


@pytest.mark.parametrize("kind", ["WAV", "FLAC", "OGG", "MP3"])
def test_a_recording_is_transcribed_in_the_vendors_json(kind: str) -> None:
    async def main() -> None:
        async with application(scripted()) as app:
            file = encoded(kind)
            status, headers, body = await listen(app, file, "?model=nova-3&smart_format=true&utterances=true")
            assert status == 200
            best = body["results"]["channels"][0]["alternatives"][0]
            assert best["transcript"] == "Hello there. A large latte please."
            assert [word["word"] for word in best["words"]] == "hello there a large latte please".split()
            assert [word["punctuated_word"] for word in best["words"]] == best["transcript"].split()
            assert [said["transcript"] for said in body["results"]["utterances"]] == [
                "Hello there.",
                "A large latte please.",
            ]
            metadata = body["metadata"]
            assert headers["dg-request-id"] == metadata["request_id"]
            assert metadata["sha256"] == hashlib.sha256(file).hexdigest()
            assert metadata["duration"] == pytest.approx(6.0, abs=0.1)
            assert metadata["channels"] == 1
            assert set(metadata["model_info"]) == set(metadata["models"])

    asyncio.run(main())


def test_samples_without_a_header_are_described_by_the_query() -> None:
    async def main() -> None:
        async with application(scripted()) as app:
            body = SILENCE.astype("<i2").tobytes()
            status, _, heard = await listen(app, body, "?encoding=linear16&sample_rate=16000")
            assert status == 200
            assert heard["results"]["channels"][0]["alternatives"][0]["transcript"].startswith("hello there")
            assert "utterances" not in heard["results"]

    asyncio.run(main())


def test_the_answer_is_not_written_down_in_the_event_loop() -> None:
    """Hours of words take their time, and others' calls go on."""

    async def main() -> None:
        async with application(scripted()) as app:
            ids = app.services.ids = NotingIds()
            status, _, body = await listen(app, encoded("WAV"), "?model=nova-3&utterances=true")
            assert status == 200
            assert len(body["results"]["utterances"]) == 2
            assert ids.threads - {threading.get_ident()}, "utterances were named elsewhere"

    asyncio.run(main())


@pytest.mark.parametrize("wrapped", [True, False], ids=["a file", "samples"])
def test_channels_are_heard_apart_where_that_is_asked_for(wrapped: bool) -> None:
    """A call with a person on each channel. (The scripted engine hears the same on both.)"""

    async def main() -> None:
        async with application(scripted()) as app:
            stereo = np.stack([SILENCE, SILENCE], axis=1)
            query, body = "&encoding=linear16&sample_rate=16000&channels=2", stereo.astype("<i2").tobytes()
            if wrapped:
                file = io.BytesIO()
                soundfile.write(file, stereo, 16_000, format="FLAC")
                query, body = "", file.getvalue()
            status, _, apart = await listen(app, body, f"?model=nova-3&multichannel=true&utterances=true{query}")
            assert status == 200
            texts = [each["alternatives"][0]["transcript"] for each in apart["results"]["channels"]]
            assert texts == ["hello there a large latte please"] * 2
            assert apart["metadata"]["channels"] == 2
            assert apart["metadata"]["duration"] == pytest.approx(6.0, abs=0.1)
            assert apart["metadata"]["sha256"] == hashlib.sha256(body).hexdigest()
            assert [each["channel"] for each in apart["results"]["utterances"]] == [0, 1, 0, 1]
            _, _, mixed = await listen(app, body, f"?model=nova-3{query}")
            assert len(mixed["results"]["channels"]) == mixed["metadata"]["channels"] == 1
            assert mixed["metadata"]["duration"] == pytest.approx(6.0, abs=0.1)

    asyncio.run(main())


@pytest.mark.parametrize(
    ("query", "headers", "body", "status"),
    [
        ("?model=nova-3", WAV, b"", 400),
        ("?model=nova-3&multichannel=true", WAV, b"this is no audio", 400),
        ("?model=nova-3&channels=9&encoding=linear16&sample_rate=16000", WAV, b"x", 400),
        ("?model=nova-3&utterances=true&utt_split=-1", WAV, b"x", 400),
        ("?model=nova-3", WAV, b"this is no audio", 400),
        ("?model=flux-general-en", WAV, b"x", 400),
        ("?model=nova-3&callback=http%3A%2F%2Fhost", WAV, b"x", 400),
        ("?model=nova-3&encoding=opus&sample_rate=1", WAV, b"x", 400),
        ("?model=nova-3", JSON, b'{"url":"https://example.com/a.wav"}', 400),
        ("?model=nova-3", JSON, b'{"url":"file:///etc/passwd"}', 400),
        ("?model=nova-3", JSON, b'{"url":""}', 400),
        ("?model=nova-3", JSON, b'{"uri":"x"}', 400),
        ("?model=nova-3", JSON, b"no JSON", 400),
        ("?model=nova-3", JSON, b'{"url":"' + b"x" * 70_000 + b'"}', 413),
    ],
)
def test_wrong_requests_are_refused_in_the_vendors_shape(
    query: str, headers: list[tuple[bytes, bytes]], body: bytes, status: int
) -> None:
    async def main() -> None:
        async with application(scripted()) as app:
            found, told, answer = await request(app, f"/v1/listen{query}", method="POST", headers=headers, body=body)
            assert found == status
            assert answer.keys() >= MEMBERS
            assert told["dg-error"]
            assert app.services.limiter.held == 0

    asyncio.run(main())


def test_a_recording_is_fetched_from_where_the_configuration_allows() -> None:
    async def main() -> None:
        with serving(encoded("WAV")) as address:
            async with application(scripted(think={"outbound": [f"http://{address}"]})) as app:
                url = f'{{"url":"http://{address}/a.wav"}}'.encode()
                status, _, body = await request(app, "/v1/listen", method="POST", headers=JSON, body=url)
                assert status == 200
                assert body["results"]["channels"][0]["alternatives"][0]["transcript"].startswith("hello there")
                assert body["metadata"]["sha256"] == hashlib.sha256(encoded("WAV")).hexdigest()

    asyncio.run(main())


def test_requests_need_a_key_and_a_place() -> None:
    async def main() -> None:
        async with application(scripted(), with_keys) as app:
            status, _, answer = await listen(app, encoded("WAV"))
            assert (status, answer["err_code"]) == (401, "INVALID_AUTH")

    asyncio.run(main())


def test_a_text_becomes_mp3_unless_it_says_otherwise() -> None:
    async def main() -> None:
        async with application(light()) as app:
            for query, media_type, begins in (
                ("", "audio/mpeg", b"\xff"),
                ("?encoding=linear16", "audio/wav", b"RIFF"),
                ("?encoding=mulaw&container=wav", "audio/wav", b"RIFF"),
            ):
                status, headers, body = await speak(app, "Hello there.", query)
                assert (status, headers["content-type"]) == (200, media_type)
                assert body.startswith(begins)
                assert headers["dg-model-name"] == "aura-asteria-en"
                assert headers["dg-char-count"] == "12"
                assert headers["dg-request-id"]

    run(main())


def test_samples_are_named_by_their_media_type() -> None:
    async def main() -> None:
        async with application(light()) as app:
            for query, media_type in (
                ("?encoding=linear16&container=none", "audio/l16;rate=24000"),
                ("?encoding=mulaw&container=none", "audio/mulaw;rate=8000"),
                ("?encoding=alaw&container=none&sample_rate=16000", "audio/alaw;rate=16000"),
            ):
                _, headers, _ = await speak(app, "Hello.", query)
                assert headers["content-type"] == media_type

    run(main())


@pytest.mark.parametrize(
    ("text", "query", "status"),
    [
        ("", "", 400),
        (7, "", 400),
        ("x" * 100_001, "", 413),
        ("Hello.", "?encoding=opus", 400),
        ("Hello.", "?encoding=linear16&container=ogg", 400),
        ("Hello.", "?sample_rate=8000", 400),
        ("Hello.", "?bit_rate=7", 400),
    ],
)
def test_wrong_texts_are_refused_in_the_vendors_shape(text: object, query: str, status: int) -> None:
    async def main() -> None:
        async with application(light()) as app:
            found, _, answer = await speak(app, text, query)
            assert found == status
            assert answer.keys() >= MEMBERS
            assert app.services.limiter.held_for(Kind.TTS) == 0

    run(main())
