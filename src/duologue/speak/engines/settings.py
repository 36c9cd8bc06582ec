"""Settings of an engine: a mapping from the configuration onto a frozen dataclass, with an error that names the wrong key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from difflib import get_close_matches
from typing import Any, TypeVar

from duologue.errors import Violation

SettingsT = TypeVar("SettingsT")


def read_settings(kind: type[SettingsT], engine: str, settings: Mapping[str, Any]) -> SettingsT:
    """`kind` made of `settings`. Raises `Violation("engine_settings")`, with the nearest right name."""
    known: dict[str, type] = {field.name: type(field.default) for field in fields(kind)}  # type: ignore[arg-type]
    taken: dict[str, Any] = {}
    for name, value in settings.items():
        path = f"speak.engines.{engine}.{name}"
        if name not in known:
            nearest = get_close_matches(name, known, n=1)
            remedy = f"Did you mean {nearest[0]!r}?" if nearest else ""
            raise Violation(
                "engine_settings",
                f"the {engine} engine has no setting {name!r}",
                path=path,
                expected=" or ".join(sorted(known)) or "no settings",
                remedy=remedy,
            )
        wanted = known[name]
        fits = isinstance(value, wanted) or (wanted is float and isinstance(value, int))
        if not fits or (isinstance(value, bool) and wanted is not bool):
            raise Violation("engine_settings", f"{value!r} does not fit", path=path, expected=wanted.__name__)
        taken[name] = wanted(value)
    return kind(**taken)
