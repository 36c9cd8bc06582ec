"""Cartesia's STT socket with turns, whole."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from duologue.sim.clock import run
from tests.server.driving import Client, application, light

PATH = "/stt/turns/websocket?model=ink-2&encoding=pcm_s16le&sample_rate=16000"
SCRIPT = "0.5-1.6 hello there\n3.0-4.4 a large latte please"
STEP = bytes(3_200)
"""0.1 s."""


def scripted(script: str = SCRIPT, **sections: Any) -> dict[str, Any]:
    engine = {"engine": "scripted", "settings": {"script": script}}
    return light(listen={"voice_activity": engine, "recognizer": engine}, **sections)


def test_turns_are_told_and_a_close_ends_with_1000() -> None:
    async def main() -> None:
        async with application(scripted()) as app:
            client = await Client(app, PATH).connect()
            for _ in range(60):
                client.send(STEP)
            client.send({"type": "close"})
            assert await client.closed() == (1000, "")
            kinds = client.kinds()
            assert kinds[:2] == ["connected", "turn.start"]
            assert kinds.count("turn.end") == kinds.count("turn.start") == 2
            ends = [m["transcript"] for m in client.messages if m["type"] == "turn.end"]
            assert "".join(ends) == "hello there a large latte please"

    run(main())


@pytest.mark.parametrize(
    "query",
    [
        "encoding=pcm_s16le&sample_rate=16000",
        "model=ink-2&encoding=opus&sample_rate=16000",
        "model=ink-2&encoding=pcm_s16le&sample_rate=0",
        "model=ink-2&encoding=pcm_s16le&sample_rate=many",
        "model=nova-3&encoding=pcm_s16le&sample_rate=16000",
        "model=ink-2&encoding=pcm_s16le&sample_rate=16000&turn_start_threshold=2",
        "model=ink-2&encoding=pcm_s16le&sample_rate=16000&" + "&".join(f"keyterm={n}" for n in range(101)),
    ],
)
def test_bad_settings_are_told_instead_of_connected_and_end_with_1000(query: str) -> None:
    async def main() -> None:
        async with application(scripted()) as app:
            client = await Client(app, f"/stt/turns/websocket?{query}").connect()
            assert await client.closed() == (1000, "")
            (told,) = client.messages
            assert told["type"] == "error"
            assert told["status_code"] in (400, 404)

    run(main())


def test_bad_messages_are_told_and_the_session_goes_on() -> None:
    async def main() -> None:
        async with application(scripted()) as app:
            client = await Client(app, PATH).connect()
            bad = ("not json", "[]", {"type": "nonsense"}, {"type": "config", "turn": {"end_threshold": 7}})
            for number, message in enumerate(bad, 1):
                client.send(message)
                assert (await client.heard("error", number))["status_code"] == 400
            odd = STEP[:-1]
            for _ in range(30):
                client.send(odd)
                client.send(b"\x00")
            client.send({"type": "close"})
            assert await client.closed() == (1000, "")
            assert client.kinds().count("turn.end") == 1

    run(main())


def test_a_huge_frame_is_told_and_closes_with_1009() -> None:
    async def main() -> None:
        async with application(scripted()) as app:
            client = await Client(app, PATH).connect()
            client.send(bytes(4 * 1024 * 1024 + 1))
            assert await client.closed() == (1009, "message too big")
            assert client.messages[-1]["status_code"] == 413

    run(main())


def test_time_stands_still_while_nothing_is_sent_and_idleness_ends_after_three_minutes() -> None:
    async def main() -> None:
        async with application(scripted()) as app:
            client = await Client(app, PATH).connect()
            for _ in range(12):
                client.send(STEP)
            assert await client.closed() == (1000, "connection idle timeout")
            assert "turn.end" not in client.kinds()
            assert 180.0 <= asyncio.get_running_loop().time() <= 181.0

    run(main())


def test_a_drain_answers_what_was_heard() -> None:
    async def main() -> None:
        async with application(scripted()) as app:
            client = await Client(app, PATH).connect()
            for _ in range(12):
                client.send(STEP)
            await client.heard("turn.start")
            await app.services.lifecycle.drain()
            assert client.socket.closed == (1012, "server going away")
            assert client.kinds()[-1] == "turn.end"

    run(main())


def test_streams_are_given_back_when_the_client_leaves_at_any_time() -> None:
    async def main() -> None:
        async with application(scripted()) as app:
            for steps in (0, 1, 10, 40):
                client = await Client(app, PATH).connect()
                for _ in range(steps):
                    client.send(STEP)
                await client.socket.close()
            assert all(not engine.host._open for engine in app.services.engines)  # type: ignore[union-attr]

    run(main())


MANUAL = "/stt/websocket?model=ink-2&encoding=pcm_s16le&sample_rate=16000"


def test_finalize_is_answered_with_what_came_before_it() -> None:
    async def main() -> None:
        async with application(scripted()) as app:
            client = await Client(app, MANUAL).connect()
            for _ in range(12):
                client.send(STEP)
            client.send("finalize")
            for _ in range(48):
                client.send(STEP)
            client.send(' "finalize"\n')
            client.send("finalize")
            client.send({"type": "close"})
            assert await client.closed() == (1000, "")
            kinds = [
                kind for kind, told in zip(client.kinds(), client.messages, strict=True) if told.get("is_final", True)
            ]
            assert kinds == ["transcript", "flush_done", "transcript", "flush_done", "flush_done", "done"]
            finals = [told for told in client.messages if told.get("is_final")]
            assert finals[0]["text"] == "hello"
            assert "".join(told["text"] for told in finals) == "hello there a large latte please"
            assert [
                word["word"] for told in finals for word in told["words"]
            ] == "hello there a large latte please".split()
            assert sum(told["duration"] for told in finals) == pytest.approx(6.0, abs=0.1)

    run(main())


def test_silence_ends_nothing_unless_it_was_asked_for() -> None:
    async def main() -> None:
        async with application(scripted()) as app:
            for rule, finals in (("", 1), ("&max_silence_duration_secs=0.8", 2)):
                client = await Client(app, MANUAL + rule).connect()
                for _ in range(70):
                    client.send(STEP)
                client.send("done")
                assert await client.closed() == (1000, "")
                told = [message["text"] for message in client.messages if message.get("is_final")]
                assert len(told) == finals
                assert "".join(told) == "hello there a large latte please"
                assert client.kinds()[-1] == "done"

    run(main())


def test_a_finalize_of_silence_is_acknowledged() -> None:
    async def main() -> None:
        async with application(scripted()) as app:
            client = await Client(app, MANUAL).connect()
            client.send("finalize")
            client.send(STEP)
            client.send("finalize")
            client.send("shout")
            client.send("close")
            assert await client.closed() == (1000, "")
            assert client.kinds() == ["flush_done", "flush_done", "error", "done"]

    run(main())


@pytest.mark.parametrize(
    "rest",
    [
        "&max_silence_duration_secs=0",
        "&min_volume=2",
        "&language=%3Cscript%3E",
        "&sample_rate=1",
        "&model=nova-3",
        "&encoding=opus",
    ],
)
def test_bad_settings_of_the_manual_socket_are_told_and_end_with_1000(rest: str) -> None:
    async def main() -> None:
        async with application(scripted()) as app:
            client = await Client(app, MANUAL + rest).connect()
            assert await client.closed() == (1000, "")
            assert client.kinds() == ["error"]

    run(main())
