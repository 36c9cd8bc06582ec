"""Rule 16: the Python build that the early-access guide names, and the oldest published release of its kind, in a whole call.

`recorded/early_access/` says of each file whether it was recorded or constructed, and from what.
"""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from duologue.agent.events import Manner, MessageInjected, PromptChanged, SpeakChanged
from duologue.ids import SeededIds
from duologue.protocols.deepgram.agent_v1 import AgentV1Dialect
from duologue.protocols.deepgram.clients import Client, Language, identify
from duologue.protocols.dialect import Audio, Open, Ping
from duologue.protocols.query import Handshake, read_headers
from duologue.sim.clock import run
from duologue.think.messages import Message, Speaker
from tests.server.driving import Client as Driver
from tests.server.driving import application, light

FOLDER = Path(__file__).parent / "recorded" / "early_access"
BUILDS = {"deepgram-python-3.8.0.dev4": (3, 8, 0), "deepgram-python-3.9.0": (3, 9, 0)}
MUST_HAVE = {
    "Welcome": {"session_id"},
    "ConversationText": {"role", "content"},
    "AgentThinking": {"content"},
    "AgentStartedSpeaking": {"total_latency", "tts_latency", "ttt_latency"},
}
"""Members whose absence ends that client's call."""
NEVER = {"History", "Warning", "PromptUpdated", "LatencyReport", "Open", "Close", "Unhandled"}
STEP = bytes(3_200)


def call(build: str) -> dict[str, Any]:
    recorded: dict[str, Any] = json.loads((FOLDER / f"{build}.json").read_text(encoding="utf-8"))
    return recorded


def frames(build: str) -> list[str | bytes]:
    return [frame["text"] if "text" in frame else bytes(frame["bytes"]) for frame in call(build)["frames"]]


def headers(build: str) -> list[tuple[bytes, bytes]]:
    return [(name.lower().encode(), value.encode()) for name, value in call(build)["headers"]]


def test_every_file_of_the_folder_is_looked_at() -> None:
    assert {path.stem for path in FOLDER.iterdir()} == set(BUILDS)
    assert call("deepgram-python-3.8.0.dev4")["origin"].startswith("Constructed")
    assert call("deepgram-python-3.9.0")["origin"].startswith("Recorded")


@pytest.mark.parametrize("build", BUILDS)
def test_the_build_says_who_it_is_behind_two_user_agents(build: str) -> None:
    request = Handshake("/agent", headers=read_headers(headers(build)))
    assert len(request.header_values("user-agent")) == 2
    assert identify(request) == Client(Language.PYTHON, BUILDS[build])


def test_every_byte_of_3_8_0_dev4_is_understood() -> None:
    dialect = AgentV1Dialect(Handshake("/agent"), SeededIds(1))
    sent = frames("deepgram-python-3.8.0.dev4")
    assert [list(dialect.receive(frame)) for frame in sent[:3]] == [[Ping()]] * 3
    opened, early = dialect.receive(sent[3])
    assert isinstance(opened, Open)
    assert early == Audio(bytes(2 * 16_388))
    assert (opened.audio_in.sample_rate, opened.audio_out.sample_rate, opened.container) == (16_000, 16_000, "none")
    assert opened.settings.listen.model == "nova-2"
    assert opened.settings.speak.choices[0].voice == "aura-asteria-en"
    assert list(dialect.receive(sent[4])) == [Audio(bytes(16_388))]
    prompt, voice, line = (next(iter(dialect.receive(frame))) for frame in sent[5:8])
    assert prompt == PromptChanged("Be brief.", append=True)
    assert isinstance(voice, SpeakChanged)
    assert voice.speak.choices[0].voice == "aura-luna-en"
    assert line == MessageInjected(Speaker.ASSISTANT, "One moment.", Manner.DEFAULT)


def test_settings_with_everything_in_them_are_understood() -> None:
    dialect = AgentV1Dialect(Handshake("/agent"), SeededIds(1))
    (opened,) = dialect.receive(frames("deepgram-python-3.9.0")[0])
    assert isinstance(opened, Open)
    assert opened.settings.greeting == "Hello!"
    assert opened.settings.history == (Message(Speaker.USER, "Hi"),)
    (tool,) = opened.settings.think.tools
    assert tool.client_side
    assert tool.parameters["required"] == ["drink"]


ANSWERS = [
    {"when": "coffee", "after_tool": False, "calls": [{"id": "call_1", "name": "take_order", "arguments": "{}"}]},
    {"text": "Of course."},
]


@pytest.mark.parametrize("build", BUILDS)
def test_the_recorded_bytes_hold_a_call_with_the_whole_server(build: str) -> None:
    async def main() -> list[dict[str, Any]]:
        engine = {"engine": "scripted", "settings": {"script": "9.0-10.2 a coffee please"}}
        think = {
            "default": "test",
            "providers": {
                "test": {"client": "scripted", "answers": ANSWERS},
                "open_ai": {"client": "scripted", "answers": ANSWERS},
            },
        }
        async with application(light(listen={"voice_activity": engine, "recognizer": engine}, think=think)) as app:
            client = Driver(app, call(build)["path"], headers=headers(build))
            await client.connect()
            result = ""
            for frame in frames(build):
                if isinstance(frame, str) and "FunctionCallResponse" in frame:
                    result = frame  # nobody can answer before being asked
                    continue
                client.send(frame)
                await asyncio.sleep(0.512 if isinstance(frame, bytes) else 0.1)
            for _step in range(160):
                client.send(STEP)
                await asyncio.sleep(0.1)
                if result and "FunctionCallRequest" in client.kinds():
                    client.send(result)
                    result = ""
            await client.socket.close()
            return client.messages

    messages = run(main())
    kinds = [message["type"] for message in messages]
    assert kinds[:2] == ["Welcome", "SettingsApplied"]
    assert {"InstructionsUpdated", "SpeakUpdated"} <= set(kinds)
    assert not NEVER & set(kinds)
    for message in messages:
        assert MUST_HAVE.get(message["type"], set()) <= message.keys()
    said = [(message["role"], message["content"]) for message in messages if message["type"] == "ConversationText"]
    assert ("user", "a coffee please") in said
    assert ("assistant", "One moment.") in said or "InjectionRefused" in kinds
    if build == "deepgram-python-3.9.0":
        assert said[0] == ("assistant", "Hello!"), "the last line is replayed"
        assert kinds.count("FunctionCallRequest") == 1
        assert said[-1] == ("assistant", "Of course.")
