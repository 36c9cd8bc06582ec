"""Audio files: reading whatever libsndfile knows (wav, flac, ogg, mp3, aiff), within bounds, and writing WAV."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias

import numpy as np
from numpy.typing import NDArray

from duologue.audio.formats import LISTEN_RATE, MAX_RATE, Pcm
from duologue.audio.library_notes import notes_unwritten
from duologue.audio.pcm import decode, to_s16
from duologue.audio.resample import Quality, Resampler
from duologue.audio.wav import MAX_HEADER_BYTES, WavHeader, could_be_wav, parse_wav_header
from duologue.errors import Violation

Source: TypeAlias = str | Path | bytes

_BLOCK_FRAMES = 65_536


@dataclass(frozen=True, slots=True)
class FileLimits:
    """What a file may cost. Beyond it: `Violation("too_large")` or `Violation("audio_file")`."""

    max_bytes: int = 200 * 1024 * 1024
    max_seconds: float = 4 * 3600.0
    """Of decoded audio: a few bytes of a compressed file can claim days."""
    max_channels: int = 8


def read_audio(source: Source, rate: int = LISTEN_RATE, limits: FileLimits | None = None) -> Pcm:
    """The samples of a file at `rate` hertz, channels mixed into one. `source` is a path, or the file's bytes.

    Raises `Violation("audio_file")` for what is not audio, `Violation("too_large")` beyond `limits`, `OSError` for an unreadable path.
    """
    with io.BytesIO(source) if isinstance(source, bytes) else Path(source).open("rb") as file:
        return np.concatenate([np.zeros(0, np.float32), *audio_blocks(file, rate, limits)])


def audio_blocks(
    file: BinaryIO, rate: int = LISTEN_RATE, limits: FileLimits | None = None, channel: int | None = None
) -> Iterator[Pcm]:
    """The same from an open file that can be sought in, a few seconds at a time, or of one channel only. Raises like `read_audio`."""
    limits = limits or FileLimits()
    size = file.seek(0, io.SEEK_END)
    if size > limits.max_bytes:
        raise _too_large(f"the file has {size} bytes", f"at most {limits.max_bytes}")
    if not size:
        raise Violation("audio_file", "the file is empty", expected="wav, flac, ogg or mp3")
    file.seek(0)
    header = _streamed_header(file.read(MAX_HEADER_BYTES))
    file.seek(0)
    if header is None:
        yield from _read_with_libsndfile(file, rate, limits, channel)
    else:
        yield from _read_streamed_wav(file, size, header, rate, limits, channel)


def count_channels(file: BinaryIO) -> int:
    """How many channels an open file has. Raises `Violation("audio_file")` for what is no audio."""
    import soundfile

    file.seek(0)
    header = _streamed_header(file.read(MAX_HEADER_BYTES))
    file.seek(0)
    if header is not None:
        return header.channels
    try:
        with notes_unwritten(), soundfile.SoundFile(_Sought(file)) as opened:
            return int(opened.channels)
    except soundfile.LibsndfileError as error:
        raise _unreadable(error) from error


def write_wav(path: str | Path, pcm: NDArray[np.float32], rate: int) -> None:
    """Write 16-bit WAV. `pcm` has the shape (n,) or (n, channels). Raises `OSError` for a path that cannot be written."""
    import soundfile

    samples = to_s16(pcm.reshape(-1)).reshape(pcm.shape)
    with Path(path).open("wb") as file:  # whose errors say why, where libsndfile's do not
        soundfile.write(file, samples, rate, subtype="PCM_16", format="WAV")


def _streamed_header(head: bytes) -> WavHeader | None:
    """The header of a WAV whose writer did not know its length, which libsndfile takes for empty; `None` for any other file."""
    if head[:4] != b"RIFF" or not could_be_wav(head):
        return None
    try:
        header = parse_wav_header(head)
    except Violation:
        return None  # libsndfile reads more formats than streams may have, and says what is wrong with the rest
    return header if header is not None and header.data_bytes is None else None


def _read_streamed_wav(
    file: BinaryIO, size: int, header: WavHeader, rate: int, limits: FileLimits, channel: int | None
) -> Iterator[Pcm]:
    width = header.format.encoding.width * header.channels
    _check_length((size - header.data_start) // width, header.format.sample_rate, limits)
    resampler = Resampler(header.format.sample_rate, rate, Quality.FINISHED)
    file.seek(header.data_start)
    while content := file.read(_BLOCK_FRAMES * width):
        samples = decode(content[: len(content) - len(content) % width], header.format.encoding)
        yield _clean(resampler.push(_one_of(samples.reshape(-1, header.channels), channel)))
    yield _clean(resampler.finish())


def _read_with_libsndfile(source: BinaryIO, rate: int, limits: FileLimits, channel: int | None) -> Iterator[Pcm]:
    import soundfile

    try:
        with notes_unwritten():
            opened = soundfile.SoundFile(_Sought(source))
        with opened as file:
            if file.channels > limits.max_channels:
                raise Violation(
                    "audio_file", f"the file has {file.channels} channels", expected=f"at most {limits.max_channels}"
                )
            if not 1_000 <= file.samplerate <= 4 * MAX_RATE:
                raise Violation(
                    "audio_file", f"the file has a sample rate of {file.samplerate} Hz", expected="1000 to 192000"
                )
            resampler = Resampler(file.samplerate, rate, Quality.FINISHED)
            frames = 0
            # Not `blocks`: of a file with fewer frames than its header says, it gives memory that was never written.
            while len(block := _next_block(file)):
                frames += len(block)
                _check_length(frames, file.samplerate, limits)
                # Before the filter, which a single NaN would poison for good.
                yield _clean(resampler.push(_one_of(_clean(block), channel)))
            yield _clean(resampler.finish())
    except soundfile.LibsndfileError as error:
        raise _unreadable(error) from error


def _next_block(file: Any) -> NDArray[np.float32]:
    with notes_unwritten():
        block: NDArray[np.float32] = file.read(_BLOCK_FRAMES, dtype="float32", always_2d=True)
    return block


def _one_of(block: NDArray[np.float32], channel: int | None) -> Pcm:
    """One of the channels, or all of them mixed into one."""
    picked = block.mean(axis=1, dtype=np.float32) if channel is None else block[:, channel]
    return np.ascontiguousarray(picked, np.float32)


def _unreadable(error: Exception) -> Violation:
    # libsndfile's whole sentence names the object that was opened, which is nobody's business outside
    why = str(getattr(error, "error_string", error)).rstrip(".")
    return Violation("audio_file", f"the file cannot be read: {why}", expected="wav, flac, ogg or mp3")


class _Sought:
    """A file for libsndfile, which believes a broken header and asks for places before the beginning: it stays where it is then."""

    def __init__(self, file: BinaryIO) -> None:
        self.read = file.read
        self.tell = file.tell
        self._file = file

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        try:
            return self._file.seek(offset, whence)
        except (ValueError, OSError):
            return self._file.tell()


def _clean(pcm: NDArray[np.float32]) -> NDArray[np.float32]:
    """Finite and within -1..1."""
    cleaned: NDArray[np.float32] = np.clip(np.nan_to_num(pcm), -1.0, 1.0)
    return cleaned


def _check_length(frames: int, rate: int, limits: FileLimits) -> None:
    if frames > limits.max_seconds * rate:
        raise _too_large("the file is too long", f"at most {limits.max_seconds:g} seconds of audio")


def _too_large(message: str, expected: str) -> Violation:
    return Violation("too_large", message, expected=expected)
