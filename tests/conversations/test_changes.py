"""Settings changed in the middle of a call: each at its time, each acknowledged once."""

from __future__ import annotations

from collections.abc import Sequence

from duologue.agent.commands import Expect, Generate, ReopenListening, RetuneTurns, Synthesize
from duologue.agent.events import ListenChanged, PromptChanged, SpeakChanged, ThinkChanged, TurnForced
from duologue.agent.notices import Warned
from duologue.agent.responder import ModelResponder
from duologue.agent.settings import AgentSettings, LimitsPolicy, ListenSettings, SpeakSettings, ThinkSettings
from duologue.listen.hypothesis import CaptureMode, ListenOptions
from duologue.listen.policy import TurnPolicy
from duologue.speak.speech import SpeakOptions
from duologue.think.completion import ModelChoice
from duologue.think.messages import Message
from tests.conversations.call import Answer, Call


def prompts(call: Call) -> list[str]:
    return [request.messages[0].text for request in call.requests]


def test_a_new_prompt_holds_from_the_next_request_on() -> None:
    call = Call(AgentSettings(think=ThinkSettings(prompt="Be kind.")), answers=["Yes.", "No.", "So."])
    call.says(1.0, "hello")
    call.feed(PromptChanged("Be brief."), 1.05)
    call.says(4.0, "hello")
    call.feed(PromptChanged("Be funny.", append=True), 6.0)
    call.says(8.0, "hello")
    assert prompts(call) == ["Be kind.", "Be brief.", "Be brief.\nBe funny."]
    assert call.log().count("CHANGED prompt") == 2


def test_a_new_prompt_holds_for_every_entry_of_a_list_and_an_addition_is_added_to_each() -> None:
    choices = (ModelChoice("a"), ModelChoice("b", prompt="Be funny."))
    call = Call(AgentSettings(think=ThinkSettings(choices, prompt="Be kind.")))
    call.feed(PromptChanged("And brief.", append=True), 0.5)
    think = call.session.settings.think
    assert (think.prompt, think.choices[1].prompt) == ("Be kind.\nAnd brief.", "Be funny.\nAnd brief.")
    call.feed(PromptChanged("Be quick."), 0.6)
    think = call.session.settings.think
    assert (think.prompt, think.choices[1].prompt) == ("Be quick.", None)


def test_a_prompt_too_long_is_cut_with_a_warning() -> None:
    call = Call(AgentSettings(limits=LimitsPolicy(prompt_characters=5)))
    call.feed(PromptChanged("0123456789"), 0.5)
    call.says(2.0, "hello")
    assert "WARNED prompt_too_long" in call.log()
    assert prompts(call) == ["01234"]


def test_another_model_is_asked_from_the_next_round_on() -> None:
    call = Call(answers=["Yes.", "No."])
    call.says(1.0, "hello")
    call.feed(ThinkChanged(ThinkSettings((ModelChoice(model="other"),))), 1.05)
    call.says(4.0, "hello")
    asked = [command.request.choices[0].model for _, command in call.commands if isinstance(command, Generate)]
    assert asked == ["", "other"]
    assert call.log().count("CHANGED think") == 1


def test_another_voice_speaks_from_the_next_phrase_on() -> None:
    call = Call(answers=[Answer("One two three. Four five six. Seven eight nine. " * 3)])
    call.says(1.0, "hello")
    call.feed(SpeakChanged(SpeakSettings((SpeakOptions(voice="other"),))), 1.3)
    call.until(20.0)
    voices = [command.choices[0].voice for _, command in call.commands if isinstance(command, Synthesize)]
    assert voices[0] == ""
    assert voices[-1] == "other"
    assert sorted(voices) == voices
    assert call.log().count("CHANGED speak") == 1


def test_thresholds_change_at_once_and_another_recogniser_is_opened() -> None:
    call = Call()
    call.feed(ListenChanged(ListenSettings(turns=TurnPolicy(end=0.1))), 1.0)
    assert [command for _, command in call.commands if isinstance(command, RetuneTurns)] == [
        RetuneTurns(TurnPolicy(end=0.1))
    ]
    call.feed(ListenChanged(ListenSettings("other", turns=TurnPolicy(end=0.1))), 2.0)
    assert [command for _, command in call.commands if isinstance(command, ReopenListening)] == [
        ReopenListening("other", ListenOptions())
    ]
    assert call.log().count("CHANGED listen") == 2


def test_a_forced_end_is_passed_on_only_while_a_turn_is_open() -> None:
    call = Call()
    call.feed(TurnForced(), 0.5)
    assert "force" not in call.log()
    call.starts(1.0)
    call.feed(TurnForced(), 1.5)
    assert "1.50  force turn end" in call.log()


def expects_digits(messages: Sequence[Message], think: ThinkSettings) -> ListenOptions | None:
    return ListenOptions(capture=CaptureMode.DIGITS) if messages and "number" in messages[-1].text else None


def test_what_the_agent_asks_for_is_what_the_recogniser_expects_next() -> None:
    call = Call(
        AgentSettings(greeting="Hello."), answers=["Your number?", "Thanks."], responder=ModelResponder(expects_digits)
    )
    call.says(3.0, "hello")
    call.until(3.2)
    call.says(6.0, "four two")
    call.until(8.0)
    expected = [(round(at, 2), command.options.capture) for at, command in call.commands if isinstance(command, Expect)]
    assert expected == [(3.1, CaptureMode.DIGITS), (6.1, CaptureMode.FREE)]


def test_a_draft_changes_expectations_only_when_it_is_committed() -> None:
    call = Call(answers=["Your number?"], responder=ModelResponder(expects_digits))
    call.starts(1.0)
    call.eager(1.5, "hello")
    call.until(1.9)
    assert "expect" not in call.log()
    call.ends(2.0, "hello")
    assert "2.00  expect digits" in call.log()


def test_a_client_that_keeps_adding_to_the_prompt_fills_no_memory() -> None:
    limits = LimitsPolicy(prompt_characters=20)
    call = Call(AgentSettings(think=ThinkSettings(prompt="Be kind."), limits=limits), answers=["Yes."])
    for step in range(50):
        call.feed(PromptChanged("Be brief.", append=True), 0.1 + step * 0.01)
    call.says(2.0, "hello")
    assert prompts(call)[-1] == "Be kind.\nBe brief.\nB"
    warned = [notice.message for notice in call.told() if isinstance(notice, Warned)]
    assert "28 characters" in warned[-1]
