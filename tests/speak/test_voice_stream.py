"""One stream at a time, in the first voice that was not given up, in one style."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from duologue.errors import EngineFailure
from duologue.runtime.inline import InlineHost
from duologue.speak.engines.tone import ToneEngine, ToneSettings, ToneStream
from duologue.speak.markup import Style
from duologue.speak.speech import SpeakOptions, SpeechChunk
from duologue.speak.voice_choice import VoiceChoice
from duologue.speak.voice_stream import VoiceStream


class AttentiveEngine(ToneEngine):
    """Remembers what each of its streams was opened with."""

    def __init__(self) -> None:
        super().__init__(ToneSettings(sample_rate=8_000))
        self.opened: list[SpeakOptions] = []

    def open(self, options: SpeakOptions) -> ToneStream:
        """A stream of tones."""
        self.opened.append(options)
        return super().open(options)


def voice(engine: AttentiveEngine, name: str = "first", **options: float) -> VoiceChoice:
    return VoiceChoice(name, InlineHost(engine), SpeakOptions(**options))  # type: ignore[arg-type]


def run(test: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(test())  # type: ignore[arg-type]


def test_a_stream_serves_every_text_of_its_style_and_another_style_opens_another() -> None:
    engine = AttentiveEngine()

    async def test() -> None:
        stream = VoiceStream([voice(engine)])
        for style in (Style(), Style(), Style(speed=1.5), Style(speed=1.5)):
            await stream.reach(style)
            async for result in stream.send("Hi."):
                if isinstance(result, SpeechChunk) and result.last:
                    break
        stream.drop()

    run(test)
    assert [options.speed for options in engine.opened] == [1.0, 1.5]


def test_tags_multiply_what_the_client_asked_for_within_bounds() -> None:
    engine = AttentiveEngine()

    async def test() -> None:
        stream = VoiceStream([voice(engine, speed=1.5, volume=0.5)])
        await stream.reach(Style(speed=2.0, volume=0.5, emotion="angry"))
        stream.drop()

    run(test)
    (asked,) = engine.opened
    assert (asked.speed, asked.volume, asked.extras) == (2.0, 0.25, {"emotion": "angry"})


def test_the_next_voice_goes_on_where_one_is_given_up() -> None:
    first, second = AttentiveEngine(), AttentiveEngine()

    async def test() -> None:
        stream = VoiceStream([voice(first), voice(second, "second")])
        await stream.reach(Style())
        assert stream.has_spare
        assert stream.give_up().engine == "first"
        assert stream.choice.engine == "second"
        assert not stream.has_spare
        await stream.reach(Style())
        stream.drop()
        stream.drop()

    run(test)
    assert (len(first.opened), len(second.opened)) == (1, 1)


def test_a_stream_that_was_dropped_takes_no_text() -> None:
    async def test() -> None:
        stream = VoiceStream([voice(AttentiveEngine())])
        await stream.reach(Style())
        stream.drop()
        with pytest.raises(EngineFailure, match="first: the stream was closed"):
            stream.send("Hi.")

    run(test)
