"""The numbers of turn detection, each with its unit, range and origin."""

from __future__ import annotations

from dataclasses import dataclass, field

from duologue.errors import Violation
from duologue.runtime.machine import Seconds


@dataclass(frozen=True, slots=True)
class FloorPolicy:
    """How voice activity and completeness become the probability that the caller holds the floor."""

    attack_half_life: Seconds = 0.025
    """Half-life of the rising average; three voiced steps of 32 ms pass 0.8, one click does not."""
    speech_threshold: float = 0.5
    """Voice activity above this counts as speech."""
    slow: Seconds = 1.15
    """Half-life of the floor in silence after an open sentence (completeness 0)."""
    fast: Seconds = 0.20
    """Half-life of the floor in silence after a finished one (completeness 1)."""
    foreground: float = 1.0
    """How far voices behind the caller are disbelieved, 0 (not at all) to 1; see `listen/foreground.py`."""

    def __post_init__(self) -> None:
        """Raises `Violation("turn_policy")`."""
        for name in ("attack_half_life", "slow", "fast"):
            _check(f"listen.floor.{name}", getattr(self, name), above=0.0)
        for name in ("speech_threshold", "foreground"):
            _check(f"listen.floor.{name}", getattr(self, name), most=1.0)


@dataclass(frozen=True, slots=True)
class GatePolicy:
    """Which audio the recogniser gets."""

    pre_roll: Seconds = 0.3
    """Audio before the first voiced step."""
    hang_over: Seconds = 0.25
    """Audio after the last voiced step, until the segment is closed."""
    open_above: float = 0.5
    """Voice activity that opens the gate and keeps it open."""
    block: Seconds = 0.096
    """Audio is forwarded in stretches of at least this length: three steps, a third of the messages."""

    def __post_init__(self) -> None:
        """Raises `Violation("turn_policy")`."""
        for name in ("pre_roll", "hang_over", "block"):
            _check(f"listen.gate.{name}", getattr(self, name))
        _check("listen.gate.open_above", self.open_above, most=1.0)


def _check(path: str, value: float, *, above: float | None = None, most: float = 60.0) -> None:
    """A number from 0, or from `above` it, to `most`."""
    enough = value >= 0.0 if above is None else value > above
    if not (enough and value <= most):
        least = "0 to" if above is None else f"above {above:g}, up to"
        raise Violation("turn_policy", f"{value:g} cannot work", path=path, expected=f"{least} {most:g}")


@dataclass(frozen=True, slots=True)
class TurnPolicy:
    """When a turn starts, is perhaps over, and is over. Levels are probabilities that the caller holds the floor, 0..1.

    Defaults are Cartesia's for `/stt/turns/websocket`. `eager_end` is `None` to switch eager ends off. Equality of the thresholds is
    allowed here; dialects check their vendor's stricter order. Raises `Violation("turn_policy")` when start < eager_end or eager_end < end.
    """

    start: float = 0.8
    eager_end: float | None = 0.6
    end: float = 0.3
    end_timeout: Seconds = 5.6
    """A turn ends this long after the last speech whatever the floor says."""
    floor: FloorPolicy = field(default_factory=FloorPolicy)
    gate: GatePolicy = field(default_factory=GatePolicy)

    @property
    def foreground(self) -> float:
        """How far voices behind the caller are disbelieved, 0 to 1. Where no turn ends by the floor everybody is written down."""
        return self.floor.foreground if self.end > 0 else 0.0

    def __post_init__(self) -> None:
        eager = self.end if self.eager_end is None else self.eager_end
        if not 0.0 <= self.end <= eager <= self.start <= 1.0:
            raise Violation(
                "turn_policy",
                f"turn thresholds must fall: start {self.start}, eager end {self.eager_end}, end {self.end}",
                path="turn",
                expected="0 <= end <= eager_end <= start <= 1",
            )
        if self.end_timeout <= 0:
            raise Violation(
                "turn_policy", "the end timeout must be positive", path="turn.end_timeout", expected="> 0 seconds"
            )
