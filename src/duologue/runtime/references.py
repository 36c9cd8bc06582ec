"""Things named in words, so that another process can find them too: `module:name`."""

from __future__ import annotations

import importlib
from typing import Any

from duologue.errors import Bug


def resolve(reference: str) -> Any:
    """What `"module:name"` names. Raises `Bug` when there is no such thing."""
    module, _, name = reference.partition(":")
    try:
        return getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise Bug(f"{reference!r} cannot be imported: {error}") from error
