"""What a definition means, and how an agent is found."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from duologue.agent.catalog import AgentCatalogue, AgentTable, check_id, define, dialogue_name
from duologue.agent.named_agent import NamedAgent, StreamFormat
from duologue.agent.settings import AgentSettings, CustomUse, Pacing
from duologue.errors import Violation
from duologue.listen.hypothesis import CaptureMode
from duologue.think.completion import ModelChoice


def defined(**values: Any) -> NamedAgent:
    return define("desk", msgspec.convert(values, AgentTable), {"SHOP": "secret"}, "here")


def test_an_empty_definition_is_an_agent() -> None:
    agent = defined()
    settings = agent.settings
    assert settings.think.choices == (ModelChoice(),)
    assert settings.pacing.pacing is Pacing.SPEAKING_PACE
    assert agent.input_format is StreamFormat.PCM_16000
    assert agent.source == "here"


def test_every_part_of_a_definition_has_its_meaning() -> None:
    agent = defined(
        description="For people.",
        prompt="Be brief.",
        introduction="Hi!",
        voice="henry",
        speed=1.2,
        models=[
            {"provider": "open_ai", "model": "big", "temperature": 0.2},
            {"provider": "open_ai", "model": "small"},
        ],
        tools=[
            {
                "name": "book",
                "url": "https://shop.example/book",
                "headers": {"X-A": "b"},
                "headers_env": {"Authorization": "SHOP"},
                "parameters": {"type": "object"},
                "defer_until_end": True,
            }
        ],
        listen={"keyterms": ["table"], "capture": "digits", "turns": {"end": 0.2}},
        input_format="mulaw_8000",
        output_audio_delivery="as_available",
        context_length=4_000,
        custom="turn",
        actions={"end_call": True, "transfer_to": {"desk": "+1"}},
        keypad={"end_keys": "*"},
        metadata={"required": ["from"]},
        idle={"hang_up_after": 30},
    )
    settings = agent.settings
    assert (settings.think.prompt, settings.greeting) == ("Be brief.", "Hi!")
    assert [choice.model for choice in settings.think.choices] == ["big", "small"]
    assert settings.think.context_length == 4_000
    tool = settings.think.tools[0]
    assert tool.endpoint is not None
    assert tool.endpoint.headers == {"X-A": "b", "Authorization": "secret"}
    assert tool.defer_until_end
    assert (settings.speak.choices[0].voice, settings.speak.choices[0].speed) == ("henry", 1.2)
    assert settings.listen.options.keyterms == ("table",)
    assert settings.listen.options.capture is CaptureMode.DIGITS
    assert settings.listen.turns.end == 0.2
    assert settings.pacing.pacing is Pacing.AS_AVAILABLE
    assert settings.custom is CustomUse.TURN
    assert settings.actions.transfer_to == {"desk": "+1"}
    assert settings.keypad.end_keys == "*"
    assert settings.idle.hang_up_after == 30
    assert agent.input_format is StreamFormat.MULAW_8000
    assert agent.metadata.required == ("from",)


@pytest.mark.parametrize(
    ("models", "choices"),
    [
        ([], [("rules", "agent:desk")]),
        ([{"provider": "open_ai", "model": "m"}], [("open_ai", "m"), ("rules", "agent:desk")]),
        ([{"provider": "rules"}, {"provider": "open_ai"}], [("rules", "agent:desk"), ("open_ai", "")]),
    ],
)
def test_rules_of_its_own_answer_first_or_last(models: list[dict[str, str]], choices: list[tuple[str, str]]) -> None:
    settings = defined(models=models, rules="x.toml").settings
    assert [(choice.provider, choice.model) for choice in settings.think.choices] == choices
    assert dialogue_name("desk") == "agent:desk"


@pytest.mark.parametrize(
    ("values", "path"),
    [
        ({"output_audio_delivery": "sentence"}, "output_audio_delivery"),
        ({"tools": [{"name": "end_call", "url": "http://x"}]}, "tools[0].name"),
        ({"tools": [{"name": "a b", "url": "http://x"}]}, "tools[0].name"),
        ({"tools": [{"name": "a", "url": "http://x"}, {"name": "a", "url": "http://x"}]}, "tools[1].name"),
        ({"tools": [{"name": "a", "url": "ftp://x"}]}, "tools[0].url"),
        ({"tools": [{"name": "a", "url": "http://x", "headers_env": {"A": "NONE"}}]}, "tools[0].headers_env.A"),
        ({"tools": [{"name": f"t{n}", "url": "http://x"} for n in range(65)]}, "tools"),
        ({"listen": {"turns": {"start": 0.1}}}, "listen.turns"),
    ],
)
def test_a_mistake_is_named_by_its_path(values: dict[str, Any], path: str) -> None:
    with pytest.raises(Violation) as caught:
        defined(**values)
    assert caught.value.path == path


@pytest.mark.parametrize("name", ["", "-x", "a/b", "a b", "x" * 65, "ä"])
def test_an_id_must_do_in_an_address(name: str) -> None:
    with pytest.raises(Violation):
        check_id(name)


def agent(name: str, source: str = "") -> NamedAgent:
    return NamedAgent(name, AgentSettings(), source=source)


def test_an_agent_is_found_by_its_id_and_an_unknown_one_is_told_with_the_nearest() -> None:
    catalogue = AgentCatalogue([agent("coffee"), agent("front-desk")])
    assert catalogue.find("coffee").id == "coffee"
    assert len(catalogue) == len(list(catalogue)) == 2
    for asked, remedy in (("cofee", "Did you mean 'coffee'?"), ("zzz", "")):
        with pytest.raises(Violation) as caught:
            catalogue.find(asked)
        assert (caught.value.code, caught.value.remedy) == ("agent_not_found", remedy)


def test_two_agents_of_one_id_are_refused_with_both_places() -> None:
    with pytest.raises(Violation, match=r"in a\.toml and in b\.toml"):
        AgentCatalogue([agent("x", "a.toml"), agent("x", "b.toml")])
