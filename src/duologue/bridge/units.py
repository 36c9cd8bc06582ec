"""Media units of the bridge's own: a player of audio files, a recorder."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from pathlib import Path
from typing import Any

import numpy as np
import structlog

from duologue.audio.containers import FileLimits, Source, read_audio
from duologue.audio.formats import LISTEN_RATE, Pcm, Samples
from duologue.audio.mix import Limiter
from duologue.audio.pcm import to_s16
from duologue.bridge.context import ScenarioContext
from duologue.bridge.converter import FRAMES_PER_SECOND
from duologue.bridge.done import Done
from duologue.bridge.events import PlayerEvents
from duologue.bridge.media import MediaUnit
from duologue.bridge.player_events import PlayerEvent
from duologue.bridge.recording import Block, Recording
from duologue.bridge.routed import Frame, RoutedUnit
from duologue.bridge.routing import SourceKind, StreamLabel, Traits
from duologue.errors import Violation
from duologue.runtime.machine import Seconds

MAX_PLAYED_S: Seconds = 600.0
"""A player's audio is held in memory."""
MAX_RECORDED_S: Seconds = 4 * 3600.0

_log = structlog.get_logger("duologue.bridge")


class Player(MediaUnit):
    """Plays audio, once or for ever, to whoever hears it; it waits while nobody does. Events: `PlayerEvents`."""

    traits = Traits(SourceKind.STORED, bound_s=MAX_PLAYED_S + 1.0)

    def __init__(
        self, pcm: Pcm, rate: int = LISTEN_RATE, *, loop: bool = False, context: ScenarioContext | None = None
    ) -> None:
        if not 0 < len(pcm) <= MAX_PLAYED_S * rate:
            raise Violation("audio_length", "a player needs audio", expected=f"up to {MAX_PLAYED_S:g} seconds")
        self._rate = rate
        self._pcm = pcm
        self._loop = loop
        self._stopped = False
        super().__init__("player", context)
        self._context.pump.arrived(self, pcm)

    @classmethod
    async def load(
        cls, source: Source, *, loop: bool = False, rate: int = LISTEN_RATE, context: ScenarioContext | None = None
    ) -> Player:
        """A player of a file (wav, flac, ogg, mp3) or of a file's bytes, at most ten minutes.

        Raises `Violation` for what is no audio or too much of it, `OSError` for an unreadable path.
        """
        limits = FileLimits(max_seconds=MAX_PLAYED_S)
        pcm = await asyncio.to_thread(read_audio, source, rate, limits)
        return cls(pcm, rate, loop=loop, context=context)

    @property
    def rate(self) -> int:
        return self._rate

    def pause(self) -> None:
        """Hold the audio; `resume` goes on at the same sample."""
        self._context.pump.pause(self, paused=True)

    def resume(self) -> None:
        """Go on."""
        self._context.pump.pause(self, paused=False)

    def stop(self) -> None:
        """End it for good: `Stopped`."""
        if not self._stopped:
            self._stopped = True
            self.tell(PlayerEvent(self, PlayerEvents.Stopped))
            self.retire()

    def hear(self, frame: Frame) -> None:
        """A player hears nothing."""

    def drop_audio(self) -> None:
        """Nor has it anything to drop."""

    def passed(self, position: Samples, *, heard: bool) -> None:
        """Nobody asks."""

    def emptied(self, *, cleared: bool) -> None:
        if self._loop and not cleared:
            self._context.pump.arrived(self, self._pcm)
        else:
            self.tell(PlayerEvent(self, PlayerEvents.PlaybackFinished, self._duration))

    def sounds(self, label: StreamLabel) -> None:
        super().sounds(label)
        self.tell(PlayerEvent(self, PlayerEvents.Started, self._duration))

    @property
    def _duration(self) -> float:
        return len(self._pcm) / self._rate * 1000


class Recorder(MediaUnit):
    """Writes what it hears into a 16-bit WAV file.

    Stereo: the first source is left, the second right. Mono: up to eight sources in one track. Silence is written where nobody speaks.
    The file is complete after `close()`, which the end of the scenario calls too. A disk that takes no more ends the
    recording, and nothing else.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        stereo: bool = False,
        rate: int = LISTEN_RATE,
        context: ScenarioContext | None = None,
    ) -> None:
        import soundfile

        self.traits = Traits(inputs=2 if stereo else 8)
        self._rate = rate
        self._stereo = stereo
        super().__init__("recorder", context)
        channels = 2 if stereo else 1
        try:
            self._file: Any = soundfile.SoundFile(str(path), "w", rate, channels, "PCM_16", format="WAV")
        except (OSError, soundfile.LibsndfileError) as error:
            self.retire()
            raise Violation("recording", f"cannot write {path}: {error}", path="path") from None
        # A mono recording mixes its voices only when they are complete: each has a track of its own until then.
        self._recording = Recording(rate, 2 if stereo else 8)
        self._limiter = Limiter()
        self._tracks: dict[RoutedUnit, int] = {}
        self._context.own(self)

    @property
    def rate(self) -> int:
        return self._rate

    @property
    def seconds(self) -> Seconds:
        """Length of the recording so far."""
        return self._recording.length / self._rate

    def close(self) -> Awaitable[None]:
        """Write the rest and close the file."""
        if not self._file.closed:
            self._write(self._recording.finish())
            self._end()
        return Done()

    def hear(self, frame: Frame) -> None:
        if self._file.closed:
            return
        if self.seconds >= MAX_RECORDED_S:
            _log.warning("recording_full", hours=MAX_RECORDED_S / 3600)
            self.close()
            return
        self._write(self._recording.put(self._track(frame.source), frame.pcm, self._context.now()))

    def drop_audio(self) -> None:
        """What was recorded stays recorded."""

    def passed(self, position: Samples, *, heard: bool) -> None:
        """It gives nothing."""

    def emptied(self, *, cleared: bool) -> None:
        """It gives nothing."""

    def _track(self, source: RoutedUnit) -> int:
        """A source keeps its track; a new one gets that of its place, or of a source that is gone."""
        if source not in self._tracks:
            present = self._context.pump.hears(self)
            self._tracks = {unit: track for unit, track in self._tracks.items() if unit in present}
            place = present.index(source)
            free = [track for track in range(self.traits.inputs) if track not in self._tracks.values()]
            self._tracks[source] = place if place in free else free[0]
        return self._tracks[source]

    def _end(self) -> None:
        import soundfile

        try:
            self._file.close()
        except (OSError, soundfile.LibsndfileError) as error:
            _log.error("recording_failed", path=self._file.name, why=str(error))
        self._context.disown(self)
        self.retire()

    def _write(self, blocks: list[Block]) -> None:
        import soundfile

        try:
            for block in blocks:
                self._file.write(
                    to_s16(block.reshape(-1)).reshape(block.shape) if self._stereo else to_s16(self._mix(block))
                )
        except (OSError, soundfile.LibsndfileError) as error:
            _log.error("recording_failed", path=self._file.name, why=str(error) or "the disk takes no more")
            self._end()

    def _mix(self, block: Block) -> Pcm:
        """All tracks in one, limited 20 ms at a time."""
        pcm = block.sum(axis=1, dtype=np.float32)
        step = self._rate // FRAMES_PER_SECOND
        pieces = [self._limiter.limit(pcm[start : start + step]) for start in range(0, len(pcm), step)]
        return np.concatenate([np.zeros(0, np.float32), *pieces])
