"""The language models of a server: a router over the providers of the configuration."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from msgspec import ValidationError, convert

from duologue.config import ProviderSection, ThinkSection
from duologue.errors import Violation
from duologue.think.completion import LanguageModel
from duologue.think.messages import ToolCall
from duologue.think.openai_model import EndpointModel, OpenAIModel
from duologue.think.outbound import OutboundRules
from duologue.think.router import Route, Router
from duologue.think.rules import RulesDialogue
from duologue.think.rules_model import RulesModel
from duologue.think.scripted_model import ScriptedAnswer, ScriptedModel
from duologue.think.tools import ToolRunner
from duologue.think.webhook_client import WebhookRunner


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
            if isinstance(client, OpenAIModel) and not isinstance(client, EndpointModel):
                await client.prepare()

    async def close(self) -> None:
        """Close every connection."""
        for client in self.clients:
            await client.close()


def build_thinking(think: ThinkSection, tool_timeout_s: float = 30.0) -> Thinking:
    """Router, tools and connections of `[think]`. Raises `Violation` with the path of what is wrong."""
    outbound = OutboundRules.parse(think.outbound)
    endpoints = EndpointModel(outbound, connect=think.connect_timeout_s, first_token=think.first_token_timeout_s)
    tools = WebhookRunner(outbound, time_limit=tool_timeout_s, connect=think.connect_timeout_s)
    routes = build_routes(think)
    models = tuple(route.model for route in routes.values() if isinstance(route.model, OpenAIModel))
    router = Router(routes, think.default, endpoints, outbound)
    return Thinking(router, tools, (*models, endpoints, tools))


def build_routes(think: ThinkSection, environment: Mapping[str, str] = os.environ) -> dict[str, Route]:
    """What answers for each provider name; `rules` is always among them."""
    routes = {"rules": Route(rules_model(think))}
    for name, provider in think.providers.items():
        routes[name] = Route(_model(think, name, provider, environment), provider.models)
    return routes


def rules_model(think: ThinkSection) -> RulesModel:
    """The dialogue of `think.rules`, or the packaged coffee order."""
    if not think.rules:
        return RulesModel()
    return RulesModel({"rules": RulesDialogue.load(Path(think.rules))}, "rules")


def _answer(given: Mapping[str, Any]) -> ScriptedAnswer:
    calls = convert(given.get("calls", ()), tuple[ToolCall, ...])
    return ScriptedAnswer(**{**given, "calls": calls})


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
        case "openai":
            return OpenAIModel(
                provider.base_url,
                environment.get(provider.key_env, "") if provider.key_env else "",
                name=name,
                connect=think.connect_timeout_s,
                first_token=think.first_token_timeout_s,
            )
        case _:
            raise Violation(
                "config_value",
                f"there is no client {provider.client!r}",
                path=f"{path}.client",
                expected="openai, rules or scripted",
            )
