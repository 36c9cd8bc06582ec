from __future__ import annotations

import asyncio

import pytest

from duologue.bridge.events import Events
from duologue.bridge.media import (
    MediaEnded,
    MediaOverflow,
    MediaReplaced,
    MediaStarted,
    bridge,
    send_media_between,
    stop_media_between,
)
from duologue.bridge.pump import MAX_UNITS
from duologue.bridge.routing import SourceKind
from duologue.errors import Refused, Violation
from duologue.sim.clock import run
from tests.bridge.stage import Ear, stage, tone


def test_two_units_hear_each_other_until_the_bridge_is_closed() -> None:
    async def main() -> None:
        context = stage()
        a, b = Ear(context), Ear(context)
        with bridge(a, b):
            a.give(tone(0.02))
            b.give(tone(0.02))
        a.give(tone(0.02))
        assert (len(a.heard), len(b.heard)) == (1, 1)
        send_media_between(a, b)
        a.give(tone(0.02))
        stop_media_between(a, b)
        a.give(tone(0.02))
        assert len(b.heard) == 2

    run(main())


def test_a_unit_of_another_rate_hears_as_much_sound() -> None:
    async def main() -> None:
        context = stage()
        a, b = Ear(context, 24_000), Ear(context, 8_000)
        a.send_media_to(b)
        for _ in range(50):
            a.give(tone(0.02, 24_000))
        assert len(b.sound) == 8_000
        assert b.sound[100:-100].min() > 0.45

    run(main())


def test_what_was_said_about_a_stream_comes_back_in_its_events() -> None:
    async def main() -> None:
        context = stage()
        agent, phone, second = Ear(context, kind=SourceKind.STREAMED), Ear(context), Ear(context)
        agent.send_media_to(phone, tag="line", encoding="ULAW", custom_parameters={"case": "7"})
        agent.give(tone(11.0))
        await asyncio.sleep(15)
        second.send_media_to(phone)
        started, ended = (event for event in agent.events_told if isinstance(event, MediaStarted | MediaEnded))
        assert isinstance(started, MediaStarted)
        assert (started.client, started.tag, started.encoding, started.custom_parameters) == (
            agent,
            "line",
            "ULAW",
            {"case": "7"},
        )
        assert isinstance(ended, MediaEnded)
        assert (ended.tag, ended.media_info.duration) == ("line", 10_000.0)
        (overflow,) = (event for event in agent.events_told if isinstance(event, MediaOverflow))
        assert (overflow.tag, overflow.bound_s) == ("line", 10.0)
        assert phone.events_told == [MediaReplaced(phone, agent, second)]
        assert agent.events_told[-1] == phone.events_told[0]
        assert agent.emptied_by == [False]
        assert agent.positions[-1] == (88_000, False)

    run(main())


def test_units_of_two_scenarios_cannot_hear_each_other() -> None:
    async def main() -> None:
        a, b = Ear(stage()), Ear(stage())
        with pytest.raises(Violation, match="belongs to another scenario"):
            a.send_media_to(b)

    run(main())


def test_a_retired_unit_takes_no_part_any_more() -> None:
    async def main() -> None:
        context = stage()
        a, b = Ear(context), Ear(context)
        a.send_media_to(b)
        b.retire()
        b.retire()
        a.give(tone(0.02))
        a.send_media_to(b)
        b.send_media_to(a)
        b.stop_media_to(a)
        b.give(tone(0.02))
        assert (a.heard, b.heard) == ([], [])
        assert context.pump.clear(b) == 0.0
        assert context.pump.hears(b) == context.pump.heard_by(b) == []

    run(main())


def test_a_scenario_has_two_hundred_units_at_most() -> None:
    async def main() -> None:
        context = stage()
        for _ in range(MAX_UNITS):
            Ear(context)
        with pytest.raises(Refused, match="200 media units"):
            Ear(context)

    run(main())


def test_clearing_in_a_listener_takes_effect_before_the_next_frame() -> None:
    async def main() -> None:
        context = stage()
        agent, phone = Ear(context, kind=SourceKind.STREAMED), Ear(context)
        agent.on(Events.WebSocketMediaStarted, lambda event: context.pump.clear(agent))
        agent.send_media_to(phone)
        agent.give(tone(1.0))
        await asyncio.sleep(3)
        assert len(phone.heard) == 1
        assert len(phone.dropped) == 1

    run(main())
