"""Cartesia's speech over HTTP."""

from __future__ import annotations

import asyncio
import base64
import gc
import json
from typing import Any

import pytest

from duologue.audio.containers import read_audio
from duologue.auth.concurrency import Kind
from duologue.auth.credentials import Credentials
from duologue.errors import EngineFailure
from duologue.runtime.engines import Role
from duologue.server.app import Application
from duologue.server.services import Services
from duologue.sim.clock import run
from tests.server.driving import application, light
from tests.server.test_connection import with_keys
from tests.server.test_http import request

TEXT = "Hello there. Your coffee is ready, and so is the cake."
RAW = {"container": "raw", "encoding": "pcm_s16le", "sample_rate": 16000}


def wanted(**changes: Any) -> dict[str, Any]:
    body = {"model_id": "sonic-3.5", "transcript": TEXT, "voice": {"mode": "id", "id": "clara"}, "output_format": RAW}
    return {name: value for name, value in {**body, **changes}.items() if value is not None}


async def post(app: Application, path: str, body: dict[str, Any], **options: Any) -> tuple[int, dict[str, str], Any]:
    return await request(app, path, method="POST", body=json.dumps(body).encode(), **options)


def events(text: str) -> list[dict[str, Any]]:
    """The events of a stream, whose names are those of their data."""
    found = []
    for block in text.split("\n\n")[:-1]:
        name, data = block.split("\n")
        found.append(json.loads(data.removeprefix("data: ")))
        assert name == f"event: {found[-1]['type']}"
    return found


def test_raw_audio_and_the_events_hold_the_same_samples() -> None:
    async def main() -> None:
        async with application() as app:
            status, headers, audio = await post(app, "/tts/bytes", wanted())
            assert (status, headers["content-type"]) == (200, "application/octet-stream")
            assert len(audio) > 32_000
            assert len(audio) % 2 == 0
            status, headers, text = await post(
                app, "/tts/sse", wanted(context_id="c1", add_timestamps=True, output_format=RAW)
            )
            assert (status, headers["content-type"].split(";")[0]) == (200, "text/event-stream")
            told = events(text)
            assert {event["context_id"] for event in told} == {"c1"}
            assert [event["type"] for event in told][-1] == "done"
            assert [event["done"] for event in told].count(True) == 1
            chunks = b"".join(base64.b64decode(event["data"]) for event in told if event["type"] == "chunk")
            assert chunks == audio
            times = [event["word_timestamps"] for event in told if event["type"] == "timestamps"]
            assert [word for each in times for word in each["words"]] == TEXT.split()
            starts = [start for each in times for start in each["start"]]
            assert starts == sorted(starts)
            assert starts[-1] < len(audio) / 32_000
            assert app.services.limiter.held == 0

    run(main())


@pytest.mark.parametrize(
    ("given", "media_type"),
    [
        ({"container": "wav", "encoding": "pcm_f32le", "sample_rate": 44100}, "audio/wav"),
        ({"container": "wav", "encoding": "pcm_mulaw", "sample_rate": 8000}, "audio/wav"),
        ({"container": "mp3", "sample_rate": 44100, "bit_rate": 64000}, "audio/mpeg"),
        ({"container": "mp3", "sample_rate": 24000}, "audio/mpeg"),
    ],
)
def test_containers_can_be_played(given: dict[str, Any], media_type: str) -> None:
    async def main() -> None:
        async with application() as app:
            plain = len((await post(app, "/tts/bytes", wanted()))[2]) / 32_000
            status, headers, audio = await post(app, "/tts/bytes", wanted(output_format=given))
            assert (status, headers["content-type"]) == (200, media_type)
            assert len(read_audio(audio)) / 16_000 == pytest.approx(plain, abs=0.2)

    run(main())


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"model_id": "gpt-4"}, 404, "model_not_found"),
        ({"model_id": None}, 400, None),
        ({"transcript": "  "}, 400, None),
        ({"transcript": None}, 400, None),
        ({"voice": None}, 400, None),
        ({"language": "xx"}, 400, "language_not_supported"),
        ({"output_format": None}, 400, None),
        ({"output_format": {**RAW, "container": "flac"}}, 400, "unsupported_audio_format"),
        ({"output_format": {**RAW, "sample_rate": 7}}, 400, "unsupported_audio_format"),
        ({"output_format": {**RAW, "encoding": "opus"}}, 400, "unsupported_audio_format"),
    ],
)
@pytest.mark.parametrize("path", ["/tts/bytes", "/tts/sse"])
def test_wrong_requests_are_http_errors(path: str, changes: dict[str, Any], status: int, code: str | None) -> None:
    async def main() -> None:
        async with application() as app:
            answered, headers, body = await post(app, path, wanted(**changes))
            assert (answered, body["error_code"]) == (status, code)
            assert headers["x-should-retry"] == "false"

    run(main())


