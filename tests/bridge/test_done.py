from __future__ import annotations

import asyncio

import pytest

from duologue.bridge.done import Done, Outcome
from duologue.sim.clock import run


def test_a_done_order_can_be_awaited_more_than_once_or_never() -> None:
    async def main() -> None:
        done = Done()
        await done
        await done

    run(main())


def test_giving_up_waiting_does_not_undo_an_order() -> None:
    async def main() -> None:
        future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        outcome = Outcome(future)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1):
                await outcome
        future.set_result(7)
        assert await outcome == 7

    run(main())


def test_a_failed_order_nobody_waited_for_is_no_complaint() -> None:
    async def main() -> None:
        future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        outcome = Outcome(future)
        future.set_exception(ValueError("no"))
        await asyncio.sleep(0)
        with pytest.raises(ValueError, match="no"):
            await outcome

    run(main())
