"""`duologue demo`."""

from __future__ import annotations

import asyncio
import json
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from duologue.cli.call_tracks import Tracks
from duologue.cli.child_server import ChildServer, child_server
from duologue.cli.deepgram_call import SETTINGS
from duologue.cli.demo_screen import DemoScreen
from duologue.cli.demo_story import BargeIn, tell_story
from duologue.cli.demo_timeline import make_timeline
from duologue.cli.log_follower import LogFollower
from duologue.cli.output import own_name, screen
from duologue.cli.phone_call import PhoneCall
from duologue.console.timeline import render_html
from duologue.errors import Violation


def demo(
    out: Annotated[Path, typer.Option(help="Folder for demo.wav and demo.html.")] = Path("out"),
) -> None:
    """Hear it: a recorded caller talks to an agent, once over it.

    Starts a server of its own on loopback with the embedded engines, streams recordings of people ordering coffee in real time through
    the public agent WebSocket (`/v1/agent/converse`), and shows who speaks, why a turn was held to be over, and how long everything took.
    In the middle of one reply the caller barges in. About 45 seconds; no key, no network, no sound card needed.

    \b
    Leaves:
      OUT/demo.wav    what a listener in the middle heard: caller left, agent right
      OUT/demo.html   the timeline of the call, one file without the network
    \b
    Examples:
      duologue demo
      duologue demo --out /tmp/first-call
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Violation("folder", f"cannot make {out}: {error.strerror}", path="--out") from None
    try:
        asyncio.run(_demo(out))
    except asyncio.CancelledError:
        raise typer.Exit(128 + signal.SIGTERM) from None


SLOW_S = 2.0
"""A reply of the embedded dialogue that takes longer has waited for a busy machine."""

NEXT = """
Try next:
  {duologue} say "Hello there."
      its voice
  {duologue} listen {out}/demo.wav --channel 1 --dialogue coffee
      the caller's turns in the recording, and why each ended
  {duologue} serve
      the same server for your own client: change only its host
  {duologue} doctor
      what this machine lacks, if anything"""


@dataclass(frozen=True, slots=True)
class DemoResult:
    """What the call left."""

    call: PhoneCall
    tracks: Tracks
    barge_in: BargeIn
    log: list[dict[str, Any]]
    """The lines of the server's event log."""


async def _demo(out: Path) -> None:
    console = screen()
    show = DemoScreen(console)
    console.print("starting a server of its own: loopback, embedded engines, no key")

    def progress(line: str) -> None:
        console.print(f"  {line}", style="bright_black")

    # The caller of this demo sends without a pause: what does not come is late, on a busy machine, and not silence.
    sections: dict[str, dict[str, Any]] = {"auth": {"mode": "none"}, "agent": {"gap_patience_s": 3.0}}
    async with child_server(sections, progress) as server:
        console.print(f"ready after {server.ready_s:.1f} s; calling ws://{server.authority}/v1/agent/converse\n")
        result = await _call(server, show)
    _summarise(console, show, result)
    wav, page = out / "demo.wav", out / "demo.html"
    tracks = result.tracks
    tracks.write(wav)
    page.write_text(render_html(make_timeline(result.call, tracks, result.barge_in, show.waits, result.log)), "utf-8")
    console.print(f"wrote [bold]{wav}[/bold]    caller left, agent right, {len(tracks.agent) / tracks.rate:.0f} s")
    console.print(f"      [bold]{page}[/bold]   who held the floor, and why each turn ended: open it in a browser")
    console.print(NEXT.format(out=out, duologue=own_name()))


def _summarise(console: Console, show: DemoScreen, result: DemoResult) -> None:
    waits, barge_in = show.waits, result.barge_in
    console.print(
        f"\n[green]It works.[/green] Replies began {min(waits):.2f} to {max(waits):.2f} s after the caller's last sound. "
        f"When the caller\ntalked over the agent, it was silent after {barge_in.delay:.2f} s; "
        f"{barge_in.unheard:.1f} s that had been sent were never heard,\nand the agent's memory ends where hearing ended.\n"
    )
    if max(waits) > SLOW_S:
        console.print(
            "The slow replies waited for the recogniser: this machine was busy, or is too slow for it. "
            "`duologue doctor` measures that.\n"
        )


async def _call(server: ChildServer, show: DemoScreen) -> DemoResult:
    """The call, shown while it happens."""
    from websockets.asyncio.client import connect

    url = f"ws://{server.authority}/v1/agent/converse"
    async with connect(url, additional_headers={"Authorization": "Token demo"}, compression=None) as socket:
        call = PhoneCall(socket, show.message)
        handshake = socket.response
        name = handshake.headers["dg-request-id"] if handshake is not None else ""
        follower = LogFollower(server.event_log(name), show.logged)
        show.show(call)
        show.catch_up = follower.catch_up
        tasks = [asyncio.create_task(each) for each in (call.read(), call.speak_into_microphone(), follower.follow())]
        try:
            with show.live():
                await socket.send(json.dumps(SETTINGS))
                barge_in = await tell_story(call, show.tell)
            tracks = Tracks.of(call.microphone, call.loudspeaker, call.now())
        finally:
            for task in tasks:
                task.cancel()
    follower.catch_up()
    return DemoResult(call, tracks, barge_in, follower.lines)
