"""The language models of a server: a router over the providers of the configuration."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import urlsplit

from msgspec import ValidationError, convert

from duologue.config import ProviderSection, ThinkSection
from duologue.errors import Violation
from duologue.think.anthropic_model import ANTHROPIC
from duologue.think.completion import LanguageModel
from duologue.think.hosted_model import EndpointModel, HostedModel, Patience
from duologue.think.messages import ToolCall
from duologue.think.openai_model import OPENAI
from duologue.think.outbound import OutboundRules
from duologue.think.router import ANY_MODEL, Route, Router
from duologue.think.rules import RulesDialogue, named_dialogue
from duologue.think.rules_model import RulesModel
from duologue.think.scripted_model import ScriptedAnswer, ScriptedModel
from duologue.think.tools import ToolRunner
from duologue.think.webhook_client import WebhookRunner

WIRES = {"openai": OPENAI, "anthropic": ANTHROPIC}
"""By the name of the client in the configuration."""


class Client(Protocol):
    """Something with connections of its own."""

    async def close(self) -> None:
        """Close them."""
        ...


@dataclass(frozen=True, slots=True)
class Thinking:
    """What sessions think with."""

    router: Router
    tools: ToolRunner | None = None
    """Runs the tools that are on the server's side."""
    clients: tuple[Client, ...] = ()

    async def prepare(self) -> None:
        """Load the providers' libraries, so that the first caller does not wait for them."""
        for client in self.clients:
            if isinstance(client, HostedModel | EndpointModel):
                await client.prepare()

    async def close(self) -> None:
        """Close every connection."""
        for client in self.clients:
            await client.close()


def build_thinking(
    think: ThinkSection, tool_timeout_s: float = 30.0, dialogues: Mapping[str, RulesDialogue] | None = None
) -> Thinking:
    """Router, tools and connections of `[think]`; `dialogues` are further ones of the rules.

    Raises `Violation` with the path of what is wrong.
    """
    outbound = OutboundRules.parse(think.outbound)
    patience = _patience(think)
    endpoints = {
        ANY_MODEL: EndpointModel(OPENAI, outbound, patience=patience),
        "anthropic": EndpointModel(ANTHROPIC, outbound, patience=patience),
    }
    tools = WebhookRunner(outbound, time_limit=tool_timeout_s, connect=think.connect_timeout_s)
    routes = build_routes(think, dialogues=dialogues)
    models = tuple(route.model for route in routes.values() if isinstance(route.model, HostedModel))
    router = Router(routes, think.default, endpoints, outbound, think.fallback_after_s)
    return Thinking(router, tools, (*models, *endpoints.values(), tools))


def build_routes(
    think: ThinkSection,
    environment: Mapping[str, str] = os.environ,
    dialogues: Mapping[str, RulesDialogue] | None = None,
) -> dict[str, Route]:
    """What answers for each provider name; `rules` is always among them."""
    routes = {"rules": Route(rules_model(think, dialogues), continues=False)}
    for name, provider in think.providers.items():
        model = _model(think, name, provider, environment)
        routes[name] = Route(model, provider.models, continues=not isinstance(model, RulesModel))
    return routes


def _patience(think: ThinkSection) -> Patience:
    return Patience(connect=think.connect_timeout_s, first_token=think.first_token_timeout_s)


def rules_model(think: ThinkSection, dialogues: Mapping[str, RulesDialogue] | None = None) -> RulesModel:
    """The dialogue of `think.rules`, or the packaged coffee order; and further ones by name."""
    if not think.rules:
        return RulesModel({"coffee": RulesDialogue.packaged(), **(dialogues or {})})
    return RulesModel({"rules": named_dialogue(think.rules, "think.rules"), **(dialogues or {})}, "rules")


def _answer(given: Mapping[str, Any]) -> ScriptedAnswer:
    calls = convert(given.get("calls", ()), tuple[ToolCall, ...])
    return ScriptedAnswer(**{**given, "calls": calls})


def _check_address(base_url: str, path: str) -> None:
    try:
        parts = urlsplit(base_url)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    if base_url and not good:
        raise Violation(
            "config_value", f"{base_url!r} is no address", path=path, expected="such as http://127.0.0.1:11434/v1"
        )


def _model(think: ThinkSection, name: str, provider: ProviderSection, environment: Mapping[str, str]) -> LanguageModel:
    path = f"think.providers.{name}"
    match provider.client:
        case "rules":
            return rules_model(think)
        case "scripted":
            try:
                return ScriptedModel([_answer(answer) for answer in provider.answers], name)
            except (TypeError, ValidationError) as error:
                raise Violation("config_value", str(error), path=f"{path}.answers") from None
        case "openai" | "anthropic":
            _check_address(provider.base_url, f"{path}.base_url")
            return HostedModel(
                WIRES[provider.client],
                provider.base_url,
                environment.get(provider.key_env, "") if provider.key_env else "",
                name=name,
                patience=_patience(think),
            )
        case _:
            raise Violation(
                "config_value",
                f"there is no client {provider.client!r}",
                path=f"{path}.client",
                expected="openai, anthropic, rules or scripted",
            )
