"""The turn events of the call stream, made of what a session says: one counter for both sides, turns may overlap (C§11.3, C§12.3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from duologue.agent.notices import AgentHeard, AgentSaid, CallerSaid, CallerStartedSpeaking, Interrupted
from duologue.protocols.cartesia.line_messages import (
    LineEvent,
    TurnBegun,
    TurnEnded,
    TurnOutputTextDelta,
    TurnOver,
    TurnStarted,
    TurnText,
)

USER, ASSISTANT = "user", "assistant"


@dataclass(slots=True)
class _AgentTurn:
    id: str
    reply: int
    said: list[str] = field(default_factory=list)


class LineTurns:
    """Numbers turns and ends what was begun."""

    def __init__(self) -> None:
        self.stream_id = ""
        self._count = 0
        self._caller = ""
        """The caller's open turn."""
        self._agent: _AgentTurn | None = None

    def render(
        self, notice: CallerStartedSpeaking | CallerSaid | AgentSaid | AgentHeard | Interrupted
    ) -> Sequence[LineEvent]:
        """What follows from a notice."""
        match notice:
            case CallerStartedSpeaking():
                return self._caller_begins()
            case CallerSaid(text):
                begun = self._caller_begins()
                over = TurnOver(id=self._caller, role=USER, text=text, was_interrupted=False)
                self._caller = ""
                return [*begun, TurnEnded(stream_id=self.stream_id, turn_ended=over)]
            case AgentSaid(reply, text):
                return self._agent_says(reply, text)
            case AgentHeard(reply, heard) | Interrupted(reply, heard):
                return self._agent_ends(reply, heard)

    def _next(self) -> str:
        self._count += 1
        return str(self._count)

    def _begun(self, turn: str, role: str) -> TurnStarted:
        return TurnStarted(stream_id=self.stream_id, turn_started=TurnBegun(id=turn, role=role))

    def _caller_begins(self) -> list[LineEvent]:
        if self._caller:
            return []  # a noise without words, or told again: the same turn goes on
        self._caller = self._next()
        return [self._begun(self._caller, USER)]

    def _agent_says(self, reply: int, text: str) -> list[LineEvent]:
        events: list[LineEvent] = []
        if self._agent is None or self._agent.reply != reply:
            events += self._agent_ends()  # a reply that failed in the middle
            self._agent = _AgentTurn(self._next(), reply)
            events.append(self._begun(self._agent.id, ASSISTANT))
        delta = f" {text}" if self._agent.said else text
        self._agent.said.append(text)
        events.append(
            TurnOutputTextDelta(
                stream_id=self.stream_id, turn_output_text_delta=TurnText(id=self._agent.id, text=delta)
            )
        )
        return events

    def _agent_ends(self, reply: int | None = None, heard: str | None = None) -> list[LineEvent]:
        turn = self._agent
        if turn is None or reply not in (None, turn.reply):
            return []
        self._agent = None
        text = " ".join(turn.said) if heard is None else heard
        over = TurnOver(id=turn.id, role=ASSISTANT, text=text, was_interrupted=heard is not None)
        return [TurnEnded(stream_id=self.stream_id, turn_ended=over)]
