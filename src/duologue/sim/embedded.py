"""Scenarios in real time, with the server's own engines: the caller's lines are recordings, or spoken by the server's own voice."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from msgspec import structs
from numpy.typing import NDArray

from duologue.audio.containers import read_audio
from duologue.audio.formats import LISTEN_RATE, Pcm
from duologue.audio.resample import resample
from duologue.config import AuthMode, AuthSection, UsageSection, load_config
from duologue.errors import EngineFailure, Violation
from duologue.ids import SeededIds
from duologue.server.services import Services, build_services
from duologue.sim.caller import Mouth
from duologue.sim.marked import Lexicon, to_int16
from duologue.sim.plan import Plan, Step
from duologue.sim.scenario import Scenario
from duologue.sim.world import WALL, Outcome, live, script_router
from duologue.speak.channel import SpeakChannel
from duologue.speak.speech import SpeakOptions, SpeechChunk

LOADING_S = 60.0
"""How long engines may take to load."""
CALLER_VOICE = SpeakOptions(voice="henry")
"""Speaks lines that are not recorded; not the voice agents have by default."""


async def live_embedded(scenario: Scenario, outcome: Outcome) -> None:
    """Make the scenario's call. Raises `Violation` for what needs marked speech, `EngineFailure` when engines do not load."""
    _check(scenario)
    config = load_config(scenario.config)
    services = build_services(
        structs.replace(config, auth=AuthSection(mode=AuthMode.NONE), usage=UsageSection(enabled=False)),
        ids=SeededIds(scenario.case.seed),
        wall=lambda: WALL,
        models=script_router(scenario.case) if scenario.scripted else None,
    )

    async def prepare() -> Mouth:
        if not await services.engines.loaded(LOADING_S):
            raise EngineFailure("engines", f"not loaded within {LOADING_S:g} s")
        return await _rehearse(scenario, scenario.case.plan, services)

    await live(scenario.case, outcome, services, Lexicon(), prepare)


def _check(scenario: Scenario) -> None:
    for place, (step, expect) in enumerate(zip(scenario.case.plan.steps, scenario.expects, strict=True)):
        if step.after_words:
            raise Violation(
                "scenario",
                "words are only counted in marked speech",
                path=f"step[{place}].after_words",
                remedy='Use wait = "agent_speaks" and a pause.',
            )
        if expect.history_ends_with == "heard":
            raise Violation(
                "scenario",
                "the ear tells words apart only in marked speech",
                path=f"step[{place}].expect.history_ends_with",
                remedy="Expect words.",
            )


async def _rehearse(scenario: Scenario, plan: Plan, services: Services) -> Mouth:
    """Make every sound beforehand, so that the call does not wait for it."""
    sounds: dict[tuple[str, str], list[NDArray[np.int16]]] = {}
    for place, step in enumerate(plan.steps):
        if step.wav:
            sounds[step.wav, step.line] = [to_int16(_read(scenario.folder / step.wav, f"step[{place}].wav"))]
        elif step.line:
            parts: list[NDArray[np.int16]] = []
            for number, part in enumerate(step.line.split(" / ")):
                if number:
                    parts.append(np.zeros(round(step.hesitation * LISTEN_RATE), dtype=np.int16))
                parts.append(to_int16(await _say(part, services)))
            sounds[step.wav, step.line] = parts

    def speak(step: Step) -> list[NDArray[np.int16]]:
        return [sound.copy() for sound in sounds[step.wav, step.line]]

    return speak


def _read(path: Path, where: str) -> Pcm:
    try:
        return read_audio(path)
    except OSError as error:
        raise Violation("scenario", f"cannot read {path}: {error.strerror or error}", path=where) from None
    except Violation as violation:
        raise Violation("scenario", f"{path}: {violation.message}", path=where, expected=violation.expected) from None


async def _say(text: str, services: Services) -> Pcm:
    """A line by the server's own voice, at `LISTEN_RATE`."""
    chunks: list[SpeechChunk] = []
    channel = await SpeakChannel.open(services.speak, CALLER_VOICE, chunks.append, lambda _failure, _fallback: None)
    try:
        channel.say(text)
        channel.finish()
        await channel.finished()
    finally:
        channel.close()
    pcm = np.concatenate([chunk.pcm for chunk in chunks]) if chunks else np.zeros(0, np.float32)
    return resample(pcm, services.speak.rate, LISTEN_RATE)
