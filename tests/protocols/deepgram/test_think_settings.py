"""`agent.think`: models, prompts, functions, fallbacks."""

from __future__ import annotations

from typing import Any

import pytest

from duologue.agent.settings import ThinkSettings
from duologue.errors import Violation
from duologue.protocols.codec import convert
from duologue.protocols.deepgram.settings_messages import Think
from duologue.protocols.deepgram.think_settings import PROMPT_CHARACTERS, read_think
from duologue.think.completion import ModelChoice
from duologue.think.messages import Endpoint, ToolSpec


def read(*entries: dict[str, Any]) -> ThinkSettings:
    return read_think([convert(entry, Think) for entry in entries])[0]


def wrong(entry: dict[str, Any]) -> str:
    with pytest.raises(Violation) as caught:
        read(entry)
    return caught.value.path


def test_nothing_given_is_the_servers_own_model() -> None:
    assert read_think(None)[0] == ThinkSettings()
    assert read_think([])[0] == ThinkSettings()


def test_a_provider_with_its_model() -> None:
    settings = read(
        {"provider": {"type": "open_ai", "model": "gpt-4o-mini", "temperature": 0.4, "reasoning_mode": "low"}}
    )
    (choice,) = settings.choices
    assert choice == ModelChoice("open_ai", "gpt-4o-mini", 0.4, None, {"reasoning_mode": "low"})


def test_the_endpoint_is_a_sibling_of_the_provider() -> None:
    entry = {
        "provider": {"type": "custom", "model": "m"},
        "endpoint": {"url": "https://x/v1/chat", "headers": {"a": "b", "c": None}},
    }
    assert read(entry).choices[0].endpoint == Endpoint("https://x/v1/chat", "POST", {"a": "b"})


def test_early_access_custom_providers_carry_url_and_key() -> None:
    (choice,) = read({"provider": {"type": "custom", "url": "https://x", "key": "k"}, "model": "m"}).choices
    assert choice.model == "m"
    assert choice.endpoint is not None
    assert choice.endpoint.headers == {"authorization": "Bearer k"}
    (listed,) = read(
        {"provider": {"url": "https://x", "key": "k", "headers": [{"key": "Authorization", "value": "v"}]}}
    ).choices
    assert listed.endpoint is not None
    assert listed.endpoint.headers == {"Authorization": "v"}


def test_secrets_do_not_show() -> None:
    settings = read(
        {
            "provider": {"credentials": {"type": "IAM", "secret_access_key": "sk_secret"}},
            "endpoint": {"url": "https://me:sk_secret@x/v1?key=sk_secret", "headers": {"authorization": "sk_secret"}},
            "functions": [{"name": "f", "url": "https://x?sk_secret", "headers": {"a": "sk_secret"}}],
        }
    )
    assert "sk_secret" not in repr(settings)
    assert settings.choices[0].extras["credentials"]["secret_access_key"] == "sk_secret"


def test_a_list_is_ordered_fallbacks_with_the_first_prompt_and_functions() -> None:
    settings = read(
        {"provider": {"type": "a"}, "context_length": "max"},
        {"provider": {"type": "b"}, "prompt": "Second.", "functions": [{"name": "f"}]},
        {"provider": {"type": "c"}, "prompt": "Third."},
    )
    assert [choice.provider for choice in settings.choices] == ["a", "b", "c"]
    assert (settings.prompt, [tool.name for tool in settings.tools]) == ("Second.", ["f"])


def test_instructions_are_the_early_access_prompt() -> None:
    assert read({"instructions": "Be brief."}).prompt == "Be brief."
    assert read_think(None, prompt="Be brief.", model="m")[0].prompt == "Be brief."
    assert read_think(None, model="m")[0].choices[0].model == "m"


def test_a_long_prompt_is_cut_with_a_warning() -> None:
    settings, warnings = read_think(convert({"prompt": "x" * (PROMPT_CHARACTERS + 1)}, Think))
    assert len(settings.prompt) == PROMPT_CHARACTERS
    assert [warning.code for warning in warnings] == ["prompt_too_long"]
    assert read_think(convert({"prompt": "x" * PROMPT_CHARACTERS}, Think))[1] == ()


