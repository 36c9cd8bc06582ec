"""Deepgram's own clients, unmodified, talk to the embedded agent like a microphone would."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.running_server import RunningServer
from tests.sdk.environments import run_node, run_python
from tests.sdk.test_cartesia import told

pytestmark = [pytest.mark.sdk, pytest.mark.timeout(600)]


def check_conversation(lines: list[dict[str, Any]]) -> None:
    """A greeting, a turn of the caller, an answer: in the order Deepgram's documentation shows."""
    assert not [line for line in lines if line["type"] in {"Error", "client-error"}], lines
    kinds = [line["type"] for line in lines]
    assert kinds[:2] == ["Welcome", "SettingsApplied"]
    texts = [(line["role"], line["content"]) for line in lines if line["type"] == "ConversationText"]
    roles = [role for role, _ in texts]
    assert roles[0] == "assistant", "the greeting comes first"
    heard = roles.index("user")
    assert "assistant" in roles[heard:], "the caller is answered"
    assert kinds.index("UserStartedSpeaking") < kinds.index("AgentStartedSpeaking")
    after = next(index for index, kind in enumerate(kinds) if kind == "AgentStartedSpeaking")
    assert "audio" in kinds[after:], "the answer sounds"
    assert sum(line.get("bytes", 0) for line in lines) > 16000


@pytest.mark.parametrize("release", ["deepgram-sdk-5.3.4", "deepgram-sdk-7.17.0"])
def test_a_recorded_caller_is_answered(server: RunningServer, caller_wav: Path, release: str) -> None:
    lines = told(run_python(release, "deepgram_agent.py", "--host", server.authority, "--wav", str(caller_wav)))
    check_conversation(lines)
    unknown = {line["parsed"] for line in lines if line.get("parsed") in {"dict", "str"}}
    assert not unknown, "every message is one of the client's own types"


def test_the_node_client_is_answered(server: RunningServer, caller_wav: Path) -> None:
    check_conversation(told(run_node("deepgram_agent.cjs", server.authority, str(caller_wav), "2")))
