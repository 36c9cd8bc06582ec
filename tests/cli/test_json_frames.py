"""Whatever a server sends, a call goes on."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duologue.cli.call_facts import CallSurface
from duologue.cli.deepgram_call import SETTINGS, DeepgramCall
from duologue.cli.json_frames import as_object, as_objects, read_object
from duologue.cli.stream_call import StreamCall

SURFACES: list[CallSurface] = [DeepgramCall(SETTINGS), StreamCall(greeting=None, prompt="")]
TYPES = [
    *(
        "ConversationText",
        "FunctionCallRequest",
        "FunctionCallCancelled",
        "AgentStartedSpeaking",
        "Error",
        "LatencyReport",
    ),
    *("ack", "media_output", "turn_ended", "turn_output_text_delta", "transfer_call", "custom", "error"),
]
NAMES = [
    "functions",
    "content",
    "role",
    "media",
    "transfer",
    "stream_id",
    "total_latency",
    "function_name",
    "input",
    *TYPES,
]
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*NAMES, "payload", "id"]), inner, max_size=4)
    ),
    max_leaves=8,
)


def test_only_an_object_is_an_object() -> None:
    assert read_object("[1]") == read_object("{") == as_object(None) == {}
    assert as_objects([{"a": 1}, 2, None]) == [{"a": 1}]
    assert as_objects({"a": 1}) == []


@pytest.mark.parametrize("surface", SURFACES, ids=lambda surface: surface.name)
@given(kind=st.sampled_from(TYPES), members=st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=5))
def test_no_message_is_too_odd_to_be_read(surface: CallSurface, kind: str, members: dict[str, Any]) -> None:
    surface.read(json.dumps({**members, "type": kind, "event": kind}))


@pytest.mark.parametrize("surface", SURFACES, ids=lambda surface: surface.name)
@given(frame=st.text() | st.binary())
def test_no_frame_is(surface: CallSurface, frame: str | bytes) -> None:
    surface.read(frame)
