from __future__ import annotations

import asyncio
import sys

import pytest

from duologue.bridge.guard import Guard


def test_what_a_users_function_raises_is_told_and_goes_no_further() -> None:
    told: list[tuple[str, BaseException]] = []
    with Guard("event", lambda event, error: told.append((event, error))):
        raise ZeroDivisionError("a mistake")
    assert [(event, str(error)) for event, error in told] == [("event", "a mistake")]
    with Guard("event", lambda event, error: told.append((event, error))):
        pass
    assert len(told) == 1


@pytest.mark.parametrize("kind", [KeyboardInterrupt, GeneratorExit])
def test_what_ends_the_program_passes(kind: type[BaseException]) -> None:
    with pytest.raises(kind), Guard("event", lambda event, error: None):
        raise kind


def test_a_cancellation_passes_when_somebody_asked_for_it_and_is_a_failure_otherwise() -> None:
    told: list[BaseException] = []

    async def guarded(inner: asyncio.Future[None]) -> str:
        with Guard("event", lambda event, error: told.append(error)):
            await inner
        return "went on"

    async def main() -> None:
        loop = asyncio.get_running_loop()
        asked = loop.create_task(guarded(loop.create_future()))
        await asyncio.sleep(0)
        asked.cancel()
        await asyncio.wait([asked])
        assert (asked.cancelled(), told) == (True, [])
        lost: asyncio.Future[None] = loop.create_future()
        lost.cancel()
        assert await guarded(lost) == "went on"
        assert [type(error) for error in told] == [asyncio.CancelledError]

    asyncio.run(main())


def test_an_exit_is_a_failure() -> None:
    told: list[BaseException] = []
    with Guard("event", lambda event, error: told.append(error)):
        sys.exit(3)
    assert [type(error) for error in told] == [SystemExit]
