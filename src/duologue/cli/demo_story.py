"""What happens in the demo call: an order, an answer, one barge-in, a closing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import as_file, files
from typing import TypeAlias

from duologue.audio.containers import read_audio
from duologue.audio.formats import Pcm
from duologue.cli.phone_call import PhoneCall, Utterance
from duologue.errors import EngineFailure
from duologue.runtime.machine import Seconds

ORDER, ANSWER, BARGE_IN = "mocha", "iced-mocha", "house-coffee"
"""The recordings, in the order in which they are spoken."""
TYPED = ("Yes, that's right.", "No, thank you.")
"""The closing. No recording says it, so the application says it for the caller, which is a feature of the wire too."""

THINKING_S = 0.5
"""A caller takes this long to answer."""
BARGE_IN_AFTER_S = 2.1
"""Of a reply that is heard, before the caller talks over it."""

Tell: TypeAlias = Callable[[str, str], None]
"""Told who does what: `("caller", "speaks")`."""


@dataclass(frozen=True, slots=True)
class BargeIn:
    """The caller talked over the agent."""

    utterance: Utterance
    silent_at: Seconds
    """When the loudspeaker fell silent."""
    unheard: Seconds
    """Speech that had arrived and was not played."""

    @property
    def delay(self) -> Seconds:
        """From the caller's first sound to silence."""
        return self.silent_at - self.utterance.onset


async def tell_story(call: PhoneCall, tell: Tell = lambda *_: None) -> BargeIn:
    """Have the conversation. Raises `EngineFailure` saying what did not happen."""
    await call.until(lambda: call.find("SettingsApplied"), "the settings were not accepted")
    await call.until_said(0)
    await asyncio.sleep(THINKING_S)
    mark = _speak(call, ORDER, tell)
    await call.until_answered(mark)
    await asyncio.sleep(THINKING_S)
    barge_in = await _interrupt(call, tell)
    for line in TYPED:
        await asyncio.sleep(THINKING_S)
        mark = len(call.messages)
        await call.type(line)
        await call.until_answered(mark)
    await asyncio.sleep(THINKING_S)
    return barge_in


async def _interrupt(call: PhoneCall, tell: Tell) -> BargeIn:
    """The caller answers, and talks over the reply."""
    mark = _speak(call, ANSWER, tell)
    user = await call.until(lambda: call.find("ConversationText", mark, role="user"), "nothing was understood")
    await call.until(lambda: call.find("ConversationText", user, role="assistant"), "no reply came")
    reply = call.replies[-1]
    await call.until(lambda: reply.begins > 0.0, "the reply was never heard")
    await asyncio.sleep(max(0.0, reply.begins + BARGE_IN_AFTER_S - call.now()))
    if call.loudspeaker.silent_at <= call.now():
        raise EngineFailure("demo", "the reply was over before the caller could talk over it")
    cleared = len(call.cleared)
    mark = _speak(call, BARGE_IN, tell, "talks over the agent")
    await call.until(lambda: len(call.cleared) > cleared, "the agent did not stop for the caller")
    silence = call.cleared[cleared]
    barge_in = BargeIn(call.said[-1], silence.at, silence.unheard)
    tell("", f"the agent is silent {barge_in.delay:.2f} s after the caller's first sound")
    await call.until_answered(mark)
    return barge_in


def _speak(call: PhoneCall, name: str, tell: Tell, how: str = "speaks") -> int:
    """The caller says a recording. Returns how many messages had come before."""
    mark = len(call.messages)
    call.say(name, recording(name))
    tell("caller", how)
    return mark


def recording(name: str) -> Pcm:
    """A packaged recording, float32 mono at 16 kHz."""
    with as_file(files("duologue.sim").joinpath("recordings", f"{name}.flac")) as path:
        return read_audio(path)
