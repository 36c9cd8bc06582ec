"""A request as one entry of its list gets it."""

from __future__ import annotations

import pytest

from duologue.think.completion import CompletionRequest, ModelChoice
from duologue.think.messages import Message, Speaker, ToolSpec
from tests.think.asking import user

SYSTEM = Message(Speaker.SYSTEM, "Be kind.")
HINT = Message(Speaker.SYSTEM, "Go on.")


@pytest.mark.parametrize(
    ("prompt", "before", "after"),
    [
        (None, (SYSTEM, user("hi"), HINT), ["Be kind.", "hi", "Go on."]),
        ("Be brief.", (SYSTEM, user("hi"), HINT), ["Be brief.", "hi", "Go on."]),
        ("Be brief.", (user("hi"),), ["Be brief.", "hi"]),
        ("", (SYSTEM, user("hi")), ["hi"]),
        ("Be brief.", (), ["Be brief."]),
    ],
)
def test_its_own_prompt_takes_the_place_of_the_others(
    prompt: str | None, before: tuple[Message, ...], after: list[str]
) -> None:
    choice = ModelChoice("a", prompt=prompt)
    request = CompletionRequest((ModelChoice(), choice), before, (ToolSpec("f"),)).to(choice)
    assert [message.text for message in request.messages] == after
    assert request.choices == (choice,)
    assert request.tools == (ToolSpec("f"),)


def test_its_own_tools_take_the_place_of_the_others() -> None:
    request = CompletionRequest((), (user("hi"),), (ToolSpec("f"),))
    assert request.to(ModelChoice("a", tools=(ToolSpec("g"),))).tools == (ToolSpec("g"),)
    assert request.to(ModelChoice("a", tools=())).tools == ()
