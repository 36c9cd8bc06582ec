"""Reading what a server we did not write sends."""

from __future__ import annotations

import json
from typing import Any


def read_object(frame: str) -> dict[str, Any]:
    """The JSON object of a text frame; empty for anything else, so that a stray frame ends no call."""
    try:
        content = json.loads(frame)
    except ValueError:
        return {}
    return as_object(content)


def as_object(value: object) -> dict[str, Any]:
    """An object, empty for anything else."""
    return value if isinstance(value, dict) else {}


def as_objects(value: object) -> list[dict[str, Any]]:
    """The objects of a list, none for anything else."""
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
