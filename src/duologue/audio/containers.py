"""Audio files: reading whatever libsndfile knows (wav, flac, ogg, mp3, aiff), within bounds, and writing WAV."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from duologue.audio.formats import LISTEN_RATE, MAX_RATE, Pcm
from duologue.audio.pcm import decode, to_s16
from duologue.audio.resample import Quality, Resampler, resample
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
    limits = limits or FileLimits()
    size = len(source) if isinstance(source, bytes) else Path(source).stat().st_size
    if size > limits.max_bytes:
        raise _too_large(f"the file has {size} bytes", f"at most {limits.max_bytes}")
    header = _streamed_header(_beginning(source))
    if header is None:
        return _read_with_libsndfile(source, rate, limits)
    content = source if isinstance(source, bytes) else Path(source).read_bytes()
    return _read_streamed_wav(content, header, rate, limits)


def write_wav(path: str | Path, pcm: NDArray[np.float32], rate: int) -> None:
    """Write 16-bit WAV. `pcm` has the shape (n,) or (n, channels)."""
    import soundfile

    samples = to_s16(pcm.reshape(-1)).reshape(pcm.shape)
    soundfile.write(str(path), samples, rate, subtype="PCM_16", format="WAV")


def _beginning(source: Source) -> bytes:
    if isinstance(source, bytes):
        return source[:MAX_HEADER_BYTES]
    with Path(source).open("rb") as file:
        return file.read(MAX_HEADER_BYTES)


def _streamed_header(head: bytes) -> WavHeader | None:
    """The header of a WAV whose writer did not know its length, which libsndfile takes for empty; `None` for any other file."""
    if head[:4] != b"RIFF" or not could_be_wav(head):
        return None
    try:
        header = parse_wav_header(head)
    except Violation:
        return None  # libsndfile reads more formats than streams may have, and says what is wrong with the rest
    return header if header is not None and header.data_bytes is None else None


def _read_streamed_wav(content: bytes, header: WavHeader, rate: int, limits: FileLimits) -> Pcm:
    block = header.format.encoding.width * header.channels
    length = (len(content) - header.data_start) // block
    _check_length(length, header.format.sample_rate, limits)
    samples = decode(content[header.data_start : header.data_start + length * block], header.format.encoding)
    mono: Pcm = samples.reshape(-1, header.channels).mean(axis=1, dtype=np.float32)
    return resample(mono, header.format.sample_rate, rate)


def _read_with_libsndfile(source: Source, rate: int, limits: FileLimits) -> Pcm:
    import soundfile

    try:
        with soundfile.SoundFile(io.BytesIO(source) if isinstance(source, bytes) else str(source)) as file:
            if file.channels > limits.max_channels:
                raise Violation(
                    "audio_file", f"the file has {file.channels} channels", expected=f"at most {limits.max_channels}"
                )
            if not 1_000 <= file.samplerate <= 4 * MAX_RATE:
                raise Violation(
                    "audio_file", f"the file has a sample rate of {file.samplerate} Hz", expected="1000 to 192000"
                )
            resampler = Resampler(file.samplerate, rate, Quality.FINISHED)
            parts: list[Pcm] = []
            frames = 0
            for block in file.blocks(_BLOCK_FRAMES, dtype="float32", always_2d=True):
                frames += len(block)
                _check_length(frames, file.samplerate, limits)
                parts.append(resampler.push(np.ascontiguousarray(block.mean(axis=1, dtype=np.float32))))
            parts.append(resampler.finish())
    except soundfile.LibsndfileError as error:
        raise Violation("audio_file", f"the file cannot be read: {error}", expected="wav, flac, ogg or mp3") from error
    pcm: Pcm = np.clip(np.nan_to_num(np.concatenate(parts)), -1.0, 1.0)
    return pcm


def _check_length(frames: int, rate: int, limits: FileLimits) -> None:
    if frames > limits.max_seconds * rate:
        raise _too_large("the file is too long", f"at most {limits.max_seconds:g} seconds of audio")


def _too_large(message: str, expected: str) -> Violation:
    return Violation("too_large", message, expected=expected)
