"""The tool ledger: every call has one state, and gets exactly one result, whatever happens meanwhile.

A call outlives the reply that made it: when the caller interrupts, the tool finishes and its result is kept, so that no order is placed
twice. Only the calls of a discarded draft are withdrawn. Client-side and server-side calls differ in who runs them, nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from duologue.agent.history import Line
from duologue.agent.settings import LimitsPolicy
from duologue.runtime.machine import Seconds
from duologue.think.messages import ToolCall, ToolResult, ToolSpec

KEPT_CALLS = 1000
"""Settled calls remembered, so that a second answer is known to be late and not unknown."""


class CallState(StrEnum):
    """Where a call stands."""

    HELD = "held"
    """Of a draft; not to be called before it is committed."""
    ASKED = "asked"
    """The client was told and runs it."""
    RUNNING = "running"
    """The server runs it."""
    ANSWERED = "answered"
    FAILED = "failed"
    TIMED_OUT = "timed out"
    WITHDRAWN = "withdrawn"
    """Its draft was discarded, or the call ended: nobody waits any more."""

    @property
    def settled(self) -> bool:
        """It has its result."""
        return self not in {CallState.HELD, CallState.ASKED, CallState.RUNNING}


@dataclass(slots=True, eq=False)
class LedgerEntry:
    """One call."""

    call: ToolCall
    spec: ToolSpec | None
    reply: int
    line: Line
    """Where the result belongs."""
    state: CallState
    due: Seconds
    result: ToolResult | None = None
    own: bool = False
    """The session carries it out itself."""

    @property
    def client_side(self) -> bool:
        """The client runs it."""
        return self.spec is not None and self.spec.client_side and not self.own


class Toolbox:
    """The ledger."""

    def __init__(self, limits: LimitsPolicy) -> None:
        self._limits = limits
        self._open: dict[str, LedgerEntry] = {}
        self._settled: dict[str, CallState] = {}

    def knows(self, call_id: str) -> bool:
        """The id was used before."""
        return call_id in self._open or call_id in self._settled

    def state(self, call_id: str) -> CallState | None:
        """Where a call stands; `None` for one never made."""
        entry = self._open.get(call_id)
        return entry.state if entry else self._settled.get(call_id)

    def enter(
        self, call: ToolCall, spec: ToolSpec | None, reply: int, line: Line, *, hold: bool, own: bool = False
    ) -> LedgerEntry:
        """A new call, not yet made. `call.id` must be new."""
        entry = LedgerEntry(call, spec, reply, line, CallState.HELD, due=float("inf"), own=own)
        if not hold:
            entry.state = CallState.ASKED if entry.client_side else CallState.RUNNING
        self._open[call.id] = entry
        line.calls.append(call)
        return entry

    def start(self, entry: LedgerEntry, now: Seconds) -> None:
        """The call is made now."""
        entry.state = CallState.ASKED if entry.client_side else CallState.RUNNING
        entry.due = now + self._limits.tool_timeout

    def settle(self, result: ToolResult, state: CallState | None = None) -> LedgerEntry | None:
        """Record the one result of a call; `None` when the call is unknown or has its result already."""
        entry = self._open.pop(result.call_id, None)
        if entry is None:
            return None
        limit = self._limits.tool_result_characters
        content = result.content if len(result.content) <= limit else result.content[:limit]
        entry.result = ToolResult(result.call_id, entry.call.name, content, result.error)
        entry.state = state or (CallState.FAILED if result.error else CallState.ANSWERED)
        entry.line.results[entry.call.id] = entry.result
        self._settled[entry.call.id] = entry.state
        while len(self._settled) > KEPT_CALLS:
            del self._settled[next(iter(self._settled))]
        return entry

    def take_overdue(self, now: Seconds) -> list[LedgerEntry]:
        """Calls not answered in time, now settled with an error result."""
        overdue = [entry for entry in self._open.values() if entry.due <= now]
        for entry in overdue:
            why = f"{entry.call.name} did not answer within {self._limits.tool_timeout:g} seconds"
            self.settle(ToolResult(entry.call.id, entry.call.name, why, error=True), CallState.TIMED_OUT)
        return overdue

    def withdraw(self, entries: Iterable[LedgerEntry]) -> list[LedgerEntry]:
        """Settle calls nobody waits for any more; those that had been made and were still open are returned."""
        made = []
        for entry in entries:
            if entry.state.settled:
                continue
            if entry.state is not CallState.HELD:
                made.append(entry)
            self.settle(ToolResult(entry.call.id, entry.call.name, "withdrawn", error=True), CallState.WITHDRAWN)
        return made

    def of(self, reply: int) -> list[LedgerEntry]:
        """The unsettled calls of a reply."""
        return [entry for entry in self._open.values() if entry.reply == reply]

    def adopt(self, old: int, new: int) -> None:
        """A reply goes on as another: its unsettled calls go with it."""
        for entry in self.of(old):
            entry.reply = new

    @property
    def unsettled(self) -> Sequence[LedgerEntry]:
        """All calls without a result."""
        return list(self._open.values())

    def wake_at(self) -> Seconds | None:
        """When the next call times out."""
        due = min((entry.due for entry in self._open.values()), default=None)
        return None if due is None or due == float("inf") else due
