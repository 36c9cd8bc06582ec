"""A real voice in virtual time: phrases an engine once spoke, with its own samples and word times, spoken again exactly.

Engines that differ from run to run, or run in other processes, cannot be simulated; their recordings can.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from duologue.errors import Violation
from duologue.runtime.engines import EngineHost, EngineInfo, Flushed, Role
from duologue.speak.speech import SpeakOptions, SpeechChunk


@dataclass(frozen=True, slots=True)
class Recording:
    """What an engine said of some phrases."""

    rate: int
    chunks: Mapping[str, tuple[SpeechChunk, ...]]
    """By the phrase, exactly as the engine was given it."""


async def record(
    host: EngineHost[SpeakOptions, str, SpeechChunk], phrases: Sequence[str], options: SpeakOptions | None = None
) -> Recording:
    """Have a hosted engine speak each phrase once. Raises `EngineFailure`."""
    chunks: dict[str, tuple[SpeechChunk, ...]] = {}
    channel = await host.open(options or SpeakOptions())
    try:
        results = aiter(channel)
        for phrase in phrases:
            channel.send(phrase)
            channel.flush()
            said: list[SpeechChunk] = []
            while not isinstance(result := await anext(results), Flushed):
                said.append(result)
            chunks[phrase] = tuple(said)
    finally:
        channel.close()
    return Recording(host.info.sample_rate, chunks)


class RecordedVoice:
    """A synthesiser that speaks from a recording."""

    def __init__(self, recording: Recording) -> None:
        self._recording = recording
        self.info = EngineInfo(
            name="recorded",
            role=Role.SYNTHESIZER,
            version="1",
            licence="Apache-2.0",
            sample_rate=recording.rate,
            word_times=True,
        )

    def open(self, options: SpeakOptions) -> RecordedVoiceStream:
        """A fresh stream; the voice is that of the recording, whatever is asked."""
        del options
        return RecordedVoiceStream(self._recording)


class RecordedVoiceStream:
    """Speaks phrases that were recorded."""

    def __init__(self, recording: Recording) -> None:
        self._recording = recording
        self._phrase = 0

    def feed(self, item: str) -> Iterator[SpeechChunk]:
        """One phrase. Raises `Violation("not_recorded")` for one that is not in the recording."""
        self._phrase += 1
        chunks = self._recording.chunks.get(item)
        if chunks is None:
            raise Violation("not_recorded", f"{item[:60]!r} was not recorded")
        for chunk in chunks:
            yield SpeechChunk(chunk.pcm, self._phrase, chunk.words, chunk.last)

    def flush(self) -> Iterator[SpeechChunk]:
        """Nothing is held back."""
        return iter(())

    def close(self) -> None:
        """Nothing is held."""
