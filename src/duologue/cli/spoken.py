"""Text to speech for commands: with engines of one's own, or through a server's public socket."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from duologue.audio.formats import Encoding, Pcm
from duologue.audio.pcm import decode
from duologue.cli.own_engines import own_engines
from duologue.cli.server_address import ServerAddress
from duologue.config import load_config
from duologue.errors import EngineFailure
from duologue.runtime.engines import Role
from duologue.runtime.machine import Seconds
from duologue.speak.channel import SpeakChannel, SpeakEngines
from duologue.speak.speech import SpeakOptions, SpeechChunk
from duologue.speak.voices import DEFAULT_VOICE, VoiceCatalogue

WIRE_RATE = 24_000
PATH = "/tts/websocket?cartesia_version=2026-03-01"


@dataclass(frozen=True, slots=True)
class Word:
    """A word and when it sounds, in seconds from the beginning."""

    text: str
    start: Seconds
    end: Seconds


@dataclass(slots=True)
class Spoken:
    """Speech that was made."""

    rate: int
    parts: list[Pcm] = field(default_factory=list)
    words: list[Word] = field(default_factory=list)

    @property
    def pcm(self) -> Pcm:
        """All of it, float32 mono at `rate`."""
        return np.concatenate(self.parts) if self.parts else np.zeros(0, np.float32)

    @property
    def seconds(self) -> Seconds:
        """Its length."""
        return sum(map(len, self.parts)) / self.rate


async def speak_here(config_file: Path | None, text: str, voice: str, notes: Console) -> Spoken:
    """Speak with the configured synthesiser. Raises `EngineFailure` when it cannot, `Violation` for a voice a strict server refuses."""
    config = load_config(config_file)
    async with own_engines(config, (Role.SYNTHESIZER,), notes) as engines:
        synthesizer = engines.require(Role.SYNTHESIZER)
        voices = VoiceCatalogue(
            aliases=config.speak.aliases, strict=True, default=config.speak.default_voice or DEFAULT_VOICE
        )
        spoken = Spoken(synthesizer.host.info.sample_rate)
        failures: list[EngineFailure] = []
        phrase_from = {1: 0}

        def deliver(chunk: SpeechChunk) -> None:
            begins = phrase_from.setdefault(chunk.phrase, sum(map(len, spoken.parts)))
            for word in chunk.words:
                start, end = (begins + word.start) / spoken.rate, (begins + word.end) / spoken.rate
                spoken.words.append(Word(word.text, round(start, 3), round(end, 3)))
            spoken.parts.append(chunk.pcm)

        def fail(failure: EngineFailure, _recovered: bool) -> None:  # noqa: FBT001 - the shape of `Fail`
            failures.append(failure)

        speaking = SpeakEngines({synthesizer.spec.name: synthesizer.host}, voices)
        channel = await SpeakChannel.open(speaking, SpeakOptions(voice=voice), deliver, fail)
        channel.say(text)
        channel.finish()
        await channel.finished()
        channel.close()
    return spoken


async def speak_there(host: str, text: str, voice: str) -> Spoken:
    """Have a server speak. Raises `EngineFailure` or `Violation` when it cannot be reached, or refuses."""
    spoken = Spoken(WIRE_RATE)
    request: dict[str, Any] = {
        "context_id": "say",
        "model_id": "sonic-3.5",
        "transcript": text,
        "voice": {"mode": "id", "id": voice or DEFAULT_VOICE},
        "output_format": {"container": "raw", "encoding": "pcm_s16le", "sample_rate": WIRE_RATE},
        "continue": False,
        "add_timestamps": True,
    }
    async with ServerAddress.parse(host).connect(PATH) as socket:
        await socket.send(json.dumps(request))
        async for frame in socket:
            event = json.loads(frame)
            match event.get("type"):
                case "chunk":
                    spoken.parts.append(decode(base64.b64decode(event["data"]), Encoding.PCM_S16LE))
                case "timestamps":
                    times = event["word_timestamps"]
                    spoken.words += map(Word, times["words"], times["start"], times["end"])
                case "error":
                    raise EngineFailure("server", str(event.get("message") or event.get("error") or event))
                case "done":
                    return spoken
    raise EngineFailure("server", "it closed the connection before it had spoken")
