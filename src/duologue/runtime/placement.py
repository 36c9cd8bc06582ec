"""Which worker gets the next stream, and when the pool is full. Decides; starts nothing."""

from __future__ import annotations

from duologue.errors import Refused

RETRY_AFTER_S = 1.0
"""What a refused client is told to wait: streams end every few seconds on a busy pool."""


class Placement:
    """Least loaded worker under its capacity; among equals the one that joined first. Workers are numbers."""

    def __init__(self, engine: str) -> None:
        self._engine = engine
        self._loads: dict[int, int] = {}
        self._capacities: dict[int, int] = {}

    @property
    def workers(self) -> tuple[int, ...]:
        """Who can be given streams."""
        return tuple(self._loads)

    def load(self, worker: int) -> int:
        """Streams it carries; 0 for a worker that is not here."""
        return self._loads.get(worker, 0)

    def join(self, worker: int, capacity: int) -> None:
        """A worker is ready for at most `capacity` streams at a time."""
        if capacity < 1:
            raise ValueError(f"a worker must carry at least one stream, not {capacity}")
        self._loads[worker] = 0
        self._capacities[worker] = capacity

    def leave(self, worker: int) -> None:
        """A worker is gone, and its streams with it."""
        self._loads.pop(worker, None)
        self._capacities.pop(worker, None)

    def take(self) -> int:
        """The worker for one more stream. Raises `Refused("engine_full")`."""
        free = [worker for worker, load in self._loads.items() if load < self._capacities[worker]]
        if not free:
            carried = sum(self._loads.values())
            message = f"engine {self._engine} carries {carried} streams already, which is all it can"
            raise Refused("engine_full", message, retry_after_s=RETRY_AFTER_S)
        worker = min(free, key=lambda worker: self._loads[worker])
        self._loads[worker] += 1
        return worker

    def give_back(self, worker: int) -> None:
        """A stream of a worker is over. A worker that has left is not counted any more."""
        if self._loads.get(worker, 0) > 0:
            self._loads[worker] -= 1
