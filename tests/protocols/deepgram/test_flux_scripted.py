"""Flux over the listener and the scripted engines: whatever is said, and however the audio is cut, the promises hold."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from duologue.audio.formats import AudioFormat, Encoding
from duologue.audio.input import AudioInput
from duologue.listen.channel import ListenChannel, ListenEngines
from duologue.listen.engines.scripted import ScriptedRecognizer, ScriptedSettings, ScriptedVoiceActivity
from duologue.listen.events import ListenEvent
from duologue.listen.hypothesis import ListenOptions
from duologue.listen.policy import TurnPolicy
from duologue.runtime.inline import InlineHost
from duologue.sim.clock import run
from tests.protocols.deepgram.flux_grammar import check_flux
from tests.protocols.frames import REPEATABLE

RATE = 16_000
utterances = st.lists(
    st.tuples(
        st.floats(0.05, 2.0),
        st.floats(0.1, 1.5),
        st.sampled_from(["", "yes", "hello there", "a large latte and", "four seven one", "is it open?"]),
    ),
    max_size=5,
)
"""Pause before, length, words."""


def script_of(said: list[tuple[float, float, str]]) -> tuple[str, float]:
    """The script and where it ends."""
    lines, position = [], 0.0
    for pause, length, text in said:
        begin = round(position + pause, 2)
        position = round(begin + length, 2)
        lines.append(f"{begin}-{position} {text}")
    return "\n".join(lines), position


def listen(script: str, seconds: float, policy: TurnPolicy, cut: int, force_at: int) -> list[ListenEvent]:
    """All events of a stream; the turn is ended by force at one step."""
    events: list[ListenEvent] = []
    settings = ScriptedSettings(script=script)

    async def stream() -> None:
        engines = ListenEngines(InlineHost(ScriptedVoiceActivity(settings)), InlineHost(ScriptedRecognizer(settings)))
        channel = await ListenChannel.open(engines, ListenOptions(), policy, events.append)
        spans = AudioInput(AudioFormat(Encoding.PCM_S16LE, RATE)).push(bytes(round(seconds * RATE) * 2))
        for place, start in enumerate(range(0, len(spans), cut)):
            channel.hear(spans[start : start + cut])
            await channel.writable()
            if place == force_at:
                await channel.settle()
        channel.finish()
        await channel.finished()

    run(stream())
    return events


@REPEATABLE
@given(utterances, st.booleans(), st.floats(0.0, 2.5), st.sampled_from([1, 7, 400]), st.integers(0, 40))
def test_the_promises_hold(
    said: list[tuple[float, float, str]], eager: bool, silence: float, cut: int, force_at: int
) -> None:
    script, end = script_of(said)
    policy = TurnPolicy(eager_end=0.6 if eager else None, end=0.3, end_timeout=1.5)
    check_flux(listen(script, end + silence, policy, cut, force_at), eager=eager)
