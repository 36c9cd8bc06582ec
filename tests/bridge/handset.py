"""A way in without a network: a caller whose telephone remembers what it was told to do, and a place to call at."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from duologue.audio.formats import AudioFormat, Encoding
from duologue.bridge.agents import AgentsPlace
from duologue.bridge.ingress.ingress import CallFacts, FarEnd
from duologue.bridge.reception import House, Reception
from duologue.bridge.scenario import Scenario, SessionParts
from duologue.ids import SeededIds
from duologue.runtime.driver import Timers
from duologue.server.lifecycle import Lifecycle

TELEPHONE = AudioFormat(Encoding.MULAW, 8_000)


@dataclass
class Handset:
    """One caller. `told` holds the orders in order; a hang-up is obeyed at once."""

    told: list[str] = field(default_factory=list)
    far: FarEnd | None = None
    frames: int = 0

    def call(self, reception: Reception, call_id: str = "call-1", **facts: str) -> Handset:
        """Ring."""
        self.far = reception.take(self, CallFacts("handset", call_id, **facts), TELEPHONE)  # type: ignore[arg-type]
        return self

    def hang_up(self) -> None:
        """The caller has had enough."""
        far, self.far = self.far, None
        if far is not None:
            far.hangup_in("the caller hung up")

    def audio_out(self, payload: bytes) -> None:
        self.frames += 1

    def mark(self, name: str) -> None:
        self.told.append(f"mark {name}")

    def clear(self) -> None:
        self.told.append("clear")

    def dtmf_out(self, digits: str) -> None:
        self.told.append(f"keys {digits}")

    def hangup(self, reason: str = "") -> None:
        self.told.append(f"hang up: {reason}")
        far, self.far = self.far, None
        if far is not None:
            far.hangup_in(reason)

    def transfer(self, target: str) -> None:
        self.told.append(f"transfer {target}")


def reception_for(scenario: Scenario, *, max_calls: int = 100, drain_s: float = 30.0) -> Reception:
    """A reception without agents."""
    parts = SessionParts(
        Timers(asyncio.get_running_loop()), SeededIds(1), AgentsPlace(lambda: "http://127.0.0.1:1", "key")
    )
    return Reception(House(parts, Lifecycle(drain_s), lambda: "https://here", max_calls), scenario)
