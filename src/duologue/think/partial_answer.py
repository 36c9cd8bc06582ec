"""An answer put together from the pieces a provider streams, whatever its wire. Bounded."""

from __future__ import annotations

from dataclasses import dataclass, field

from duologue.errors import EngineFailure
from duologue.think.completion import CallDelta, CompletionEvent, Finish, TextDelta
from duologue.think.messages import ToolCall

MAX_CALLS = 64
MAX_COUNT = 1_000_000_000
"""Tokens of one answer; more is no count."""
MAX_ANSWER = 200_000
"""Characters of text and of tool arguments together; more is a model that has lost its way."""


@dataclass(slots=True)
class _Call:
    id: str = ""
    name: str = ""
    arguments: str = ""


@dataclass(slots=True)
class PartialAnswer:
    """Text is passed on as it comes, calls are kept until the end."""

    provider: str
    reason: str = ""
    """Why the model ended, in our words, once it has."""
    input_tokens: int = 0
    output_tokens: int = 0
    _calls: dict[int, _Call] = field(default_factory=dict)
    _length: int = 0
    _spoken: bool = False

    @property
    def begun(self) -> bool:
        """The model has begun to answer."""
        return self._spoken or bool(self._calls) or bool(self.reason)

    @property
    def last_call(self) -> int:
        """The highest place of a call so far; -1 before the first."""
        return max(self._calls, default=-1)

    def write(self, text: str) -> TextDelta:
        """More text. Raises `EngineFailure` beyond the bound."""
        self._grow(len(text))
        self._spoken = True
        return TextDelta(whole_characters(text))

    def call(self, place: int, *, id: str = "", name: str = "", arguments: str = "") -> CallDelta:  # noqa: A002 - the wires' word
        """More of the call at `place`; the first id and name count. Raises `EngineFailure` beyond a bound."""
        if place not in self._calls and len(self._calls) >= MAX_CALLS:
            raise EngineFailure(self.provider, f"called more than {MAX_CALLS} tools at once", lost="the answer")
        call = self._calls.setdefault(place, _Call())
        call.id = call.id or id
        call.name = call.name or name
        self._grow(len(arguments))
        call.arguments += arguments
        return CallDelta()

    def finish(self) -> list[CompletionEvent]:
        """The calls and the end. Raises `EngineFailure` when nothing came at all."""
        if not self.begun:
            raise EngineFailure(self.provider, "ended without an answer", lost="the answer")
        calls = [
            ToolCall(*map(whole_characters, (call.id or f"call_{place}", call.name, call.arguments or "{}")))
            for place, call in sorted(self._calls.items())
            if call.name
        ]
        reason = "tool_calls" if calls else self.reason or "stop"
        return [*calls, Finish(reason, self.input_tokens, self.output_tokens)]

    def _grow(self, by: int) -> None:
        self._length += by
        if self._length > MAX_ANSWER:
            raise EngineFailure(self.provider, f"answered with more than {MAX_ANSWER} characters", lost="the rest")


def whole_characters(text: str) -> str:
    """The text with a sign in place of each half character: JSON can name one alone, and nothing can write it down again."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def count_of(value: object) -> int:
    """A number of tokens; 0 for what is none: a client's own model may say anything, and it is added up."""
    return value if isinstance(value, int) and 0 <= value <= MAX_COUNT else 0


def kind_of(error: object) -> str:
    """What kind of error a provider tells of. Its text is left out: it may quote the key or the conversation."""
    if isinstance(error, dict):
        return str(error.get("code") or error.get("type") or "an error")[:80]
    return "an error"
