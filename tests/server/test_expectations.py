"""What the recogniser is told to expect."""

from __future__ import annotations

from duologue.agent.settings import ThinkSettings
from duologue.config import ProviderSection, ThinkSection
from duologue.listen.hypothesis import CaptureMode, ListenOptions
from duologue.server.expectations import MAX_KEYTERMS, expectation
from duologue.server.models import build_thinking
from duologue.think.completion import ModelChoice
from duologue.think.messages import Message, Speaker

ASKED = ListenOptions(language="en", keyterms=("duologue", *(f"term {number}" for number in range(99))))


def test_the_rules_grammar_and_terms_are_added_to_what_the_client_asked_for() -> None:
    expect = expectation(build_thinking(ThinkSection()).router, lambda: ASKED)
    options = expect((), ThinkSettings())
    assert options is not None
    assert "latte" in options.grammar
    assert options.keyterms[0] == "duologue"
    assert len(options.keyterms) == MAX_KEYTERMS


def test_the_kind_of_answer_follows_the_question() -> None:
    expect = expectation(build_thinking(ThinkSection()).router, ListenOptions)
    said = (Message(Speaker.USER, "a large latte"), Message(Speaker.ASSISTANT, "Is that right?"))
    options = expect(said, ThinkSettings())
    assert options is not None
    assert options.capture is CaptureMode.YES_NO


def test_a_grammar_of_the_clients_own_stays() -> None:
    expect = expectation(build_thinking(ThinkSection()).router, lambda: ListenOptions(grammar="#JSGF V1.0;"))
    options = expect((), ThinkSettings())
    assert options is not None
    assert options.grammar == "#JSGF V1.0;"


def test_another_model_expects_anything() -> None:
    models = build_thinking(ThinkSection(providers={"open_ai": ProviderSection(client="scripted")})).router
    expect = expectation(models, lambda: ASKED)
    assert expect((), ThinkSettings(choices=(ModelChoice("open_ai", "gpt-4o"),))) is None
