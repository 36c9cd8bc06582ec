"""Deepgram's agent socket, whole: settings in, a conversation out."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from duologue.sim.clock import run
from tests.server.driving import Client, application, light, told_to_recognizer

PATH = "/v1/agent/converse"
STEP = bytes(3_200)
"""0.1 s of 16 kHz."""
ORDER = "2.0-3.2 a large latte please"


def settings(**agent: Any) -> dict[str, Any]:
    linear = {"encoding": "linear16", "sample_rate": 16_000}
    return {
        "type": "Settings",
        "audio": {"input": linear, "output": {**linear, "container": "none"}},
        "agent": {
            "listen": {"provider": {"type": "deepgram", "model": "nova-3"}},
            "think": {"provider": {"type": "open_ai", "model": "gpt-4o-mini"}, "prompt": "You take coffee orders."},
            "speak": {"provider": {"type": "deepgram", "model": "aura-2-thalia-en"}},
            **agent,
        },
    }


def scripted(script: str = ORDER, **sections: Any) -> dict[str, Any]:
    engine = {"engine": "scripted", "settings": {"script": script}}
    return light(listen={"voice_activity": engine, "recognizer": engine}, **sections)


async def talk(client: Client, seconds: float) -> None:
    """A microphone: a frame every 0.1 s."""
    for _ in range(round(seconds * 10)):
        client.send(STEP)
        await asyncio.sleep(0.1)


def test_a_conversation_from_welcome_to_answer() -> None:
    async def main() -> None:
        async with application(scripted()) as app:
            client = await Client(app, PATH).connect()
            await client.heard("Welcome")
            client.send(settings(greeting="Hello!"))
            await talk(client, 8.0)
            await client.socket.close()
            kinds = client.kinds()
            assert kinds[:3] == ["Welcome", "SettingsApplied", "ConversationText"]
            wanted = ["UserStartedSpeaking", "AgentThinking", "Warning", "AgentStartedSpeaking", "AgentAudioDone"]
            places = [kinds.index(kind, 3) for kind in wanted[:-1]]
            assert places == sorted(places)
            said = [(m["role"], m["content"]) for m in client.messages if m["type"] == "ConversationText"]
            assert said[:2] == [("assistant", "Hello!"), ("user", "a large latte please")]
            assert said[2][0] == "assistant"
            assert sum(len(frame) for frame in client.frames if isinstance(frame, bytes)) > 32_000

    run(main())


def test_an_unknown_think_provider_is_answered_by_the_embedded_rules_with_a_warning() -> None:
    async def main() -> None:
        async with application(scripted()) as app:
            client = await Client(app, PATH).connect()
            client.send(settings())
            await talk(client, 8.0)
            warning = await client.heard("Warning")
            assert warning["code"] == "THINK_REQUEST_FAILED"
            assert "'rules' answers instead" in warning["description"]
            await client.socket.close()

    run(main())


def test_the_recogniser_is_told_what_the_rules_expect() -> None:
    async def main() -> None:
        async with application(scripted()) as app:
            told = told_to_recognizer(app)
            client = await Client(app, PATH).connect()
            client.send(settings())
            await client.heard("SettingsApplied")
            await client.socket.close()
            assert "latte" in told[0].grammar
            assert "latte" in told[0].keyterms

    run(main())


def test_a_turn_ends_although_the_client_stops_sending() -> None:
    async def main() -> None:
        async with application(scripted()) as app:
            client = await Client(app, PATH).connect()
            client.send(settings())
            await talk(client, 3.2)
            client.send({"type": "KeepAlive"})
            await client.until(lambda c: any(m.get("role") == "user" for m in c.messages))
            assert asyncio.get_running_loop().time() < 5.0
            await client.socket.close()

    run(main())


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("not json", "UNPARSABLE_CLIENT_MESSAGE"),
        ("[1]", "UNPARSABLE_CLIENT_MESSAGE"),
        ({"no": "type"}, "UNPARSABLE_CLIENT_MESSAGE"),
        ({"type": "Nonsense"}, "NON_SETTINGS_MESSAGE_BEFORE_SETTINGS"),
        ({"type": "InjectAgentMessage", "message": "x"}, "NON_SETTINGS_MESSAGE_BEFORE_SETTINGS"),
    ],
)
def test_bad_messages_before_the_settings_leave_the_socket_open(message: Any, code: str) -> None:
    async def main() -> None:
        async with application(scripted()) as app:
            client = await Client(app, PATH).connect()
            client.send(STEP[:-1])
            client.send({"type": "KeepAlive"})
            client.send(message)
            told = await client.heard("Error")
            assert told["code"] == code
            assert {"description", "message"} <= told.keys()
            client.send(settings())
            await client.heard("SettingsApplied")
            await client.socket.close()

    run(main())


@pytest.mark.parametrize(
    ("message", "code"),
    [
        (settings(), "SETTINGS_ALREADY_APPLIED"),
        ({"type": "Nonsense"}, "UNPARSABLE_CLIENT_MESSAGE"),
        ({"type": "UpdateSpeak"}, "UNPARSABLE_CLIENT_MESSAGE"),
        ({"type": "FunctionCallResponse", "id": "x", "name": "y", "content": "z"}, "NON_EXISTENT_FUNCTION_CALLED"),
    ],
)
def test_bad_messages_in_a_session_leave_it_running(message: Any, code: str) -> None:
    async def main() -> None:
        async with application(scripted()) as app:
            client = await Client(app, PATH).connect()
            client.send(settings())
            await client.heard("SettingsApplied")
            client.send(message)
            assert (await client.heard("Error"))["code"] == code
            client.send({"type": "UpdatePrompt", "prompt": "Be brief."})
            await client.heard("PromptUpdated")
            await client.socket.close()

    run(main())


@pytest.mark.parametrize(
    "change",
    [
        {"audio": {"input": {"encoding": "linear16", "sample_rate": 0}}},
        {"audio": {"input": {"encoding": "telepathy", "sample_rate": 16_000}}},
        {"agent": 7},
    ],
)
def test_impossible_settings_are_an_error_and_the_end(change: dict[str, Any]) -> None:
    async def main() -> None:
        async with application(scripted()) as app:
            client = await Client(app, PATH).connect()
            client.send({**settings(), **change})
            code, _ = await client.closed()
            assert client.messages[-1]["type"] == "Error"
            assert code == 1008

    run(main())


def test_a_frame_over_the_limit_is_told_and_closes_with_1009() -> None:
    async def main() -> None:
        async with application(scripted()) as app:
            client = await Client(app, PATH).connect()
            client.send(bytes(4 * 1024 * 1024 + 1))
            assert await client.closed() == (1009, "message too big")
            assert client.messages[-1]["code"] == "UNPARSABLE_CLIENT_MESSAGE"

    run(main())


def test_ten_seconds_without_audio_or_keep_alive_end_the_session() -> None:
    async def main() -> None:
        async with application(scripted()) as app:
            client = await Client(app, PATH).connect()
            client.send(settings())
            for _ in range(3):
                await asyncio.sleep(8.0)
                client.send({"type": "KeepAlive"})
            assert await client.closed() == (1000, "CLIENT_MESSAGE_TIMEOUT")
            assert 34.0 <= asyncio.get_running_loop().time() <= 34.5
            assert client.messages[-1]["code"] == "CLIENT_MESSAGE_TIMEOUT"

    run(main())


def test_a_session_is_warned_of_its_end_and_ends_after_two_hours() -> None:
    async def main() -> None:
        async with application(scripted()) as app:
            client = await Client(app, PATH).connect()
            client.send(settings())
            for _ in range(1_000):
                if client.socket.closed is not None:
                    break
                client.send({"type": "KeepAlive"})
                await asyncio.sleep(8.0)
            assert await client.closed() == (1000, "MAXIMUM_SESSION_LENGTH_REACHED")
            codes = [message.get("code") for message in client.messages]
            assert codes[-2:] == ["MAXIMUM_SESSION_LENGTH_APPROACHING", "MAXIMUM_SESSION_LENGTH_REACHED"]

    run(main())


def test_a_drain_finishes_the_reply_and_says_goodbye() -> None:
    async def main() -> None:
        async with application(scripted()) as app:
            waiting = await Client(app, PATH).connect()
            client = await Client(app, PATH).connect()
            client.send(settings(greeting="Hello, and welcome to the coffee shop."))
            await client.heard("ConversationText")
            await app.services.lifecycle.drain()
            assert client.socket.closed == (1001, "SERVER_GOING_AWAY")
            assert client.kinds()[-2:] == ["AgentAudioDone", "Error"]
            assert waiting.socket.closed == (1001, "SERVER_GOING_AWAY")
            assert [message.get("code") for message in waiting.messages] == [None, "SERVER_GOING_AWAY"]

    run(main())


def test_a_client_that_never_reads_is_let_go() -> None:
    async def main() -> None:
        async with application(scripted()) as app:
            client = await Client(app, PATH).connect()
            client.socket.stop_reading()
            client.send(settings(greeting="Hello! " * 200))
            while client.socket.closed is None and asyncio.get_running_loop().time() < 1_000:
                client.send({"type": "KeepAlive"})
                await asyncio.sleep(5.0)
            assert client.socket.closed == (1008, "client reads too slowly")

    run(main())


def test_a_call_is_logged_only_when_a_folder_is_named(tmp_path: Path) -> None:
    async def main() -> None:
        async with application(scripted(calls={"event_log": str(tmp_path / "calls")})) as app:
            client = await Client(app, PATH).connect()
            client.send(settings())
            await talk(client, 6.0)
            await client.socket.close()
            (log,) = (tmp_path / "calls").iterdir()
            lines = log.read_text(encoding="utf-8").splitlines()
            assert log.stem == client.messages[0]["request_id"]
            assert "large latte" in "".join(lines)
            assert '"CallerLeft"' in lines[-1]

    run(main())


def test_usage_counts_audio_characters_and_the_turns_latency_is_measured() -> None:
    async def main() -> None:
        async with application(scripted()) as app:
            meters = []
            opened = app.services.ledger.open

            def spy(*arguments: str) -> Any:
                meters.append(opened(*arguments))
                return meters[-1]

            app.services.ledger.open = spy  # type: ignore[method-assign, assignment]
            client = await Client(app, PATH).connect()
            client.send(settings())
            await talk(client, 9.0)
            await client.socket.close()
            assert meters[0].audio_in_s == pytest.approx(9.0)
            assert meters[0].audio_out_s > 0.5
            assert meters[0].characters > 10
            page = app.services.metrics.page().decode()
            assert 'duologue_turn_latency_seconds_count{part="total"} 1.0' in page
            assert "duologue_replies_total 1.0" in page

    run(main())
