"""Language models from the configuration."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from duologue.config import ProviderSection, ThinkSection
from duologue.errors import Violation
from duologue.server.models import build_thinking
from duologue.think.completion import CompletionRequest, ModelChoice
from duologue.think.hosted_model import HostedModel
from duologue.think.messages import Message, Speaker, ToolCall
from duologue.think.rules_model import RulesModel
from duologue.think.scripted_model import ScriptedModel


def test_rules_are_always_there_and_the_default() -> None:
    first = build_thinking(ThinkSection()).router.first((ModelChoice("open_ai", "gpt-4o-mini"),))
    assert first is not None
    assert isinstance(first[0], RulesModel)


def test_a_provider_answers_for_its_name_however_it_is_written() -> None:
    think = ThinkSection(providers={"open_ai": ProviderSection(client="scripted", answers=[{"text": "Hello."}])})
    first = build_thinking(think).router.first((ModelChoice("OpenAI", "gpt-4o-mini"),))
    assert first is not None
    assert isinstance(first[0], ScriptedModel)


async def first_event(model: ScriptedModel) -> object:
    asked = CompletionRequest((ModelChoice("open_ai", "any"),), (Message(Speaker.USER, "Two, please."),))
    return await anext(aiter(model.respond(asked)))


def test_anthropics_client_is_one_of_the_clients() -> None:
    provider = ProviderSection(client="anthropic", models={"claude-3-5-haiku-latest": "local"})
    first = build_thinking(ThinkSection(providers={"anthropic": provider})).router.first(
        (ModelChoice("anthropic", "claude-3-5-haiku-latest"),)
    )
    assert first is not None
    assert isinstance(first[0], HostedModel)
    assert first[1] == "local"


def test_a_script_may_call_tools() -> None:
    call = {"id": "c1", "name": "book", "arguments": "{}"}
    think = ThinkSection(providers={"open_ai": ProviderSection(client="scripted", answers=[{"calls": [call]}])})
    first = build_thinking(think).router.first((ModelChoice("open_ai", "any"),))
    assert first is not None
    assert isinstance(first[0], ScriptedModel)
    assert asyncio.run(first_event(first[0])) == ToolCall("c1", "book", "{}")


def test_a_dialogue_of_ones_own_is_loaded(tmp_path: Path) -> None:
    with pytest.raises(Violation):
        build_thinking(ThinkSection(rules=str(tmp_path / "none.toml")))


@pytest.mark.parametrize(
    ("provider", "path"),
    [
        (ProviderSection(client="parrot"), "think.providers.x.client"),
        (ProviderSection(base_url="127.0.0.1:11434/v1"), "think.providers.x.base_url"),
        (ProviderSection(client="anthropic", base_url="http://[half"), "think.providers.x.base_url"),
        (ProviderSection(client="scripted", answers=[{"txt": "?"}]), "think.providers.x.answers"),
    ],
)
def test_a_mistake_is_named_with_its_path(provider: ProviderSection, path: str) -> None:
    with pytest.raises(Violation) as caught:
        build_thinking(ThinkSection(providers={"x": provider}))
    assert caught.value.path == path


def test_connections_are_closed_with_the_server() -> None:
    async def main() -> None:
        provider = ProviderSection(base_url="http://127.0.0.1:9/v1", key_env="NO_SUCH_KEY", models={"*": "local"})
        thinking = build_thinking(ThinkSection(providers={"open_ai": provider}, outbound=("api.example.com",)))
        assert len(thinking.clients) == 4
        first = thinking.router.first((ModelChoice("open_ai", "gpt-4o"),))
        assert first is not None
        assert isinstance(first[0], HostedModel)
        assert first[1] == "local"
        await thinking.close()

    asyncio.run(main())
