"""The queue of results: one reader, an end that counts."""

from __future__ import annotations

import asyncio

import pytest

from duologue.errors import EngineFailure
from duologue.runtime.results import Results


def test_results_given_before_the_end_are_dropped_and_before_a_failure_are_not() -> None:
    async def read() -> None:
        ended: Results[int] = Results()
        ended.put(1)
        ended.end()
        assert [result async for result in ended] == []
        failed: Results[int] = Results()
        failed.put(1)
        failed.fail(EngineFailure("e", "first"))
        failed.fail(EngineFailure("e", "second"))
        assert await anext(failed) == 1
        with pytest.raises(EngineFailure, match="first"):
            await anext(failed)

    asyncio.run(read())


def test_a_waiting_reader_is_woken_by_a_result() -> None:
    async def read() -> None:
        taken: list[int] = []
        results: Results[int] = Results(lambda: taken.append(1))
        waiting = asyncio.ensure_future(anext(results))
        await asyncio.sleep(0)
        results.put(5)
        results.put(6)
        assert await waiting == 5
        assert taken == [1]
        results.clear()
        waiting = asyncio.ensure_future(anext(results))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.wait((waiting,))
        results.put(7)
        assert await anext(results) == 7

    asyncio.run(read())
