"""The numbers of a pool, each with its unit and its reason."""

from __future__ import annotations

from dataclasses import dataclass

from duologue.runtime.machine import Seconds


@dataclass(frozen=True, slots=True)
class PoolPolicy:
    """How a pool treats its workers and its senders."""

    capacity: int | None = None
    """Streams per worker; `None` for what the engine says of itself."""
    high_water_items: int = 940
    """Items a stream may be behind before `writable` makes its sender wait: 30 s of 32 ms steps."""
    high_water_bytes: int = 2 * 1024 * 1024
    """The same in bytes: 30 s of 16 kHz floats are 1.9 MB. A sender who ignores `writable` loses the stream at four times either mark."""
    window: int = 64
    """Results a stream may be ahead of its reader."""
    start_timeout: Seconds = 120.0
    """Loading a model takes no longer."""
    stall_timeout: Seconds = 10.0
    """A step takes no longer, the time not counted in which the worker was given no processor; one that does not answer within it is
    killed."""
    starved_timeout: Seconds = 60.0
    """However starved: a step that takes longer than this is of no use to anybody."""
    open_patience: Seconds = 10.0
    """How long `open` waits for a worker while all are being replaced."""
    first_delay: Seconds = 0.1
    """Before a dead worker is replaced; doubled each time it dies again."""
    longest_delay: Seconds = 5.0
    """Bound of that doubling."""
    settled_after: Seconds = 10.0
    """A worker that lived this long has earned the first delay again."""
