"""What a scenario is told of a player."""

from __future__ import annotations

from dataclasses import dataclass

from duologue.bridge.events import EventName
from duologue.bridge.media import MediaUnit


@dataclass(frozen=True, slots=True)
class PlayerEvent:
    """Something became of a player. `duration` in milliseconds where it is known, `error` where it failed."""

    player: MediaUnit
    name: EventName
    duration: float | None = None
    error: str = ""
