"""From the names clients use to the models this server has; ordered fallbacks; the only place that knows vendors' provider names.

Every request starts from the first entry of its list. An entry that fails before it has streamed anything is reported with
`ProviderFailed` and the next one is asked. One that fails later ends the completion: nothing already streamed is repeated.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from dataclasses import dataclass, field, replace

from duologue.errors import EngineFailure, Refused, Violation
from duologue.think.completion import (
    CompletionEvent,
    CompletionRequest,
    Finish,
    LanguageModel,
    ModelChoice,
    ProviderFailed,
)
from duologue.think.messages import Endpoint
from duologue.think.outbound import OutboundRules

ANY_MODEL = "*"
"""Stands for every name a client may ask for, in a route's table of models."""


@dataclass(frozen=True, slots=True)
class Route:
    """What answers for one provider name."""

    model: LanguageModel
    names: Mapping[str, str] = field(default_factory=dict)
    """What clients call a model, to what it is called here; `"*"` for all others. Empty: names are passed on as they are."""

    def local_name(self, asked: str) -> str | None:
        """What the model is called here; `None` when this route has none of that name."""
        if not self.names:
            return asked
        return self.names.get(asked, self.names.get(ANY_MODEL))


@dataclass(frozen=True, slots=True)
class ListedModel:
    """One entry of the list of models a server offers."""

    provider: str
    id: str


@dataclass(frozen=True, slots=True)
class _Step:
    """One thing to try, or a reason why it cannot be tried."""

    provider: str
    model: LanguageModel | None
    choice: ModelChoice
    warning: str = ""


class Router:
    """A `LanguageModel` that asks the models a request names."""

    def __init__(
        self,
        routes: Mapping[str, Route],
        default: str = "rules",
        endpoints: LanguageModel | None = None,
        outbound: OutboundRules | None = None,
    ) -> None:
        """`default` is the route used when nothing matches; `endpoints` answers for client-named URLs that `outbound` permits.

        Raises `Violation("think_default")` when there is no route of that name.
        """
        self._routes = {_plain(name): (name, route) for name, route in routes.items()}
        self._default = _plain(default)
        self._endpoints = endpoints
        self._outbound = outbound or OutboundRules()
        if self._default not in self._routes:
            raise Violation(
                "think_default",
                f"there is no provider {default!r}",
                path="think.default",
                expected=f"one of {', '.join(sorted(routes))}",
            )

    async def respond(self, request: CompletionRequest) -> AsyncIterator[CompletionEvent]:
        """Stream one completion. Raises `EngineFailure` when no entry could answer, or one broke off in the middle."""
        failures: list[str] = []
        for step in self._steps(request.choices or (ModelChoice(),)):
            if step.warning:
                yield ProviderFailed(step.provider, step.warning, lasting=True)
            if step.model is None:
                failures.append(step.warning)
                continue
            begun = False
            stream = step.model.respond(replace(request, choices=(step.choice,)))
            try:
                async for event in stream:
                    begun = begun or not isinstance(event, ProviderFailed)
                    yield event
                    if isinstance(event, Finish):
                        return
                failure = EngineFailure(step.provider, "the answer has no end", lost="the end of an answer")
            except EngineFailure as error:
                failure = error
            finally:
                # A reply that is stopped must not leave the provider's connection open until the collector comes by.
                if isinstance(stream, AsyncGenerator):
                    await stream.aclose()
            if begun:
                raise EngineFailure(
                    step.provider, failure.message, lost="the rest of an answer already begun"
                ) from failure
            failures.append(f"{step.provider}: {failure.message}")
            yield ProviderFailed(step.provider, failure.message)
        raise EngineFailure("think", "no model could answer: " + "; ".join(failures), lost="the answer")

    def first(self, choices: tuple[ModelChoice, ...]) -> tuple[LanguageModel, str] | None:
        """The model that is asked first, and its name here: for those who must know what it expects to hear. `None` for none."""
        steps = self._steps(choices or (ModelChoice(),))
        return next(((step.model, step.choice.model) for step in steps if step.model is not None), None)

    def models(self) -> tuple[ListedModel, ...]:
        """What a client can name, provider by provider; a provider that takes any name lists none beside those it knows."""
        return tuple(
            ListedModel(name, asked)
            for name, route in self._routes.values()
            for asked in route.names
            if asked != ANY_MODEL
        )

    def _steps(self, choices: tuple[ModelChoice, ...]) -> list[_Step]:
        steps = [self._step(choice) for choice in choices]
        # The default answers once, however many entries of the list came down to it.
        seen: set[str] = set()
        kept = []
        for step in steps:
            fallen_back = step.warning != "" and step.model is not None
            if fallen_back and self._default in seen:
                kept.append(replace(step, model=None))
                continue
            if fallen_back:
                seen.add(self._default)
            kept.append(step)
        return kept

    def _step(self, choice: ModelChoice) -> _Step:
        provider = choice.provider or "endpoint"
        if choice.endpoint is not None and choice.endpoint.url:
            return self._endpoint_step(provider, choice, choice.endpoint)
        if not choice.provider:
            return self._default_step(choice, "")
        found = self._routes.get(_plain(choice.provider))
        if found is None:
            return self._default_step(choice, f"this server has no provider {choice.provider!r}")
        name, route = found
        local = route.local_name(choice.model)
        if local is None:
            return self._default_step(choice, f"provider {name!r} has no model {choice.model!r}")
        return _Step(name, route.model, replace(choice, model=local))

    def _endpoint_step(self, provider: str, choice: ModelChoice, endpoint: Endpoint) -> _Step:
        if self._endpoints is None:
            return _Step(provider, None, choice, "this server calls no endpoints named by clients")
        try:
            self._outbound.judge(endpoint.url)
        except Refused as refusal:
            return _Step(provider, None, choice, refusal.message)
        return _Step(provider, self._endpoints, choice)

    def _default_step(self, choice: ModelChoice, why: str) -> _Step:
        name, route = self._routes[self._default]
        warning = f"{why}; {name!r} answers instead" if why else ""
        # The client's model name means nothing to the default: it is passed on only where the client named no provider.
        asked = "" if why else choice.model
        local = route.local_name(asked) or ""
        return _Step(choice.provider or name, route.model, replace(choice, provider=name, model=local), warning)


def _plain(name: str) -> str:
    """Vendors write one provider in several ways: `open_ai`, `openai`, `OpenAI`."""
    return "".join(char for char in name.lower() if char.isalnum())
