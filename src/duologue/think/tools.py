"""Running the tools a model calls on the server's side. Client-side tools never come here: the client is asked by a notice."""

from __future__ import annotations

from typing import Protocol

from duologue.think.messages import ToolCall, ToolResult, ToolSpec


class ToolRunner(Protocol):
    """Something that runs a tool for the session."""

    async def run(self, call: ToolCall, spec: ToolSpec) -> ToolResult:
        """The one answer to `call`. Never raises for a tool that fails: the failure is an error result the model can read."""
        ...


def failed_call(call: ToolCall, why: str) -> ToolResult:
    """The result of a call that could not be answered."""
    return ToolResult(call_id=call.id, name=call.name, content=why, error=True)
