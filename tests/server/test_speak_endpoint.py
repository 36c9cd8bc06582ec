"""Cartesia's TTS socket, whole."""

from __future__ import annotations

import asyncio
import base64
from typing import Any

from duologue.sim.clock import run
from tests.server.driving import Client, application, light

PATH = "/tts/websocket?cartesia_version=2026-03-01"


def speak(text: str, context: str = "a", **more: Any) -> dict[str, Any]:
    return {
        "context_id": context,
        "model_id": "sonic-3",
        "transcript": text,
        "voice": {"mode": "id", "id": "6ccbfb76-1fc6-48f7-b71d-91ac6298247b"},
        "output_format": {"container": "raw", "encoding": "pcm_s16le", "sample_rate": 16_000},
        **more,
    }


def audio(client: Client, context: str = "a") -> bytes:
    chunks = [m["data"] for m in client.messages if m["type"] == "chunk" and m["context_id"] == context]
    return b"".join(map(base64.b64decode, chunks))


def test_text_becomes_chunks_and_one_done() -> None:
    async def main() -> None:
        async with application() as app:
            client = await Client(app, PATH).connect()
            client.send(speak("Hello there.", add_timestamps=True))
            await client.heard("done")
            assert len(audio(client)) > 16_000
            words = [
                word for m in client.messages if m["type"] == "timestamps" for word in m["word_timestamps"]["words"]
            ]
            assert words == ["Hello", "there."]
            await client.socket.close()

    run(main())


def test_contexts_do_not_wait_for_each_other_and_each_ends_once() -> None:
    async def main() -> None:
        async with application() as app:
            client = await Client(app, PATH).connect()
            for name in "abc":
                client.send(speak("One. Two. Three.", name))
            await client.heard("done", 3)
            assert sorted(m["context_id"] for m in client.messages if m["type"] == "done") == ["a", "b", "c"]
            assert all(audio(client, name) for name in "abc")
            await client.socket.close()

    run(main())


def test_nothing_follows_a_cancel_not_even_what_waits_to_be_sent() -> None:
    async def main() -> None:
        async with application() as app:
            client = await Client(app, PATH).connect()
            client.socket.stop_reading()
            client.send(speak("This is a long line of words. " * 20))
            await asyncio.sleep(1.0)
            client.send({"context_id": "a", "cancel": True})
            client.send(speak("Next.", "b"))
            await asyncio.sleep(1.0)
            client.socket.resume_reading()
            await client.heard("done")
            # One frame had been handed to the transport before the cancel came.
            assert sum(m.get("context_id") == "a" for m in client.messages) <= 1
            assert client.messages[-1]["context_id"] == "b"
            await client.socket.close()

    run(main())


def test_speech_waits_for_a_client_that_does_not_read() -> None:
    async def main() -> None:
        async with application() as app:
            client = await Client(app, PATH).connect()
            client.socket.stop_reading()
            client.send(speak("Every sentence here is long enough to sound for a while. " * 400))
            await asyncio.sleep(60.0)
            (connection,) = app.services.lifecycle._connections
            waiting = connection.drain.__self__._socket.unsent_audio_s  # type: ignore[attr-defined]
            assert 10.0 < waiting < 20.0
            await client.closed()
            assert client.socket.closed == (1008, "client reads too slowly")
            assert asyncio.get_running_loop().time() < 320.0

    run(main())


def test_bad_messages_are_answered_with_their_context_and_the_socket_lives() -> None:
    async def main() -> None:
        async with application(light(server={"strict": True})) as app:
            client = await Client(app, PATH).connect()
            bad: list[tuple[Any, int]] = [
                ("not json", 400),
                ("[]", 400),
                (b"\x00\x01", 400),
                (speak("x", voice=None), 400),
                (speak("x", voice="no-such-voice"), 404),
                (speak("x", model_id="whisper"), 404),
                (speak("x", output_format={"container": "raw", "encoding": "pcm_s16le", "sample_rate": 0}), 400),
                (speak("x", language="en", locale="en-US"), 400),
                (speak("x", max_buffer_delay_ms=99_999), 400),
            ]
            for number, (message, status) in enumerate(bad, 1):
                client.send(message)
                told = await client.heard("error", number)
                assert told["status_code"] == status, (message, told)
                assert told["done"] is True
                assert {"title", "message", "error_code", "request_id"} <= told.keys()
                if isinstance(message, dict):
                    assert told["context_id"] == "a"
            client.send(speak("Still here."))
            await client.heard("done")
            await client.socket.close()

    run(main())


def test_an_empty_transcript_ends_a_context() -> None:
    async def main() -> None:
        async with application() as app:
            client = await Client(app, PATH).connect()
            client.send(speak("Hello", **{"continue": True}))
            client.send(speak("", **{"continue": False}))
            await client.heard("done")
            assert audio(client)
            client.send(speak("", "empty"))
            assert (await client.heard("done", 2))["context_id"] == "empty"
            await client.socket.close()

    run(main())


def test_a_message_over_the_limit_is_told_and_closes_with_1009() -> None:
    async def main() -> None:
        async with application() as app:
            client = await Client(app, PATH).connect()
            client.send("x" * (512 * 1024 + 1))
            assert await client.closed() == (1009, "message too big")
            assert client.messages[-1]["error_code"] == "file_too_large"

    run(main())


def test_an_idle_socket_is_closed_after_five_minutes_and_traffic_counts() -> None:
    async def main() -> None:
        async with application() as app:
            client = await Client(app, PATH).connect()
            await asyncio.sleep(200.0)
            client.send(speak("Hello."))
            assert await client.closed() == (1000, "connection idle timeout")
            assert 500.0 <= asyncio.get_running_loop().time() <= 501.0

    run(main())


def test_a_drain_lets_open_contexts_finish() -> None:
    async def main() -> None:
        async with application() as app:
            busy, idle = await Client(app, PATH).connect(), await Client(app, PATH).connect()
            busy.send(speak("Nearly ", **{"continue": True}))
            await asyncio.sleep(0.1)
            draining = asyncio.create_task(app.services.lifecycle.drain())
            assert await idle.closed() == (1001, "server going away")
            busy.send(speak("done.", **{"continue": False}))
            assert await busy.closed() == (1001, "server going away")
            assert busy.kinds()[-1] == "done"
            await draining

    run(main())


def test_usage_counts_characters_and_seconds() -> None:
    async def main() -> None:
        async with application() as app:
            meters = []
            opened = app.services.ledger.open

            def spy(*arguments: str) -> Any:
                meters.append(opened(*arguments))
                return meters[-1]

            app.services.ledger.open = spy  # type: ignore[method-assign, assignment]
            client = await Client(app, PATH).connect()
            client.send(speak("Hello there."))
            await client.heard("done")
            await client.socket.close()
            (meter,) = meters
            assert meter.characters == 12
            assert abs(meter.audio_out_s - len(audio(client)) / 32_000) < 0.05

    run(main())
