"""Scenario files in TOML: what a caller does, what the model answers, how unkind engines are, what is expected. See docs/simulation.md."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar

from duologue.audio.formats import LISTEN_RATE
from duologue.errors import Violation
from duologue.runtime.machine import Seconds
from duologue.sim.draw import AUDIO, Answer, Case
from duologue.sim.hostile import Temper
from duologue.sim.plan import Answering, Plan, Step, Wait, Wire

ValueT = TypeVar("ValueT")


@dataclass(frozen=True, slots=True)
class Expect:
    """What is expected of the agent between a step and the next. `None` and empty: nothing."""

    agent_says: str = ""
    """A regular expression, in any case, that some line of the agent must match."""
    within: Seconds | None = None
    """From the end of the caller's words (or the step's moment) to the first sound of an answer."""
    silence_within: Seconds | None = None
    """From the beginning of the caller's words to the end of what was being said."""
    history_ends_with: str = ""
    """How the interrupted line ends in the model's history; `"heard"`: exactly with what the ear heard."""
    tool: str = ""
    """A function the agent must ask for."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """One file. `expects` has one entry for each step of the case's plan."""

    name: str
    case: Case
    expects: tuple[Expect, ...]
    scripted: bool = True
    """The file's answers are given; otherwise the server's own models answer: the rules, unless `config` says otherwise."""
    config: Path | None = None
    """A configuration of the server, for its rules and its engines."""
    embedded: bool = False
    """The server's own engines listen and speak, in real time, instead of marked speech in virtual time."""
    folder: Path = field(default_factory=Path)
    """Where the files that it names are."""


FIXED: Mapping[Wire, Mapping[str, Any]] = {
    Wire.DEEPGRAM: {"type": "Settings", "audio": AUDIO},
    Wire.EARLY_ACCESS: {"type": "SettingsConfiguration", "audio": AUDIO},
    Wire.CALL_STREAM: {"event": "start"},
}
"""What every simulated caller's first message holds, whatever the scenario says."""

_TOP = {"name", "agent", "config", "engines", "seed", "unkind", "caller", "answer", "step"}
_CALLER = {
    "frame_s",
    "reports_every",
    "loudspeaker_late",
    "echo",
    "echo_late",
    "hangs_up",
    "lingers",
    "answers_after",
    "never_answers",
}
_STEP = {"caller", "wav", "wait", "after_words", "pause", "patience", "hesitation", "message", "expect"}
_ANSWER = {"text", "deltas", "tools", "first_after", "each_after", "fails", "hangs"}


