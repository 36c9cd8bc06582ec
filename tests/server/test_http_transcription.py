"""Cartesia's transcription of recordings."""

from __future__ import annotations

import asyncio
import io
import json
import threading
from typing import Any

import numpy as np
import pytest
import soundfile

from duologue.audio.formats import AudioFormat, Encoding
from duologue.audio.wav import wav_header
from duologue.errors import EngineFailure
from duologue.ids import RandomIds
from duologue.runtime.engines import Role
from duologue.server.app import Application
from tests.server.driving import application
from tests.server.test_connection import with_keys
from tests.server.test_http import request
from tests.server.test_listen_endpoint import scripted

WORDS = "hello there a large latte please"
SILENCE = np.zeros(6 * 16_000, np.float32)


def encoded(kind: str, rate: int = 16_000) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, np.zeros(6 * rate, np.float32), rate, format=kind)
    return file.getvalue()


def form(file: bytes | None, *fields: tuple[str, str]) -> tuple[list[tuple[bytes, bytes]], bytes]:
    """A multipart form as the clients send it."""
    parts = [
        f'--edge\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode() for name, value in fields
    ]
    if file is not None:
        head = b'--edge\r\nContent-Disposition: form-data; name="file"; filename="upload"\r\n\r\n'
        parts.append(head + file + b"\r\n")
    return [(b"content-type", b"multipart/form-data; boundary=edge")], b"".join(parts) + b"--edge--\r\n"


async def transcribe(
    app: Application, file: bytes | None, *fields: tuple[str, str], query: str = "", key: bytes = b""
) -> tuple[int, dict[str, Any]]:
    headers, body = form(file, *(fields or (("model", "ink-whisper"),)))
    if key:
        headers.append((b"x-api-key", key))
    status, _, answer = await request(app, f"/stt{query}", method="POST", headers=headers, body=body)
    assert app.services.limiter.held == 0
    return status, answer


@pytest.mark.parametrize("kind", ["WAV", "FLAC", "OGG", "MP3"])
def test_a_recording_is_transcribed(kind: str) -> None:
    async def main() -> None:
        async with application(scripted()) as app:
            status, heard = await transcribe(app, encoded(kind, 24_000))
            assert status == 200
            assert (heard["type"], heard["text"], heard["is_final"], heard["language"]) == (
                "transcript",
                WORDS,
                True,
                "en",
            )
            assert heard["duration"] == pytest.approx(6.0, abs=0.2)
            assert "words" not in heard

    asyncio.run(main())


@pytest.mark.parametrize("name", ["timestamp_granularities[]", "timestamp_granularities", "timestamp_granularities[0]"])
def test_words_have_times_when_asked_for(name: str) -> None:
    async def main() -> None:
        async with application(scripted()) as app:
            fields = (("model", "ink-whisper"), ("language", "EN"), (name, "word"))
            _, heard = await transcribe(app, encoded("WAV"), *fields)
            assert [word["word"] for word in heard["words"]] == WORDS.split()
            assert 0.5 <= heard["words"][0]["start"] < heard["words"][0]["end"] <= heard["words"][1]["end"] <= 1.6

    asyncio.run(main())


def test_samples_without_a_header_are_described_by_the_query() -> None:
    async def main() -> None:
        async with application(scripted()) as app:
            _, heard = await transcribe(app, bytes(6 * 8_000), query="?encoding=pcm_mulaw&sample_rate=8000")
            assert heard["duration"] == pytest.approx(6.0, abs=0.05)
            fields = (("model", "ink-2"), ("encoding", "pcm_mulaw"), ("sample_rate", "8000"))
            assert (await transcribe(app, bytes(6 * 8_000), *fields))[1]["duration"] == heard["duration"]
            streamed = wav_header(AudioFormat(Encoding.PCM_S16LE, 16_000)) + bytes(6 * 32_000)
            assert (await transcribe(app, streamed))[1]["text"] == WORDS

    asyncio.run(main())


