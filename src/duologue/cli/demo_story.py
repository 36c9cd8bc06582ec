"""What happens in the demo call: an order, an answer, one barge-in, a closing."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from importlib.resources import as_file, files

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
BARGE_IN_AFTER_S = 2.2
"""Of a reply, before the caller talks over it."""


@dataclass(frozen=True, slots=True)
class BargeIn:
    """The caller talked over the agent."""

    utterance: Utterance
    silent_at: Seconds
    """When the loudspeaker fell silent."""

    @property
    def delay(self) -> Seconds:
        """From the caller's first sound to silence."""
        return self.silent_at - self.utterance.onset


async def tell_story(call: PhoneCall) -> BargeIn:
    """Have the conversation. Raises `EngineFailure` saying what did not happen."""
    await call.until(lambda: call.find("SettingsApplied"), "the settings were not accepted")
    await call.until_said(0)
    for name in (ORDER,):
        await _pause()
        mark = len(call.messages)
        call.say(name, recording(name))
        await call.until_answered(mark)
    await _pause()
    barge_in = await _interrupt(call)
    for line in TYPED:
        await _pause()
        mark = len(call.messages)
        await call.type(line)
        await call.until_answered(mark)
    return barge_in


async def _interrupt(call: PhoneCall) -> BargeIn:
    """The caller answers, and talks over the reply."""
    mark = len(call.messages)
    call.say(ANSWER, recording(ANSWER))
    await call.until(lambda: call.find("ConversationText", mark, role="user"), "nothing was understood")
    user = call.find("ConversationText", mark, role="user") or mark
    await call.until(lambda: call.find("ConversationText", user, role="assistant"), "no reply came")
    await asyncio.sleep(BARGE_IN_AFTER_S)
    if call.loudspeaker.silent_at <= call.now():
        raise EngineFailure("demo", "the reply was over before the caller could talk over it")
    mark, cleared = len(call.messages), len(call.cleared)
    utterance = call.say(BARGE_IN, recording(BARGE_IN))
    await call.until(lambda: len(call.cleared) > cleared, "the agent did not stop for the caller")
    await call.until_answered(mark)
    return BargeIn(utterance, call.cleared[cleared])


async def _pause() -> None:
    await asyncio.sleep(THINKING_S)


def recording(name: str) -> Pcm:
    """A packaged recording, float32 mono at 16 kHz."""
    with as_file(files("duologue.sim").joinpath("recordings", f"{name}.flac")) as path:
        return read_audio(path)