@pytest.mark.parametrize(
    "function",
    [
        {"name": "f"},
        {"name": "f", "url": ""},
        {"name": "f", "url": "", "method": "POST", "endpoint": {"method": "POST", "url": ""}, "client_side": True},
        {"name": "f", "endpoint": None, "headers": None},
    ],
)
def test_without_a_url_the_client_runs_the_function(function: dict[str, Any]) -> None:
    assert read({"functions": [function]}).tools == (ToolSpec("f"),)


def test_a_function_with_a_url_is_the_servers() -> None:
    schema = {"type": "object", "properties": {"aB": {"type": ["string", "null"], "default": None}}}
    function = {
        "name": "f",
        "description": "d",
        "parameters": schema,
        "endpoint": {"url": "https://x", "method": "get", "headers": {"a": "b"}},
        "defer_until_eot": True,
    }
    (tool,) = read({"functions": [function]}).tools
    assert tool == ToolSpec("f", "d", schema, Endpoint("https://x", "GET", {"a": "b"}), defer_until_end=True)
    early = {"name": "f", "url": "https://x", "method": "post", "headers": [{"key": "a", "value": "b"}]}
    assert read({"functions": [early]}).tools[0].endpoint == Endpoint("https://x", "POST", {"a": "b"})


def test_context_length_is_a_number_of_characters_or_max() -> None:
    assert read({"context_length": 5000.0}).context_length == 5000
    assert read({"context_length": "5000"}).context_length == 5000
    assert read({"context_length": "max"}).context_length is None


@pytest.mark.parametrize(
    ("entry", "path"),
    [
        ({"context_length": -1}, "agent.think[0].context_length"),
        ({"context_length": "much"}, "agent.think[0].context_length"),
        ({"functions": [{"name": "a"}, {"name": ""}]}, "agent.think[0].functions[1].name"),
        ({"provider": {"temperature": 3}}, "agent.think[0].provider.temperature"),
    ],
)
def test_wrong_members_are_named(entry: dict[str, Any], path: str) -> None:
    assert wrong(entry) == path


def test_every_entry_of_a_list_keeps_its_own_prompt_and_functions() -> None:
    settings = read(
        {"provider": {"type": "open_ai"}},
        {"provider": {"type": "a"}, "prompt": "Be kind.", "functions": [{"name": "f"}]},
        {"provider": {"type": "b"}, "prompt": "Be brief.", "functions": []},
        {"provider": {"type": "c"}, "prompt": "", "functions": [{"name": "g"}]},
    )
    assert (settings.prompt, [tool.name for tool in settings.tools]) == ("Be kind.", ["f"])
    assert [(choice.prompt, choice.tools) for choice in settings.choices] == [
        (None, None),
        (None, None),
        ("Be brief.", ()),
        ("", (ToolSpec("g"),)),
    ]


def test_the_longest_prompt_of_a_list_is_warned_of() -> None:
    entries = [convert({"prompt": text}, Think) for text in ("short", "x" * (PROMPT_CHARACTERS + 1))]
    settings, warnings = read_think(entries)
    assert [warning.code for warning in warnings] == ["prompt_too_long"]
    assert len(settings.choices[1].prompt or "") == PROMPT_CHARACTERS


@pytest.mark.parametrize(
    "filler", [{"initial_agent_filler": True}, {"agent_filler_max_count": 2}, {"agent_filler_interval_ms": 5000}]
)
def test_fillers_that_will_not_come_are_told(filler: dict[str, Any]) -> None:
    _, warnings = read_think(convert({"functions": [{"name": "f", **filler}]}, Think))
    assert [warning.code for warning in warnings] == ["think_live_unsupported"]


def test_anthropics_temperature_ends_at_one() -> None:
    assert read({"provider": {"type": "anthropic", "temperature": 1}}).choices[0].temperature == 1
    assert wrong({"provider": {"type": "anthropic", "temperature": 1.5}}) == "agent.think[0].provider.temperature"
