"""Things that know their place in media time."""

from __future__ import annotations

from dataclasses import dataclass

from duologue.audio.formats import Pcm, Samples


@dataclass(frozen=True, slots=True, eq=False)
class AudioSpan:
    """A stretch of audio that knows where it begins."""

    start: Samples
    """Position of the first sample since the stream began."""
    pcm: Pcm
    """The samples, mono float32."""

    @property
    def end(self) -> Samples:
        """Position just behind the last sample."""
        return self.start + len(self.pcm)


@dataclass(frozen=True, slots=True)
class TimedWord:
    """A word and where it sounds."""

    text: str
    start: Samples
    end: Samples
    confidence: float = 1.0
    """The recogniser's belief in it, 0..1; 1 when it has none, or none yet."""
