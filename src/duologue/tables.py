"""Plain values, as a TOML file gives them, in the shape of a class. What is wrong is told in the file's words: its key, what is there,
what would be right.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

import msgspec
from msgspec import inspect

from duologue.errors import Violation

TableT = TypeVar("TableT")

_EXPECTED = re.compile(r"Expected `(?P<expected>[^`]*)`(?P<bound> (?:<=|>=|<|>) \S+)?(?:, got `(?P<got>[^`]*)`)?")
_NO_VALUE = re.compile(r"Invalid enum value (?P<value>.*)")
_KINDS = {
    "str": "text in quotes",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "array": "a list",
    "object": "a table",
}
_BOUNDS = {"<=": "at most", ">=": "at least", "<": "less than", ">": "more than"}


def read_table(values: Mapping[str, Any], kind: type[TableT], prefix: str = "") -> TableT:
    """Plain values in the shape of `kind`. Raises `Violation("unknown_key" | "config_value")`, `prefix` in front of its path."""
    shape = inspect.type_info(kind)
    for path, name, known in _unknown_keys(values, shape, ""):
        nearest = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
        where = path.removesuffix(name)
        remedy = f"Did you mean {where}{nearest[0]}?" if nearest else f"Known here: {', '.join(sorted(known))}."
        raise Violation("unknown_key", f"there is no key {name!r}", path=prefix + path, remedy=remedy)
    try:
        return msgspec.convert(values, kind, strict=True)
    except msgspec.ValidationError as error:
        message, _, at = str(error).partition(" - at `$")
        path = at.rstrip("`").removeprefix(".")
        told, expected = _in_words(message, shape, path)
        raise Violation("config_value", told, path=prefix + path, expected=expected) from None


def _in_words(message: str, shape: inspect.Type, path: str) -> tuple[str, str]:
    """What is there, and what would be right, of msgspec's sentence."""
    if found := _EXPECTED.fullmatch(message):
        wanted = _kind(found["expected"])
        if found["bound"]:
            sign, number = found["bound"].split()
            return "out of range", f"{wanted}, {_BOUNDS[sign]} {float(number):g}"
        return f"this is {_kind(found['got'] or '')}", wanted
    if (found := _NO_VALUE.fullmatch(message)) and (values := _values(_shape_at(shape, path))):
        return f"{found['value']} is not known here", "one of " + ", ".join(values)
    return message, ""


def _kind(name: str) -> str:
    kinds = [_KINDS.get(each, each) for each in name.split(" | ") if each != "null"]
    return " or ".join(kinds)


def _shape_at(shape: inspect.Type | None, path: str) -> inspect.Type | None:
    """The shape of what stands at a path in msgspec's spelling: `a.b[...].c`, `a[0]`."""
    for part in path.replace("[", ".[").split("."):
        if isinstance(shape, inspect.UnionType):
            shape = next((each for each in shape.types if not isinstance(each, inspect.NoneType)), None)
        if isinstance(shape, inspect.StructType | inspect.DataclassType):
            shape = next((field.type for field in shape.fields if field.encode_name == part), None)
        elif isinstance(shape, inspect.DictType):
            shape = shape.value_type
        elif isinstance(shape, inspect.ListType | inspect.VarTupleType):
            shape = shape.item_type
    return shape


def _values(shape: inspect.Type | None) -> list[str]:
    return [repr(each.value) for each in shape.cls] if isinstance(shape, inspect.EnumType) else []


def _unknown_keys(value: object, kind: inspect.Type, path: str) -> Iterator[tuple[str, str, list[str]]]:
    """Path, name and the known names beside it, of each key the file has and the shape has not."""
    if isinstance(kind, inspect.StructType | inspect.DataclassType) and isinstance(value, Mapping):
        fields = {field.encode_name: field.type for field in kind.fields}
        for name, child in value.items():
            where = f"{path}.{name}" if path else name
            if name in fields:
                yield from _unknown_keys(child, fields[name], where)
            else:
                yield where, name, list(fields)
    elif isinstance(kind, inspect.DictType) and isinstance(value, Mapping):
        for name, child in value.items():
            yield from _unknown_keys(child, kind.value_type, f"{path}.{name}")
