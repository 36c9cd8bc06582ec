"""The listening shell in virtual time: any pace, any chunking, dying and silent engines."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from duologue.audio.spans import AudioSpan
from duologue.errors import EngineFailure, Refused
from duologue.listen.channel import ListenChannel, ListenEngines, ListenLimits
from duologue.listen.engines.scripted import (
    ScriptedEndOfTurn,
    ScriptedRecognizer,
    ScriptedSettings,
    ScriptedVoiceActivity,
)
from duologue.listen.events import ListenEvent, Progressed, Trigger, TurnEnded, TurnEvent, TurnStarted
from duologue.listen.hypothesis import EndSegment, ListenOptions
from duologue.listen.policy import TurnPolicy
from duologue.runtime.engines import Channel, EngineInfo
from duologue.runtime.inline import InlineHost
from duologue.sim.clock import run
from duologue.sim.hostile import HostileChannel, Temper

SCRIPT = "0.5-1.6 hello there\n2.0-2.5 i would like\n5.0-6.4 a large latte please\n9.0-9.4"
STEP = 512
SECONDS = 12


class FatefulHost:
    """A host whose n-th stream has the n-th temper; later ones are kind. `None` instead of a temper refuses to open."""

    def __init__(self, host: InlineHost[Any, Any, Any], fates: Sequence[Temper | None]) -> None:
        self._host = host
        self._fates = list(fates)
        self.opened = 0

    @property
    def info(self) -> EngineInfo:
        return self._host.info

    async def open(self, options: ListenOptions) -> Channel[Any, Any]:
        self.opened += 1
        fate = self._fates.pop(0) if self._fates else Temper()
        if fate is None:
            raise Refused("engine_full", "no room")
        channel = await self._host.open(options)
        return channel if fate.kind else HostileChannel(channel, fate, random.Random(1), self.info.name)


def pace(item: object) -> float:
    return 0.6 if isinstance(item, EndSegment) else 0.01


@dataclass
class Hearing:
    """What came of a call."""

    turns: list[TurnEvent] = field(default_factory=list)
    progress: list[Progressed] = field(default_factory=list)
    failures: list[tuple[str, bool]] = field(default_factory=list)
    ended: BaseException | None = None

    def deliver(self, event: ListenEvent) -> None:
        if isinstance(event, Progressed):
            self.progress.append(event)
        else:
            self.turns.append(event)

    def fail(self, failure: EngineFailure, recovered: bool) -> None:
        self.failures.append((str(failure), recovered))

    @property
    def texts(self) -> list[str]:
        return [event.text for event in self.turns if isinstance(event, TurnEnded)]


def engines(
    voice: Sequence[Temper | None] = (),
    words: Sequence[Temper | None] = (),
    model: Sequence[Temper | None] | None = None,
    words_pace: Callable[[object], float] | None = None,
) -> ListenEngines:
    settings = ScriptedSettings(script=SCRIPT)
    return ListenEngines(
        FatefulHost(InlineHost(ScriptedVoiceActivity(settings)), voice),
        FatefulHost(InlineHost(ScriptedRecognizer(settings), words_pace), words),
        None if model is None else FatefulHost(InlineHost(ScriptedEndOfTurn(settings)), model),
    )


def silence(start: int, end: int) -> AudioSpan:
    return AudioSpan(start, np.zeros(end - start, np.float32))


def listen(
    what: ListenEngines,
    *,
    chunk: int = STEP,
    at_once: bool = False,
    limits: ListenLimits | None = None,
    during: Callable[[ListenChannel, int], object] | None = None,
) -> Hearing:
    """A whole call through a channel, in real time or at once."""
    hearing = Hearing()

    async def main() -> None:
        channel = await ListenChannel.open(
            what, ListenOptions(), TurnPolicy(), hearing.deliver, hearing.fail, limits=limits
        )
        for start in range(0, SECONDS * 16_000, chunk):
            channel.hear([silence(start, min(start + chunk, SECONDS * 16_000))])
            if not at_once:
                await asyncio.sleep(chunk / 16_000)
            await channel.writable()
            if during is not None:
                result = during(channel, start)
                if asyncio.iscoroutine(result):
                    await result
        channel.finish()
        try:
            await channel.finished()
        except EngineFailure as failure:
            hearing.ended = failure
        channel.close()
        await asyncio.sleep(0.001)

    run(main())
    return hearing


PLAIN = listen(engines())


def test_turns_come_in_order_with_their_words() -> None:
    assert PLAIN.texts == ["hello there i would like", "a large latte please", ""]
    assert PLAIN.failures == []
    assert len(PLAIN.progress) == SECONDS * 10


@pytest.mark.parametrize("chunk", [160, 512, 4_000, 32_000])
@pytest.mark.parametrize("at_once", [True, False])
@pytest.mark.parametrize("slow", [True, False])
def test_neither_chunking_nor_pace_nor_a_slow_recogniser_changes_a_turn_event(
    chunk: int, at_once: bool, slow: bool
) -> None:
    hearing = listen(engines(words_pace=pace if slow else None), chunk=chunk, at_once=at_once)
    assert hearing.turns == PLAIN.turns


@pytest.mark.parametrize("results", [1, 3, 8])
def test_a_recogniser_that_dies_is_opened_again_and_hears_what_it_had_not_answered(results: int) -> None:
    hearing = listen(engines(words=[Temper(dies=1.0, results_before=results)] * 2))
    assert hearing.texts == PLAIN.texts
    assert all(recovered for _, recovered in hearing.failures)
    assert hearing.ended is None
    assert [type(event) for event in hearing.turns if isinstance(event, TurnStarted | TurnEnded)] == [
        type(event) for event in PLAIN.turns if isinstance(event, TurnStarted | TurnEnded)
    ]


def test_a_voice_activity_detector_that_dies_is_opened_again_and_loses_nothing() -> None:
    hearing = listen(engines(voice=[Temper(dies=1.0, results_before=40)]))
    assert hearing.turns == PLAIN.turns
    assert [recovered for _, recovered in hearing.failures] == [True]


def test_an_engine_that_keeps_dying_ends_listening_and_the_open_turns_words_are_told_first() -> None:
    hearing = listen(engines(words=[Temper(dies=1.0, results_before=1)] * 9))
    assert [recovered for _, recovered in hearing.failures] == [True, True, True, False]
    assert isinstance(hearing.ended, EngineFailure)


def test_an_engine_that_cannot_be_opened_again_ends_listening() -> None:
    hearing = listen(engines(words=[Temper(dies=1.0, results_before=1), None]))
    assert isinstance(hearing.ended, EngineFailure)
    assert "could not be opened again: no room" in str(hearing.ended)


def test_a_recogniser_that_falls_silent_is_given_up_and_the_text_so_far_is_final() -> None:
    hearing = listen(engines(words=[Temper(falls_silent=1.0, results_before=2)]))
    assert hearing.texts[1:] == PLAIN.texts[1:]
    assert hearing.texts[0] == "hello i would like"
    assert [recovered for _, recovered in hearing.failures] == [True]
    assert "gave no answer for 5 s" in hearing.failures[0][0]


def test_a_detector_that_falls_silent_is_opened_again() -> None:
    hearing = listen(engines(voice=[Temper(falls_silent=1.0, results_before=60)]))
    assert hearing.turns == PLAIN.turns
    assert [recovered for _, recovered in hearing.failures] == [True]


def test_a_recogniser_that_never_answers_does_not_keep_the_end_waiting_for_ever() -> None:
    hearing = listen(engines(words=[Temper(falls_silent=1.0, results_before=1)] * 9), at_once=True)
    assert len(hearing.texts) == 3 or isinstance(hearing.ended, EngineFailure)


def test_an_end_of_turn_model_is_asked_at_every_pause() -> None:
    hearing = listen(engines(model=[]))
    ends = [event for event in hearing.turns if isinstance(event, TurnEnded)]
    assert [event.text for event in ends] == PLAIN.texts
    plain = [event for event in PLAIN.turns if isinstance(event, TurnEnded)]
    assert ends[1].decision.completeness < plain[1].decision.completeness


def test_a_model_that_dies_is_left_out() -> None:
    hearing = listen(engines(model=[Temper(dies=1.0, results_before=1)]))
    assert hearing.texts == PLAIN.texts
    assert [recovered for _, recovered in hearing.failures] == [True]


def test_a_model_that_falls_silent_is_left_out() -> None:
    hearing = listen(engines(model=[Temper(falls_silent=1.0, results_before=1)]))
    assert hearing.texts == PLAIN.texts
    assert [recovered for _, recovered in hearing.failures] == [True]


def test_the_owner_can_end_a_turn_and_change_the_numbers_from_within_an_event() -> None:
    hearing = Hearing()

    async def main() -> None:
        def deliver(event: ListenEvent) -> None:
            hearing.deliver(event)
            if isinstance(event, TurnStarted) and event.turn == 1:
                channel.force_end()
                channel.retune(TurnPolicy(eager_end=None))

        channel = await ListenChannel.open(engines(), ListenOptions(), TurnPolicy(), deliver)
        channel.hear([silence(0, SECONDS * 16_000)])
        channel.finish()
        await channel.finished()
        await asyncio.sleep(0)

    run(main())
    ends = [event for event in hearing.turns if isinstance(event, TurnEnded)]
    assert ends[0].decision.trigger is Trigger.FORCED
    assert not any(type(event).__name__ == "TurnEagerEnded" for event in hearing.turns)


@pytest.mark.parametrize("slow", [False, True])
def test_settling_ends_the_turn_behind_what_was_heard_however_far_the_engines_are(slow: bool) -> None:
    async def main() -> None:
        told: list[ListenEvent] = []
        policy = TurnPolicy(start=0.05, eager_end=None, end=0.0, end_timeout=3600.0)
        channel = await ListenChannel.open(
            engines(words_pace=pace if slow else None), ListenOptions(), policy, told.append
        )
        await channel.settle()
        assert not [event for event in told if not isinstance(event, Progressed)]
        channel.hear([silence(0, 35_328)])
        await channel.settle()
        channel.hear([silence(35_328, 112_128)])
        await channel.settle()
        ends = [event for event in told if isinstance(event, TurnEnded)]
        assert [event.text for event in ends] == ["hello there i", "would like a large latte please"]
        assert ends[0].decision.trigger is Trigger.FORCED
        channel.finish()
        await channel.finished()
        await channel.settle()

    run(main())


def test_settling_does_not_wait_for_ever_for_an_engine_that_falls_silent() -> None:
    async def main() -> None:
        told: list[ListenEvent] = []
        policy = TurnPolicy(start=0.05, eager_end=None, end=0.0, end_timeout=3600.0)
        silent = engines(words=[Temper(falls_silent=1.0, results_before=2)])
        channel = await ListenChannel.open(silent, ListenOptions(), policy, told.append)
        channel.hear([silence(0, 48_000)])
        await channel.settle()
        assert isinstance(told[-1], TurnEnded)
        channel.close()

    run(main())


def test_a_recogniser_can_be_exchanged_in_the_middle_of_a_segment() -> None:
    def exchange(channel: ListenChannel, start: int) -> object:
        return channel.reopen(ListenOptions(language="de")) if start == STEP * 40 else None

    assert listen(engines(), during=exchange).texts == PLAIN.texts


def test_a_refused_exchange_changes_nothing() -> None:
    async def exchange_refused(channel: ListenChannel) -> None:
        with pytest.raises(Refused):
            await channel.reopen(ListenOptions(), engines(words=[None]))

    hearing = listen(engines(), during=lambda channel, start: exchange_refused(channel) if start == STEP * 40 else None)
    assert hearing.turns == PLAIN.turns


def test_a_sender_far_ahead_of_the_engines_waits() -> None:
    async def main() -> float:
        channel = await ListenChannel.open(
            engines(words_pace=lambda item: 3.0 if isinstance(item, EndSegment) else 0.0),
            ListenOptions(),
            TurnPolicy(),
            lambda _event: None,
            limits=ListenLimits(backlog=2.0),
        )
        longest = 0.0
        for start in range(0, SECONDS * 16_000, STEP):
            before = asyncio.get_running_loop().time()
            channel.hear([silence(start, start + STEP)])
            await channel.writable()
            longest = max(longest, asyncio.get_running_loop().time() - before)
        channel.finish()
        await channel.finished()
        await asyncio.sleep(0)
        return longest

    assert 2.0 < run(main()) <= 3.1


def test_after_close_nothing_is_delivered_and_finished_returns() -> None:
    async def main() -> int:
        hearing = Hearing()
        channel = await ListenChannel.open(engines(), ListenOptions(), TurnPolicy(), hearing.deliver)
        channel.hear([silence(0, 32_000)])
        channel.close()
        channel.hear([silence(32_000, 64_000)])
        channel.finish()
        await channel.writable()
        await channel.finished()
        await asyncio.sleep(0)
        return len(hearing.turns)

    assert run(main()) == 0


def test_what_the_owner_raises_comes_out_of_finished() -> None:
    async def main() -> None:
        def deliver(event: ListenEvent) -> None:
            raise ZeroDivisionError("in the owner")

        channel = await ListenChannel.open(engines(), ListenOptions(), TurnPolicy(), deliver)
        channel.hear([silence(0, 32_000)])
        with pytest.raises(ZeroDivisionError):
            await channel.finished()
        await asyncio.sleep(0)

    run(main())


def test_when_one_engine_is_full_none_stays_open() -> None:
    async def main() -> None:
        with pytest.raises(Refused):
            await ListenChannel.open(engines(words=[None]), ListenOptions(), TurnPolicy(), lambda _event: None)
        await asyncio.sleep(0)

    run(main())
