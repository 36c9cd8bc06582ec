"""`duologue say`: text to speech."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from duologue.cli.output import check_recording, print_json, screen, writing
from duologue.errors import Violation

if TYPE_CHECKING:
    from duologue.cli.spoken import Spoken


def say(
    text: Annotated[str | None, typer.Argument(metavar="TEXT|-", help="What to say; - for standard input.")] = None,
    voice: Annotated[str, typer.Option(help="A voice of `duologue say --voices`.")] = "",
    out: Annotated[Path | None, typer.Option(metavar="F.wav", help="Write a WAV file instead of playing.")] = None,
    host: Annotated[
        str | None, typer.Option(metavar="URL", help="Let a running server speak, through its public socket.")
    ] = None,
    config: Annotated[Path | None, typer.Option(help="The server's TOML file, for its engine and voices.")] = None,
    *,
    voices: Annotated[bool, typer.Option("--voices", help="List the voices.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Say on standard output what was made, word by word.")
    ] = False,
) -> None:
    """Say a text.

    Plays it through the loudspeaker where this machine has one, else writes speech.wav. Without --host the configured engine is started
    for this one command.

    \b
    Examples:
      duologue say "Hello there."
      duologue say "Two large lattes, please." --voice henry --out order.wav
      echo "It is 7:45." | duologue say -
      duologue say "Hello." --host http://127.0.0.1:8765
      duologue say --voices
    """
    if voices:
        _list_voices(as_json=as_json)
        return
    if text is None:
        raise Violation("text", "there is nothing to say", remedy='Try: duologue say "Hello there."')
    words = _read_text(text)
    if out is not None:
        check_recording(out, "--out")

    from duologue.cli.spoken import speak_here, speak_there

    notes = screen(stderr=True)
    made = speak_there(host, words, voice) if host is not None else speak_here(config, words, voice, notes)
    spoken = asyncio.run(made)
    if not spoken.parts:
        raise Violation("text", "there is no word in this text")

    path = out
    if path is None and not _play(spoken):
        path = Path("speech.wav")
        notes.print("no loudspeaker here, or no program to play with (paplay, aplay, afplay, play, ffplay)")
    if path is not None:
        _write(path, spoken)
        notes.print(f"wrote {path}, {spoken.seconds:.1f} s")
    if as_json:
        print_json(
            {
                "file": None if path is None else str(path),
                "seconds": round(spoken.seconds, 3),
                "rate": spoken.rate,
                "words": [asdict(word) for word in spoken.words],
            }
        )


def _read_text(text: str) -> str:
    """What is to be said. Raises `Violation("text")` for nothing, and for bytes that are no text."""
    try:
        words = (sys.stdin.read() if text == "-" else text).strip()
        words.encode()  # a shell hands bytes that are not UTF-8 on as halves of characters
    except UnicodeError:
        raise Violation("text", "this is no text in UTF-8") from None
    if not words:
        raise Violation("text", "the text is empty")
    return words


def _play(spoken: Spoken) -> bool:
    """Whether it could be heard."""
    from duologue.cli.player import find_players, play

    players = find_players()
    if not players:
        return False
    with tempfile.TemporaryDirectory(prefix="duologue-") as folder:
        path = Path(folder) / "speech.wav"
        _write(path, spoken)
        return bool(play(path, players))


def _write(path: Path, spoken: Spoken) -> None:
    from duologue.audio.containers import write_wav

    with writing(path, "--out"):
        write_wav(path, spoken.pcm, spoken.rate)


def _list_voices(*, as_json: bool) -> None:
    from duologue.speak.voices import DEFAULT_VOICE, VOICES

    if as_json:
        print_json([{"name": v.name, "id": v.id, "gender": v.gender.value, "locale": v.locale} for v in VOICES])
        return
    console = screen()
    for voice in VOICES:
        default = "" if voice.name != DEFAULT_VOICE else " (what you get when you name none)"
        told = voice.description.removesuffix("; the default")
        console.print(f"{voice.name:<8} {voice.locale:<6} {voice.gender.value:<10} {told}{default}")
