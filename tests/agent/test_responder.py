"""Who writes replies."""

from __future__ import annotations

from duologue.agent.commands import Generate
from duologue.agent.responder import ModelResponder
from duologue.agent.settings import ThinkSettings
from duologue.listen.hypothesis import ListenOptions
from duologue.think.messages import Message, Speaker, ToolSpec

ASKED = (Message(Speaker.USER, "hello"),)


def test_a_round_is_one_request_with_the_tools_of_the_moment() -> None:
    think = ThinkSettings(tools=(ToolSpec("weather"),))
    (command,) = ModelResponder().ask(3, 2, ASKED, think)
    assert isinstance(command, Generate)
    assert (command.reply, command.round, command.request.messages) == (3, 2, ASKED)
    assert command.request.tools == think.tools


def test_without_an_expectation_anything_may_be_said() -> None:
    assert ModelResponder().expects(ASKED, ThinkSettings()) is None
    options = ListenOptions(grammar="#JSGF")
    assert ModelResponder(lambda _messages, _think: options).expects(ASKED, ThinkSettings()) is options
