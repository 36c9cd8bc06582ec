"""The tasks of one call."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from duologue.agent.task_runner import CallTasks


def run(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run(work)


async def for_ever() -> None:
    await asyncio.Event().wait()


def test_work_is_found_under_its_kind_and_number_until_it_ends() -> None:
    async def main() -> None:
        tasks, done = CallTasks(), asyncio.Event()
        async with asyncio.TaskGroup() as group:
            tasks.open(group)
            tasks.start("think", 1, for_ever())
            tasks.start("tool", "c1", _wait(done))
            assert tasks.runs("think", 1)
            assert tasks.runs("tool", "c1")
            assert not tasks.runs("think", 2)
            done.set()
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            assert not tasks.runs("tool", "c1")
            tasks.cancel("think", 1)
            tasks.cancel("think", 1)
            assert not tasks.runs("think", 1)

    run(main())


def test_work_begun_anew_is_not_forgotten_when_the_old_one_ends() -> None:
    async def main() -> None:
        tasks = CallTasks()
        async with asyncio.TaskGroup() as group:
            tasks.open(group)
            tasks.start("speak", 1, for_ever())
            tasks.cancel("speak", 1)
            tasks.start("speak", 1, for_ever())
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            assert tasks.runs("speak", 1)
            tasks.cancel_all()

    run(main())


def test_nothing_begins_outside_a_call() -> None:
    tasks = CallTasks()
    tasks.start("think", 1, for_ever())
    assert not tasks.runs("think", 1)


async def _wait(for_it: asyncio.Event) -> None:
    await for_it.wait()
