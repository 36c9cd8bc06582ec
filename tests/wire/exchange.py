"""An exchange as one reads it: lines of `>` (client to server), `<` (server to client) and `*` (what the server does meanwhile).

`play` feeds the `>` lines to a dialect, the `*` facts to its `render`, and compares every frame with the `<` lines. In a `<` line a
value `"..."` matches anything, so that identifiers and audio need not be spelled out; members left out of a `<` line must be absent.
A line that begins with `|` continues the one before.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from duologue.errors import Violation
from duologue.protocols.dialect import Frame


class Dialect(Protocol):
    """What all dialects have in common."""

    def receive(self, frame: Frame) -> Sequence[object]: ...

    def refuse(self, violation: Violation) -> Sequence[Frame]: ...


_CONTINUED = re.compile(r"\n\s*\| ")

Render = Callable[[Any], Sequence[Frame]]


def play(
    dialect: Dialect, script: str, render: Render | None = None, facts: Mapping[str, Any] | None = None
) -> list[object]:
    """Play a script; returns what the dialect made of the client's frames, in order."""
    received: list[object] = []
    sent: list[Frame] = []
    for line in _CONTINUED.sub("", script.strip()).splitlines():
        mark, _, rest = line.strip().partition(" ")
        if mark == "<":
            assert sent, f"expected {rest}, nothing was sent"
            assert matches(sent.pop(0), rest), f"expected {rest}"
            continue
        assert not sent, f"unexpected {sent[0]!r} before {line}"
        if mark == ">":
            events, frames = answer(dialect, client_frame(rest))
            received += events
            sent += frames
        elif mark == "*":
            assert render is not None
            assert facts is not None
            sent += render(facts[rest])
    assert not sent, f"unexpected {sent[0]!r} at the end"
    return received


def answer(dialect: Dialect, frame: Frame) -> tuple[list[object], list[Frame]]:
    """What comes of a frame: events, or the frames of its refusal."""
    try:
        return list(dialect.receive(frame)), []
    except Violation as violation:
        return [], list(dialect.refuse(violation))


def client_frame(text: str) -> Frame:
    """A `>` line: JSON or any text as it stands; `binary N` is N bytes of audio."""
    kind, _, count = text.partition(" ")
    return bytes(int(count)) if kind == "binary" else text


def matches(frame: Frame, expected: str) -> bool:
    """Whether a frame is what a `<` line says."""
    if isinstance(frame, bytes):
        return expected in ("binary", f"binary {len(frame)}") or (
            expected == "binary RIFF" and frame.startswith(b"RIFF")
        )
    found, wanted = json.loads(frame), json.loads(expected)
    assert isinstance(found, dict)
    assert found.keys() == wanted.keys(), f"{frame} has other members than {expected}"
    return all(value in ("...", found[name]) for name, value in wanted.items())
