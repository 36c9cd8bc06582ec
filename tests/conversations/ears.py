"""What our own turn detection hears in a caller who speaks by a script: the real listening channel, in virtual time."""

from __future__ import annotations

import asyncio

import numpy as np

from duologue.audio.formats import LISTEN_RATE
from duologue.audio.spans import AudioSpan
from duologue.listen.channel import ListenChannel, ListenEngines
from duologue.listen.engines.scripted import ScriptedRecognizer, ScriptedSettings, ScriptedVoiceActivity
from duologue.listen.events import ListenEvent
from duologue.listen.hypothesis import ListenOptions
from duologue.listen.policy import TurnPolicy
from duologue.runtime.inline import InlineHost
from duologue.sim.clock import run

STEP = 512


def listen_to(
    script: str, seconds: float, options: ListenOptions | None = None, policy: TurnPolicy | None = None
) -> list[tuple[float, ListenEvent]]:
    """The facts of so many seconds of a script such as `1.0-1.9 my number is`, and when they were told."""

    async def main() -> list[tuple[float, ListenEvent]]:
        settings = ScriptedSettings(script)
        engines = ListenEngines(InlineHost(ScriptedVoiceActivity(settings)), InlineHost(ScriptedRecognizer(settings)))
        loop = asyncio.get_running_loop()
        told: list[tuple[float, ListenEvent]] = []
        channel = await ListenChannel.open(
            engines,
            options or ListenOptions(),
            policy or TurnPolicy(),
            lambda event: told.append((round(loop.time(), 3), event)),
            lambda failure, _recovered: told.append((loop.time(), failure)),  # type: ignore[arg-type]
        )
        for step in range(round(seconds * LISTEN_RATE / STEP)):
            channel.hear([AudioSpan(step * STEP, np.zeros(STEP, np.float32))])
            await asyncio.sleep(STEP / LISTEN_RATE)
        channel.close()
        return told

    return run(main())
