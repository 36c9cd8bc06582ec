"""Draining."""

from __future__ import annotations

import asyncio

from duologue.server.lifecycle import Going, Lifecycle, Phase
from duologue.sim.clock import run


class Conversation:
    """A connection that notes what it is told, and leaves `after` seconds later when it is told to drain."""

    def __init__(self, lifecycle: Lifecycle, after: float | None) -> None:
        self.told: list[str] = []
        self.lifecycle = lifecycle
        self.after = after
        self.going = Going(self.drain, self.cut)
        lifecycle.enter(self.going)

    def drain(self) -> None:
        self.told.append("drain")
        if self.after is not None:
            asyncio.get_running_loop().call_later(self.after, self.lifecycle.leave, self.going)

    def cut(self) -> None:
        self.told.append("cut")
        self.lifecycle.leave(self.going)


def test_a_server_without_connections_stops_at_once() -> None:
    async def main() -> None:
        lifecycle = Lifecycle(30.0)
        await lifecycle.drain()
        assert lifecycle.phase is Phase.STOPPED
        assert asyncio.get_running_loop().time() == 0.0

    run(main())


def test_conversations_may_finish_and_the_rest_is_cut() -> None:
    async def main() -> None:
        lifecycle = Lifecycle(30.0)
        quick, stubborn = Conversation(lifecycle, 2.0), Conversation(lifecycle, None)
        await lifecycle.drain()
        assert quick.told == ["drain"]
        assert stubborn.told == ["drain", "cut"]
        assert asyncio.get_running_loop().time() == 30.0

    run(main())


def test_the_last_that_finishes_ends_the_drain() -> None:
    async def main() -> None:
        lifecycle = Lifecycle(30.0)
        Conversation(lifecycle, 2.0)
        Conversation(lifecycle, 5.0)
        assert lifecycle.connections == 2
        await lifecycle.drain()
        assert asyncio.get_running_loop().time() == 5.0

    run(main())


def test_asking_twice_means_now() -> None:
    async def main() -> None:
        lifecycle = Lifecycle(30.0)
        stubborn = Conversation(lifecycle, None)
        first = asyncio.create_task(lifecycle.drain())
        await asyncio.sleep(1.0)
        await lifecycle.drain()
        await first
        assert stubborn.told == ["drain", "cut"]
        assert asyncio.get_running_loop().time() == 1.0

    run(main())


def test_a_connection_that_cannot_even_be_cut_does_not_hold_the_server() -> None:
    async def main() -> None:
        lifecycle = Lifecycle(1.0)
        lifecycle.enter(Going(lambda: None, lambda: None))
        await lifecycle.drain()
        assert lifecycle.phase is Phase.STOPPED

    run(main())
