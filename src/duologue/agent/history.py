"""Who said what, as the model is told it: the agent's lines hold what was heard, never what was only generated.

An assistant `Line` is shared with the reply that speaks it: it grows while text is generated and is cut, once, when the reply is
interrupted. A line that ends up without words and without tool calls is not part of the conversation. Bounded: beyond its limits the
oldest whole exchanges (a caller's line and all that answered it, tool calls with their results) go first.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from duologue.think.messages import Message, Speaker, ToolCall, ToolResult

PENDING_RESULT = "(This tool is still running. Its result will appear here; do not call it again.)"
"""Stands for a result that has not come yet, so that a model asked meanwhile does not repeat the call."""


@dataclass(slots=True, eq=False)
class Line:
    """One entry of the conversation, tool calls with their results included."""

    speaker: Speaker
    text: str = ""
    cut: bool = False
    """The caller interrupted: the text is what was heard."""
    calls: list[ToolCall] = field(default_factory=list)
    results: dict[str, ToolResult] = field(default_factory=dict)
    """By the call's id; a call without one is still running."""
    name: str = ""
    call_id: str = ""

    def cut_to(self, length: int) -> None:
        """Keep only the first `length` characters: what was heard."""
        self.text = self.text[:length].rstrip()
        self.cut = True

    def messages(self) -> list[Message]:
        """As the model sees it."""
        if self.speaker is not Speaker.ASSISTANT:
            return [Message(self.speaker, self.text, call_id=self.call_id, name=self.name)]
        if not self.text.strip() and not self.calls:
            return []
        told = [Message(Speaker.ASSISTANT, self.text.strip(), calls=tuple(self.calls))]
        for call in self.calls:
            result = self.results.get(call.id)
            content = PENDING_RESULT if result is None else result.content
            told.append(Message(Speaker.TOOL, content, call_id=call.id, name=call.name))
        return told


class History:
    """The conversation so far. At most `limit` messages are kept."""

    def __init__(self, earlier: Iterable[Message] = (), limit: int = 500) -> None:
        self._limit = limit
        self._lines: list[Line] = []
        self._take(earlier)
        self._bound()

    def _take(self, earlier: Iterable[Message]) -> None:
        for message in earlier:
            if message.speaker is Speaker.TOOL and self._lines:
                asked = next((line for line in reversed(self._lines) if _calls(line, message.call_id)), None)
                if asked is not None:
                    asked.results[message.call_id] = ToolResult(message.call_id, message.name, message.text)
                    continue
            self._lines.append(
                Line(
                    message.speaker, message.text, calls=list(message.calls), name=message.name, call_id=message.call_id
                )
            )

    def add(self, line: Line) -> None:
        """One more line; the oldest exchanges go when there are too many."""
        self._lines.append(line)
        if len(self._lines) > self._limit // 2:  # a line may be several messages
            self._bound()

    def _bound(self) -> None:
        while len(self._lines) > 1 and sum(_count(line) for line in self._lines) > self._limit:
            exchange = _first_exchange(self._lines)
            del self._lines[: exchange if exchange < len(self._lines) else 1]  # never the whole conversation

    @property
    def lines(self) -> Sequence[Line]:
        """Oldest first."""
        return self._lines

    def messages(self) -> tuple[Message, ...]:
        """The conversation as a model sees it, without the prompt."""
        return tuple(message for line in self._lines for message in line.messages())

    def request(
        self, prompt: str, further: Iterable[Line] = (), context_length: int | None = None
    ) -> tuple[Message, ...]:
        """The messages of a request: prompt, conversation, `further` lines not yet part of it.

        With `context_length`, whole exchanges are left out from the front until the rest has at most so many characters; the last
        exchange is always sent.
        """
        lines = [*self._lines, *further]
        if context_length is not None:
            lines = trim(lines, context_length)
        system = (Message(Speaker.SYSTEM, prompt),) if prompt else ()
        return (*system, *(message for line in lines for message in line.messages()))


def trim(lines: Sequence[Line], characters: int) -> list[Line]:
    """`lines` without as many whole exchanges from the front as needed to fit into `characters`."""
    kept = list(lines)
    size = sum(_size(line) for line in kept)
    while size > characters:
        end = _first_exchange(kept)
        if end >= len(kept):
            break
        size -= sum(_size(line) for line in kept[:end])
        del kept[:end]
    return kept


def _first_exchange(lines: Sequence[Line]) -> int:
    """How many lines the first exchange has: up to the next line of the caller, all if there is none."""
    return next((place for place in range(1, len(lines)) if lines[place].speaker is Speaker.USER), len(lines))


def _count(line: Line) -> int:
    return 1 + len(line.calls)


def _size(line: Line) -> int:
    calls = sum(len(call.name) + len(call.arguments) for call in line.calls)
    return len(line.text) + calls + sum(len(result.content) for result in line.results.values())


def _calls(line: Line, call_id: str) -> bool:
    return any(call.id == call_id for call in line.calls)
