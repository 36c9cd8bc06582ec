"""The session's think side: who is asked for the words of a reply, and what answer the agent expects next."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeAlias

from duologue.agent.commands import Command, Generate
from duologue.agent.settings import ThinkSettings
from duologue.listen.hypothesis import ListenOptions
from duologue.think.completion import CompletionRequest
from duologue.think.messages import Message

Expectation: TypeAlias = Callable[[Sequence[Message], ThinkSettings], ListenOptions | None]
"""What a caller will probably answer, from the conversation so far; `None` for anything."""


class Responder(Protocol):
    """A writer of replies. Pure: it gives commands, it does not perform them."""

    def ask(self, reply: int, round_: int, messages: Sequence[Message], think: ThinkSettings) -> Sequence[Command]:
        """What is to be done for one round of a reply. The answer comes back as `CompletionReceived(reply, round, ...)`."""
        ...

    def expects(self, messages: Sequence[Message], think: ThinkSettings) -> ListenOptions | None:
        """What the caller will probably say next, given the conversation that includes the agent's last line."""
        ...


class ModelResponder:
    """Has a language model write, round by round, with tools and history."""

    def __init__(self, expectation: Expectation | None = None) -> None:
        self._expectation = expectation

    def ask(self, reply: int, round_: int, messages: Sequence[Message], think: ThinkSettings) -> Sequence[Command]:
        """One request to the model."""
        return (Generate(reply, round_, CompletionRequest(think.choices, tuple(messages), think.tools)),)

    def expects(self, messages: Sequence[Message], think: ThinkSettings) -> ListenOptions | None:
        """As the expectation given says."""
        return None if self._expectation is None else self._expectation(messages, think)
