"""The language models of a server: a router over the providers of the configuration."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from duologue.config import ProviderSection, ThinkSection
from duologue.errors import Violation
from duologue.think.completion import LanguageModel
from duologue.think.outbound import OutboundRules
from duologue.think.router import Route, Router
from duologue.think.rules import RulesDialogue
from duologue.think.rules_model import RulesModel
from duologue.think.scripted_model import ScriptedAnswer, ScriptedModel


def build_models(think: ThinkSection, environment: Mapping[str, str] = os.environ) -> Router:
    """The router of `[think]`. `rules` is always there. Raises `Violation` with the path of what is wrong."""
    routes = {"rules": Route(rules_model(think))}
    for name, provider in think.providers.items():
        model = _model(think, name, provider, environment)
        routes[name] = Route(model, provider.models)
    return Router(routes, think.default, outbound=OutboundRules.parse(think.outbound))


def rules_model(think: ThinkSection) -> RulesModel:
    """The dialogue of `think.rules`, or the packaged coffee order."""
    if not think.rules:
        return RulesModel()
    return RulesModel({"rules": RulesDialogue.load(Path(think.rules))}, "rules")


def _model(think: ThinkSection, name: str, provider: ProviderSection, environment: Mapping[str, str]) -> LanguageModel:
    path = f"think.providers.{name}"
    match provider.client:
        case "rules":
            return rules_model(think)
        case "scripted":
            try:
                return ScriptedModel([ScriptedAnswer(**answer) for answer in provider.answers], name)
            except TypeError as error:
                raise Violation("config_value", str(error), path=f"{path}.answers") from None
        case "openai":
            from duologue.think.openai_model import OpenAIModel

            key = environment.get(provider.key_env, "") if provider.key_env else ""
            return OpenAIModel(base_url=provider.base_url, api_key=key)
        case _:
            raise Violation(
                "config_value",
                f"there is no client {provider.client!r}",
                path=f"{path}.client",
                expected="openai, rules or scripted",
            )
