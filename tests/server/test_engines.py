"""Configured engines: where they run, how they are started and asked."""

from __future__ import annotations

import pytest

from duologue.config import Config, parse_config
from duologue.errors import EngineFailure, Violation
from duologue.runtime.engines import Role
from duologue.runtime.inline import InlineHost
from duologue.runtime.pool import PoolHost
from duologue.server.engines import RETRY_S, Engines, configured_engines
from duologue.sim.clock import run
from tests.server.driving import LIGHT, light


def test_our_own_light_engines_run_here_and_others_in_workers() -> None:
    kinds = {engine.role: type(engine.host) for engine in configured_engines(Config())}
    assert set(kinds.values()) == {PoolHost}
    assert Role.END_OF_TURN not in kinds
    assert {type(engine.host) for engine in configured_engines(parse_config(LIGHT))} == {InlineHost}


def test_the_place_can_be_chosen() -> None:
    placed = parse_config(light(speak={"synthesizer": {"engine": "tone", "place": "workers"}}))
    assert {e.role: type(e.host) for e in configured_engines(placed)}[Role.SYNTHESIZER] is PoolHost


def test_a_missing_engine_is_a_violation() -> None:
    async def main() -> None:
        with pytest.raises(Violation, match="no end_of_turn engine is configured"):
            Engines(configured_engines(parse_config(LIGHT))).require(Role.END_OF_TURN)

    run(main())


def test_an_engine_that_does_not_start_is_tried_again() -> None:
    async def main() -> None:
        engines = Engines(configured_engines(parse_config(LIGHT)))
        host = engines.require(Role.RECOGNIZER).host
        attempts = []

        async def start() -> None:
            attempts.append(1)
            if len(attempts) < 3:
                raise EngineFailure("scripted", "no memory")

        host.start = start  # type: ignore[method-assign]
        complaints: list[str] = []
        assert not await engines.loaded(0.0)
        await engines.start(complaints.append)
        assert await engines.loaded(0.0)
        assert complaints == [f"recognizer scripted: scripted: no memory; trying again in {RETRY_S:g} s"] * 2
        assert await engines.probe() == []
        await engines.close()

    run(main())


def test_as_many_callers_are_heard_as_the_scarcest_listening_engine_carries() -> None:
    async def main() -> None:
        engines = Engines(configured_engines(parse_config(LIGHT)))
        assert engines.callers is None
        detector, recognizer = engines.require(Role.VOICE_ACTIVITY), engines.require(Role.RECOGNIZER)
        detector.workers, recognizer.workers = 1, 2
        carried = detector.host.info.max_streams, 2 * recognizer.host.info.max_streams
        assert engines.callers == min(carried)

    run(main())


def test_what_is_not_loaded_yet_bounds_nothing() -> None:
    async def main() -> None:
        assert Engines(configured_engines(Config())).callers is None

    run(main())
