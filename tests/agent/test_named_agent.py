"""An agent for one call: its texts filled in, its tools reached, within bounds."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duologue.agent.named_agent import MAX_METADATA, MAX_VALUE, MetadataPolicy, NamedAgent, StreamFormat, fill
from duologue.agent.settings import AgentSettings, ThinkSettings
from duologue.audio.formats import AudioFormat, Encoding
from duologue.errors import Violation
from duologue.think.messages import Endpoint, ToolSpec


def test_places_are_filled_in_once_and_values_are_never_read_as_text() -> None:
    values = {"name": "{{to}}", "to": "x"}
    assert fill("{{name}}, {{ name }} and {{unknown}}.", values) == "{{to}}, {{to}} and ."


@given(st.text())
def test_text_without_places_stays_as_it_is(text: str) -> None:
    assert fill(text.replace("{{", "{"), {"a": "b"}) == text.replace("{{", "{")


def reached(url: str, metadata: dict[str, Any], headers: dict[str, str] | None = None) -> Endpoint:
    tool = ToolSpec("t", endpoint=Endpoint(url, headers=headers or {}))
    agent = NamedAgent("a", AgentSettings(think=ThinkSettings(tools=(tool, ToolSpec("client")))))
    endpoint = agent.for_call(metadata).think.tools[0].endpoint
    assert endpoint is not None
    return endpoint


@pytest.mark.parametrize(
    ("url", "reaches"),
    [
        ("{{base}}/x", "http://h:1/p/x"),
        ("http://shop/{{from}}/x?q={{who}}", "http://shop/%2B1%2F2/x?q=a%26b%3D%20c"),
        ("http://shop/", "http://shop/"),
    ],
)
def test_a_value_is_an_address_only_where_the_address_begins_with_it(url: str, reaches: str) -> None:
    assert reached(url, {"base": "http://h:1/p", "from": "+1/2", "who": "a&b= c"}).url == reaches


def test_no_value_breaks_out_of_its_header() -> None:
    headers = reached("http://h/", {"who": "a\r\nX-Admin: 1\x00€"}, {"X-Who": "<{{who}}>"}).headers
    assert headers == {"X-Who": "<aX-Admin: 1?>"}


def test_a_call_says_who_it_is_or_gets_a_default() -> None:
    agent = NamedAgent(
        "desk",
        AgentSettings(greeting="{{from}} {{to}} {{plan}} {{n}} {{list}}"),
        metadata=MetadataPolicy(defaults={"plan": "basic", "n": "0"}),
    )
    assert agent.for_call({}).greeting == "websocket desk basic 0 "
    assert agent.for_call({"from": "+1", "to": None, "n": 5, "list": ["é"]}).greeting == '+1 desk basic 5 ["é"]'


def test_texts_of_the_call_are_taken_as_they_are() -> None:
    settings = NamedAgent("a", AgentSettings()).for_call({"x": "1"}, prompt="{{x}}", introduction="{{x}}")
    assert (settings.think.prompt, settings.greeting) == ("{{x}}", "{{x}}")


@pytest.mark.parametrize(
    "metadata", [{"x": "y" * (MAX_VALUE + 1)}, {str(number): 1 for number in range(MAX_METADATA + 1)}]
)
def test_metadata_has_bounds(metadata: dict[str, Any]) -> None:
    with pytest.raises(Violation) as caught:
        NamedAgent("a", AgentSettings()).for_call(metadata)
    assert caught.value.code == "metadata"


@pytest.mark.parametrize("missing", [{}, {"account": ""}, {"account": None}])
def test_what_is_required_must_be_there(missing: dict[str, Any]) -> None:
    agent = NamedAgent("a", AgentSettings(), metadata=MetadataPolicy(required=("account",)))
    with pytest.raises(Violation) as caught:
        agent.for_call(missing)
    assert (caught.value.code, caught.value.path) == ("metadata_missing", "metadata.account")


def test_an_agent_that_keeps_its_texts_refuses_others() -> None:
    agent = NamedAgent("a", AgentSettings(), overrides=False)
    for changed in ({"prompt": "x"}, {"introduction": ""}):
        with pytest.raises(Violation, match="keeps its own"):
            agent.for_call({}, **changed)


def test_formats_have_their_encoding_and_rate() -> None:
    assert StreamFormat.MULAW_8000.audio == AudioFormat(Encoding.MULAW, 8_000)
    assert StreamFormat.PCM_44100.audio == AudioFormat(Encoding.PCM_S16LE, 44_100)
