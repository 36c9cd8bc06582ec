"""Event logs of calls."""

from __future__ import annotations

import json
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from duologue.agent.settings import ActionPolicy, AgentSettings
from duologue.config import parse_config
from duologue.errors import Violation
from duologue.listen.hypothesis import ListenOptions
from duologue.server.call_log import LoggedCall, open_call_log, prepare_folder
from duologue.sim.clock import run
from duologue.think.messages import ToolCall
from tests.server.driving import application, light

CALL = LoggedCall(AgentSettings(), 16_000, ListenOptions())


def test_without_a_folder_nothing_is_logged() -> None:
    async def main() -> None:
        async with application() as app:
            assert open_call_log(app.services, "id", CALL, 1, ExitStack()) is None

    run(main())


def test_the_header_says_what_a_replay_needs(tmp_path: Path) -> None:
    async def main() -> None:
        async with application(light(calls={"event_log": str(tmp_path)})) as app:
            with ExitStack() as held:
                assert (
                    open_call_log(app.services, "id", replace(CALL, agent=AgentSettings(greeting="Hi.")), 7, held)
                    is not None
                )
            header = json.loads((tmp_path / "id.jsonl").read_text(encoding="utf-8"))
            assert header["seed"] == 7
            assert header["settings"]["agent"]["greeting"] == "Hi."
            assert header["settings"]["rate"] == 16_000
            assert header["started"] == "2001-09-09T01:46:40+00:00"
            assert "synthesizer tone" in header["versions"]

    run(main())


def test_redacted_it_holds_no_word_but_those_that_decide(tmp_path: Path) -> None:
    settings = AgentSettings(greeting="Okay, this is Ann.", actions=ActionPolicy(transfer_to={"sales": "+15550123"}))

    async def main() -> None:
        async with application(light(calls={"event_log": str(tmp_path), "redact": True})) as app:
            with ExitStack() as held:
                log = open_call_log(app.services, "id", replace(CALL, agent=settings), 7, held)
                assert log is not None
                log.trace("said", 1.0, ToolCall("1", "transfer_call", '{"destination":"sales","say":"Bye, Ann."}'))
            header, said = map(json.loads, (tmp_path / "id.jsonl").read_text(encoding="utf-8").splitlines())
            assert header["redacted"] is True
            assert header["settings"]["agent"]["greeting"] == "Okay, xxxx xx Xxx."
            assert said["value"]["arguments"] == '{"destination":"sales","say":"Xxx, Xxx."}'

    run(main())


def test_a_folder_that_cannot_be_is_told_at_the_start(tmp_path: Path) -> None:
    prepare_folder(parse_config({}))
    prepare_folder(parse_config({"calls": {"event_log": str(tmp_path / "new" / "calls")}}))
    assert (tmp_path / "new" / "calls").is_dir()
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(Violation, match=r"calls\.event_log: cannot write into .*file: File exists; expected a folder"):
        prepare_folder(parse_config({"calls": {"event_log": str(tmp_path / "file")}}))


def test_a_folder_that_cannot_be_written_costs_the_log_and_not_the_call(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")

    async def main() -> None:
        async with application(light(calls={"event_log": str(tmp_path / "file")})) as app:
            assert open_call_log(app.services, "id", CALL, 7, ExitStack()) is None

    run(main())
