"""What clients really send: every frame in `tests/wire`, by the rule it stands under, and the words in them."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from fuzz.case import Piece

WIRE = Path(__file__).parent.parent / "tests" / "wire"
_CONTINUED = re.compile(r"\n\s*\| ")


@cache
def frames(*rules: str) -> tuple[Piece, ...]:
    """The clients' frames in the exchanges of these rules (`"08"`), and in the recordings under `"recorded"`."""
    found: list[Piece] = []
    for rule in rules:
        for path in sorted(WIRE.glob(f"test_rule_{rule}_*.py")):
            found += _said(path)
        if rule == "recorded":
            for path in sorted(WIRE.glob("recorded/**/*.json")):
                found += [frame["text"] for frame in json.loads(path.read_text("utf-8"))["frames"] if "text" in frame]
    return tuple(dict.fromkeys(found))


def _said(path: Path) -> Iterator[Piece]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
            continue
        text = _CONTINUED.sub("", node.value)
        if text.lstrip().startswith("{"):
            yield text
        for line in text.splitlines():
            mark, _, rest = line.strip().partition(" ")
            if mark == ">":
                kind, _, count = rest.partition(" ")
                yield bytes(int(count)) if kind == "binary" and count.isdigit() else rest


@cache
def vocabulary() -> tuple[tuple[str, ...], tuple[Any, ...]]:
    """Names of members, and values, of everything in the corpus."""
    names: dict[str, None] = {}
    values: dict[str, Any] = {}
    for frame in frames("*", "recorded"):
        try:
            _collect(json.loads(frame), names, values)
        except ValueError:
            continue
    return tuple(names), tuple(values.values())


def _collect(value: Any, names: dict[str, None], values: dict[str, Any]) -> None:
    values.setdefault(json.dumps(value, sort_keys=True), value)
    if isinstance(value, dict):
        for name, child in value.items():
            names.setdefault(name)
            _collect(child, names, values)
    elif isinstance(value, list):
        for child in value:
            _collect(child, names, values)
