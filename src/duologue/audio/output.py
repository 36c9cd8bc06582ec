"""From an engine's samples to a client's bytes."""

from __future__ import annotations

from duologue.audio.formats import AudioFormat, Pcm
from duologue.audio.pcm import encode
from duologue.audio.resample import Quality, Resampler


class AudioOutput:
    """Samples at `rate_in` hertz in, whole samples of the client's format out. One per stretch of speech, or reused after `finish`."""

    def __init__(self, rate_in: int, audio: AudioFormat, quality: Quality = Quality.LIVE) -> None:
        self._encoding = audio.encoding
        self._resampler = Resampler(rate_in, audio.sample_rate, quality)

    def push(self, pcm: Pcm) -> bytes:
        """The bytes that can be sent now."""
        return encode(self._resampler.push(pcm), self._encoding)

    def finish(self) -> bytes:
        """The bytes kept back by resampling, a few samples at most when live. The next `push` begins a new stretch."""
        return encode(self._resampler.finish(), self._encoding)

    def clear(self) -> None:
        """Forget what was kept back: what follows has nothing to do with what was before."""
        self._resampler.clear()
