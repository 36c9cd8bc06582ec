"""`duologue talk`: a call to an agent."""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
import os
import sys
from collections.abc import AsyncIterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import typer

from duologue.cli.output import check_recording, screen
from duologue.errors import Violation

if TYPE_CHECKING:
    from rich.console import Console

    from duologue.audio.formats import Pcm
    from duologue.cli.agent_address import AgentAddress
    from duologue.cli.call_facts import CallSurface
    from duologue.cli.talk_runner import Sound
    from duologue.cli.talk_session import TalkSession

KEPT_S = 2.0
"""Of what was played, for the meter, when nothing is recorded."""


class Answers(str, Enum):  # noqa: UP042 - typer shows the values of this kind
    """Who runs the agent's functions."""

    ASK = "ask"
    ECHO = "echo"


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the command line says of the call."""

    wav: Path | None
    out: Path | None
    after: float
    key_env: str
    settings: Path | None
    greeting: str | None
    prompt: str
    functions: Answers | None
    barge_in: bool
    microphone: str
    speaker: str


def talk(
    target: Annotated[
        str | None,
        typer.Argument(metavar="[URL|v1|v0|agents/stream/ID]", help="The agent; default: v1 on this machine."),
    ] = None,
    wav: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A recording in the place of the microphone.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="F.wav", help="Record the call: caller left, agent right.")
    ] = None,
    after: Annotated[float, typer.Option(min=0, metavar="S", help="Silence before the recording, in seconds.")] = 0.0,
    key_env: Annotated[
        str, typer.Option(metavar="NAME", help="Environment variable that holds the key; default: the one of the host.")
    ] = "",
    settings: Annotated[
        Path | None, typer.Option(metavar="FILE.json", help="Deepgram `Settings` to use; audio is set here.")
    ] = None,
    greeting: Annotated[str | None, typer.Option(help="What the agent says first; empty for nothing.")] = None,
    prompt: Annotated[str, typer.Option(help="Instructions for the agent's model.")] = "",
    functions: Annotated[
        Answers | None, typer.Option(help="Who answers the agent's functions: you, or their own arguments.")
    ] = None,
    microphone: Annotated[str, typer.Option(metavar="NAME", help="Another microphone, see --devices.")] = "",
    speaker: Annotated[str, typer.Option(metavar="NAME", help="Another loudspeaker.")] = "",
    *,
    barge_in: Annotated[
        bool, typer.Option("--barge-in/--no-barge-in", help="Talk over the agent; without, it is deaf while it speaks.")
    ] = True,
    devices: Annotated[bool, typer.Option("--devices", help="List this machine's sound devices.")] = False,
) -> None:
    """Talk to an agent with microphone and loudspeaker, or let a recording talk. Ctrl-C hangs up.

    Speaks Deepgram's Voice Agent (V1, early-access V0) and Cartesia's call stream, with a server here or the vendors' own. Without a URL
    it calls the server of this machine, and when none runs, starts one for the call. Shows what was understood and said, how long it
    took, and what was dropped when you talked over the agent. A line you type is said for you (V1), pressed as keys or sent as JSON (call
    stream), or answers the function the agent waits for.

    Wear headphones: a microphone that hears the agent interrupts it. Or use --no-barge-in. The microphone needs the package sounddevice
    (extra `mic`). Keys come from DUOLOGUE_API_KEY, at the vendors' hosts from DEEPGRAM_API_KEY or CARTESIA_API_KEY.

    \b
    Examples:
      duologue talk
      duologue talk --wav order.wav --out call.wav
      duologue talk wss://agent.deepgram.com/v1/agent/converse --prompt "You book tables."
      duologue talk https://voice.example --settings agent.json --functions ask
      duologue talk agents/stream/front-desk
      duologue talk v0 --no-barge-in
    """
    if devices:
        from duologue.cli.sound_card import list_devices

        typer.echo(list_devices())
        return
    if out is not None:
        check_recording(out, "--out")
    wishes = Wishes(wav, out, after, key_env, settings, greeting, prompt, functions, barge_in, microphone, speaker)
    asyncio.run(_talk(target, wishes))


async def _talk(target: str | None, wishes: Wishes) -> None:
    from duologue.cli.agent_address import AgentAddress
    from duologue.cli.talk_session import TalkPolicy, TalkSession

    address = AgentAddress.parse(target)
    surface = make_surface(address, wishes)
    headers = address.headers(wishes.key_env, os.environ)
    typing = wishes.wav is None and sys.stdin.isatty()
    ask = typing if wishes.functions is None else wishes.functions is Answers.ASK
    policy = TalkPolicy(barge_in=wishes.barge_in, ask=ask)
    if wishes.wav is not None:
        policy = replace(policy, muted_s=None)
    session = TalkSession(surface, policy, kept_s=math.inf if wishes.out else KEPT_S)
    console = screen()
    # Opened before the call: a missing device costs nobody a connection.
    with open_sound(wishes, surface.rate_out) as sound:
        async with reachable(address, console) as reached:
            await _call(reached, headers, session, sound, wishes, console)


async def _call(
    address: AgentAddress,
    headers: dict[str, str],
    session: TalkSession,
    sound: Sound,
    wishes: Wishes,
    console: Console,
) -> None:
    from duologue.cli.call_screen import CallScreen
    from duologue.cli.call_tracks import Tracks
    from duologue.cli.talk_runner import TalkRunner

    keyboard = sys.stdin.isatty() and (wishes.wav is None or wishes.functions is Answers.ASK)
    show = CallScreen(console)
    variable = wishes.key_env or address.key_variable
    console.print(f"calling {address.server.socket_url(address.path)} ({session.surface.name})")
    if wishes.wav is None:
        manner = "Headphones on? Through a loudspeaker the agent hears itself: --no-barge-in."
        console.print(manner if wishes.barge_in else "The agent is deaf while it speaks.", style="bright_black")
    async with address.server.connect(address.path, headers, variable) as socket:
        runner = TalkRunner(socket, session, sound, show, keyboard=keyboard)
        try:
            # What is typed and a line that is redrawn ten times a second do not go together.
            with contextlib.nullcontext() if keyboard else show.live():
                await runner.run()
        finally:
            _summarise(console, session)
            if wishes.out is not None:
                Tracks.of(session.tape, session.loudspeaker, runner.now(), runner.began).write(wishes.out)
                console.print(f"wrote [bold]{wishes.out}[/bold]    caller left, agent right, {runner.now():.0f} s")


def make_surface(address: AgentAddress, wishes: Wishes) -> CallSurface:
    """The caller's side of the address's wire. Raises `Violation` for settings that cannot be read."""
    from duologue.cli.agent_address import Wire
    from duologue.cli.deepgram_call import DeepgramCall, EarlyDeepgramCall, settings_for
    from duologue.cli.stream_call import StreamCall

    if address.wire is Wire.STREAM:
        if wishes.settings is not None:
            raise Violation(
                "settings", "the call stream takes no settings: its agents have their own", path="--settings"
            )
        return StreamCall(greeting=wishes.greeting, prompt=wishes.prompt)
    given = None if wishes.settings is None else read_settings(wishes.settings)
    settings = settings_for(given, vendor=address.vendor, greeting=wishes.greeting, prompt=wishes.prompt)
    return DeepgramCall(settings) if address.wire is Wire.V1 else EarlyDeepgramCall(settings)


def read_settings(path: Path) -> dict[str, Any]:
    """A file with the JSON of a `Settings` message. Raises `Violation`."""
    try:
        settings = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise Violation("file", f"cannot read {path}: {error.strerror or error}", path="--settings") from None
    except ValueError as error:
        raise Violation("settings", f"{path} is not JSON: {error}", path="--settings") from None
    if not isinstance(settings, dict):
        raise Violation("settings", f"{path} holds no object", path="--settings", expected="a `Settings` message")
    return {"type": "Settings", **settings}


def open_sound(wishes: Wishes, rate_out: int) -> AbstractContextManager[Sound]:
    """The recording, or this machine's devices. Raises `Violation` for what cannot be had."""
    from duologue.cli.sound_card import SoundCard
    from duologue.cli.talk_runner import RecordedSound

    if wishes.wav is None:
        return SoundCard.open(rate_out, wishes.microphone, wishes.speaker)
    return contextlib.nullcontext(RecordedSound(read_caller(wishes.wav, wishes.after)))


