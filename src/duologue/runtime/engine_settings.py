"""Settings of an engine, as the configuration or a stream's `extras` give them: a mapping checked into a value."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from typing import TypeAlias, TypeVar

from duologue.errors import Violation

SettingsT = TypeVar("SettingsT")

Setting: TypeAlias = str | int | float | bool


def apply_settings(defaults: SettingsT, given: Mapping[str, Setting] | None, engine: str) -> SettingsT:
    """`defaults` with what is given in their place.

    Raises `Violation("engine_settings")` with the nearest right name for an unknown one, and for a value of the wrong type.
    """
    if not given:
        return defaults
    if not is_dataclass(defaults) or isinstance(defaults, type):
        raise TypeError("settings are dataclass instances")
    known = {field.name: getattr(defaults, field.name) for field in fields(defaults)}
    changes: dict[str, Setting] = {}
    for name, value in given.items():
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            raise Violation(
                "engine_settings",
                f"engine {engine} has no setting {name!r}",
                path=name,
                expected="one of " + ", ".join(sorted(known)),
                remedy=f"Did you mean {near[0]!r}?" if near else "",
            )
        changes[name] = _fit(value, known[name], name, engine)
    return replace(defaults, **changes)


def _fit(value: Setting, default: Setting, name: str, engine: str) -> Setting:
    if isinstance(default, bool) or isinstance(value, bool):
        fits = isinstance(value, bool) and isinstance(default, bool)
    elif isinstance(default, float):
        fits = isinstance(value, int | float)
        value = float(value) if fits else value
    else:
        fits = isinstance(value, type(default))
    if not fits:
        raise Violation(
            "engine_settings",
            f"setting {name!r} of engine {engine} is {value!r}",
            path=name,
            expected=type(default).__name__,
        )
    return value
