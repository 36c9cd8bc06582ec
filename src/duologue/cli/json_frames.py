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
    return content if isinstance(content, dict) else {}
