"""Virtual time: order and repeatability of a real loop, none of its waiting."""

from __future__ import annotations

import asyncio

import pytest

from duologue.sim.clock import Stalled, TasksLeft, VirtualLoop, run


def test_an_hour_passes_at_once() -> None:
    async def main() -> float:
        await asyncio.sleep(3600)
        return asyncio.get_running_loop().time()

    assert run(main()) == pytest.approx(3600)


def test_timers_fire_in_order() -> None:
    fired: list[str] = []

    async def main() -> None:
        loop = asyncio.get_running_loop()
        loop.call_at(2.0, fired.append, "late")
        loop.call_at(1.0, fired.append, "early")
        await asyncio.sleep(3)

    run(main())
    assert fired == ["early", "late"]


def test_a_timer_sees_exactly_its_own_time() -> None:
    async def main() -> float:
        loop = asyncio.get_running_loop()
        seen: asyncio.Future[float] = loop.create_future()
        loop.call_at(0.1 + 0.2, lambda: seen.set_result(loop.time()))
        return await seen

    assert run(main()) >= 0.1 + 0.2


def test_a_program_that_waits_for_nothing_is_reported_with_the_waiting_tasks() -> None:
    async def main() -> None:
        asyncio.current_task().set_name("the lonely one")  # type: ignore[union-attr]
        await asyncio.get_running_loop().create_future()

    with pytest.raises(Stalled, match="the lonely one"):
        run(main())


def test_tasks_left_behind_are_reported() -> None:
    async def main() -> None:
        asyncio.current_task().add_done_callback(lambda _: None)  # type: ignore[union-attr]
        task = asyncio.get_running_loop().create_task(asyncio.sleep(1), name="forgotten")
        kept.append(task)

    kept: list[asyncio.Task[None]] = []
    with pytest.raises(TasksLeft, match="forgotten"):
        run(main())


def test_the_clock_starts_at_zero() -> None:
    loop = VirtualLoop()
    assert loop.time() == 0.0
    loop.close()


def test_time_that_stands_still_is_told() -> None:
    async def busy() -> None:
        while True:  # noqa: ASYNC110 - that is the mistake
            await asyncio.sleep(0)

    with pytest.raises(Stalled, match="time stands still"):
        run(busy())
