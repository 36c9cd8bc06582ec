"""`duologue replay`: decide a recorded call again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from duologue.cli.output import print_json, screen, writing

if TYPE_CHECKING:
    from duologue.runtime.event_log import EventLog
    from duologue.sim.replay import Difference, TurnMoment

SHOWN = 5
"""How many differences are told in full."""


def replay(
    log: Annotated[Path, typer.Argument(help="An event log, as `calls.event_log` makes the server write them.")],
    changes: Annotated[
        list[str] | None, typer.Option("--set", help="Decide with another value: turns.end=0.2.")
    ] = None,
    config: Annotated[Path | None, typer.Option("--config", help="The server's TOML file, for its rules.")] = None,
    html: Annotated[Path | None, typer.Option("--html", help="Write the call as an HTML timeline.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON on standard output, for scripts.")] = False,  # noqa: FBT002
) -> None:
    """Decide a recorded call again. The same facts must give the same commands; exit code 1 says that they did not.

    With --set, show what other settings would have changed: turns.* from the floor as it was logged, everything else by the session.
    What caller, model and voice would have done then cannot be told from a log.

    \b
    Examples:
      duologue replay calls/7d1f....jsonl
      duologue replay calls/7d1f....jsonl --set turns.end=0.2
      duologue replay calls/7d1f....jsonl --set interruption.min_words=2 --html out/call.html
    """
    from duologue.config import load_config
    from duologue.sim.replay import change, decide_turns, read_call, replay_session

    call = read_call(log)
    asked = list(changes or ())
    console = screen()
    differences = list(replay_session(call, load_config(config) if config else None, asked))
    agent = call.header.settings.agent
    turns = [each for each in asked if each.startswith("turns.")]
    before, after = decide_turns(call, agent.listen.turns), decide_turns(call, change(agent, asked).listen.turns)
    if html is not None:
        _write_timeline(call, log.stem, html)
        screen(stderr=True).print(f"wrote {html}", markup=False)
    if as_json:
        print_json(
            {
                "steps": len(call.of("session")),
                "stopped": call.stopped,
                "differences": [
                    {"step": each.step, "now": each.now, "recorded": each.recorded, "again": each.again}
                    for each in differences
                ],
                "turns": {
                    name: [[m.move.value, m.at] for m in moments]
                    for name, moments in (("now", before), ("then", after))
                },
            }
        )
    else:
        _tell(console, call, differences, changed=bool(asked))
        if turns:
            _tell_turns(console, before, after)
    if differences and not asked:
        raise typer.Exit(1)


def _tell(console: Console, call: EventLog, differences: list[Difference], *, changed: bool) -> None:
    steps = len(call.of("session"))
    if call.stopped:
        console.print(f"the log ends early: {call.stopped}", markup=False)
    if not differences:
        console.print(f"{steps} steps of the session, every command the same", markup=False)
        return
    verb = "would be" if changed else "were"
    console.print(f"{len(differences)} of {steps} steps {verb} decided otherwise", markup=False)
    for difference in differences[:SHOWN]:
        event = type(difference.event).__name__ if difference.event is not None else "a wake"
        console.print(f"\nstep {difference.step} at {difference.now:.3f} s, {event}", markup=False)
        for name, commands in (("recorded", difference.recorded), ("again", difference.again)):
            for command in commands or ("nothing",):
                console.print(f"  {name:>8}: {json.dumps(command, ensure_ascii=False)[:160]}", markup=False)
    if changed:
        console.print("\nafter the first of these the facts belong to another conversation", markup=False)
    else:
        console.print("\nthe log was changed, or another version wrote it", markup=False)


def _tell_turns(console: Console, before: list[TurnMoment], after: list[TurnMoment]) -> None:
    console.print(
        "\nturns by the floor, which is logged every 0.1 s (not by words, forced ends or the recogniser's delay):",
        markup=False,
    )
    moments = sorted({(each.at, each.move.value) for each in (*before, *after)})
    now = {(each.at, each.move.value): each.floor for each in before}
    then = {(each.at, each.move.value): each.floor for each in after}
    for moment in moments:
        mark = "  same" if moment in now and moment in then else "  gone" if moment in now else "   new"
        floor = now.get(moment, then.get(moment, 0.0))
        console.print(f"{mark}  {moment[0]:8.2f} s  {moment[1]:9}  floor {floor:.2f}", markup=False)


def _write_timeline(call: EventLog, title: str, path: Path) -> None:
    from duologue.console.timeline import render_html
    from duologue.sim.call_timeline import timeline_of_log

    with writing(path, "--html"):
        path.write_text(render_html(timeline_of_log(call, title)), encoding="utf-8")
