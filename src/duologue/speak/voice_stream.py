"""The engine's stream behind a channel: one at a time, in the first voice of a list that has not been given up, in one style."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from duologue.errors import EngineFailure
from duologue.runtime.engines import Channel, Flushed
from duologue.speak.markup import Style
from duologue.speak.speech import SpeechChunk
from duologue.speak.voice_choice import VoiceChoice

SPEEDS = (0.5, 2.0)
VOLUMES = (0.0, 2.0)
"""What tags in the text can make of a speed and a volume, whatever the client's own factors are."""

Results: TypeAlias = AsyncIterator[SpeechChunk | Flushed]


@dataclass(frozen=True, slots=True)
class _Open:
    """A stream, and the style its engine was told."""

    channel: Channel[str, SpeechChunk]
    results: Results
    style: Style


class VoiceStream:
    """Opens another stream when the style changes, or another voice has to go on."""

    def __init__(self, choices: Sequence[VoiceChoice]) -> None:
        """`choices` is never empty; the last one is never given up."""
        self._choices = list(choices)
        self._open: _Open | None = None

    @property
    def choice(self) -> VoiceChoice:
        """The voice that speaks."""
        return self._choices[0]

    @property
    def has_spare(self) -> bool:
        """There is another voice to go on with."""
        return len(self._choices) > 1

    def give_up(self) -> VoiceChoice:
        """The next voice goes on. Returns the one that does not."""
        self.drop()
        return self._choices.pop(0)

    async def reach(self, style: Style) -> None:
        """Have a stream open in this style. Raises `Refused`, `Violation` or `EngineFailure`, as the engine's host does."""
        if self._open is not None and self._open.style == style:
            return
        self.drop()
        options = self.choice.options
        extras = {**(options.extras or {}), **({"emotion": style.emotion} if style.emotion else {})}
        channel = await self.choice.host.open(
            replace(
                options,
                speed=_within(options.speed * style.speed, SPEEDS),
                volume=_within(options.volume * style.volume, VOLUMES),
                extras=extras or None,
            )
        )
        self._open = _Open(channel, aiter(channel), style)

    def send(self, text: str) -> Results:
        """Give the open stream a text. Returns the stream's results, up to and beyond the last of this text. Raises `EngineFailure` when no
        stream is open any more.
        """
        if self._open is None:
            raise EngineFailure(self.choice.engine, "the stream was closed", lost="the phrase being spoken")
        self._open.channel.send(text)
        return self._open.results

    def drop(self) -> None:
        """Close the stream; the next text opens another. Idempotent."""
        if self._open is not None:
            self._open.channel.close()
            self._open = None


def _within(value: float, bounds: tuple[float, float]) -> float:
    low, high = bounds
    return min(max(value, low), high)
