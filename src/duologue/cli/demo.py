"""`duologue demo`."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from duologue.audio.containers import write_wav
from duologue.audio.formats import LISTEN_RATE
from duologue.audio.resample import resample
from duologue.cli.child_server import ChildServer, child_server
from duologue.cli.demo_screen import DemoScreen
from duologue.cli.demo_story import BargeIn, tell_story
from duologue.cli.log_follower import LogFollower
from duologue.cli.output import screen
from duologue.cli.phone_call import SETTINGS, PhoneCall


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
    asyncio.run(_demo(out))


@dataclass(frozen=True, slots=True)
class DemoResult:
    """What the call left."""

    call: PhoneCall
    barge_in: BargeIn
    log: list[dict[str, Any]]
    """The lines of the server's event log."""


async def _demo(out: Path) -> None:
    console = screen()
    show = DemoScreen(console)
    out.mkdir(parents=True, exist_ok=True)
    console.print("starting a server of its own: loopback, embedded engines, no key")
    progress = lambda line: console.print(f"  {line}", style="bright_black")  # noqa: E731
    async with child_server({"auth": {"mode": "none"}}, progress) as server:
        console.print(f"ready after {server.ready_s:.1f} s; calling ws://{server.authority}/v1/agent/converse\n")
        result = await _call(server, show)
    wav = write_recording(out / "demo.wav", result.call)
    show.summary(result.barge_in, result.call)
    console.print(f"\nwrote [bold]{wav}[/bold]")


async def _call(server: ChildServer, show: DemoScreen) -> DemoResult:
    """The call, shown while it happens."""
    from websockets.asyncio.client import connect

    url = f"ws://{server.authority}/v1/agent/converse"
    async with connect(url, additional_headers={"Authorization": "Token demo"}, compression=None) as socket:
        call = PhoneCall(socket, show.message)
        show.call = call
        follower = LogFollower(server.event_log(socket.response.headers["dg-request-id"]), show.logged)
        tasks = [asyncio.create_task(each) for each in (call.read(), call.speak_into_microphone(), follower.follow())]
        try:
            with show.live():
                await socket.send(json.dumps(SETTINGS))
                barge_in = await tell_story(call)
        finally:
            for task in tasks:
                task.cancel()
    follower.catch_up()
    return DemoResult(call, barge_in, follower.lines)


def write_recording(path: Path, call: PhoneCall) -> Path:
    """The call as it was heard, caller left, agent right."""
    rate = call.loudspeaker.rate
    length = call.now()
    caller = resample(call.microphone_recording(), LISTEN_RATE, rate)
    left = np.zeros(round(length * rate), np.float32)
    start = round(call.microphone_from * rate)
    left[start : start + len(caller)] = caller[: max(0, len(left) - start)]
    write_wav(path, np.stack([left, call.loudspeaker.recording(length)], axis=1), rate)
    return path
