"""`duologue listen`: audio to turns, and why each turn ended."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer


def listen(
    source: Annotated[str, typer.Argument(metavar="FILE|-", help="wav, flac, ogg or mp3; - for standard input.")],
    host: Annotated[
        str | None, typer.Option(metavar="URL", help="Let a running server listen, through its public socket.")
    ] = None,
    dialogue: Annotated[
        str, typer.Option(metavar="NAME|FILE", help="Expect what this rule dialogue understands; `coffee` is packaged.")
    ] = "",
    keyterm: Annotated[
        list[str] | None, typer.Option(help="A word that is likely to be said; may be repeated.")
    ] = None,
    channel: Annotated[
        int | None, typer.Option(min=1, help="Only this channel of a file; default: all, mixed.")
    ] = None,
    rate: Annotated[int, typer.Option(help="Of raw 16 bit audio on standard input, in hertz.")] = 16_000,
    config: Annotated[Path | None, typer.Option(help="The server's TOML file, for its engines and thresholds.")] = None,
    *,
    realtime: Annotated[bool, typer.Option("--realtime", help="No faster than the audio plays.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object per event, for scripts.")] = False,
) -> None:
    """Show the turns in a recording: what was said, and why each turn was held to be over.

    Without --host the configured engines are started for this one command. Standard input may be a file in any of the formats, or raw
    16 bit mono as a microphone gives it, heard while it comes.

    \b
    Examples:
      duologue listen call.wav
      duologue listen order.flac --dialogue coffee --realtime
      duologue listen both-sides.wav --channel 1
      duologue listen call.wav --json | jq 'select(.event == "turn_ended") | .text'
      duologue listen call.wav --host http://127.0.0.1:8765
      arecord -q -f S16_LE -r 16000 | duologue listen -
    """
    from duologue.cli.audio_source import AudioSource
    from duologue.cli.listen_here import Expected, listen_here
    from duologue.cli.listen_there import listen_there
    from duologue.cli.turn_screen import TurnScreen

    audio = AudioSource.open(source, rate, channel=channel, realtime=realtime)
    show = TurnScreen(as_json=as_json)
    if host is not None:
        asyncio.run(listen_there(host, audio, show, tuple(keyterm or ())))
    else:
        asyncio.run(listen_here(config, audio, show, Expected(dialogue, tuple(keyterm or ()))))
    show.summary(audio.seconds)
