"""The counter of one connection. Synchronous; the ledger turns it into a row."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from duologue.agent.settings import ThinkSettings


class RowStatus(StrEnum):
    """Where a row stands."""

    OPEN = "open"
    CLOSED = "closed"
    RECOVERED = "recovered"
    """Its process ended without closing it; the last checkpoint counts."""


@dataclass(frozen=True, slots=True)
class UsageRow:
    """One connection's usage. Moments are seconds since 1970, lengths are seconds."""

    id: str
    key_prefix: str
    kind: str
    route: str
    status: RowStatus
    opened_at: float
    updated_at: float
    connection_s: float
    audio_in_s: float
    audio_out_s: float
    characters: int
    input_tokens: int
    output_tokens: int
    own: str = ""
    """What the client brought itself: `OWN_MODEL`, or nothing."""


MAX_COUNT = 2**63 - 1
"""The most a database can hold."""

OWN_MODEL = "model"
"""The client's own language model answered, so that ours cost nothing."""


def own_parts(think: ThinkSettings) -> str:
    """What a client brings itself that thinks so: the model, if every model it named has an address of the client's.

    With one of ours among the fallbacks the answer may come from there.
    """
    own = bool(think.choices) and all(choice.endpoint and choice.endpoint.url for choice in think.choices)
    return OWN_MODEL if own else ""


@dataclass(slots=True)
class UsageMeter:
    """Counts while a connection lasts."""

    id: str
    key_prefix: str
    kind: str
    route: str
    opened_at: float
    audio_in_s: float = 0.0
    audio_out_s: float = 0.0
    characters: int = 0
    """Given to synthesis."""
    input_tokens: int = 0
    output_tokens: int = 0
    own: str = ""
    """As in the row; known once the session is open."""
    began: float = 0.0
    """When it opened, by a clock that nobody sets."""

    def begin_thinking(self, think: ThinkSettings) -> None:
        """The session opens."""
        self.own = own_parts(think)

    def change_thinking(self, think: ThinkSettings) -> None:
        """The client names other models. Its own must have been there from the first to the last."""
        self.own = self.own and own_parts(think)

    def row(self, now: float, status: RowStatus) -> UsageRow:
        """The row as it is at `now`, on the wall clock."""
        # A wall clock that is set back must not make a connection's length negative.
        updated_at = max(now, self.opened_at)
        return UsageRow(
            id=self.id,
            key_prefix=self.key_prefix,
            kind=self.kind,
            route=self.route,
            status=status,
            opened_at=self.opened_at,
            updated_at=updated_at,
            connection_s=updated_at - self.opened_at,
            audio_in_s=self.audio_in_s,
            audio_out_s=self.audio_out_s,
            characters=min(self.characters, MAX_COUNT),
            input_tokens=min(max(0, self.input_tokens), MAX_COUNT),  # as a model said them
            output_tokens=min(max(0, self.output_tokens), MAX_COUNT),
            own=self.own,
        )
