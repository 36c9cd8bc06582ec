"""The agents of a server, by id: the shape of a definition, what it means, and how one is found.

A definition is a table of TOML, in a file of its own or in the server's; docs/agents.md describes every key. Reading files and keys is the
server's business (`server/agents.py`); this says what they mean.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import msgspec

from duologue.agent.named_agent import DELIVERIES, MetadataPolicy, NamedAgent, StreamFormat
from duologue.agent.settings import (
    END_CALL,
    SEND_CUSTOM,
    SEND_DTMF,
    TRANSFER_CALL,
    ActionPolicy,
    AgentSettings,
    CustomUse,
    IdlePolicy,
    InterruptionPolicy,
    KeypadPolicy,
    LimitsPolicy,
    ListenSettings,
    Pacing,
    PacingPolicy,
    SpeakSettings,
    ThinkSettings,
)
from duologue.errors import Violation
from duologue.listen.hypothesis import CaptureMode, ListenOptions
from duologue.listen.policy import TurnPolicy
from duologue.runtime.machine import Seconds
from duologue.speak.speech import SpeakOptions
from duologue.think.completion import ModelChoice
from duologue.think.messages import Endpoint, ToolSpec

MAX_AGENTS = 1_000
MAX_TOOLS = 64

RULES = "rules"
"""The provider of rule dialogues."""

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_TOOL_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_PLACE_FIRST = re.compile(r"(https?://|\{\{)", re.IGNORECASE)
_ACTIONS = (END_CALL, TRANSFER_CALL, SEND_DTMF, SEND_CUSTOM)


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """One table of a definition."""


class ModelTable(Table, frozen=True, kw_only=True):
    """One entry of the list of models; the first that answers, answers."""

    provider: str = ""
    model: str = ""
    temperature: float | None = None


class ToolTable(Table, frozen=True, kw_only=True):
    """A function on a server, which the model may call."""

    name: str
    url: str
    description: str = ""
    method: str = "POST"
    headers: dict[str, str] = {}
    headers_env: dict[str, str] = {}
    parameters: dict[str, Any] = {}
    defer_until_end: bool = False


class TurnsTable(Table, frozen=True, kw_only=True):
    """When the caller's turns start and end."""

    start: float = 0.8
    eager_end: float = 0.6
    end: float = 0.3
    end_timeout: Seconds = 5.6


class ListenTable(Table, frozen=True, kw_only=True):
    """What the agent expects to hear."""

    language: str = "en"
    keyterms: tuple[str, ...] = ()
    capture: CaptureMode = CaptureMode.FREE
    turns: TurnsTable = TurnsTable()


class AgentTable(Table, frozen=True, kw_only=True):
    """One agent."""

    description: str = ""
    prompt: str = ""
    introduction: str | None = None
    voice: str = ""
    language: str = "en"
    speed: float = 1.0
    volume: float = 1.0
    models: tuple[ModelTable, ...] = ()
    rules: str = ""
    tools: tuple[ToolTable, ...] = ()
    listen: ListenTable = ListenTable()
    input_format: StreamFormat = StreamFormat.PCM_16000
    output_audio_delivery: Pacing = Pacing.SPEAKING_PACE
    overrides: bool = True
    max_duration: Seconds = 7_200.0
    speculate: bool = True
    fallback_line: str = AgentSettings().fallback_line
    context_length: int | None = None
    custom: CustomUse = CustomUse.NOTE
    actions: ActionPolicy = ActionPolicy()
    keypad: KeypadPolicy = KeypadPolicy()
    metadata: MetadataPolicy = MetadataPolicy()
    interruption: InterruptionPolicy = InterruptionPolicy()
    pacing: PacingPolicy = PacingPolicy()
    idle: IdlePolicy = IdlePolicy()
    limits: LimitsPolicy = LimitsPolicy()


def check_id(name: str, path: str = "") -> str:
    """The name, which must do in a path of a URL. Raises `Violation("agent_id")`."""
    if not _ID.fullmatch(name):
        raise Violation(
            "agent_id",
            f"{name[:70]!r} cannot be an agent's id",
            path=path,
            expected="at most 64 letters, digits, _ . and -",
        )
    return name


def define(name: str, table: AgentTable, secrets: Mapping[str, str], source: str = "") -> NamedAgent:
    """What a definition means. `secrets` is the environment its `headers_env` name members of.

    Rule dialogues of its own are known to the models as `dialogue_name(name)`. Raises `Violation` with the path within the definition.
    """
    if table.output_audio_delivery not in DELIVERIES:
        raise Violation(
            "config_value",
            f"{table.output_audio_delivery.value!r} is for other sockets",
            path="output_audio_delivery",
            expected=" or ".join(DELIVERIES),
        )
    settings = AgentSettings(
        listen=_listen(table.listen),
        think=ThinkSettings(_choices(name, table), table.prompt, _tools(table, secrets), table.context_length),
        speak=SpeakSettings((SpeakOptions(table.voice, table.language, table.speed, table.volume),)),
        greeting=table.introduction or "",
        fallback_line=table.fallback_line,
        speculate=table.speculate,
        interruption=table.interruption,
        pacing=replace(table.pacing, pacing=table.output_audio_delivery),
        idle=table.idle,
        actions=table.actions,
        keypad=table.keypad,
        custom=table.custom,
        limits=table.limits,
    )
    return NamedAgent(
        check_id(name),
        settings,
        table.input_format,
        table.metadata,
        table.overrides,
        table.max_duration or None,
        source,
        table.description,
    )


