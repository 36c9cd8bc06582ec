"""Query strings as clients write them, and the handshake they arrive with.

Lists come as `name=a&name=b`, as `name[]=a`, with the brackets encoded or not; spaces as `+` or `%20`; numbers as `16000` or `16000.0`;
names in snake case or camelCase (Cartesia docs: API conventions; Deepgram docs: query parameters; C§2.6, D§2.6).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from duologue.errors import Violation

MAX_PARAMETERS = 1_000
"""Parameters of one query."""

_SUBSCRIPT = re.compile(r"^(?P<name>[^\[\]]+)\[(?P<key>[^\[\]]*)\]$")
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


@dataclass(frozen=True, slots=True)
class Query:
    """The parameters of a request, by snake-case name without brackets. Build it with `read_query`.

    Its repr shows names only: values may be credentials.
    """

    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    members: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Dictionaries sent as `extra[key]=value`."""

    def __repr__(self) -> str:
        return f"Query({', '.join(self.values)})"

    def all(self, name: str) -> tuple[str, ...]:
        """Every non-empty value of a list parameter, in order."""
        return tuple(value for value in self.values.get(name, ()) if value)

    def text(self, name: str, default: str | None = None) -> str | None:
        """The last value of a parameter; an empty one counts as absent."""
        found = self.all(name)
        return found[-1] if found else default

    def required(self, name: str) -> str:
        """The last value. Raises `Violation("missing_parameter")`."""
        value = self.text(name)
        if value is None:
            raise Violation(
                "missing_parameter", f"the query parameter {name!r} is missing", path=name, expected="a value"
            )
        return value

    def number(self, name: str) -> float | None:
        """A finite number. Raises `Violation("bad_parameter")`."""
        value = self.text(name)
        if value is None:
            return None
        try:
            number = float(value)
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            raise Violation("bad_parameter", f"{name} is not a number", path=name, expected="a number")
        return number

    def whole(self, name: str) -> int | None:
        """A whole number, also written `16000.0`. Raises `Violation("bad_parameter")`."""
        number = self.number(name)
        if number is None:
            return None
        if not number.is_integer():
            raise Violation("bad_parameter", f"{name} is not a whole number", path=name, expected="a whole number")
        return int(number)

    def flag(self, name: str, *, default: bool = False) -> bool:
        """`true`, `1`, `yes` or `on`, in any case. Raises `Violation("bad_parameter")`."""
        value = self.text(name)
        if value is None:
            return default
        if value.lower() in ("true", "1", "yes", "on"):
            return True
        if value.lower() in ("false", "0", "no", "off"):
            return False
        raise Violation("bad_parameter", f"{name} is not a boolean", path=name, expected="true or false")


@dataclass(frozen=True, slots=True)
class Handshake:
    """The request that opened a socket: what dialects may know of it. Header names are lower case, order and duplicates kept."""

    path: str = "/"
    query: Query = field(default_factory=Query)
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)

    def header(self, name: str) -> str:
        """The first value of a header; empty when absent."""
        return next((value for key, value in self.headers if key == name), "")

    def header_values(self, name: str) -> tuple[str, ...]:
        """All values of a header: the V0 Python client sends `User-Agent` twice (D§2.5)."""
        return tuple(value for key, value in self.headers if key == name)


def read_query(raw: str | bytes) -> Query:
    """Parse the part behind the `?`. Raises `Violation("bad_query")` for more than 1,000 parameters."""
    text = raw.decode("ascii", "replace") if isinstance(raw, bytes) else raw
    try:
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=MAX_PARAMETERS)
    except ValueError:
        raise Violation("bad_query", "too many query parameters", expected=f"at most {MAX_PARAMETERS}") from None
    return query_of(pairs)


def query_of(pairs: Iterable[tuple[str, str]]) -> Query:
    """A query from decoded names and values, in order."""
    values: dict[str, list[str]] = {}
    members: dict[str, dict[str, str]] = {}
    for written, value in pairs:
        subscript = _SUBSCRIPT.match(written)
        name = snake_case(subscript["name"] if subscript else written)
        key = subscript["key"] if subscript else ""
        if key and not key.isdigit():
            members.setdefault(name, {})[key] = value
        else:
            values.setdefault(name, []).append(value)
    return Query({name: tuple(found) for name, found in values.items()}, members)


def read_headers(raw: Iterable[tuple[bytes, bytes]]) -> tuple[tuple[str, str], ...]:
    """Headers of an ASGI scope as text, names in lower case."""
    return tuple((name.decode("latin-1").lower(), value.decode("latin-1").strip()) for name, value in raw)


def snake_case(name: str) -> str:
    """`sampleRate` is `sample_rate`."""
    return _HUMP.sub("_", name).lower()
