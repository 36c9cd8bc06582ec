"""Audio in every wrapping: what is heard must be finite samples of a length that the bytes account for."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import soundfile

from duologue.audio.containers import FileLimits, audio_blocks
from duologue.audio.formats import AudioFormat, Encoding
from duologue.audio.input import AudioInput
from duologue.audio.mp3 import Mp3Output
from duologue.audio.output import AudioOutput
from duologue.audio.wav import wav_header
from duologue.errors import Violation
from duologue.protocols.deepgram.early_audio import EarlyAudio
from fuzz.case import Pieces
from fuzz.search import Target
from fuzz.targets.sockets import text

LIMITS = FileLimits(max_bytes=2_000_000, max_seconds=60.0)
FORMATS = {
    f"{encoding.value} {rate}": AudioFormat(encoding, rate) for encoding in Encoding for rate in (8_000, 16_000, 44_100)
}
TONE = (np.sin(np.arange(4_000) / 7) * 0.4).astype(np.float32)


def stream(pieces: Pieces) -> Iterator[str]:
    """A format, then the bytes of a stream in these messages."""
    declared = FORMATS.get(text(pieces[0]) if pieces else "", AudioFormat(Encoding.PCM_S16LE, 16_000))
    hearing, given, samples = AudioInput(declared), 0, 0
    output = AudioOutput(16_000, declared)
    early = EarlyAudio()
    try:
        for piece in (*pieces[1:], None):
            content = (
                b"" if piece is None else piece if isinstance(piece, bytes) else piece.encode("utf-8", "surrogatepass")
            )
            given += len(content)
            early.add(content)
            for span in hearing.finish() if piece is None else hearing.push(content):
                assert span.pcm.dtype == np.float32
                assert np.isfinite(span.pcm).all(), "not finite"
                assert np.abs(span.pcm).max(initial=0.0) <= 1.5, "louder than loud"
                samples += len(span.pcm)
                output.push(span.pcm)
        output.finish()
        yield f"{hearing.format.encoding} {hearing.format.sample_rate} {samples > 0}"
    except Violation as violation:
        yield violation.code
    # One byte is at most two samples at 8 to 16 kHz, and a step is filled up.
    assert samples <= given * 2 + 1_024, f"{samples} samples of {given} bytes"


def file(pieces: Pieces) -> Iterator[str]:
    """An upload."""
    content = b"".join(
        piece if isinstance(piece, bytes) else piece.encode("utf-8", "surrogatepass") for piece in pieces
    )
    samples = 0
    try:
        with quiet():
            for block in audio_blocks(io.BytesIO(content), 16_000, LIMITS):
                assert np.isfinite(block).all(), "not finite"
                assert np.abs(block).max(initial=0.0) <= 1.0, "louder than loud"
                samples += len(block)
        yield f"read {samples > 0}"
    except Violation as violation:
        yield violation.code
    assert samples <= 16_000 * (LIMITS.max_seconds + 60)


@contextmanager
def quiet() -> Iterator[None]:
    """The MP3 decoder writes about every broken frame to standard error."""
    kept, silent = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(silent, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(silent)


def encoded(kind: str, **options: object) -> bytes:
    """A short tone as a file."""
    held = io.BytesIO()
    soundfile.write(held, TONE, 8_000, format=kind, **options)
    return held.getvalue()


def files() -> list[bytes]:
    """One of every kind that is read."""
    mp3 = Mp3Output(16_000, 16_000, 32_000)
    return [
        encoded("WAV"),
        encoded("WAV", subtype="FLOAT"),
        encoded("WAV", subtype="ULAW"),
        encoded("WAVEX"),
        encoded("FLAC"),
        encoded("OGG"),
        encoded("AIFF"),
        encoded("AU"),
        encoded("W64"),
        encoded("CAF"),
        mp3.push(TONE) + mp3.finish(),
        wav_header(AudioFormat(Encoding.PCM_S16LE, 16_000)) + bytes(2_000),
        wav_header(AudioFormat(Encoding.MULAW, 8_000), 1_000, 2) + bytes(1_000),
    ]


def stream_seeds() -> Sequence[Pieces]:
    """Samples of every kind, files as they are, and both in odd messages."""
    plain = [(name, bytes(range(256)) * 3) for name in FORMATS]
    wrapped = [("pcm_s16le 16000", content) for content in files()]
    cut = [("pcm_mulaw 8000", content[:5], content[5:61], content[61:]) for content in files()[:4]]
    return [
        *plain,
        *wrapped,
        *cut,
        ("pcm_f32le 44100", np.array([np.nan, np.inf, -np.inf, 1e38, -3.0], np.float32).tobytes() * 300),
    ]


TARGETS = (
    Target("audio-stream", stream, stream_seeds),
    Target("audio-file", file, lambda: [(content,) for content in files()]),
)
