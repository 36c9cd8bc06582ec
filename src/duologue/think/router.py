"""From the names clients use to the models this server has; ordered fallbacks; the only place that knows vendors' provider names.

Every request starts from the first entry of its list. An entry that fails is reported with `ProviderFailed` and the next one is asked:
for the whole answer, or for the rest of one that broke off, because nothing already streamed is repeated.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

from duologue.errors import EngineFailure, Refused, Violation
from duologue.runtime.machine import Seconds
from duologue.think.completion import (
    CompletionEvent,
    CompletionRequest,
    Finish,
    LanguageModel,
    ModelChoice,
    ProviderFailed,
    TextDelta,
)
from duologue.think.hurried_model import HurriedModel
from duologue.think.messages import Endpoint, Message, Speaker, ToolCall
from duologue.think.outbound import OutboundRules

ANY_MODEL = "*"
"""Stands for every name a client may ask for, in a route's table of models; for every provider, in a table of endpoints."""

FALLBACK_AFTER: Seconds = 5.0
"""Less than a caller's patience, so that there is time to ask the next one."""

GO_ON = "Your answer was cut off there. Go on exactly where it ends, without repeating any of it."
"""Tells the next entry of the list to write the rest of an answer that broke off."""


@dataclass(frozen=True, slots=True)
class Route:
    """What answers for one provider name."""

    model: LanguageModel
    names: Mapping[str, str] = field(default_factory=dict)
    """What clients call a model, to what it is called here; `"*"` for all others. Empty: names are passed on as they are."""
    continues: bool = True
    """It can finish an answer that another model began."""

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
    continues: bool = True


@dataclass(slots=True)
class _Answer:
    """What was streamed of an answer, whoever gave it."""

    text: str = ""
    called: bool = False
    broken: bool = False
    """It broke off, and what comes next is the rest."""

    @property
    def begun(self) -> bool:
        """Something came that cannot be taken back."""
        return self.called or bool(self.text.strip())

    def take(self, event: CompletionEvent) -> CompletionEvent:
        """The event as it is to be passed on."""
        if isinstance(event, ToolCall):
            self.called = True
        elif isinstance(event, TextDelta) and event.text:
            if self.broken and not (self.text[-1:].isspace() or event.text[0].isspace() or event.text[0] in ",.;:!?"):
                event = TextDelta(f" {event.text}")
            self.broken = False
            self.text += event.text
        return event


class Router:
    """A `LanguageModel` that asks the models a request names."""

    def __init__(
        self,
        routes: Mapping[str, Route],
        default: str = "rules",
        endpoints: Mapping[str, LanguageModel] | None = None,
        outbound: OutboundRules | None = None,
        fallback_after: Seconds = FALLBACK_AFTER,
    ) -> None:
        """`default` is the route used when nothing matches.

        `endpoints` are asked for client-named URLs that `outbound` permits, by provider, `"*"` for all others. An entry of a list that
        says nothing for `fallback_after` seconds is given up while another one is left. Raises `Violation("think_default")` when
        there is no route of that name.
        """
        self._routes = {_plain(name): (name, route) for name, route in routes.items()}
        self._default = _plain(default)
        self._endpoints = {
            name if name == ANY_MODEL else _plain(name): each for name, each in (endpoints or {}).items()
        }
        self._outbound = outbound or OutboundRules()
        self._fallback_after = fallback_after
        if self._default not in self._routes:
            raise Violation(
                "think_default",
                f"there is no provider {default!r}",
                path="think.default",
                expected=f"one of {', '.join(sorted(routes))}",
            )

    async def respond(self, request: CompletionRequest) -> AsyncIterator[CompletionEvent]:
        """Stream one completion. Raises `EngineFailure` when no entry could answer, or none could finish what one began."""
        steps = self._steps(request.choices or (ModelChoice(),))
        answer = _Answer()
        failures: list[str] = []
        for place, step in enumerate(steps):
            if answer.begun and not step.continues:
                continue
            if step.warning:
                yield ProviderFailed(step.provider, step.warning, lasting=True)
            if step.model is None:
                failures.append(step.warning)
                continue
            left = [other for other in steps[place + 1 :] if other.model is not None]
            finishers = any(other.continues for other in left)
            model = HurriedModel(step.model, self._fallback_after, throughout=finishers) if left else step.model
            stream = model.respond(_asked(request, step.choice, answer))
            try:
                async for event in stream:
                    if isinstance(event, Finish):
                        yield replace(event, choice=place)
                        return
                    yield answer.take(event)
                failure = EngineFailure(step.provider, "the answer has no end", lost="the end of an answer")
            except EngineFailure as error:
                failure = error
            finally:
                # A reply that is stopped must not leave the provider's connection open until the collector comes by.
                if isinstance(stream, AsyncGenerator):
                    await stream.aclose()
            if answer.called or (answer.begun and not finishers):
                lost = "the rest of an answer already begun"
                raise EngineFailure(step.provider, failure.message, lost=lost) from failure
            answer.broken = answer.begun
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
        return _Step(name, route.model, replace(choice, model=local), continues=route.continues)

    def _endpoint_step(self, provider: str, choice: ModelChoice, endpoint: Endpoint) -> _Step:
        wire = ANY_MODEL if _is_chat(endpoint.url) else _plain(provider)
        model = self._endpoints.get(wire, self._endpoints.get(ANY_MODEL))
        if model is None:
            return _Step(provider, None, choice, "this server calls no endpoints named by clients")
        try:
            self._outbound.judge(endpoint.url)
        except Refused as refusal:
            return _Step(provider, None, choice, refusal.message)
        return _Step(provider, model, choice)

    def _default_step(self, choice: ModelChoice, why: str) -> _Step:
        name, route = self._routes[self._default]
        warning = f"{why}; {name!r} answers instead" if why else ""
        # The client's model name means nothing to the default: it is passed on only where the client named no provider.
        asked = "" if why else choice.model
        local = route.local_name(asked) or ""
        told = replace(choice, provider=name, model=local)
        return _Step(choice.provider or name, route.model, told, warning, route.continues)


def _asked(request: CompletionRequest, choice: ModelChoice, answer: _Answer) -> CompletionRequest:
    """What one entry is asked: the request, or the rest of an answer that broke off."""
    asked = request.to(choice)
    if not answer.broken:
        return asked
    begun = (Message(Speaker.ASSISTANT, answer.text), Message(Speaker.SYSTEM, GO_ON))
    return replace(asked, messages=(*asked.messages, *begun))


def _is_chat(url: str) -> bool:
    """A chat-completions URL, by its path: gateways offer every vendor's models behind one."""
    return urlsplit(url).path.rstrip("/").endswith("/chat/completions")


def _plain(name: str) -> str:
    """Vendors write one provider in several ways: `open_ai`, `openai`, `OpenAI`."""
    return "".join(char for char in name.lower() if char.isalnum())
