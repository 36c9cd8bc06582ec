from __future__ import annotations

import asyncio

import pytest

from duologue.bridge.call import Call
from duologue.bridge.scenario import ScenarioSession
from duologue.errors import Refused
from duologue.sim.clock import run
from tests.bridge.handset import Handset, reception_for


async def take_it(call: Call, session: ScenarioSession) -> None:
    await call.answer()


def test_one_call_too_many_is_refused_and_the_next_is_taken_when_one_has_ended() -> None:
    async def main() -> None:
        reception = reception_for(take_it, max_calls=2)
        callers = [Handset().call(reception, str(number)) for number in range(2)]
        assert reception.is_busy
        with pytest.raises(Refused) as caught:
            Handset().call(reception)
        assert caught.value.code == "busy"
        callers[0].hang_up()
        await asyncio.sleep(1)
        assert not reception.is_busy
        Handset().call(reception)
        await reception.close()
        assert reception.calls == 0

    run(main())


def test_a_drain_waits_for_calls_takes_no_new_ones_and_cuts_those_that_stay() -> None:
    async def main() -> None:
        reception = reception_for(take_it, drain_s=30.0)
        leaves, stays = Handset().call(reception, "leaves"), Handset().call(reception, "stays")
        await asyncio.sleep(1)
        lifecycle = reception._house.lifecycle
        assert lifecycle.connections == 2
        drained = asyncio.ensure_future(lifecycle.drain())
        await asyncio.sleep(1)
        with pytest.raises(Refused):
            Handset().call(reception)
        leaves.hang_up()
        await asyncio.sleep(20)
        assert stays.told == []
        await drained
        assert stays.told == ["hang up: the session is over"]
        assert asyncio.get_running_loop().time() == pytest.approx(31, abs=0.5)

    run(main())
