"""`duologue simulate`: scenarios against an agent, offline; or random conversations against the server itself."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from duologue.cli.output import print_json, screen, waiting, writing
from duologue.errors import Violation

if TYPE_CHECKING:
    from duologue.sim.explore import Batch, Tally

HUNTING_SEEDS = 300
"""How many seeds may be tried on a planted mistake."""


def simulate(
    scenarios: Annotated[list[Path] | None, typer.Argument(help="Scenario files (TOML).")] = None,
    explore: Annotated[int, typer.Option("--explore", help="Make so many random conversations.", min=0)] = 0,
    seed: Annotated[int, typer.Option("--seed", help="The first seed; with --explore 1 just this one.")] = 0,
    jobs: Annotated[int, typer.Option("--jobs", help="Processes to use.", min=1)] = 2,
    mutants: Annotated[bool, typer.Option(help="Also plant mistakes that must be found.")] = True,  # noqa: FBT002 - an option
    junit: Annotated[Path | None, typer.Option("--junit", help="Write the result as JUnit XML.")] = None,
    html: Annotated[Path | None, typer.Option("--html", help="Write a timeline of each call into this folder.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON on standard output, for scripts.")] = False,  # noqa: FBT002 - an option
) -> None:
    """Test an agent offline: simulated callers, in virtual time, without keys.

    Scenario files say what a caller does and what is expected of the agent. With --explore, random callers meet unkind engines, and
    everything a call must keep is checked; a failure is made small and printed as a scenario.

    \b
    Examples:
      duologue simulate examples/scenarios/interrupted.toml
      duologue simulate examples/scenarios/*.toml --junit out/report.xml --html out
      duologue simulate --explore 1000
      duologue simulate --explore 1 --seed 4711
    """
    if not scenarios and not explore:
        raise Violation("nothing_to_simulate", "no scenario and no --explore", remedy="See `duologue simulate --help`.")
    good = True
    if scenarios:
        good = _play(scenarios, junit, html, as_json=as_json)
    if explore:
        good = _explore(seed, explore, jobs, mutants=mutants and explore > 1, as_json=as_json) and good
    if not good:
        raise typer.Exit(1)


def _play(files: list[Path], junit: Path | None, html: Path | None, *, as_json: bool) -> bool:
    from duologue.sim.report import as_junit, as_text, write_timeline
    from duologue.sim.scenario import read_scenario
    from duologue.sim.script import play

    console, notes = screen(), screen(stderr=True)
    results = []
    for file in files:
        scenario = read_scenario(file)
        pace = ", with the server's own engines in real time" if scenario.embedded else ""
        with waiting(notes, f"playing {scenario.name}{pace}"):
            result = play(scenario)
        results.append(result)
        if not as_json:
            console.print(as_text(result), markup=False)
        if html is not None:
            page = html / f"{file.stem}.html"
            with writing(page, "--html"):
                write_timeline(result, page)
            notes.print(f"wrote {page}", markup=False)
    if junit is not None:
        with writing(junit, "--junit"):
            junit.write_text(as_junit(results), encoding="utf-8")
        notes.print(f"wrote {junit}", markup=False)
    if as_json:
        print_json([result.summary() for result in results])
    return all(result.passed for result in results)


def _explore(first: int, count: int, jobs: int, *, mutants: bool, as_json: bool) -> bool:
    from duologue.sim.explore import Finding, Tally, explore, hunt_mutants

    logging.disable(logging.CRITICAL)  # engines die by the thousand here, and each would be told
    console, tally = screen(stderr=True), Tally()
    began = time.perf_counter()
    try:
        _gather(tally, explore(first, count, jobs), count, console)
    except KeyboardInterrupt:  # whoever has had enough after half an hour is told what it gave
        console.print(f"{tally.calls} conversations until now; {len(tally.findings)} broke a promise", markup=False)
        raise
    took = time.perf_counter() - began
    findings: list[Finding] = sorted(tally.findings, key=lambda finding: finding.seed)
    catches = []
    if mutants and not findings:
        with _progress(console) as progress:
            task = progress.add_task("planted mistakes", total=None, speed="")
            for catch in hunt_mutants(range(first, first + HUNTING_SEEDS), jobs):
                catches.append(catch)
                progress.update(task, advance=1)
    got_away = [catch for catch in catches if catch.seed is None]
    if as_json:
        print_json(
            {
                "conversations": tally.calls,
                "caller_seconds": round(tally.seconds, 1),
                "wall_seconds": round(took, 1),
                "times_real_time": round(tally.seconds / took, 1),
                "findings": [{"seed": f.seed, "breaches": [str(each) for each in f.breaches]} for f in findings],
                "mutants": [{"name": c.mutant, "seed": c.seed, "tried": c.tried} for c in catches],
            }
        )
        return not findings and not got_away
    out = screen()
    for catch in catches:
        how = f"caught by seed {catch.seed} (try {catch.tried}): {catch.breach}" if catch.breach else "GOT AWAY"
        out.print(f"mutant  {catch.mutant:46} {how}", markup=False)
    for finding in findings:
        _tell(finding, out)
    out.print(
        f"{tally.calls} conversations, {tally.seconds / 3600:.1f} hours of calls in {took:.0f} s: "
        f"{tally.seconds / took:.0f} times real time; {len(findings)} broke a promise"
        + (f"; {len(catches) - len(got_away)} of {len(catches)} planted mistakes caught" if catches else ""),
        markup=False,
    )
    return not findings and not got_away


def _gather(tally: Tally, batches: Iterator[Batch], count: int, console: Console) -> None:
    """Add up the batches as they come, of `count` conversations in all; what broke a promise is told at once."""
    began = time.perf_counter()
    with _progress(console) as progress:
        task = progress.add_task("conversations", total=count, speed="")
        for batch in batches:
            tally.add(batch)
            for finding in batch.findings:
                for breach in finding.breaches:
                    console.print(f"seed {finding.seed}  {breach}", markup=False)
            speed = tally.seconds / max(1e-9, time.perf_counter() - began)
            progress.update(task, completed=tally.calls, speed=f"{speed:.0f} x real time")
            if not console.is_terminal and tally.calls * 10 // count > (tally.calls - batch.calls) * 10 // count:
                console.print(f"{tally.calls} of {count} conversations, {speed:.0f} times real time", markup=False)


def _tell(finding: object, out: Console) -> None:
    from duologue.sim.draw import draw
    from duologue.sim.explore import Finding, shrink
    from duologue.sim.scenario import from_case, write_scenario

    assert isinstance(finding, Finding)  # noqa: S101 - what `explore` gives
    for breach in finding.breaches:
        out.print(f"seed {finding.seed}  {breach}", markup=False)
    try:
        smaller, breaches = shrink(draw(finding.seed))
    except ValueError:
        out.print("it did not happen again: the simulation is not repeatable here", markup=False)
        return
    out.print(f"made small: {breaches[0]}\n", markup=False)
    out.print(write_scenario(from_case(smaller)), markup=False)
    out.print(
        f"again: duologue simulate --explore 1 --seed {finding.seed}, or put the lines above into a file", markup=False
    )


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[speed]}"),
        console=console,
    )