def _listen(table: ListenTable) -> ListenSettings:
    turns = table.turns
    options = ListenOptions(table.language, table.keyterms, capture=table.capture)
    try:
        return ListenSettings("", options, TurnPolicy(turns.start, turns.eager_end, turns.end, turns.end_timeout))
    except Violation as violation:
        violation.path = "listen.turns"
        raise


def dialogue_name(name: str) -> str:
    """What an agent's own rule dialogue is called among the models of the provider `rules`."""
    return f"agent:{name}"


def _choices(name: str, table: AgentTable) -> tuple[ModelChoice, ...]:
    own = dialogue_name(name) if table.rules else ""
    listed = tuple(
        ModelChoice(model.provider, own or model.model if model.provider == RULES else model.model, model.temperature)
        for model in table.models
    )
    if own and not any(model.provider == RULES for model in table.models):
        listed += (ModelChoice(RULES, own),)
    return listed or (ModelChoice(),)


def _tools(table: AgentTable, secrets: Mapping[str, str]) -> tuple[ToolSpec, ...]:
    if len(table.tools) > MAX_TOOLS:
        raise Violation("config_value", f"{len(table.tools)} tools", path="tools", expected=f"at most {MAX_TOOLS}")
    seen: set[str] = set()
    specs = []
    for place, tool in enumerate(table.tools):
        path = f"tools[{place}]"
        if tool.name in _ACTIONS:
            raise Violation(
                "config_value",
                f"{tool.name!r} is something the agent does itself",
                path=f"{path}.name",
                remedy=f"Allow it with actions.{'transfer_to' if tool.name == TRANSFER_CALL else tool.name}.",
            )
        if not _TOOL_NAME.fullmatch(tool.name) or tool.name in seen:
            why = "is there twice" if tool.name in seen else "cannot be a tool's name"
            raise Violation(
                "config_value", f"{tool.name[:70]!r} {why}", path=f"{path}.name", expected="letters, digits, _ -"
            )
        if not _PLACE_FIRST.match(tool.url):
            raise Violation(
                "config_value", f"{tool.url[:100]!r} is no address", path=f"{path}.url", expected="http:// or https://"
            )
        seen.add(tool.name)
        headers = {
            **tool.headers,
            **{
                header: _secret(variable, secrets, f"{path}.headers_env.{header}")
                for header, variable in tool.headers_env.items()
            },
        }
        specs.append(
            ToolSpec(
                tool.name,
                tool.description,
                tool.parameters or {"type": "object", "properties": {}},
                Endpoint(tool.url, tool.method.upper(), headers),
                tool.defer_until_end,
            )
        )
    return tuple(specs)


def _secret(variable: str, secrets: Mapping[str, str], path: str) -> str:
    value = secrets.get(variable, "")
    if not value:
        raise Violation("config_value", f"the environment has no {variable}", path=path, expected="its value")
    return value


class AgentCatalogue:
    """Finds agents by id."""

    def __init__(self, agents: Iterable[NamedAgent] = ()) -> None:
        """Raises `Violation("agent_twice")` where two have one id, `Violation("too_many_agents")`."""
        self._agents: dict[str, NamedAgent] = {}
        for agent in agents:
            other = self._agents.setdefault(agent.id, agent)
            if other is not agent:
                raise Violation(
                    "agent_twice", f"there are two agents {agent.id!r}: in {other.source} and in {agent.source}"
                )
        if len(self._agents) > MAX_AGENTS:
            raise Violation("too_many_agents", f"{len(self._agents)} agents", expected=f"at most {MAX_AGENTS}")

    def __iter__(self) -> Iterator[NamedAgent]:
        return iter(self._agents.values())

    def __len__(self) -> int:
        return len(self._agents)

    def find(self, name: str) -> NamedAgent:
        """The agent of an id. Raises `Violation("agent_not_found")` with the nearest one."""
        found = self._agents.get(name)
        if found is not None:
            return found
        near = difflib.get_close_matches(name, self._agents, n=1, cutoff=0.5)
        remedy = f"Did you mean {near[0]!r}?" if near else ""
        raise Violation("agent_not_found", f"no agent has the id {name[:80]!r}", remedy=remedy)
