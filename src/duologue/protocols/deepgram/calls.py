"""The function calls a client was asked for, so that its answers find them (Deepgram docs: function calling; D§5.10)."""

from __future__ import annotations

from msgspec import json

from duologue.agent.notices import RequestedTool
from duologue.errors import Violation
from duologue.protocols.deepgram.settings_messages import FunctionCallResponse
from duologue.think.messages import ToolResult

MAX_CALLS = 512
"""Calls remembered; the oldest are forgotten. A reply makes at most 128."""


class CallBook:
    """Calls asked of the client, by id. An answer that comes late, or twice, is passed on: the session drops what is over."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._open: dict[str, str] = {}

    def ask(self, tools: tuple[RequestedTool, ...]) -> None:
        """The client was asked for these; server-side ones are not its to answer."""
        for tool in tools:
            if tool.client_side:
                self._names[tool.call.id] = self._open[tool.call.id] = tool.call.name
        while len(self._names) > MAX_CALLS:
            oldest = next(iter(self._names))
            del self._names[oldest]
            self._open.pop(oldest, None)

    def settle(self, call_id: str) -> None:
        """The call has its result, or is withdrawn."""
        self._open.pop(call_id, None)

    def answer(self, response: FunctionCallResponse) -> ToolResult:
        """The result in a response with new or old member names. Raises `Violation("unknown_call")` (D§5.10 rule 5)."""
        content = response.content if response.content is not None else response.output
        if content is None:
            raise Violation("wrong_shape", "a required member is missing", path="content", expected="a value")
        call_id = self._find(response)
        self._open.pop(call_id, None)
        text = content if isinstance(content, str) else json.encode(content).decode()
        return ToolResult(call_id, self._names[call_id], text)

    def _find(self, response: FunctionCallResponse) -> str:
        given = response.id if response.id is not None else response.function_call_id
        if given is None and response.name is None:
            raise Violation("wrong_shape", "a required member is missing", path="id", expected="a value")
        if given is None:  # some clients answer by name alone; that is clear while one call of that name is open
            named = [call_id for call_id, name in self._open.items() if name == response.name]
            if len(named) == 1:
                return named[0]
            raise Violation("unknown_call", "no single open call has this name", path="name", remedy="Send its id.")
        if given not in self._names:
            raise Violation(
                "unknown_call", "no such call was requested", path="id", remedy="Send the id of the request."
            )
        if response.name not in (None, "", self._names[given]):
            raise Violation("unknown_call", "the call has another name", path="name", expected=self._names[given])
        return given
