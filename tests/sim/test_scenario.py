"""Scenario files: read, written, played and reported."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from typer.testing import CliRunner

from duologue.cli.main import root
from duologue.errors import Violation
from duologue.sim.draw import draw
from duologue.sim.report import as_junit, as_text
from duologue.sim.scenario import from_case, parse_scenario, read_scenario, write_scenario
from duologue.sim.script import ScenarioResult, play
from tests.cli.running import LIGHT

EXAMPLES = Path(__file__).parents[2] / "examples" / "scenarios"

ORDER: dict[str, Any] = {
    "answer": [{"text": "One latte is four dollars. Anything else today?"}, {"text": "Goodbye then."}],
    "step": [{"caller": "a latte please", "expect": {"agent_says": "four dollars", "within": 1.5}}],
}


def run(content: dict[str, Any]) -> ScenarioResult:
    return play(parse_scenario(content, "test", Path()))


@pytest.mark.parametrize("file", sorted(EXAMPLES.glob("*.toml")), ids=lambda file: file.stem)
def test_the_examples_pass(file: Path) -> None:
    scenario = read_scenario(file)
    if not scenario.embedded:  # those take real time: tests/real
        result = play(scenario)
        assert result.passed, as_text(result)


@pytest.mark.parametrize("seed", range(40))
def test_a_drawn_case_survives_its_file(seed: int) -> None:
    text = write_scenario(from_case(draw(seed)))
    assert parse_scenario(tomllib.loads(text), "x", Path()).case == draw(seed)


def test_what_is_met_and_what_is_not() -> None:
    assert run(ORDER).passed
    late = run({**ORDER, "step": [{"caller": "a latte please", "expect": {"within": 0.1, "agent_says": "tea"}}]})
    assert [verdict.met for verdict in late.verdicts] == [False, False]
    assert not late.passed
    assert "FAIL" in as_text(late)


def test_an_interruption_is_held_against_the_ear() -> None:
    steps = [
        *ORDER["step"],
        {"caller": "stop", "after_words": 3, "expect": {"silence_within": 0.3, "history_ends_with": "heard"}},
    ]
    result = run({**ORDER, "step": steps})
    assert result.passed, as_text(result)
    wrong = run({**ORDER, "step": [steps[0], {**steps[1], "expect": {"history_ends_with": "today"}}]})
    assert not wrong.passed


def test_nothing_to_interrupt_is_said() -> None:
    result = run({**ORDER, "step": [{"caller": "hello", "expect": {"history_ends_with": "heard", "tool": "look_up"}}]})
    assert [verdict.got for verdict in result.verdicts] == ["nothing was interrupted", "nothing"]


def test_functions_are_asked_for_and_answered() -> None:
    functions = [{"name": "look_up", "parameters": {"type": "object", "properties": {}}}]
    think = {"provider": {"type": "open_ai", "model": "scripted"}, "functions": functions}
    result = run(
        {
            "agent": {"settings": {"agent": {"think": think}}},
            "answer": [{"tools": ["look_up"]}, {"text": "It is open."}],
            "step": [{"caller": "are you open", "expect": {"tool": "look_up", "agent_says": "open"}}],
        }
    )
    assert result.passed, as_text(result)


def test_an_agent_is_called_by_its_id() -> None:
    step = {"caller": "I would like a latte", "expect": {"agent_says": "size"}}
    result = run({"agent": {"line": "coffee"}, "caller": {"reports_every": 0.1}, "step": [step]})
    assert result.passed, as_text(result)
    assert "caller: I would like a latte" in as_text(result)


def test_an_early_access_client_is_played() -> None:
    result = run({**ORDER, "agent": {"wire": "deepgram_v0"}})
    assert result.passed, as_text(result)


def test_without_answers_the_rules_answer() -> None:
    result = run({"step": [{"caller": "I would like a latte", "expect": {"agent_says": "size"}}]})
    assert result.passed, as_text(result)


def test_a_step_that_is_never_reached_is_not_met() -> None:
    step = {"caller": "hello", "expect": {"agent_says": "x"}}
    result = run({**ORDER, "agent": {"settings": {"audio": 1, "agent": {"listen": 5}}}, "step": [step]})
    assert not result.passed


def test_a_call_that_is_refused_is_told_without_a_trace() -> None:
    result = run({"agent": {"line": "nobody"}, "step": [{"caller": "hello"}]})
    assert not result.passed
    assert "the call was refused with status 404: " in as_text(result)
    assert "no agent has the id 'nobody'" in as_text(result)
    assert "Traceback" not in as_text(result)


@pytest.mark.parametrize(("wav", "told"), [("none.wav", "No such file"), ("light.toml", "the file cannot be read")])
def test_a_recording_that_cannot_be_read_is_told_with_its_step(tmp_path: Path, wav: str, told: str) -> None:
    (tmp_path / "light.toml").write_text(LIGHT)
    content = {"engines": "embedded", "config": "light.toml", "step": [{"caller": "hello"}, {"wav": wav}]}
    with pytest.raises(Violation, match=rf"{wav}: {told}") as caught:
        play(parse_scenario(content, "test", tmp_path))
    assert caught.value.path == "step[1].wav"


@pytest.mark.parametrize(
    ("content", "path"),
    [
        ({}, "step"),
        ({"step": [{"says": "hello"}]}, "step[0].says"),
        ({"step": [{"caller": "hello", "wait": "soon"}]}, "step[0].wait"),
        ({"step": [{"caller": "hello", "expect": {"soon": 1}}]}, "step[0].expect.soon"),
        ({"step": [{}], "engines": "best"}, "engines"),
        ({"step": [{}], "agent": {"settings": "nothing.json"}}, "agent.settings"),
        ({"step": [{}], "agent": {"wire": "cartesia"}}, "agent.wire"),
        ({"step": [{}], "agent": {"line": "coffee", "settings": {}}}, "agent.settings"),
        ({"step": [{}], "unkind": {"model": {}}}, "unkind.model"),
        ({"step": [{"wav": "order.wav"}]}, "step[0].wav"),
        ({"step": [{"expect": {"agent_says": "["}}]}, "step[0].expect.agent_says"),
        ({"step": [{"expect": {"agent_says": 3}}]}, "step[0].expect.agent_says"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(content: dict[str, Any], path: str) -> None:
    with pytest.raises(Violation) as caught:
        parse_scenario(content, "test", Path())
    assert caught.value.path == path


def test_junit_counts_what_failed() -> None:
    bad = run({**ORDER, "step": [{"caller": "a latte", "expect": {"agent_says": "tea"}}]})
    suites = ET.fromstring(as_junit([run(ORDER), bad]).encode())
    assert [suite.get("failures") for suite in suites] == ["0", "1"]


def test_the_command_plays_files(tmp_path: Path) -> None:
    file = str(EXAMPLES / "interrupted.toml")
    result = CliRunner().invoke(
        root, ["simulate", file, "--junit", str(tmp_path / "report.xml"), "--html", str(tmp_path), "--json"]
    )
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)[0]["passed"]
    assert (tmp_path / "report.xml").exists()
    written = [f"wrote {tmp_path / name}" for name in ("interrupted.html", "report.xml")]
    assert result.stderr.splitlines()[-2:] == written
    assert "an order, interrupted" in (tmp_path / "interrupted.html").read_text(encoding="utf-8")


def test_the_command_tells_meanwhile_what_it_plays_and_why_a_report_cannot_be_written() -> None:
    told = CliRunner().invoke(root, ["simulate", str(EXAMPLES / "interrupted.toml"), "--junit", "/dev/null/report.xml"])
    assert "playing an order, interrupted" in told.stderr
    assert isinstance(told.exception, Violation)
    assert "--junit: cannot write /dev/null/report.xml: " in str(told.exception)


def test_the_command_explores() -> None:
    result = CliRunner().invoke(root, ["simulate", "--explore", "3", "--jobs", "1", "--no-mutants", "--json"])
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["conversations"] == 3


def test_the_command_wants_something_to_do() -> None:
    result = CliRunner().invoke(root, ["simulate"])
    assert isinstance(result.exception, Violation)
