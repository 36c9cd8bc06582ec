"""The contract of everything that decides.

**A machine is told what happened and when; it answers with everything that is to be done, and with the moment it wants to be woken.**

1. `handle` is total: any event of its vocabulary, in any state. Facts about things that are over are dropped in one visible place.
2. It returns every consequence; there is nothing to poll. Commands are performed in order, before the next event is handled.
3. An event raised while commands are performed waits its turn: run to completion, no recursion.
4. `wake(now)` is called with `now >= wake_at()`, even if the loop's timer fired a hair early. Equal deadlines fire in the order set.
5. A machine may contain machines; only the outermost meets a driver. The drivers of a process share one timer heap.
6. Every command that starts work carries an id; every fact that reports work carries it back. Ids of one kind only grow.
7. Commands never block. What cannot be done now is refused with a fact.

A machine is synchronous. It does no I/O, reads no clock and draws no random number.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeAlias, TypeVar

Seconds: TypeAlias = float
"""A moment on the loop's clock, or a duration."""

EventT_contra = TypeVar("EventT_contra", contravariant=True)
CommandT_co = TypeVar("CommandT_co", covariant=True)


class Machine(Protocol[EventT_contra, CommandT_co]):
    """Something that decides; see the module's contract."""

    def handle(self, event: EventT_contra, now: Seconds) -> Sequence[CommandT_co]:
        """What follows from `event`, which happened at `now`."""
        ...

    def wake(self, now: Seconds) -> Sequence[CommandT_co]:
        """What follows from time having reached `wake_at()`."""
        ...

    def wake_at(self) -> Seconds | None:
        """The next moment at which time alone changes something; `None` when only events can."""
        ...
