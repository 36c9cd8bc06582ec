"""Rule 17: a text frame is exactly one JSON object, never of a type that clients use for their own events."""

from __future__ import annotations

import json
from typing import get_args

from hypothesis import given
from hypothesis import strategies as st

from duologue.agent.notices import Notice
from duologue.errors import Violation
from duologue.ids import SeededIds
from duologue.protocols.deepgram.agent_v1 import AgentV1Dialect
from duologue.protocols.query import Handshake
from tests.protocols.frames import REPEATABLE

FORBIDDEN = {"Open", "Close", "Audio", "Unhandled", "Metadata"}

notices = st.one_of([st.from_type(kind) for kind in get_args(Notice)])


def is_allowed(frame: str | bytes) -> bool:
    message = json.loads(frame)
    return isinstance(frame, str) and isinstance(message, dict) and message["type"] not in FORBIDDEN


@REPEATABLE
@given(st.lists(notices, max_size=5))
def test_whatever_the_session_says(said: list[Notice]) -> None:
    dialect = AgentV1Dialect(Handshake(), SeededIds(1))
    dialect.receive('{"type":"Settings","agent":{}}')
    for notice in said:
        assert all(is_allowed(frame) for frame in dialect.render(notice))


@REPEATABLE
@given(st.text(max_size=12), st.text(max_size=30))
def test_whatever_goes_wrong(code: str, message: str) -> None:
    assert all(
        is_allowed(frame) for frame in AgentV1Dialect(Handshake(), SeededIds(1)).refuse(Violation(code, message))
    )
