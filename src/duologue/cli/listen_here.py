"""Listening with engines of one's own: every event with the decision behind it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from duologue.audio.formats import LISTEN_RATE
from duologue.cli.audio_source import AudioSource
from duologue.cli.own_engines import own_engines
from duologue.cli.turn_screen import TurnScreen
from duologue.config import load_config
from duologue.errors import EngineFailure
from duologue.listen.channel import ListenChannel, ListenEngines
from duologue.listen.events import (
    ListenEvent,
    Progressed,
    TurnEagerEnded,
    TurnEnded,
    TurnEvent,
    TurnResumed,
    TurnStarted,
    TurnUpdated,
)
from duologue.listen.hypothesis import ListenOptions
from duologue.listen.policy import TurnPolicy
from duologue.runtime.engines import Role


@dataclass(frozen=True, slots=True)
class Expected:
    """What is likely to be said."""

    dialogue: str = ""
    keyterms: tuple[str, ...] = ()

    def options(self) -> ListenOptions:
        """For the engines. Raises `Violation` for a dialogue that cannot be read."""
        options = ListenOptions(keyterms=self.keyterms)
        if not self.dialogue:
            return options
        from duologue.think.rules import named_dialogue

        known = named_dialogue(self.dialogue, "--dialogue")
        return replace(options, grammar=known.grammar(), keyterms=(*self.keyterms, *known.keyterms()))


async def listen_here(config_file: Path | None, audio: AudioSource, show: TurnScreen, expected: Expected) -> None:
    """Give the audio to the configured engines. Raises `EngineFailure` when they cannot listen."""
    config = load_config(config_file)
    options = expected.options()
    roles = (Role.VOICE_ACTIVITY, Role.RECOGNIZER, Role.END_OF_TURN)
    policy = TurnPolicy(floor=config.listen.floor, gate=config.listen.gate)
    async with own_engines(config, roles, show.notes) as engines:
        end_of_turn = engines.find(Role.END_OF_TURN)
        hosts = ListenEngines(
            engines.require(Role.VOICE_ACTIVITY).host,
            engines.require(Role.RECOGNIZER).host,
            end_of_turn.host if end_of_turn else None,
        )

        def fail(failure: EngineFailure, recovered: bool) -> None:  # noqa: FBT001 - the shape of `Fail`
            if recovered:
                show.note(f"{failure}; started again")

        channel = await ListenChannel.open(hosts, options, policy, lambda event: _tell(show, event), fail)
        with show.hearing(audio):
            async for spans in audio.spans():
                channel.hear(spans)
                await channel.writable()
            channel.finish()
            await channel.finished()


def _tell(show: TurnScreen, event: ListenEvent) -> None:
    at = event.position / LISTEN_RATE
    if isinstance(event, Progressed):
        show.progressed(at)
        return
    text = None if isinstance(event, TurnStarted | TurnResumed) else event.text
    show.event(_NAMES[type(event)], event.turn, at, text, None if isinstance(event, TurnUpdated) else event.decision)


_NAMES: dict[type[TurnEvent], str] = {
    TurnStarted: "turn_started",
    TurnUpdated: "turn_updated",
    TurnEagerEnded: "turn_eager_ended",
    TurnResumed: "turn_resumed",
    TurnEnded: "turn_ended",
}
