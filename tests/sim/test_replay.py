"""The log of a live call is decided again, command by command; what was tampered with is noticed."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from pathlib import Path

import pytest
from msgspec import structs
from typer.testing import CliRunner

from duologue.cli.main import root
from duologue.config import Config, parse_config
from duologue.console.timeline import render_html
from duologue.errors import Violation
from duologue.listen.turns import Move
from duologue.sim import clock
from duologue.sim.call_timeline import timeline_of_log, timeline_of_outcome
from duologue.sim.caller import AGENT_RATE
from duologue.sim.draw import Case, draw
from duologue.sim.hostile import Temper
from duologue.sim.marked import Lexicon
from duologue.sim.plan import Plan, Step, Wait, Wire
from duologue.sim.replay import change, decide_turns, read_call, replay_session
from duologue.sim.scenario import FIXED
from duologue.sim.world import Outcome, build_world, live, simulate


def record(case: Case, folder: Path, config: Config | None = None, *, redact: bool = False) -> Path:
    """Make a call on a server that logs, and give its log."""

    async def main() -> None:
        lexicon, outcome = Lexicon(), Outcome(case)
        services = build_world(case, lexicon, random.Random(case.seed), config)
        calls = parse_config({"calls": {"event_log": str(folder), "redact": redact}}).calls
        services.config = structs.replace(services.config, calls=calls)
        await live(case, outcome, services, lexicon)

    clock.run(main())
    (log,) = folder.glob("*.jsonl")
    return log


@pytest.mark.parametrize("seed", range(12))
def test_every_command_of_a_live_call_comes_again(seed: int, tmp_path: Path) -> None:
    log = read_call(record(draw(seed), tmp_path))
    assert len(log.of("session")) > 10
    assert list(replay_session(log)) == []


# 5: a draft on a backchannel; 10: keys as an action; 30: data of the application, and drafts; 38: a backchannel over a reply.
@pytest.mark.parametrize("seed", [5, 10, 30, 38])
def test_every_command_of_a_redacted_log_comes_again_but_for_the_words(seed: int, tmp_path: Path) -> None:
    log = read_call(record(draw(seed), tmp_path, redact=True))
    assert log.header.redacted
    assert len(log.of("session")) > 10
    assert list(replay_session(log)) == []


def test_what_the_rules_expect_comes_again_too(tmp_path: Path) -> None:
    lines = ("I would like a latte", "medium", "no thanks", "that is all", "yes")
    plan = Plan({**FIXED[Wire.DEEPGRAM], "agent": {}}, tuple(Step(Wait.ANSWERED, line=line) for line in lines))
    case = replace(draw(3), plan=plan, synthesizer=Temper(), recognizer=Temper(), late_facts=0.0)
    log = read_call(record(case, tmp_path, Config()))
    assert any("Expect" in json.dumps(fact.commands) for fact in log.of("session"))
    assert list(replay_session(log, Config())) == []
    assert list(replay_session(log)) == []


def test_a_changed_fact_is_noticed(tmp_path: Path) -> None:
    path = record(draw(0), tmp_path)
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    place = next(number for number, line in enumerate(lines) if '"$":"TextDelta"' in line)
    fact = json.loads(lines[place])
    fact["event"]["event"]["text"] = "Nobody said this. Certainly not."
    lines[place] = json.dumps(fact) + "\n"
    path.write_text("".join(lines), encoding="utf-8")
    differences = list(replay_session(read_call(path)))
    assert differences
    assert differences[0].step == place  # the header is line 0


def test_other_settings_decide_otherwise(tmp_path: Path) -> None:
    log = read_call(record(draw(0), tmp_path))
    assert list(replay_session(log, changes=["interruption.min_voice=5", "interruption.max_overlap=30"]))


def test_turns_end_later_by_a_lower_threshold(tmp_path: Path) -> None:
    log = read_call(record(draw(0), tmp_path))
    policy = log.header.settings.agent.listen.turns
    now = decide_turns(log, policy)
    then = decide_turns(log, change(policy, ["end=0.05"]))
    ends = [[each.at for each in moments if each.move is Move.END] for moments in (now, then)]
    assert ends[0]
    assert ends[0][0] < ends[1][0]


def test_the_same_turns_are_found_as_were_recorded(tmp_path: Path) -> None:
    log = read_call(record(draw(0), tmp_path))
    recorded = sum(type(fact.event).__name__ == "TurnEnded" for fact in log.of("session"))
    moments = decide_turns(log, log.header.settings.agent.listen.turns)
    assert sum(each.move is Move.END for each in moments) == recorded


@pytest.mark.parametrize(
    ("change_", "why"),
    [
        ("turns.end", "sets nothing"),
        ("turns.finish=1", "there is no 'finish'"),
        ("turn.end=0.2", "there is no 'turn' in 'turn.end'; expected turns, listen, "),
        ("turns.end=soon", "cannot stand"),
        ("turns.end=0.9", "must fall"),
    ],
)
def test_a_wrong_change_is_refused(change_: str, why: str, tmp_path: Path) -> None:
    settings = read_call(record(draw(9), tmp_path)).header.settings.agent
    with pytest.raises(Violation, match=why):
        change(settings, [change_])


def test_a_log_of_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "log").write_text('{"event_log":1,"versions":{},"settings":null,"seed":null,"started":""}\n')
    with pytest.raises(Violation, match="not the log of an agent call"):
        read_call(tmp_path / "log")
    with pytest.raises(Violation, match="cannot read"):
        read_call(tmp_path / "nothing")
    (tmp_path / "call.mp3").write_bytes(b"\xff\xfb\x90\x00")
    with pytest.raises(Violation, match=r"call\.mp3 is not an event log: it is not text"):
        read_call(tmp_path / "call.mp3")


def test_timelines_of_a_log_and_of_the_outcome_are_the_same_call(tmp_path: Path) -> None:
    log = read_call(record(draw(0), tmp_path))
    drawn = timeline_of_log(log, "a call")
    simulated = timeline_of_outcome(simulate(draw(0)), "a call", AGENT_RATE)
    assert drawn.lines == simulated.lines
    assert {happening.kind for happening in drawn.happenings} >= {"turn_started", "turn_ended", "interrupted"}
    assert "a call" in render_html(drawn)


def test_the_command_tells_whether_it_was_the_same(tmp_path: Path) -> None:
    path = record(draw(0), tmp_path)
    command = CliRunner()
    same = command.invoke(root, ["replay", str(path), "--html", str(tmp_path / "call.html")])
    assert same.exit_code == 0, same.output
    assert "every command the same" in same.stdout
    assert (tmp_path / "call.html").exists()
    assert same.stderr.splitlines() == [f"wrote {tmp_path / 'call.html'}"]
    other = command.invoke(root, ["replay", str(path), "--set", "turns.end=0.05", "--json"])
    assert other.exit_code == 0, other.output
    turns = json.loads(other.stdout)["turns"]
    assert turns["now"] != turns["then"]
    path.write_text(path.read_text(encoding="utf-8").replace("SettingsApplied", "Welcomed", 1), encoding="utf-8")
    tampered = command.invoke(root, ["replay", str(path)])
    assert tampered.exit_code == 1
    assert "step 1" in tampered.stdout


def test_a_page_that_cannot_be_written_is_told_with_the_reason(tmp_path: Path) -> None:
    told = CliRunner().invoke(root, ["replay", str(record(draw(0), tmp_path)), "--html", "/dev/null/call.html"])
    assert isinstance(told.exception, Violation)
    assert "--html: cannot write /dev/null/call.html: " in str(told.exception)


def test_the_command_draws_what_would_change(tmp_path: Path) -> None:
    path = record(draw(0), tmp_path)
    told = CliRunner().invoke(root, ["replay", str(path), "--set", "turns.end=0.05"])
    assert "turns by the floor" in told.stdout
    assert " new " in told.stdout
