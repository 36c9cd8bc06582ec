"""Rule 18: releases that choke on a message do not get it; `Error` always has `description`, `code`, `message`."""

from __future__ import annotations

import json

import pytest

from duologue.agent.notices import CallerSaid, Failed, LatencyMeasured, Notice, Setting, SettingChanged, ToolsWithdrawn
from duologue.ids import SeededIds
from duologue.protocols.deepgram.agent_v1 import AgentV1Dialect
from duologue.protocols.query import Handshake
from duologue.think.messages import ToolCall

NEWER: list[Notice] = [
    LatencyMeasured(1, 0.1, 0.1, 0.1, 0.1),
    ToolsWithdrawn((ToolCall("c", "f", "{}"),)),
    SettingChanged(Setting.THINK),
    SettingChanged(Setting.LISTEN),
]


def client(version: str) -> AgentV1Dialect:
    headers = (("x-fern-language", "Python"), ("x-fern-sdk-version", version))
    dialect = AgentV1Dialect(Handshake(headers=headers), SeededIds(1))
    dialect.receive('{"type":"Settings","experimental":true,"agent":{}}')
    return dialect


def said(dialect: AgentV1Dialect, *notices: Notice) -> list[str]:
    return [json.loads(frame)["type"] for notice in notices for frame in dialect.render(notice)]


@pytest.mark.parametrize("version", ["5.0.0", "5.1.0", "5.3.2", "6.0.0"])
def test_unknown_types_end_these(version: str) -> None:
    assert said(client(version), *NEWER) == []


@pytest.mark.parametrize("version", ["4.8.1", "5.3.3", "6.0.1", "6.1.1", "7.16.0", "unheard of"])
def test_everybody_else_gets_them(version: str) -> None:
    assert said(client(version), *NEWER) == ["LatencyReport", "FunctionCallCancelled", "ThinkUpdated", "ListenUpdated"]


def test_history_ends_6_0_0_only() -> None:
    assert said(client("6.0.0"), CallerSaid("Hi")) == ["ConversationText"]
    assert said(client("5.0.0"), CallerSaid("Hi")) == ["ConversationText", "History"]


@pytest.mark.parametrize("version", ["3.8.0", "5.0.0", "6.0.0", "7.16.0"])
def test_an_error_has_every_field_of_every_release(version: str) -> None:
    (frame,) = client(version).render(Failed("idle", "Nothing was heard for ten seconds."))
    assert json.loads(frame) == {
        "type": "Error",
        "code": "CLIENT_MESSAGE_TIMEOUT",
        "description": "Nothing was heard for ten seconds.",
        "message": "Nothing was heard for ten seconds.",
    }
