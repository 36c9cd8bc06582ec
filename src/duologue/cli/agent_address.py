"""What `duologue talk` may be pointed at: an agent's surface, on a server here or elsewhere, and the key it takes there."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from urllib.parse import urlsplit

from duologue.cli.server_address import DEFAULT_PORT, KEY_VARIABLE, ServerAddress
from duologue.errors import Violation

HERE = f"127.0.0.1:{DEFAULT_PORT}"
"""Where `duologue serve` listens unless it is told otherwise."""
STREAM_VERSION = "2025-04-16"
"""Cartesia's API version of the call stream."""


class Wire(Enum):
    """Which protocol."""

    V1 = "/v1/agent/converse"
    V0 = "/agent"
    STREAM = "/agents/stream/"


_NAMES = {"v1": Wire.V1, "v0": Wire.V0}
_STREAM = re.compile(r"(?P<prefix>.*)/agents/stream/(?P<agent>[^/?#]+)/?$")

_VENDOR_KEYS = {"deepgram.com": "DEEPGRAM_API_KEY", "cartesia.ai": "CARTESIA_API_KEY"}
"""A vendor's key goes to its vendor's hosts and nowhere else."""


@dataclass(frozen=True, slots=True)
class AgentAddress:
    """One agent."""

    server: ServerAddress
    wire: Wire
    path: str
    """On the server, with its query."""
    given: bool = True
    """The user named a server."""

    @classmethod
    def parse(cls, text: str | None) -> AgentAddress:
        """A URL, `host:port`, a documented path of the server here, or `v1`, `v0`; nothing is V1 here.

        A URL without a path that is known is a server, or a prefix of one, and means V1. Raises `Violation("host")`.
        """
        words = (text or "v1").strip()
        if words in _NAMES:
            return cls(ServerAddress.parse(HERE), _NAMES[words], _NAMES[words].value, given=False)
        here = words.startswith(("/", "agents/stream/"))
        parts = urlsplit(
            words if "://" in words else f"http://{HERE}/{words.lstrip('/')}" if here else f"http://{words}"
        )
        path = parts.path.rstrip("/")
        found = _STREAM.fullmatch(path)
        wire = Wire.STREAM if found else next((w for w in (Wire.V1, Wire.V0) if path.endswith(w.value)), None)
        if here and wire is None:
            raise Violation("host", f"no agent is at {words!r}", expected=f"v1, v0, {Wire.STREAM.value}ID or a URL")
        if wire is None:
            wire, path = Wire.V1, f"{path}{Wire.V1.value}"
        prefix = found["prefix"] if found else path.removesuffix(wire.value)
        server = ServerAddress.parse(f"{parts.scheme}://{parts.netloc}{prefix}")
        query = f"?{parts.query}" if parts.query else ""
        return cls(server, wire, f"{path.removeprefix(prefix)}{query}", given=not here)

    @property
    def vendor(self) -> bool:
        """A host of the vendors themselves."""
        return self._vendor_variable() is not None

    def headers(self, variable: str, environment: Mapping[str, str]) -> dict[str, str]:
        """The credential, from the environment variable named, or the one that belongs to the host, and what else the wire wants.

        Raises `Violation("unauthorized")` when there is none where one is needed.
        """
        name = variable or self.key_variable
        key = environment.get(name, "").strip()
        if not key and (variable or self.vendor):
            raise Violation("unauthorized", f"{name} holds no key", remedy=f"Put the key into it: export {name}=...")
        key = key or "duologue"  # any text does where a server here asks for none
        if self.wire is Wire.STREAM:
            return {"Authorization": f"Bearer {key}", "Cartesia-Version": STREAM_VERSION}
        return {"Authorization": f"Token {key}"}

    @property
    def key_variable(self) -> str:
        """Where the key for this host is looked for."""
        return self._vendor_variable() or KEY_VARIABLE

    def _vendor_variable(self) -> str | None:
        host = self.server.host.lower()
        return next((name for end, name in _VENDOR_KEYS.items() if host == end or host.endswith(f".{end}")), None)
