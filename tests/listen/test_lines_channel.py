"""The engine lines by themselves; whole calls through them are in `test_channel.py`."""

from __future__ import annotations

import asyncio

import numpy as np

from duologue.audio.spans import AudioSpan
from duologue.listen.engines.scripted import ScriptedRecognizer, ScriptedSettings, ScriptedVoiceActivity
from duologue.listen.gate import Forward
from duologue.listen.hypothesis import EndSegment, Hypothesis, ListenOptions, VoiceActivity
from duologue.listen.lines_channel import Answer, AudioOver, EngineLines, ListenEngines, ListenLimits, samples
from duologue.runtime.inline import InlineHost
from duologue.sim.clock import run

SETTINGS = ScriptedSettings(script="0.2-0.8 hello there")


def test_answers_come_in_order_and_the_end_of_the_audio_after_the_last_activity() -> None:
    answers: list[Answer] = []

    async def main() -> None:
        engines = ListenEngines(InlineHost(ScriptedVoiceActivity(SETTINGS)), InlineHost(ScriptedRecognizer(SETTINGS)))
        lines = EngineLines(engines, ListenOptions(), ListenLimits(), answers.append, lambda *_: None, lambda _: None)
        await lines.open()
        lines.hear(AudioSpan(0, np.zeros(1000, np.float32)))
        assert lines.owes_activity
        lines.flush()
        await asyncio.sleep(0.01)
        assert not lines.owes_activity
        lines.hear(AudioSpan(1000, np.zeros(15_000, np.float32)))
        lines.forward(Forward(0, 16_000))
        lines.forward(EndSegment(1))
        await asyncio.sleep(0.01)
        lines.close()
        await asyncio.sleep(0.01)

    run(main())
    assert [type(answer) for answer in answers[:3]] == [VoiceActivity, VoiceActivity, AudioOver]
    last = [answer for answer in answers if isinstance(answer, Hypothesis)][-1]
    assert (last.text, last.final) == ("hello there", True)


def test_seconds_are_counted_in_samples() -> None:
    assert samples(0.032) == 512
