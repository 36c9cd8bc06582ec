from __future__ import annotations

import asyncio

import pytest
from structlog.testing import capture_logs

from duologue.bridge.context import MAX_RUNNING, ScenarioContext, current_context
from duologue.bridge.done import Done
from duologue.bridge.errors import ClientClosed
from duologue.errors import Refused
from duologue.sim.clock import run
from tests.bridge.stage import stage


class Closing:
    """Something a scenario holds open."""

    def __init__(self, context: ScenarioContext) -> None:
        self.closed = 0
        context.own(self)

    def close(self) -> Done:
        self.closed += 1
        return Done()


def test_units_find_the_scenario_they_are_created_in_also_in_tasks_and_without_one_that_of_their_loop() -> None:
    async def find() -> ScenarioContext:
        return current_context()

    async def main() -> None:
        outside = current_context()
        with stage().active() as context:
            assert current_context() is context
            task = asyncio.ensure_future(find())
        assert await task is context
        assert current_context() is outside is await find()
        await outside.close()
        assert current_context() is not outside, "one that has ended is followed by another"

    run(main())


def test_the_end_of_a_scenario_ends_its_listeners_and_closes_what_it_holds() -> None:
    async def main() -> None:
        context = stage()
        held, gone = Closing(context), Closing(context)
        context.disown(gone)
        ended: list[str] = []

        async def listener() -> None:
            try:
                await asyncio.sleep(1000)
            finally:
                ended.append("listener")

        context.spawn(listener(), "event")
        await asyncio.sleep(1)
        await context.close()
        assert (held.closed, gone.closed, ended) == (1, 0, ["listener"])
        with pytest.raises(ClientClosed, match="the scenario is closed"):
            Closing(context)

    run(main())


def test_without_a_runner_a_failure_closes_the_context_itself() -> None:
    async def main() -> None:
        context = stage()
        held = Closing(context)
        with capture_logs():
            context.fail("event", RuntimeError("broken"))
            context.fail("event", RuntimeError("again"))
            await asyncio.sleep(1)
        assert held.closed == 1
        assert str(context.failure) == "broken"

    run(main())


def test_without_a_runner_an_exit_ends_the_program() -> None:
    async def main() -> None:
        context = stage()
        with pytest.raises(SystemExit):
            context.fail("event", SystemExit(3))
        await context.close()

    run(main())


def test_coroutines_of_listeners_have_a_bound() -> None:
    async def main() -> None:
        context = stage(failed=lambda event, error: None)
        for _ in range(MAX_RUNNING):
            context.spawn(asyncio.sleep(5), "event")
        with capture_logs():
            context.spawn(asyncio.sleep(5), "event")
        assert isinstance(context.failure, Refused)
        await context.close()

    run(main())


def test_nothing_is_begun_in_a_scenario_that_is_over() -> None:
    ran: list[str] = []

    async def late() -> None:
        ran.append("never")

    async def main() -> None:
        context = stage()
        await context.close()
        with capture_logs() as logs:
            context.spawn(late(), "Session.Terminated")
        await asyncio.sleep(0.1)
        assert (ran, context.running) == ([], frozenset())
        assert [log["event"] for log in logs] == ["listener_too_late"]

    run(main())
