"""An agent that is called by its id: what it is, and what it becomes for one call.

Texts of a definition may hold `{{name}}`, filled in from the call's metadata: in the prompt, the introduction, and where tools are reached.
The values come from whoever calls, so they never become part of the definition, and a header cannot be broken out of.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any
from urllib.parse import quote

from duologue.agent.settings import AgentSettings, Pacing
from duologue.audio.formats import AudioFormat, Encoding
from duologue.errors import Violation
from duologue.runtime.machine import Seconds
from duologue.think.messages import Endpoint, ToolSpec

MAX_METADATA = 64
"""Members of a call's metadata."""
MAX_VALUE = 4_000
"""Characters of one of them, once it is text."""

FROM, TO = "from", "to"
CALLED_FROM = "websocket"
"""`from` of a call whose client says nothing; `to` is the agent's id then."""

_PLACE = re.compile(r"\{\{\s*([A-Za-z_][A-Za-z0-9_.-]*)\s*\}\}")


class StreamFormat(StrEnum):
    """The audio formats of a call stream: samples of 16 bits, little-endian, or mu-law; mono."""

    MULAW_8000 = "mulaw_8000"
    PCM_16000 = "pcm_16000"
    PCM_24000 = "pcm_24000"
    PCM_44100 = "pcm_44100"

    @property
    def audio(self) -> AudioFormat:
        """Encoding and rate."""
        name, _, rate = self.partition("_")
        return AudioFormat(Encoding.MULAW if name == "mulaw" else Encoding.PCM_S16LE, int(rate))


DELIVERIES = (Pacing.SPEAKING_PACE, Pacing.AS_AVAILABLE)
"""How a call stream may deliver the agent's audio."""


@dataclass(frozen=True, slots=True)
class MetadataPolicy:
    """What a call must say about itself."""

    required: tuple[str, ...] = ()
    """A call without one of these is refused."""
    defaults: Mapping[str, str] = field(default_factory=dict, hash=False)
    """Used where the call says nothing."""


@dataclass(frozen=True, slots=True)
class NamedAgent:
    """An agent as it was defined. `settings` hold texts whose places are not filled in yet."""

    id: str
    settings: AgentSettings
    input_format: StreamFormat = StreamFormat.PCM_16000
    """Of both directions, where the call names none."""
    metadata: MetadataPolicy = MetadataPolicy()
    overrides: bool = True
    """A call may bring its own prompt and introduction."""
    max_duration: Seconds | None = None
    """Of a call; then the agent hangs up."""
    source: str = ""
    """Where it is defined, for people."""
    description: str = ""
    """What it is for, for people."""

    def for_call(
        self, given: Mapping[str, Any], prompt: str | None = None, introduction: str | None = None
    ) -> AgentSettings:
        """Its settings for one call, with the metadata `given`; `None` keeps the agent's own text.

        Raises `Violation`: `metadata_missing`, `metadata` for too much of it, `override_refused`.
        """
        values = self._values(given)
        settings = self.settings
        if not self.overrides and (prompt is not None or introduction is not None):
            name = "system_prompt" if prompt is not None else "introduction"
            raise Violation("override_refused", f"agent {self.id!r} keeps its own {name}", path=f"agent.{name}")
        # What the call itself brings is taken as it is: its author knows the values.
        think = replace(
            settings.think,
            prompt=fill(settings.think.prompt, values) if prompt is None else prompt,
            tools=tuple(_reached(tool, values) for tool in settings.think.tools),
        )
        greeting = fill(settings.greeting, values) if introduction is None else introduction
        return replace(settings, think=think, greeting=greeting)

    def _values(self, given: Mapping[str, Any]) -> dict[str, str]:
        if len(given) > MAX_METADATA:
            raise Violation(
                "metadata", f"{len(given)} members of metadata", path="metadata", expected=f"at most {MAX_METADATA}"
            )
        said = {name: _text(name, value) for name, value in given.items() if value is not None}
        values = {FROM: CALLED_FROM, TO: self.id, **self.metadata.defaults, **said}
        for name in self.metadata.required:
            if not said.get(name):
                raise Violation(
                    "metadata_missing",
                    f"agent {self.id!r} needs to know {name!r}",
                    path=f"metadata.{name}",
                    expected="a value",
                )
        return values


def fill(text: str, values: Mapping[str, str]) -> str:
    """The text with its `{{name}}` places filled in; a name that means nothing leaves nothing."""
    return _PLACE.sub(lambda place: values.get(place[1], ""), text)


def _reached(tool: ToolSpec, values: Mapping[str, str]) -> ToolSpec:
    if tool.endpoint is None:
        return tool
    headers = {name: _header(fill(value, values)) for name, value in tool.endpoint.headers.items()}
    return replace(tool, endpoint=Endpoint(_url(tool.endpoint.url, values), tool.endpoint.method, headers))


def _url(text: str, values: Mapping[str, str]) -> str:
    """A value may be the address itself, where the text begins with it; anywhere else it is quoted."""
    return _PLACE.sub(
        lambda place: values.get(place[1], "") if place.start() == 0 else quote(values.get(place[1], ""), safe=""),
        text,
    )


def _header(value: str) -> str:
    """What stands in one header: no line breaks or other controls, and nothing beyond Latin-1."""
    return "".join(char for char in value if char.isprintable()).encode("latin-1", "replace").decode("latin-1")


def _text(name: str, value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    if len(text) > MAX_VALUE:
        raise Violation(
            "metadata",
            f"{len(text)} characters",
            path=f"metadata.{name[:40]}",
            expected=f"at most {MAX_VALUE} characters",
        )
    return text
