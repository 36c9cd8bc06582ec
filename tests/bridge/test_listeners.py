from __future__ import annotations

import asyncio

import pytest
from structlog.testing import capture_logs

from duologue.bridge.context import current_context
from duologue.bridge.errors import ClientClosed
from duologue.bridge.events import CallEvents, Events, SessionEvents
from duologue.bridge.listeners import MAX_BEHIND, MAX_LISTENERS
from duologue.bridge.media import MediaEnded, MediaInfo
from duologue.bridge.session_events import SessionEvent
from duologue.errors import Violation
from duologue.sim.clock import run
from tests.bridge.stage import Ear, stage


def started(ear: Ear) -> MediaEnded:
    return MediaEnded(ear, MediaInfo(20.0))


ENDED = Events.WebSocketMediaEnded


def test_listeners_are_called_in_the_order_they_were_registered_and_each_once() -> None:
    async def main() -> None:
        ear, called = Ear(stage()), []

        def first(event: object) -> None:
            called.append("first")

        ear.on(ENDED, first)

        @ear.on(ENDED)
        def second(event: MediaEnded) -> None:
            called.append(f"second {event.media_info.duration}")

        ear.add_event_listener(ENDED, first)
        ear.tell(started(ear))
        assert called == ["first", "second 20.0"]
        ear.off(ENDED, first)
        ear.tell(started(ear))
        assert called[2:] == ["second 20.0"]

    run(main())


def test_a_coroutine_that_waits_holds_up_neither_other_listeners_nor_later_events() -> None:
    async def main() -> None:
        context = stage()
        ear, seen = Ear(context), []

        async def slow(event: object) -> None:
            seen.append("slow begins")
            await asyncio.sleep(5)
            seen.append("slow ends")

        ear.on(ENDED, slow)
        ear.on(ENDED, lambda event: seen.append("quick"))
        ear.tell(started(ear))
        ear.tell(started(ear))
        await asyncio.sleep(1)
        assert seen == ["quick", "quick", "slow begins", "slow begins"]
        with capture_logs() as logs:
            await asyncio.sleep(5)
        assert [line["event"] for line in logs] == ["slow_listener", "slow_listener"]
        assert context.failure is None

    run(main())


def test_a_scenario_is_ended_by_its_first_failing_listener_and_told_which() -> None:
    failures: list[tuple[str, str]] = []

    async def main() -> None:
        context = stage(failed=lambda event, error: failures.append((event, str(error))))
        ear = Ear(context)

        async def later(event: object) -> None:
            raise RuntimeError("later")

        def at_once(event: object) -> None:
            raise ValueError("at once")

        ear.on(ENDED, later)
        ear.on(ENDED, at_once)
        with capture_logs() as logs:
            ear.tell(started(ear))
            await asyncio.sleep(0.1)
        assert [line["error"] for line in logs] == ["ValueError('at once')", "RuntimeError('later')"]
        assert failures == [("Cartesia.Events.WebSocketMediaEnded", "at once")]

    run(main())


def test_what_a_listener_creates_belongs_to_its_scenario_wherever_the_event_comes_from() -> None:
    async def main() -> None:
        context, found = stage(), []
        ear = Ear(context)

        async def later(event: object) -> None:
            await asyncio.sleep(1)
            found.append(current_context())

        ear.on(ENDED, lambda event: found.append(current_context()))
        ear.on(ENDED, later)
        ear.tell(started(ear))
        await asyncio.sleep(2)
        assert found == [context, context]
        assert current_context() is not context

    run(main())


def test_what_cannot_be_called_is_accepted_with_a_warning_and_ends_the_scenario_when_it_is_to_be_called() -> None:
    async def main() -> None:
        context = stage(failed=lambda event, error: None)
        ear = Ear(context)
        with capture_logs() as logs:
            ear.on(ENDED, "no function")  # type: ignore[call-overload]
        assert logs[0]["event"] == "listener_not_callable"
        assert context.failure is None
        with capture_logs():
            ear.tell(started(ear))
        assert isinstance(context.failure, TypeError)

    run(main())


def test_strict_listeners_are_checked_at_once() -> None:
    async def main() -> None:
        ear = Ear(stage(strict_listeners=True))
        with pytest.raises(TypeError, match=r"the listener of Cartesia\.Events\.WebSocketMediaEnded is str"):
            ear.add_event_listener(ENDED, "no function")  # type: ignore[arg-type]
        assert not ear.listens(ENDED)

    run(main())


def test_a_listener_that_comes_too_late_for_its_client_ends_nothing() -> None:
    async def main() -> None:
        context = stage()
        ear = Ear(context)

        def late(event: object) -> None:
            raise ClientClosed("the client")

        ear.on(ENDED, late)
        with capture_logs() as logs:
            ear.tell(started(ear))
        assert [line["event"] for line in logs] == ["listener_too_late"]
        assert context.failure is None

    run(main())


def test_listeners_of_a_unit_have_a_bound() -> None:
    async def main() -> None:
        ear = Ear(stage())
        for _ in range(MAX_LISTENERS):
            ear.on(ENDED, lambda event: None)
        with pytest.raises(Violation, match="has 1000 listeners"):
            ear.on(CallEvents.Connected, lambda event: None)
        ear.off(ENDED)
        ear.on(ENDED, print)
        assert ear.listens(ENDED)

    run(main())


def test_wait_for_returns_the_next_event_of_its_kind_or_says_why_there_is_none() -> None:
    async def main() -> None:
        ear = Ear(stage())
        waiting = asyncio.ensure_future(ear.wait_for(ENDED, timeout=10))
        await asyncio.sleep(1)
        ear.tell(SessionEvent(SessionEvents.Started))
        ear.tell(started(ear))
        assert (await waiting).name == ENDED
        with pytest.raises(TimeoutError):
            await ear.wait_for(ENDED, timeout=1)
        waiting = asyncio.ensure_future(ear.wait_for(ENDED))
        await asyncio.sleep(0)
        ear.retire()
        with pytest.raises(ClientClosed):
            await waiting

    run(main())


def test_events_are_read_in_order_until_the_unit_is_over() -> None:
    async def main() -> None:
        ear = Ear(stage())
        read: list[str] = []

        async def reader() -> None:
            async for event in ear.events():
                read.append(str(event.name))  # noqa: PERF401 - what was read before the end counts

        task = asyncio.ensure_future(reader())
        await asyncio.sleep(0)
        ear.tell(SessionEvent(SessionEvents.Started))
        ear.tell(started(ear))
        ear.retire()
        await task
        assert read == ["Session.Started", "Cartesia.Events.WebSocketMediaEnded"]

    run(main())


def test_a_reader_that_falls_behind_is_told_so() -> None:
    async def main() -> None:
        ear = Ear(stage())
        events = ear.events()
        first = asyncio.ensure_future(anext(events))
        await asyncio.sleep(0)
        for _ in range(MAX_BEHIND + 1):
            ear.tell(started(ear))
        await first
        for _ in range(MAX_BEHIND - 1):
            await anext(events)
        with pytest.raises(Violation, match="were left unread"):
            await anext(events)

    run(main())
