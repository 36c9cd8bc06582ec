"""Shorthand for tests of dialects: frames as Python objects, and the answer to a frame that is refused."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import pytest
from hypothesis import settings

from duologue.errors import Violation
from duologue.protocols.dialect import Frame

REPEATABLE = settings(derandomize=True, deadline=None, database=None)
"""For hypothesis: the same examples in every run, and no clock."""


class Dialect(Protocol):
    """What the vendors' dialects have in common."""

    def receive(self, frame: Frame) -> Sequence[object]: ...

    def refuse(self, violation: Violation) -> Sequence[Frame]: ...


def read(frames: Sequence[Frame]) -> list[Any]:
    """Text frames as objects, binary ones as they are."""
    return [frame if isinstance(frame, bytes) else json.loads(frame) for frame in frames]


def types(frames: Sequence[Frame]) -> list[str]:
    """The `type` of each text frame, `binary` for the others."""
    return ["binary" if isinstance(frame, bytes) else frame["type"] for frame in read(frames)]


def send(dialect: Dialect, message: Mapping[str, Any] | str | bytes) -> list[Any]:
    """What the dialect makes of a message."""
    return list(dialect.receive(message if isinstance(message, str | bytes) else json.dumps(message)))


def refused(dialect: Dialect, message: Mapping[str, Any] | str | bytes) -> dict[str, Any]:
    """The one frame that answers a message the dialect refuses."""
    with pytest.raises(Violation) as caught:
        send(dialect, message)
    (answer,) = read(dialect.refuse(caught.value))
    assert isinstance(answer, dict)
    return answer
