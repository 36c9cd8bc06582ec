"""What came of scenarios: as text, as JUnit XML for CI, and as the HTML timeline."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree as ET

from duologue.console.timeline import render_html
from duologue.sim.call_timeline import timeline_of_outcome
from duologue.sim.caller import AGENT_RATE
from duologue.sim.script import ScenarioResult
from duologue.sim.wires import Sign

_SPEAKERS = {Sign.CALLER_SAID: "caller", Sign.AGENT_SAID: "agent"}
_TOLD = (Sign.CALLER_STARTED, Sign.TOOLS_ASKED, Sign.TROUBLE)


def as_text(result: ScenarioResult) -> str:
    """For people: the conversation, then what was expected."""
    call = result.outcome.call
    lines = [f"{'PASS' if result.passed else 'FAIL'}  {result.scenario.name}  ({result.outcome.seconds:.1f} s of call)"]
    for received in call.received if call else ():
        message = received.message
        kind = message.get("type") or message.get("event")
        at = received.at - call.began if call else 0.0
        if received.sign in _SPEAKERS and received.text:
            lines.append(f"  {at:8.2f}  {_SPEAKERS[received.sign]:>6}: {received.text.strip()}")
        elif received.sign in _TOLD or kind == "Warning":
            told = message.get("description") or message.get("message", "")
            lines.append(f"  {at:8.2f}          {kind} {told}".rstrip())
    for verdict in result.verdicts:
        mark = "ok  " if verdict.met else "FAIL"
        lines.append(f"  {mark}  step {verdict.step}: {verdict.expected}; got {verdict.got}")
    lines += [f"  FAIL  {breach}" for breach in result.breaches]
    if result.outcome.crash:
        lines.append(result.outcome.crash)
    return "\n".join(lines)


def as_junit(results: Sequence[ScenarioResult]) -> str:
    """For CI: a suite per scenario, a case per expectation and one for the promises every call must keep."""
    root = ET.Element("testsuites", name="duologue simulate")
    for result in results:
        failed = sum(not verdict.met for verdict in result.verdicts) + bool(result.breaches)
        suite = ET.SubElement(
            root,
            "testsuite",
            name=result.scenario.name,
            tests=str(len(result.verdicts) + 1),
            failures=str(failed),
            time=f"{result.outcome.seconds:.3f}",
        )
        for verdict in result.verdicts:
            case = ET.SubElement(
                suite, "testcase", classname=result.scenario.name, name=f"step {verdict.step}: {verdict.expected}"
            )
            if not verdict.met:
                ET.SubElement(case, "failure", message=f"got {verdict.got}")
        case = ET.SubElement(suite, "testcase", classname=result.scenario.name, name="keeps its promises")
        if result.breaches:
            ET.SubElement(case, "failure", message=str(result.breaches[0])).text = "\n".join(map(str, result.breaches))
        ET.SubElement(suite, "system-out").text = as_text(result)
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def write_timeline(result: ScenarioResult, path: Path) -> None:
    """The call on one page."""
    timeline = timeline_of_outcome(result.outcome, result.scenario.name, AGENT_RATE)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(render_html(timeline), encoding="utf-8")