@pytest.mark.parametrize(
    "changes",
    [
        {"output_format": {"container": "raw", "sample_rate": 16000}},
        {"output_format": {"container": "mp3", "sample_rate": 12000}},
        {"output_format": {"container": "mp3", "sample_rate": 24000, "bit_rate": 77}},
        {"save": True},
        {"voice": {"embedding": [0.1]}},
        {"transcript": "x" * 101},
    ],
)
def test_what_bytes_cannot_be_is_refused(changes: dict[str, Any]) -> None:
    async def main() -> None:
        async with application(light(limits={"context_characters": 100})) as app:
            status, _, body = await post(app, "/tts/bytes", wanted(**changes))
            assert 400 <= status <= 501
            assert body["title"]
            assert app.services.limiter.held == 0

    run(main())


def test_events_are_raw_only_and_have_a_bounded_text() -> None:
    async def main() -> None:
        async with application(light(limits={"context_characters": 100})) as app:
            wav = {**RAW, "container": "wav"}
            assert (await post(app, "/tts/sse", wanted(output_format=wav)))[2][
                "error_code"
            ] == "unsupported_audio_format"
            assert (await post(app, "/tts/sse", wanted(transcript="x" * 101)))[0] == 400

    run(main())


@pytest.mark.parametrize("path", ["/infill/bytes", "/voice-changer/bytes", "/voice-changer/sse", "/voices/clone"])
def test_what_no_engine_can_do_says_so(path: str) -> None:
    async def main() -> None:
        async with application() as app:
            status, headers, body = await post(app, path, {})
            assert (status, body["title"], headers["x-should-retry"]) == (501, "Not implemented", "false")

    run(main())


def test_speech_needs_a_key_or_the_grant() -> None:
    async def main() -> None:
        async with application(change=with_keys) as app:
            assert (await post(app, "/tts/bytes", wanted()))[0] == 401
            assert (await post(app, "/voices/clone", {}))[0] == 401
            for grants, expected in (({"tts"}, 200), ({"stt"}, 403)):
                token = app.services.tokens.issue("duo_1", grants, 1e9, 60, "id")
                headers = [(b"authorization", f"Bearer {token}".encode())]
                assert (await post(app, "/tts/bytes", wanted(), headers=headers))[0] == expected

    asyncio.run(main())


def break_after(services: Services, phrases: int) -> None:
    """A synthesiser whose streams can be opened so often."""
    host = services.engines.require(Role.SYNTHESIZER).host
    real, left = host.open, [phrases]

    async def open_stream(options: Any) -> Any:
        if not left[0]:
            raise EngineFailure("tone", "is gone")
        left[0] -= 1
        return await real(options)

    host.open = open_stream  # type: ignore[method-assign]


@pytest.mark.parametrize("path", ["/tts/bytes", "/tts/sse"])
def test_an_engine_that_is_away_is_an_http_error(path: str) -> None:
    async def main() -> None:
        async with application(change=lambda services: break_after(services, 0)) as app:
            status, _, body = await post(app, path, wanted())
            assert (status, body["title"]) == (500, "Unexpected error")
            assert app.services.limiter.held == 0

    run(main())


def test_an_engine_lost_on_the_way_is_an_event() -> None:
    async def main() -> None:
        # A change of style opens another stream, which this engine refuses.
        text = 'Hello there. <volume ratio="0.5"/> And good bye.'
        async with application(change=lambda services: break_after(services, 1)) as app:
            status, _, body = await post(app, "/tts/sse", wanted(transcript=text))
            assert status == 200
            told = events(body)
            assert told[0]["type"] == "chunk"
            assert (told[-1]["type"], told[-1]["done"], told[-1]["title"]) == ("error", True, "Synthesis failed")
            assert app.services.limiter.held == 0

    run(main())


def test_the_place_is_held_while_the_speech_is_sent() -> None:
    async def main() -> None:
        async with application(light(auth={"mode": "none", "keyless_connections": 1})) as app:
            identity = await app.services.identify(Credentials())
            with app.services.lease(identity, Kind.TTS):
                status, headers, body = await post(app, "/tts/bytes", wanted())
                assert (status, body["error_code"]) == (429, "concurrency_limited")
                assert int(headers["retry-after"]) > 0
            assert (await post(app, "/tts/bytes", wanted()))[0] == 200

    run(main())


def test_a_client_that_leaves_gives_its_place_back() -> None:
    async def main() -> None:
        async with application() as app:
            content = json.dumps(wanted(transcript=TEXT * 200)).encode()
            parts: list[dict[str, Any]] = [{"type": "http.request", "body": content, "more_body": False}]
            begun, sent = asyncio.Event(), []

            async def receive() -> dict[str, Any]:
                if parts:
                    return parts.pop()
                await begun.wait()
                return {"type": "http.disconnect"}

            async def send(message: Any) -> None:
                sent.append(message)
                if message["type"] == "http.response.body" and len(sent) < 4:
                    assert app.services.limiter.held == 1
                    begun.set()
                await asyncio.sleep(0.01)

            scope = {
                "type": "http",
                "method": "POST",
                "path": "/tts/bytes",
                "raw_path": b"/tts/bytes",
                "query_string": b"",
            }
            await app({**scope, "headers": [], "root_path": "", "state": {}, "extensions": {}}, receive, send)
            gc.collect()
            await asyncio.sleep(1)
            assert len(sent) < 20
            assert app.services.limiter.held == 0

    run(main())
