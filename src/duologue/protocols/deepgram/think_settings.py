"""`agent.think` to `ThinkSettings`: models, prompts, functions (Deepgram docs: Voice Agent think, function calling; D§5.4).

Headers and credentials are secrets: they are kept in `Hidden` mappings, whose reprs show names only; an `Endpoint` hides its URL's query.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from duologue.agent.notices import Warned
from duologue.agent.settings import LimitsPolicy, ThinkSettings
from duologue.errors import Violation
from duologue.protocols.codec import Hidden, check_range
from duologue.protocols.deepgram.settings_messages import EndpointPart, Function, Header, Think, ThinkProvider
from duologue.think.completion import ModelChoice
from duologue.think.messages import Endpoint, ToolSpec

PROMPT_CHARACTERS = LimitsPolicy().prompt_characters
"""Longer prompts are cut, with a warning (D§5.4.2)."""
TEMPERATURE_RANGE = (0.0, 2.0)
ANTHROPIC_TEMPERATURE_RANGE = (0.0, 1.0)
FILLERS = "agent fillers are not supported and were ignored"

ItemT = TypeVar("ItemT")


def read_think(
    given: Think | list[Think] | None, path: str = "agent.think", *, prompt: str | None = None, model: str | None = None
) -> tuple[ThinkSettings, tuple[Warned, ...]]:
    """`think` as one entry or as ordered fallbacks (D§5.4.3), and what to warn of.

    Every entry is asked with its own prompt and functions. An entry without has those of the first that has some; `prompt` and `model`
    are used where the entries name none. Raises `Violation`.
    """
    items = list(entries(given, path)) or [(path, Think())]
    prompts = [_prompt_of(think) for _, think in items]
    tools = [_tools_of(think, where) for where, think in items]
    written = next((text for text in prompts if text is not None), prompt or "")
    offered = next((specs for specs in tools if specs), ())
    choices = [_read_choice(think, where, model) for where, think in items]
    settings = ThinkSettings(
        choices=tuple(
            replace(
                choice,
                prompt=None if own in (None, written) else cut_prompt(own or ""),
                tools=None if specs in (None, offered) else specs,
            )
            for choice, own, specs in zip(choices, prompts, tools, strict=True)
        ),
        prompt=cut_prompt(written),
        tools=offered,
        context_length=_read_context_length(items[0][1], items[0][0]),
    )
    longest = max((text for text in prompts if text is not None), key=len, default=written)
    return settings, prompt_warnings(longest) + _filler_warnings(items)


def _prompt_of(think: Think) -> str | None:
    return think.instructions if think.prompt is None else think.prompt


def _tools_of(think: Think, path: str) -> tuple[ToolSpec, ...] | None:
    """The functions of one entry; `None` where it says nothing of them."""
    if think.functions is None:
        return None
    return tuple(read_function(function, f"{path}.functions[{i}]") for i, function in enumerate(think.functions))


def _filler_warnings(items: Sequence[tuple[str, Think]]) -> tuple[Warned, ...]:
    """What an agent says while a function runs needs Think Live at the vendor (D§5.4.4): it would be missed, so it is told."""
    wanted = any(
        function.initial_agent_filler or function.agent_filler_max_count or function.agent_filler_interval_ms
        for _, think in items
        for function in think.functions or []
    )
    return (Warned("think_live_unsupported", FILLERS),) if wanted else ()


def entries(given: ItemT | list[ItemT] | None, path: str) -> Iterator[tuple[str, ItemT]]:
    """The entries of a list of fallbacks, or the only one, each with its path."""
    if isinstance(given, list):
        yield from ((f"{path}[{i}]", item) for i, item in enumerate(given))
    elif given is not None:
        yield path, given


def cut_prompt(prompt: str) -> str:
    """At most 25,000 characters of it."""
    return prompt[:PROMPT_CHARACTERS]


def prompt_warnings(prompt: str) -> tuple[Warned, ...]:
    """A warning when the prompt had to be cut (D§5.4.2)."""
    if len(prompt) <= PROMPT_CHARACTERS:
        return ()
    text = f"The prompt has {len(prompt)} characters and was cut to {PROMPT_CHARACTERS}."
    return (Warned("prompt_too_long", text),)


def read_function(given: Function, path: str) -> ToolSpec:
    """A function definition, V0's or V1's. No URL, or an empty one, makes it the client's to run (D§5.4.4)."""
    if not given.name:
        raise Violation("invalid_settings", "a function needs a name", path=f"{path}.name", expected="a name")
    endpoint = read_endpoint(given.endpoint) or read_endpoint(given)
    return ToolSpec(
        name=given.name,
        description=given.description or "",
        parameters=given.parameters or {},
        endpoint=endpoint,
        defer_until_end=bool(given.defer_until_eot),
    )


def read_endpoint(given: EndpointPart | None) -> Endpoint | None:
    """A URL with method and headers; `None` when the URL is missing or empty."""
    if given is None or not given.url:
        return None
    return Endpoint(given.url, (given.method or "POST").upper(), read_endpoint_headers(given.headers))


def read_endpoint_headers(given: Mapping[str, str | None] | list[Header] | None) -> Hidden:
    """Headers as an object or as V0's list of `key` and `value`."""
    if isinstance(given, list):
        return Hidden({header.key: header.value for header in given})
    return Hidden({name: value for name, value in (given or {}).items() if value is not None})


def _read_choice(think: Think, path: str, model: str | None) -> ModelChoice:
    """One entry of the fallback list. `endpoint` is a sibling of `provider`; V0's custom provider has it inside (D§5.4, D§4.7)."""
    provider = think.provider or ThinkProvider()
    if provider.temperature is not None:
        anthropic = (provider.type or "").lower() == "anthropic"
        wide = ANTHROPIC_TEMPERATURE_RANGE if anthropic else TEMPERATURE_RANGE
        check_range(provider.temperature, *wide, f"{path}.provider.temperature")
    endpoint = read_endpoint(think.endpoint)
    if endpoint is None and provider.url:
        headers = read_endpoint_headers(provider.headers)
        if provider.key and "authorization" not in {name.lower() for name in headers}:
            headers["authorization"] = f"Bearer {provider.key}"
        endpoint = Endpoint(provider.url, "POST", headers)
    extras: dict[str, Any] = {}
    if provider.reasoning_mode is not None:
        extras["reasoning_mode"] = provider.reasoning_mode
    if provider.credentials is not None:
        extras["credentials"] = Hidden(provider.credentials)
    return ModelChoice(
        provider=provider.type or "",
        model=provider.model or think.model or model or "",
        temperature=provider.temperature,
        endpoint=endpoint,
        extras=extras,
    )


def _read_context_length(think: Think, path: str) -> int | None:
    """Characters of history, or `"max"` (D§5.4)."""
    given = think.context_length
    if given is None or given == "max":
        return None
    try:
        return int(check_range(float(given), 0, 1e9, f"{path}.context_length", "invalid_settings"))
    except ValueError:
        raise Violation(
            "invalid_settings", "wrong context length", path=f"{path}.context_length", expected='a number or "max"'
        ) from None