def read_scenario(path: Path) -> Scenario:
    """The scenario of a file. Raises `Violation` with the path of what is wrong in it."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise Violation("scenario_file", f"cannot read {path}: {error.strerror or error}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Violation("scenario_file", f"{path} is not TOML: {error}") from None
    return parse_scenario(content, path.stem, path.parent)


def parse_scenario(content: Mapping[str, Any], name: str, folder: Path) -> Scenario:
    """A scenario from plain values. Raises `Violation("scenario")`."""
    _check_names(content, _TOP, "")
    engines = content.get("engines", "marked")
    if engines not in ("marked", "embedded"):
        raise Violation("scenario", f"there are no {engines!r} engines", path="engines", expected="marked or embedded")
    steps = content.get("step", [])
    if not isinstance(steps, list) or not steps:
        raise Violation("scenario", "a scenario needs steps", path="step", expected="[[step]] tables")
    recorded = next((place for place, step in enumerate(steps) if isinstance(step, Mapping) and "wav" in step), None)
    if recorded is not None and engines == "marked":
        raise Violation(
            "scenario",
            "recordings need engines that listen",
            path=f"step[{recorded}].wav",
            expected='engines = "embedded"',
        )
    unkind = content.get("unkind", {})
    caller = content.get("caller", {})
    _check_names(unkind, {"recognizer", "synthesizer", "late_facts"}, "unkind.")
    _check_names(caller, _CALLER, "caller.")
    plan = Plan(
        **_agent(content.get("agent", {}), folder),
        steps=tuple(_step(step, f"step[{place}]", first=place == 0) for place, step in enumerate(steps)),
        answering=Answering(caller.get("answers_after", 0.2), bool(caller.get("never_answers", False))),
        frame_s=caller.get("frame_s", 0.02),
        reports_every=caller.get("reports_every", 0.0),
        loudspeaker_late=caller.get("loudspeaker_late", 0.0),
        echo=caller.get("echo", 0.0),
        echo_late=caller.get("echo_late", 0.1),
        hangs_up=bool(caller.get("hangs_up", False)),
        lingers=caller.get("lingers", 2.0 if engines == "marked" else 6.0),
        seed=int(content.get("seed", 0)),
    )
    answers = tuple(_answer(answer, f"answer[{place}]") for place, answer in enumerate(content.get("answer", [])))
    case = Case(
        seed=plan.seed,
        plan=plan,
        answers=answers or (Answer(),),
        recognizer=_value(Temper, unkind.get("recognizer", {}), "unkind.recognizer"),
        synthesizer=_value(Temper, unkind.get("synthesizer", {}), "unkind.synthesizer"),
        late_facts=unkind.get("late_facts", 0.0),
    )
    config = content.get("config")
    return Scenario(
        name=content.get("name", name),
        case=case,
        expects=tuple(_expect(step.get("expect", {}), f"step[{place}].expect") for place, step in enumerate(steps)),
        scripted=bool(answers),
        config=None if config is None else folder / config,
        embedded=engines == "embedded",
        folder=folder,
    )


def from_case(case: Case) -> Scenario:
    """A drawn case as a scenario."""
    return Scenario(f"seed-{case.seed}", case, tuple(Expect() for _ in case.plan.steps))


def write_scenario(scenario: Scenario) -> str:
    """The scenario as its file: reading it again gives the same case."""
    case, plan = scenario.case, scenario.case.plan
    lines = [f"name = {_toml(scenario.name)}", f"seed = {case.seed}"]
    lines.append(f"agent = {_toml(_agent_table(plan))}")
    unkind = {
        "recognizer": _changed(case.recognizer),
        "synthesizer": _changed(case.synthesizer),
        "late_facts": case.late_facts,
    }
    lines.append(f"unkind = {_toml({name: value for name, value in unkind.items() if value})}")
    caller = {
        "frame_s": plan.frame_s,
        "reports_every": plan.reports_every,
        "loudspeaker_late": plan.loudspeaker_late,
        "echo": plan.echo,
        "echo_late": plan.echo_late,
        "hangs_up": plan.hangs_up,
        "lingers": plan.lingers,
        "answers_after": plan.answering.after,
        "never_answers": plan.answering.never,
    }
    lines.append(f"caller = {_toml(caller)}")
    for answer in case.answers if scenario.scripted else ():
        lines += ["", "[[answer]]", *(f"{name} = {_toml(value)}" for name, value in _changed(answer).items())]
    for step, expect in zip(plan.steps, scenario.expects, strict=True):
        lines += ["", "[[step]]", *(f"{name} = {_toml(value)}" for name, value in _step_table(step).items())]
        if _changed(expect):
            lines.append(f"expect = {_toml(_changed(expect))}")
    return "\n".join(lines) + "\n"


def _agent(agent: Any, folder: Path) -> dict[str, Any]:
    """Whom the caller calls, on which wire, and with what: members of a plan."""
    if not isinstance(agent, Mapping):
        raise Violation("scenario", "wrong shape", path="agent", expected='{ settings = "settings.json" }')
    if "line" in agent:
        _check_names(agent, {"line", "start", "definition"}, "agent.")
        start = {**_table(agent, "start", folder), **FIXED[Wire.CALL_STREAM]}
        start["config"] = {**start.get("config", {}), "input_format": f"pcm_{LISTEN_RATE}"}
        definition = _table(agent, "definition", folder)
        return {"settings": start, "wire": Wire.CALL_STREAM, "agent": str(agent["line"]), "definition": definition}
    _check_names(agent, {"settings", "wire"}, "agent.")
    wires = [Wire.DEEPGRAM, Wire.EARLY_ACCESS]
    wire = agent.get("wire", Wire.DEEPGRAM)
    if wire not in wires:
        raise Violation("scenario", "unknown wire", path="agent.wire", expected=" or ".join(wires))
    return {"settings": {"agent": {}, **_table(agent, "settings", folder), **FIXED[Wire(wire)]}, "wire": Wire(wire)}


def _table(agent: Mapping[str, Any], name: str, folder: Path) -> dict[str, Any]:
    """A table, or the JSON file it is in."""
    given = agent.get(name, {})
    if isinstance(given, str):
        try:
            given = json.loads((folder / given).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or str(error)
            raise Violation("scenario", f"cannot read {folder / given}: {why}", path=f"agent.{name}") from None
    if not isinstance(given, Mapping):
        raise Violation("scenario", "wrong shape", path=f"agent.{name}", expected="a file or a table")
    return dict(given)


def _agent_table(plan: Plan) -> dict[str, Any]:
    """What `_agent` reads."""
    own = {key: value for key, value in plan.settings.items() if key not in FIXED[plan.wire]}
    if plan.wire is Wire.CALL_STREAM:
        return {"line": plan.agent, "start": own, "definition": plan.definition}
    return {"settings": own} if plan.wire is Wire.DEEPGRAM else {"settings": own, "wire": plan.wire.value}


def _step(step: Any, path: str, *, first: bool) -> Step:
    if not isinstance(step, Mapping):
        raise Violation("scenario", "wrong shape", path=path, expected="a table")
    _check_names(step, _STEP, f"{path}.")
    words = step.get("after_words", 0)
    default = Wait.AGENT_SPEAKS if words else Wait.AGENT_SILENT if first else Wait.ANSWERED
    try:
        wait = Wait(step.get("wait", default))
    except ValueError:
        raise Violation("scenario", "unknown wait", path=f"{path}.wait", expected=", ".join(Wait)) from None
    return Step(
        wait=wait,
        then=step.get("pause", 0.0 if words else 0.3),
        patience=step.get("patience", 15.0),
        line=step.get("caller", ""),
        wav=step.get("wav", ""),
        hesitation=step.get("hesitation", 0.5),
        message=step.get("message"),
        after_words=words,
    )


def _step_table(step: Step) -> dict[str, Any]:
    names = {"line": "caller", "then": "pause"}
    table = {names.get(name, name): value for name, value in _changed(step).items()}
    return {"wait": step.wait.value, "pause": step.then, **table}


def _answer(answer: Any, path: str) -> Answer:
    if not isinstance(answer, Mapping):
        raise Violation("scenario", "wrong shape", path=path, expected="a table")
    _check_names(answer, _ANSWER, f"{path}.")
    given = dict(answer)
    text = given.pop("text", "")
    if text:
        given["deltas"] = [text]
    return _value(Answer, given, path)


def _expect(given: Mapping[str, Any], path: str) -> Expect:
    expect = _value(Expect, given, path)
    try:
        re.compile(expect.agent_says)
    except (re.error, TypeError) as error:
        why = f"{expect.agent_says!r} is no regular expression: {error}"
        raise Violation("scenario", why, path=f"{path}.agent_says") from None
    return expect


def _value(kind: type[ValueT], given: Mapping[str, Any], path: str) -> ValueT:
    names = {each.name for each in fields(kind)}  # type: ignore[arg-type]  # only dataclasses are given
    _check_names(given, names, f"{path}.")
    return kind(**{name: tuple(value) if isinstance(value, list) else value for name, value in given.items()})


def _changed(value: Any) -> dict[str, Any]:
    """Members that are not their default."""
    given = asdict(value)
    return {
        each.name: given[each.name]
        for each in fields(value)
        if each.default is MISSING or getattr(value, each.name) != each.default
        if given[each.name] is not None
    }


def _check_names(table: Mapping[str, Any], known: set[str], path: str) -> None:
    for name in table:
        if name not in known:
            raise Violation(
                "scenario", f"there is no {name!r}", path=f"{path}{name}", expected=f"one of {', '.join(sorted(known))}"
            )


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, Mapping):
        items = (f"{json.dumps(key)} = {_toml(item)}" for key, item in value.items() if item is not None)
        return "{ " + ", ".join(items) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_toml(item) for item in value) + "]"
    return repr(value)
