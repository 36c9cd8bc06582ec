"""How a worker's process ends."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest

from duologue.runtime import worker_process
from duologue.runtime.worker_process import reap_worker


class Lingering:
    """Stands in for a process that ends only when it is killed."""

    def __init__(self, gone: bool = False) -> None:
        self._ended = asyncio.Event()
        self._gone = gone

    async def wait(self) -> int:
        await self._ended.wait()
        return -9

    def kill(self) -> None:
        self._ended.set()
        if self._gone:
            raise ProcessLookupError


@pytest.mark.parametrize("gone", [False, True])
def test_a_process_that_lingers_is_killed(gone: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_process, "GRACE", 0.001)

    async def end() -> int:
        return await reap_worker(cast("Any", Lingering(gone)))

    assert asyncio.run(end()) == -9