def read_caller(path: Path, after: float) -> Pcm:
    """A recording with silence before it. Raises `Violation` for what is none."""
    from duologue.audio.containers import read_audio
    from duologue.audio.formats import LISTEN_RATE

    try:
        voice = read_audio(path)
    except OSError as error:
        raise Violation("audio_file", f"cannot read {path}: {error.strerror or error}", path="--wav") from None
    except Violation as violation:
        violation.path = violation.path or str(path)
        raise
    return np.concatenate([np.zeros(round(after * LISTEN_RATE), np.float32), voice])


@contextlib.asynccontextmanager
async def reachable(address: AgentAddress, console: Console) -> AsyncIterator[AgentAddress]:
    """The address; where the user named no server and none runs, that of one started for this call."""
    from duologue.cli.agent_address import Wire
    from duologue.cli.child_server import child_server, is_ready
    from duologue.cli.server_address import ServerAddress

    if address.given or address.wire is Wire.STREAM or await is_ready(address.server.port):
        yield address
        return
    console.print(f"no server at {address.server.authority}: starting one for this call, with the embedded engines")

    def progress(line: str) -> None:
        console.print(f"  {line}", style="bright_black")

    async with child_server({"auth": {"mode": "none"}}, progress) as server:
        yield replace(address, server=ServerAddress.parse(server.authority))


def _summarise(console: Console, session: TalkSession) -> None:
    if not session.replies:
        return
    told = "1 reply" if session.replies == 1 else f"{session.replies} replies"
    if waits := session.waits:
        first, last = f"{min(waits):.2f}", f"{max(waits):.2f}"
        told += f", begun {first if first == last else f'{first} to {last}'} s after your last sound"
    if dropped := session.dropped:
        times = "once" if len(dropped) == 1 else f"{len(dropped)} times"
        told += f"; you talked over the agent {times}, {sum(dropped):.1f} s never heard"
    console.print(told)
