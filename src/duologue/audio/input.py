"""From a client's bytes to the steps an engine hears.

Whatever the chunking, the same bytes give the same samples: bytes of an incomplete sample wait for the rest, resampling carries its
state, steps have one length. A WAV file pushed as it is works on any stream: its header is taken off, and its format is believed more
than what the client declared (D§5.7), because it describes the very bytes behind it.
"""

from __future__ import annotations

import numpy as np

from duologue.audio.formats import LISTEN_RATE, AudioFormat, Pcm
from duologue.audio.framing import Framer
from duologue.audio.pcm import decode
from duologue.audio.resample import Resampler
from duologue.audio.spans import AudioSpan
from duologue.audio.wav import WavUnwrapper

STEP_S = 0.032
"""Length of an engine step in seconds: 512 samples at 16 kHz, what the voice activity detectors were trained on."""


class AudioInput:
    """Client audio of `audio` format in, `AudioSpan`s of `step_s` seconds at `rate` hertz out."""

    def __init__(self, audio: AudioFormat, rate: int = LISTEN_RATE, step_s: float = STEP_S) -> None:
        self._rate = rate
        self._framer = Framer(round(rate * step_s))
        self._wrapping = WavUnwrapper()
        self._carried = b""
        self._describe(audio, 1)

    @property
    def format(self) -> AudioFormat:
        """What the bytes are taken for: as declared, or as a WAV header said."""
        return self._format

    @property
    def seconds(self) -> float:
        """Length of the steps given out so far."""
        return self._framer.position / self._rate

    def push(self, payload: bytes) -> list[AudioSpan]:
        """Every step that is complete now. Raises `Violation` (`wav_header`, `wav_format`, `sample_rate`) for a WAV we cannot read."""
        described = self._wrapping.header
        audio = self._wrapping.push(payload)
        header = self._wrapping.header
        if header is not None and described is None:
            self._describe(header.format, header.channels)
        return self._hear(audio)

    def finish(self) -> list[AudioSpan]:
        """What is still held, filled up with silence to a whole step. An incomplete sample is dropped."""
        spans = self._hear(self._wrapping.finish())
        self._carried = b""
        spans += self._framer.push(self._resampler.finish())
        spans += self._framer.finish()
        return spans

    def _describe(self, audio: AudioFormat, channels: int) -> None:
        self._format = audio
        self._channels = channels
        self._block = audio.encoding.width * channels
        self._resampler = Resampler(audio.sample_rate, self._rate)

    def _hear(self, audio: bytes) -> list[AudioSpan]:
        if self._carried:
            audio = self._carried + audio
        odd = len(audio) % self._block
        self._carried = audio[len(audio) - odd :] if odd else b""
        if odd:
            audio = audio[:-odd]
        if not audio:
            return []
        pcm = decode(audio, self._format.encoding)
        if self._channels > 1:
            pcm = _mix_down(pcm, self._channels)
        return self._framer.push(self._resampler.push(pcm))


def _mix_down(pcm: Pcm, channels: int) -> Pcm:
    mixed: Pcm = pcm.reshape(-1, channels).mean(axis=1, dtype=np.float32)
    return mixed
