"""Changing the sample rate of a stream, without letting the way it is cut into chunks change a single sample.

Live paths must not hold audio back: soxr's `QQ` gives 20 ms out for 20 ms in, its `HQ` gives nothing for the first 60 to 120 ms
(measured). `QQ` interpolates but does not filter, so going down in rate a short low-pass stands before it; its delay is `LIVE_TAPS / 2`
samples, under 2 ms. `HQ` is for files and finished phrases, where nobody waits.
"""

from __future__ import annotations

from enum import Enum

import numpy as np
import soxr

from duologue.audio.formats import Pcm

LIVE_TAPS = 32
"""Length of the low-pass before a live downward resampling, in input samples: 0.7 ms of delay at 24 kHz."""

_CUTOFF = 0.9
"""Pass band of that low-pass, as part of the lower rate's half."""


class Quality(Enum):
    """What matters more: no delay, or no artefact."""

    LIVE = "QQ"
    FINISHED = "HQ"


class Resampler:
    """One stream of mono samples from `rate_in` to `rate_out` (hertz). Equal rates pass through untouched."""

    def __init__(self, rate_in: int, rate_out: int, quality: Quality = Quality.LIVE) -> None:
        self._stream = None
        if rate_in != rate_out:
            self._stream = soxr.ResampleStream(rate_in, rate_out, 1, dtype="float32", quality=quality.value)
        needs_filter = rate_out < rate_in and quality is Quality.LIVE
        self._low_pass = _LowPass(rate_in, rate_out) if needs_filter else None

    def push(self, pcm: Pcm) -> Pcm:
        """What can be given now; a live stream keeps back a few samples at most."""
        if self._stream is None or len(pcm) == 0:
            return pcm
        filtered = pcm if self._low_pass is None else self._low_pass.push(pcm)
        resampled: Pcm = self._stream.resample_chunk(filtered)
        return resampled

    def finish(self) -> Pcm:
        """What was kept back. The stream begins anew after it."""
        if self._stream is None:
            return np.zeros(0, np.float32)
        tail = np.zeros(0, np.float32) if self._low_pass is None else self._low_pass.finish()
        rest: Pcm = self._stream.resample_chunk(tail, last=True)
        self._stream.clear()
        return rest

    def clear(self) -> None:
        """Forget what was kept back and begin anew."""
        if self._stream is not None:
            self._stream.clear()
        if self._low_pass is not None:
            self._low_pass.clear()


class _LowPass:
    """A Hann-windowed sinc. It starts half its length late and ends with a tail, so positions stay where they were."""

    def __init__(self, rate_in: int, rate_out: int) -> None:
        places = np.arange(LIVE_TAPS + 1) - LIVE_TAPS / 2
        cutoff = _CUTOFF * rate_out / rate_in
        taps = np.sinc(places * cutoff) * np.hanning(LIVE_TAPS + 3)[1:-1]
        self._taps = (taps / taps.sum()).astype(np.float32)
        self._history = np.zeros(LIVE_TAPS, np.float32)
        self._skip = LIVE_TAPS // 2

    def push(self, pcm: Pcm) -> Pcm:
        joined = np.concatenate((self._history, pcm))
        self._history = joined[-LIVE_TAPS:]
        filtered: Pcm = np.convolve(joined, self._taps, "valid")
        if self._skip:
            skipped = min(self._skip, len(filtered))
            self._skip -= skipped
            filtered = filtered[skipped:]
        return np.ascontiguousarray(filtered)

    def finish(self) -> Pcm:
        rest = self.push(np.zeros(LIVE_TAPS // 2, np.float32))
        self.clear()
        return rest

    def clear(self) -> None:
        self._history = np.zeros(LIVE_TAPS, np.float32)
        self._skip = LIVE_TAPS // 2


def resample(pcm: Pcm, rate_in: int, rate_out: int) -> Pcm:
    """A whole recording at another rate, in high quality."""
    resampler = Resampler(rate_in, rate_out, Quality.FINISHED)
    return np.concatenate((resampler.push(pcm), resampler.finish()))
