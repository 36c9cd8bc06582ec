"""Cartesia's call stream over a real socket: a client nobody here wrote, four formats at once, keys and data both ways."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus

from tests.running_server import RunningServer, running_server

SCRIPT = {"engine": "scripted", "settings": {"script": "0.5-1.2 stop please"}}
ANSWERS = [
    {"when": "pressed 5", "text": "Pressing.", "calls": [
        {"id": "k", "name": "send_dtmf", "arguments": '{"keys":"12"}'},
        {"id": "d", "name": "send_custom", "arguments": '{"metadata":{"case":7}}'},
    ]},
    {"after_tool": True, "text": ""},
    {"when": "application", "text": "Bye.", "calls": [
        {"id": "e", "name": "end_call", "arguments": '{"reason":"all done"}'},
    ]},
    {"text": "Very well."},
]  # fmt: skip
PATIENCE_S = 100.0
Told = list[dict[str, Any]]


@pytest.fixture(scope="module")
def server() -> Iterator[RunningServer]:
    config = {
        "listen": {"voice_activity": SCRIPT, "recognizer": SCRIPT},
        "speak": {"synthesizer": {"engine": "tone"}},
        "think": {
            "default": "scripted",
            "providers": {"scripted": {"client": "scripted", "answers": ANSWERS}},
        },
        "agents": {
            "desk": {
                "introduction": "One two three four five six seven eight nine ten. "
                * 5,  # for longer than a busy machine sleeps
                "output_audio_delivery": "as_available",
                "custom": "turn",
                "actions": {"end_call": True, "send_dtmf": True, "send_custom": True},
            }
        },
    }
    with running_server(config) as running:
        yield running


async def read(client: ClientConnection, told: Told, enough: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """Read on until a message is what is waited for."""
    async with asyncio.timeout(PATIENCE_S):
        async for frame in client:
            assert isinstance(frame, str), "text frames only"
            told.append(json.loads(frame))
            if enough(told[-1]):
                return told[-1]
    raise AssertionError(f"the server closed: {client.close_code} {client.close_reason}")


async def start(client: ClientConnection, told: Told, **members: Any) -> dict[str, Any]:
    await client.send(json.dumps({"event": "start", **members}))
    return await read(client, told, lambda message: message["event"] == "ack")


def ended(role: str) -> Callable[[dict[str, Any]], bool]:
    return lambda message: message["event"] == "turn_ended" and message["turn_ended"]["role"] == role


async def say_stop(url: str, form: str) -> tuple[Told, dict[str, Any]]:
    """A caller who talks over the introduction, in one format."""
    told: Told = []
    async with connect(url, additional_headers={"Cartesia-Version": "2025-04-16"}) as client:
        ack = await start(client, told, config={"input_format": form}, metadata={"from": "+15550100"})
        await read(client, told, lambda message: message["event"] == "media_output")
        rate, width = int(form.partition("_")[2]), 1 if form.startswith("mulaw") else 2
        for _ in range(25):  # 2.5 s at once: faster than real time is no error
            payload = base64.b64encode(bytes([255] if width == 1 else [0]) * (rate // 10 * width)).decode()
            await client.send(json.dumps({"event": "media_input", "media": {"payload": payload}}))
        await read(client, told, ended("user"))
        await read(client, told, lambda message: message["event"] == "turn_output_text_delta")
        await read(client, told, lambda message: message["event"] == "media_output")
    return told, ack


def test_four_callers_in_four_formats_interrupt_and_are_answered(server: RunningServer) -> None:
    forms = ("mulaw_8000", "pcm_16000", "pcm_24000", "pcm_44100")

    async def main() -> list[tuple[Told, dict[str, Any]]]:
        url = f"{server.ws}/some/prefix/agents/stream/desk/"
        return await asyncio.gather(*(say_stop(url, form) for form in forms))

    for (told, ack), form in zip(asyncio.run(main()), forms, strict=True):
        assert ack["config"] == {
            "input_format": form,
            "voice_id": "clara",
            "output_audio_delivery": "as_available",
        }
        assert {message["stream_id"] for message in told} == {ack["stream_id"]}
        kinds = [message["event"] for message in told]
        assert kinds.count("clear") == 1
        over = [message["turn_ended"] for message in told if message["event"] == "turn_ended"]
        assert (over[0]["role"], over[0]["was_interrupted"]) == ("assistant", True)
        assert (over[1]["role"], over[1]["text"]) == ("user", "stop please")
        assert kinds.index("clear") < kinds.index("turn_ended")
        first = next(message for message in told if message["event"] == "media_output")
        samples = len(base64.b64decode(first["media"]["payload"])) / (1 if form.startswith("mulaw") else 2)
        assert 0 < samples <= int(form.partition("_")[2]) / 10


def test_keys_and_data_pass_both_ways_and_the_agent_hangs_up(server: RunningServer) -> None:
    told: Told = []

    async def main() -> tuple[int | None, str | None]:
        async with connect(f"{server.ws}/agents/stream/desk?cartesia_version=2026-08-14") as client:
            await start(client, told, stream_id="mine", agent={"introduction": ""})
            for key in "5#":
                await client.send(json.dumps({"event": "dtmf", "stream_id": "mine", "dtmf": key}))
            await read(client, told, lambda message: message["event"] == "custom")
            await read(client, told, ended("assistant"))
            await client.send(json.dumps({"event": "custom", "stream_id": "mine", "metadata": {"go": "on"}}))
            await read(client, told, ended("assistant"))
            async with asyncio.timeout(PATIENCE_S):
                told.extend([json.loads(frame) async for frame in client])
            return client.close_code, client.close_reason

    assert asyncio.run(main()) == (1000, "call ended by agent, reason: all done")
    assert [message["dtmf"] for message in told if message["event"] == "dtmf"] == ["1", "2"]
    assert [message["metadata"] for message in told if message["event"] == "custom"] == [{"case": 7}]
    said = [message["turn_ended"]["text"] for message in told if ended("user")(message)]
    assert said == ["(The caller pressed 5 on the keypad.)", 'Data from the application: {"go":"on"}']


def test_an_unknown_agent_is_404_in_the_vendors_shape(server: RunningServer) -> None:
    async def main() -> None:
        async with connect(f"{server.ws}/agents/stream/dusk"):
            pass

    with pytest.raises(InvalidStatus) as refused:
        asyncio.run(main())
    assert refused.value.response.status_code == 404
    body = json.loads(refused.value.response.body or b"")
    assert body["title"] == "Unknown agent"
    assert "Did you mean 'desk'?" in body["message"]


def test_without_a_key_it_is_401_whether_the_agent_exists_or_not() -> None:
    with running_server({"speak": {"synthesizer": {"engine": "tone"}}, "listen": {"voice_activity": SCRIPT, "recognizer": SCRIPT},
                         "auth": {"mode": "keys"}}) as strict:  # fmt: skip

        async def status(agent: str) -> int:
            try:
                async with connect(f"{strict.ws}/agents/stream/{agent}"):
                    return 101
            except InvalidStatus as refused:
                return refused.response.status_code

        assert [asyncio.run(status(agent)) for agent in ("coffee", "nobody")] == [401, 401]
