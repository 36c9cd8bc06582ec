"""MP3, made while the speech is: samples in, whole frames out as they become ready."""

from __future__ import annotations

import io

from duologue.audio.formats import Pcm
from duologue.audio.resample import Resampler
from duologue.errors import Violation

MP3_RATES = (8_000, 16_000, 22_050, 24_000, 44_100, 48_000)
"""Sample rates MPEG audio knows, of those clients may name."""


class Mp3Output:
    """Samples at `rate_in` hertz in, a mono MP3 stream of constant bit rate at `rate` hertz out.

    `bit_rate` is in bits per second; MPEG allows at most 64,000 below 16 kHz and 160,000 below 32 kHz, and more is taken for that.
    Raises `Violation("unsupported_audio_format")` for a rate that MPEG audio does not have.
    """

    def __init__(self, rate_in: int, rate: int, bit_rate: int) -> None:
        import soundfile

        if rate not in MP3_RATES:
            raise Violation(
                "unsupported_audio_format",
                f"MP3 has no sample rate of {rate} Hz",
                path="output_format.sample_rate",
                expected=", ".join(map(str, MP3_RATES)),
            )
        self._resampler = Resampler(rate_in, rate)
        self._growing = _GrowingFile()
        self._file = soundfile.SoundFile(
            self._growing,
            "w",
            rate,
            1,
            format="MP3",
            subtype="MPEG_LAYER_III",
            bitrate_mode="CONSTANT",
            compression_level=_compression(rate, bit_rate),
        )

    def push(self, pcm: Pcm) -> bytes:
        """The frames that are complete now."""
        self._file.write(self._resampler.push(pcm))
        return self._growing.take()

    def finish(self) -> bytes:
        """What is left; the stream is over."""
        self._file.write(self._resampler.finish())
        self._file.close()
        return self._growing.take()


class Mp3Speech:
    """MP3 for one stretch of speech after the other, each a stream of its own: `AudioOutput` for those who want it compressed."""

    def __init__(self, rate_in: int, rate: int, bit_rate: int) -> None:
        """As `Mp3Output`."""
        self._as = (rate_in, rate, bit_rate)
        self._stream: Mp3Output | None = None

    def push(self, pcm: Pcm) -> bytes:
        """The frames that are complete now; the first of a stretch begins its stream."""
        self._stream = self._stream or Mp3Output(*self._as)
        return self._stream.push(pcm)

    def finish(self) -> bytes:
        """What is left of the stretch."""
        stream, self._stream = self._stream, None
        return b"" if stream is None else stream.finish()

    def clear(self) -> None:
        """Forget what was kept back: the stretch is over."""
        self.finish()


def _compression(rate: int, bit_rate: int) -> float:
    """libsndfile's measure of a bit rate: 0 is the highest of the MPEG version, just below 1 the lowest."""
    lowest, highest = (8, 64) if rate < 16_000 else (8, 160) if rate < 32_000 else (32, 320)
    wanted = min(max(bit_rate / 1000, lowest), highest)
    return min((highest - wanted) / (highest - lowest), 0.999)


class _GrowingFile(io.RawIOBase):
    """A file whose end is taken away while it is written. What the encoder would correct at its beginning has been sent already."""

    def __init__(self) -> None:
        super().__init__()
        self._new = bytearray()
        self._at = self._end = 0

    def take(self) -> bytes:
        taken, self._new = bytes(self._new), bytearray()
        return taken

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True

    def writable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        self._at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._end}[whence]
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, _buffer: object, /) -> int:
        return 0

    def write(self, data: object, /) -> int:
        content = bytes(data)  # type: ignore[call-overload]
        if self._at == self._end:
            self._new += content
        self._at += len(content)
        self._end = max(self._end, self._at)
        return len(content)
