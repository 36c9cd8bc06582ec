"""What every wire has in common; the rest is tested wire by wire (`test_openai_model.py`, `test_anthropic_model.py`)."""

from __future__ import annotations

import asyncio
import importlib
import threading
from types import SimpleNamespace
from typing import Any

import pytest

from duologue.errors import Refused
from duologue.think.anthropic_model import ANTHROPIC
from duologue.think.completion import ModelChoice
from duologue.think.hosted_model import EndpointModel, HostedModel, Wire, describe
from duologue.think.messages import Endpoint
from duologue.think.openai_model import OPENAI
from duologue.think.outbound import OutboundRules
from tests.think.asking import ask_until_failure, asked, user


class StatusError(Exception):
    def __init__(self, status: int, kind: str = "") -> None:
        self.status_code = status
        self.type = kind


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (Refused("outbound", "not permitted"), "not permitted"),
        (StatusError(500), "answered 500"),
        (StatusError(429, "rate_limit_error"), "answered 429 (rate_limit_error)"),
        (StatusError(200, "overloaded_error"), "broke off (overloaded_error)"),
        (RecursionError("secret"), "sent something that is no completion stream"),
        (ValueError("secret"), "sent something that is no completion stream"),
        (OSError("secret"), "cannot be reached (OSError)"),
    ],
)
def test_failures_are_told_without_the_providers_text(error: Exception, told: str) -> None:
    assert describe(error) == told


def test_a_refusal_below_the_library_is_told_as_it_is() -> None:
    error = RuntimeError("Connection error.")
    error.__cause__ = Refused("outbound", "not permitted")
    assert describe(error) == "not permitted"


@pytest.mark.parametrize("wire", [OPENAI, ANTHROPIC], ids=["openai", "anthropic"])
async def test_a_model_that_was_closed_can_be_asked_again(wire: Wire) -> None:
    model = HostedModel(wire, "http://127.0.0.1:9")
    await model.prepare()
    await model.close()
    await model.close()
    _, failure = await ask_until_failure(model, asked(user("hi")))
    assert failure.engine == wire.library
    await model.close()


async def test_two_first_calls_open_one_client() -> None:
    opened: list[object] = []
    wire = SimpleNamespace(**{name: getattr(OPENAI, name) for name in OPENAI.__slots__})
    wire.open = lambda *given: opened.append(given) or OPENAI.open(*given)
    model = HostedModel(wire, "http://127.0.0.1:9")  # type: ignore[arg-type]
    await asyncio.gather(model.prepare(), model.prepare())
    await model.close()
    assert len(opened) == 1


@pytest.mark.parametrize("wire", [OPENAI, ANTHROPIC], ids=["openai", "anthropic"])
async def test_libraries_are_loaded_and_their_clients_made_in_a_thread(
    wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: list[int] = []
    library = importlib.import_module(wire.http)

    class NotingClient(library.AsyncClient):  # type: ignore[name-defined,misc]
        """Notes where it was made: it reads the certificates of authorities."""

        def __init__(self, **options: Any) -> None:
            threads.append(threading.get_ident())
            super().__init__(**options)

    monkeypatch.setattr(library, "AsyncClient", NotingClient)
    model = HostedModel(wire, "http://127.0.0.1:9")
    await model.prepare()
    await model.close()
    assert len(threads) == 1
    assert threads != [threading.get_ident()]


@pytest.mark.parametrize("wire", [OPENAI, ANTHROPIC], ids=["openai", "anthropic"])
async def test_an_endpoint_model_needs_an_endpoint(wire: Wire) -> None:
    _, failure = await ask_until_failure(EndpointModel(wire, OutboundRules()), asked(user("hi")))
    assert failure.message == "the choice names no endpoint"


@pytest.mark.parametrize("url", ["https://[v1.x]/", "https://example.com/\x00", "https://\u2028x/", "https://xn--a/"])
@pytest.mark.parametrize("wire", [OPENAI, ANTHROPIC], ids=["openai", "anthropic"])
async def test_an_address_that_is_none_is_a_failure_of_the_model_that_has_it(wire: Wire, url: str) -> None:
    model = EndpointModel(wire, OutboundRules.parse(["*"]))
    choice = ModelChoice(endpoint=Endpoint(url))
    _, failure = await ask_until_failure(model, asked(user("hi"), choices=[choice]))
    assert url not in str(failure)
    await model.close()


@pytest.mark.parametrize(("rules", "opened"), [([], 0), (["api.example.com"], 1)])
async def test_a_library_for_endpoints_is_loaded_where_any_may_be_called(rules: list[str], opened: int) -> None:
    asked_for: list[object] = []
    wire = SimpleNamespace(**{name: getattr(OPENAI, name) for name in OPENAI.__slots__})
    wire.open = lambda *given: asked_for.append(given) or OPENAI.open(*given)
    model = EndpointModel(wire, OutboundRules.parse(rules))  # type: ignore[arg-type]
    await model.prepare()
    await model.close()
    assert len(asked_for) == opened
