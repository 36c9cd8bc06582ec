"""The programs on the pages about the bridge are run, in memory and virtual time."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from duologue.audio.containers import write_wav
from duologue.bridge import context
from duologue.bridge.scenario import Scenario
from duologue.server.app import Application
from duologue.sim.clock import run
from tests.bridge.handset import Handset, reception_for
from tests.bridge.memory_network import MemoryNetwork
from tests.server.driving import application
from tests.server.test_call_stream import desk

DOCS = Path(__file__).parent.parent.parent / "docs"


def programs(page: str, kind: str) -> list[str]:
    """The marked code blocks of a page."""
    return re.findall(
        rf"<!-- a {kind}; run by the tests -->\n```python\n(.*?)```",
        (DOCS / page).read_text(encoding="utf-8"),
        re.DOTALL,
    )


def names(program: str) -> dict[str, Any]:
    """What a program defines; it is not started."""
    defined: dict[str, Any] = {"__name__": "a page"}
    exec(program.replace("asyncio.run(main())\n", ""), defined)
    return defined


def beside_a_server(
    monkeypatch: pytest.MonkeyPatch, story: Callable[[Application], Awaitable[None]], script: str = ""
) -> None:
    """Run a story where every address is this server, whose agent `coffee` is answered for by a script."""
    values = desk(script)
    values["agents"] = {"coffee": {**values["agents"]["desk"], "introduction": "Hello there."}}

    async def main() -> None:
        async with application(values) as app:
            monkeypatch.setattr(context, "ServiceNetwork", lambda: MemoryNetwork(app))
            await story(app)

    run(main())


SCENARIOS = [
    (page, program) for page in ("bridge.md", "migrate-voxengine.md") for program in programs(page, "scenario")
]


def test_both_pages_show_a_scenario_and_it_is_as_short_as_it_says() -> None:
    assert [page for page, _ in SCENARIOS] == ["bridge.md", "migrate-voxengine.md"]
    body = SCENARIOS[0][1].partition("async def scenario")[2].strip().splitlines()
    assert len(body) - 1 <= 16


@pytest.mark.parametrize("program", [program for _, program in SCENARIOS], ids=[page for page, _ in SCENARIOS])
def test_a_scenario_connects_a_call_to_the_agent(monkeypatch: pytest.MonkeyPatch, program: str) -> None:
    async def story(app: Application) -> None:
        scenario: Scenario = names(program)["scenario"]
        reception = reception_for(scenario)
        caller = Handset().call(reception, from_="+15550100")
        await asyncio.sleep(4)
        assert reception.calls == 1
        assert caller.frames > 10, "the greeting"
        assert caller.far is not None
        caller.far.dtmf_in("5")
        caller.hang_up()
        await asyncio.sleep(1)
        assert (reception.calls, [told for told in caller.told if "hang" in told]) == (0, [])

    beside_a_server(monkeypatch, story)


def test_a_recording_can_be_the_caller(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async def at_once(function: Callable[..., Any], *arguments: Any) -> Any:
        return function(*arguments)

    monkeypatch.setattr(asyncio, "to_thread", at_once)  # virtual time does not wait for threads
    monkeypatch.chdir(tmp_path)
    write_wav("caller.wav", np.full(32_000, 0.1, np.float32), 16_000)
    program = programs("bridge.md", "program")[0]

    async def story(app: Application) -> None:
        await names(program)["main"]()

    beside_a_server(monkeypatch, story, script="0.5-1.5 good morning")
    track, rate = soundfile.read("call.wav")
    assert rate == 16_000
    assert np.abs(track[:, 0]).max() > 0.1, "the agent, heard first, is left"
    assert np.flatnonzero(track[:, 1])[0] > 16_000, "the caller came after the greeting"
    assert capsys.readouterr().out.startswith("call ")


def test_a_text_can_be_spoken_as_it_comes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    program = programs("bridge.md", "program")[1]

    async def story(app: Application) -> None:
        await names(program)["main"]()
        await asyncio.sleep(1)

    beside_a_server(monkeypatch, story)
    track, rate = soundfile.read("said.wav")
    assert np.abs(track).max() > 0.1
    assert len(track) / rate > 1.0
