"""What a model is offered to do; whole calls with actions are in tests/conversations/test_actions.py."""

from __future__ import annotations

from duologue.agent.acting import action_specs, with_actions
from duologue.agent.settings import ActionPolicy, ThinkSettings
from duologue.think.completion import ModelChoice
from duologue.think.messages import ToolSpec

END = ActionPolicy(end_call=True)


def test_nothing_is_offered_that_is_not_allowed() -> None:
    assert action_specs(ActionPolicy()) == ()
    (end,) = action_specs(END)
    assert end.name == "end_call"
    assert end.defer_until_end, "a draft does nothing"


def test_each_action_has_a_schema_with_what_it_needs() -> None:
    specs = action_specs(
        ActionPolicy(end_call=True, transfer_to={"b": "2", "a": "1"}, send_dtmf=True, send_custom=True)
    )
    assert {spec.name: spec.parameters["required"] for spec in specs} == {
        "end_call": [],
        "transfer_call": ["destination"],
        "send_dtmf": ["keys"],
        "send_custom": ["metadata"],
    }
    assert specs[1].parameters["properties"]["destination"]["enum"] == ["a", "b"]
    assert all(spec.description for spec in specs)


def test_every_model_of_the_list_is_offered_them() -> None:
    look = ToolSpec("look")
    think = ThinkSettings(choices=(ModelChoice(), ModelChoice(tools=(look,))), tools=(look,))
    assert with_actions(think, ()) is think
    asked = with_actions(think, action_specs(END))
    assert [tool.name for tool in asked.tools] == ["look", "end_call"]
    assert asked.choices[0].tools is None
    assert [tool.name for tool in asked.choices[1].tools or ()] == ["look", "end_call"]
