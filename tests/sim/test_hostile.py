"""Unkind engines are unkind in the way they were told to be."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncGenerator

import numpy as np
import pytest

from duologue.errors import EngineFailure
from duologue.runtime.engines import Flushed
from duologue.runtime.inline import InlineHost
from duologue.sim.clock import run
from duologue.sim.hostile import HostileHost, Temper
from duologue.sim.marked import Lexicon, MarkedSynthesizer
from duologue.speak.speech import SpeakOptions, SpeechChunk

PHRASE = "one two three four five six seven eight nine ten"


async def results_of(temper: Temper, patience: float = 100.0) -> list[tuple[float, SpeechChunk | Flushed]]:
    """When the results of one phrase came."""
    host = HostileHost(InlineHost(MarkedSynthesizer(Lexicon())), temper, random.Random(1))
    assert host.ready
    assert host.info.name == "marked"
    channel = await host.open(SpeakOptions())
    channel.send(PHRASE)
    channel.flush()
    came = []
    results = aiter(channel)
    try:
        async with asyncio.timeout(patience):
            async for result in results:
                came.append((asyncio.get_running_loop().time(), result))
                if isinstance(result, Flushed):
                    break
    finally:
        channel.close()
        if isinstance(results, AsyncGenerator):
            await results.aclose()
    return came


def test_a_kind_engine_is_left_alone() -> None:
    assert {at for at, _ in run(results_of(Temper()))} == {0.0}


def test_late_results_come_in_order() -> None:
    came = run(results_of(Temper(delay=(0.1, 0.2))))
    times = [at for at, _ in came]
    assert times == sorted(times)
    assert all(0.1 - 1e-9 <= after - before <= 0.2 + 1e-9 for before, after in zip([0.0, *times], times, strict=False))
    whole = np.concatenate([result.pcm for _, result in came if isinstance(result, SpeechChunk)])
    assert len(whole) == 10 * 3840


def test_a_dying_engine_fails_after_a_few_results() -> None:
    with pytest.raises(EngineFailure, match="the simulated engine died"):
        run(results_of(Temper(dies=1.0)))


def test_a_silent_engine_says_nothing_of_it() -> None:
    with pytest.raises(TimeoutError):
        run(results_of(Temper(falls_silent=1.0), patience=5.0))
