"""One engine's line: opened, lost, opened again."""

from __future__ import annotations

import asyncio
from typing import Any

import numpy as np

from duologue.audio.spans import AudioSpan
from duologue.errors import EngineFailure
from duologue.listen.engine_channel import EngineLine
from duologue.listen.engines.scripted import ScriptedVoiceActivity
from duologue.listen.hypothesis import ListenOptions, VoiceActivity
from duologue.runtime.engines import Flushed
from duologue.runtime.inline import InlineHost
from duologue.sim.clock import run

STEP = AudioSpan(0, np.zeros(512, np.float32))


def line(taken: list[Any], lost: list[str]) -> EngineLine[AudioSpan, VoiceActivity]:
    return EngineLine(
        InlineHost(ScriptedVoiceActivity()),
        ListenOptions(),
        taken.append,
        lambda _line, failure: lost.append(failure.message),
        lambda _error: None,
    )


def test_a_line_gives_every_result_and_counts_it() -> None:
    taken: list[VoiceActivity | Flushed] = []

    async def main() -> None:
        made = line(taken, [])
        await made.open()
        made.send(STEP)
        made.flush()
        await made.writable()
        await asyncio.sleep(0.01)
        assert made.answers == 2
        made.close()
        await asyncio.sleep(0.01)

    run(main())
    assert [type(result) for result in taken] == [VoiceActivity, Flushed]


def test_what_is_sent_while_it_is_down_is_dropped_and_a_new_stream_works() -> None:
    taken: list[VoiceActivity | Flushed] = []
    lost: list[str] = []

    async def main() -> None:
        made = line(taken, lost)
        await made.open()
        made.lose(EngineFailure(made.name, "lost by the test"))
        assert not made.is_up
        made.send(STEP)
        made.flush()
        await made.writable()
        await made.open()
        made.send(STEP)
        await asyncio.sleep(0.01)
        made.close()
        await asyncio.sleep(0.01)

    run(main())
    assert lost == ["lost by the test"]
    assert len(taken) == 1


def test_failures_are_counted_over_a_stretch_of_audio() -> None:
    made = line([], [])
    assert not made.fails_too_often(1000, most=1, within=500)
    assert not made.fails_too_often(2000, most=1, within=500)
    assert made.fails_too_often(2100, most=1, within=500)
