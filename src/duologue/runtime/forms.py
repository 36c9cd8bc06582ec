"""Values as plain JSON, and back: how facts and commands stand in an event log.

A dataclass becomes an object whose `"$"` member is its class name, an enum member likewise, a tuple a list, a mapping an object. Floats
are exact, because JSON writes their shortest exact text. Samples are summarised: no machine looks into them, only at how many there are,
so reading gives silence of the same length back.
"""

from __future__ import annotations

import hashlib
import json
import types
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any, TypeAlias, get_args, get_origin, get_type_hints

import numpy as np

from duologue.errors import Violation
from duologue.runtime.redaction import PRIVATE_FIELDS, Redact, mask_form, redacted

Plain: TypeAlias = Any
"""What `json` reads and writes."""

SECRET_FIELDS = frozenset({"headers"})
"""Members whose values are credentials: never in a log, redacted or not. No machine looks into them."""

MAX_COMMAND_CHARACTERS = 2_000
"""A command longer than this stands in the log as a digest: a request to a model repeats the whole conversation every time."""

_PCM = "pcm"
_MAP = "map"


def form_of(value: Any, redact: Redact | None = None, *, sums: bool = True) -> Plain:
    """`value` as plain JSON. `sums` adds a checksum to summarised samples, which a replay on silence cannot reproduce.

    Raises `TypeError` for what is neither a dataclass, an enum, samples nor JSON already.
    """
    if value is None or isinstance(value, bool | int | float) or type(value) is str:
        return value
    if isinstance(value, Enum):
        return {"$": type(value).__name__, "value": value.value}
    if is_dataclass(value) and not isinstance(value, type):
        form: dict[str, Plain] = {"$": type(value).__name__}
        for field in fields(value):
            member = getattr(value, field.name)
            if redact is not None and field.name in PRIVATE_FIELDS:
                member = redacted(field.name, member, redact)
            if field.name in SECRET_FIELDS and isinstance(member, Mapping):
                member = dict.fromkeys(member, "...")
            form[field.name] = form_of(member, redact, sums=sums)
        return form
    if isinstance(value, np.ndarray):
        summary = {"$": _PCM, "samples": len(value)}
        return {**summary, "crc": zlib.crc32(value.tobytes())} if sums else summary
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, list | tuple):
        return [form_of(item, redact, sums=sums) for item in value]
    if isinstance(value, Mapping):
        return {"$": _MAP, "items": {str(key): form_of(item, redact, sums=sums) for key, item in value.items()}}
    raise TypeError(f"{type(value).__name__} cannot stand in an event log")


def command_form(command: Any, redact: Redact | None = None) -> Plain:
    """A command as plain JSON that a replay can compare: samples by length, long ones by digest; redacted, of what is left of them when
    every word is masked."""
    form = form_of(command, redact, sums=False)
    text = json.dumps(form if redact is None else mask_form(form), sort_keys=True)
    if len(text) <= MAX_COMMAND_CHARACTERS:
        return form
    return {"$": type(command).__name__, "digest": hashlib.sha256(text.encode()).hexdigest(), "characters": len(text)}


class Registry:
    """The types a log may hold, by name. Unions are taken apart, members' types are found by their annotations."""

    def __init__(self, *roots: Any) -> None:
        self._types: dict[str, type] = {}
        for root in roots:
            self._add(root)

    @property
    def names(self) -> frozenset[str]:
        """Of every dataclass and enum known."""
        return frozenset(self._types)

    def value_of(self, form: Plain) -> Any:
        """The value a form was made of, samples as silence. Raises `Violation("event_log")` for what is not a form of these types."""
        return self._value(form, in_mapping=False)

    def _value(self, form: Plain, *, in_mapping: bool) -> Any:
        if isinstance(form, list):
            items = [self._value(item, in_mapping=in_mapping) for item in form]
            return items if in_mapping else tuple(items)
        if not isinstance(form, dict):
            return form
        name = form.get("$")
        if name == _PCM:
            # Of any length, and no memory: a log may claim much.
            return np.broadcast_to(np.float32(0.0), (_count(form.get("samples")),))
        if name == _MAP:
            return {key: self._value(item, in_mapping=True) for key, item in _items(form)}
        kind = self._types.get(name) if isinstance(name, str) else None
        if kind is None:
            raise Violation(
                "event_log", f"the log holds a {name!r}, which this version does not know", expected="a known type"
            )
        members = {key: self._value(item, in_mapping=False) for key, item in form.items() if key != "$"}
        try:
            return kind(members["value"]) if issubclass(kind, Enum) else kind(**members)
        except (TypeError, ValueError, KeyError) as error:
            raise Violation("event_log", f"the log holds a {name} that cannot be made: {error}") from error

    def _add(self, kind: Any) -> None:
        origin = get_origin(kind)
        if origin is not None or isinstance(kind, types.UnionType):
            for argument in get_args(kind):
                self._add(argument)
            return
        if not isinstance(kind, type) or self._types.get(kind.__name__) is kind:
            return
        if not (is_dataclass(kind) or issubclass(kind, Enum)):
            return
        if kind.__name__ in self._types:
            raise ValueError(f"two types of an event log are called {kind.__name__}")
        self._types[kind.__name__] = kind
        if is_dataclass(kind):
            for member in get_type_hints(kind).values():
                self._add(member)


def _count(samples: Any) -> int:
    if not isinstance(samples, int) or not 0 <= samples <= 1 << 28:
        raise Violation("event_log", f"the log holds {samples!r} samples", expected="a count")
    return samples


def _items(form: dict[str, Any]) -> Iterable[tuple[str, Any]]:
    items = form.get("items")
    if not isinstance(items, dict):
        raise Violation("event_log", "the log holds a mapping without items")
    return items.items()