@pytest.mark.parametrize(
    ("file", "fields", "query", "code"),
    [
        (None, (), "", None),
        (b"RIFF", (("language", "en"),), "", None),
        (b"RIFF", (("model", "nova-3"),), "", "model_not_found"),
        (b"RIFF", (("model", "ink-2"), ("language", "<>")), "", "language_not_supported"),
        (b"\x00\x00\x00\x18ftypmp42 and so on", (), "", "unsupported_audio_format"),
        (b"", (), "", "unsupported_audio_format"),
        (b"x", (), "?encoding=opus&sample_rate=8000", "unsupported_audio_format"),
        (b"x", (), "?encoding=pcm_s16le", None),
    ],
)
def test_what_cannot_be_transcribed_is_told_why(
    file: bytes | None, fields: tuple[tuple[str, str], ...], query: str, code: str | None
) -> None:
    async def main() -> None:
        async with application(scripted()) as app:
            status, body = await transcribe(app, file, *fields, query=query)
            assert status in (400, 404)
            assert body["error_code"] == code
            assert "object at 0x" not in body["message"]

    asyncio.run(main())


@pytest.mark.parametrize("limit", [{"upload_bytes": 1_000}, {"upload_s": 2.0}])
@pytest.mark.parametrize("query", ["", "?encoding=pcm_s16le&sample_rate=16000"])
def test_recordings_are_bounded(limit: dict[str, float], query: str) -> None:
    async def main() -> None:
        async with application(scripted(limits=limit)) as app:
            status, body = await transcribe(app, encoded("WAV"), query=query)
            assert (status, body["error_code"]) == (413, "file_too_large")

    asyncio.run(main())


def test_hearing_that_is_lost_is_our_fault() -> None:
    async def main() -> None:
        async with application(scripted()) as app:

            async def refuse(_: object) -> Any:
                raise EngineFailure("scripted", "is gone")

            app.services.engines.require(Role.RECOGNIZER).host.open = refuse  # type: ignore[method-assign]
            assert (await transcribe(app, encoded("WAV")))[0] == 500

    asyncio.run(main())


class NotingIds(RandomIds):
    """Notes on which threads ids were asked for."""

    def __init__(self) -> None:
        self.threads: set[int] = set()

    def uuid(self) -> str:
        """As any other."""
        self.threads.add(threading.get_ident())
        return super().uuid()


def test_the_answer_is_not_written_down_in_the_event_loop() -> None:
    """Hours of words take their time, and others' calls go on."""

    async def main() -> None:
        async with application(scripted()) as app:
            ids = app.services.ids = NotingIds()
            status, _ = await transcribe(app, encoded("WAV"))
            assert status == 200
            assert ids.threads - {threading.get_ident()}, "the answer got its name elsewhere"

    asyncio.run(main())


def test_a_recording_needs_a_key() -> None:
    async def main() -> None:
        async with application(scripted(), change=with_keys) as app:
            assert (await transcribe(app, encoded("WAV")))[0] == 401
            assert (await transcribe(app, encoded("WAV"), key=b"good"))[0] == 200

    asyncio.run(main())


def test_a_client_that_leaves_ends_the_work() -> None:
    async def main() -> None:
        async with application(scripted()) as app:
            headers, body = form(encoded("WAV"), ("model", "ink-2"))
            parts: list[dict[str, Any]] = [{"type": "http.request", "body": body, "more_body": False}]
            sent: list[Any] = []

            async def receive() -> dict[str, Any]:
                return parts.pop() if parts else {"type": "http.disconnect"}

            async def send(message: Any) -> None:
                sent.append(message)

            scope = {"type": "http", "method": "POST", "path": "/stt", "raw_path": b"/stt", "query_string": b""}
            await app({**scope, "headers": headers, "root_path": "", "state": {}, "extensions": {}}, receive, send)
            assert sent[0]["status"] == 499
            assert app.services.limiter.held == 0

    asyncio.run(main())


def test_a_form_that_is_none_is_json_too() -> None:
    async def main() -> None:
        async with application(scripted()) as app:
            headers = [(b"content-type", b"multipart/form-data; boundary=edge")]
            for given, body in ((headers, b"nonsense"), ([], json.dumps({"model": "ink-2"}).encode())):
                status, _, answer = await request(app, "/stt", method="POST", headers=given, body=body)
                assert (status, "title" in answer) == (400, True)

    asyncio.run(main())


@pytest.mark.parametrize("kind", [b"", b"; charset=klingon"])
def test_a_field_that_is_no_text_is_told_so(kind: bytes) -> None:
    async def main() -> None:
        async with application(scripted()) as app:
            field = b'--edge\r\nContent-Disposition: form-data; name="model"\r\nContent-Type: text/plain' + kind
            headers, rest = form(None)
            body = field + b"\r\n\r\n\xff\xfe\r\n" + rest
            status, _, told = await request(app, "/stt", method="POST", headers=headers, body=body)
            assert (status, told["title"]) == (400, "Invalid request")

    asyncio.run(main())
