"""RIFF/WAVE headers: written for streams whose length nobody knows yet, read from streams that arrive in pieces.

Sizes of 0 and of 0xFFFFFFFF both mean "not known" (vendors' examples use the one, sound libraries the other).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from duologue.audio.formats import AudioFormat, Encoding
from duologue.errors import Violation

UNKNOWN_SIZE = 0xFFFF_FFFF

MAX_HEADER_BYTES = 64 * 1024
"""A header with more than this before its audio is refused: nobody's metadata may fill our memory."""

MAX_CHANNELS = 8

_PCM, _FLOAT, _ALAW, _MULAW, _EXTENSIBLE = 1, 3, 6, 7, 0xFFFE

_ENCODINGS = {
    (_PCM, 16): Encoding.PCM_S16LE,
    (_PCM, 32): Encoding.PCM_S32LE,
    (_FLOAT, 16): Encoding.PCM_F16LE,
    (_FLOAT, 32): Encoding.PCM_F32LE,
    (_ALAW, 8): Encoding.ALAW,
    (_MULAW, 8): Encoding.MULAW,
}
_TAGS = {encoding: tag for tag, encoding in _ENCODINGS.items()}


@dataclass(frozen=True, slots=True)
class WavHeader:
    """What a header says about the audio behind it."""

    format: AudioFormat
    channels: int
    data_start: int
    """Where the audio begins, in bytes from the `RIFF`."""
    data_bytes: int | None
    """Length of the audio; `None` when the writer did not know it."""


def wav_header(audio: AudioFormat, byte_count: int | None = None, channels: int = 1) -> bytes:
    """The 44-byte header of `byte_count` bytes of audio, or of a stream of unknown length."""
    tag, bits = _TAGS[audio.encoding]
    block = channels * audio.encoding.width
    data = UNKNOWN_SIZE if byte_count is None or byte_count > UNKNOWN_SIZE - 36 else byte_count
    riff = UNKNOWN_SIZE if data == UNKNOWN_SIZE else data + data % 2 + 36
    return struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        *(b"RIFF", riff, b"WAVE"),
        *(b"fmt ", 16, tag, channels, audio.sample_rate, audio.sample_rate * block, block, bits),
        *(b"data", data),
    )


def could_be_wav(head: bytes | bytearray) -> bool:
    """Whether a stream that begins with `head` (possibly only its first bytes) is, or may yet turn out to be, a WAV file."""
    return b"RIFF".startswith(bytes(head[:4])) and b"WAVE".startswith(bytes(head[8:12]))


def parse_wav_header(head: bytes | bytearray) -> WavHeader | None:
    """The header at the beginning of `head`, or `None` when more bytes are needed.

    Raises `Violation("wav_header")` for a broken or endless header, `Violation("wav_format")` for an encoding we do not read.
    """
    if not could_be_wav(head):
        raise Violation("wav_header", "this is not a WAV file", expected="RIFF....WAVE at the beginning")
    at = 12
    described: tuple[AudioFormat, int] | None = None
    while len(head) >= at + 8:
        name, size = struct.unpack_from("<4sI", head, at)
        if name == b"data":
            if described is None:
                raise Violation("wav_header", "a WAV header names no format before its data", expected="a fmt chunk")
            return WavHeader(*described, data_start=at + 8, data_bytes=None if size in (0, UNKNOWN_SIZE) else size)
        if at + 8 + size > MAX_HEADER_BYTES:
            raise Violation(
                "wav_header",
                f"a WAV header is longer than {MAX_HEADER_BYTES} bytes",
                expected="a data chunk before that",
            )
        if len(head) < at + 8 + size:
            return None
        if name == b"fmt ":
            described = _read_format(bytes(head[at + 8 : at + 8 + size]))
        at += 8 + size + size % 2
    return None


def _read_format(body: bytes) -> tuple[AudioFormat, int]:
    """Format and channels of a `fmt ` chunk."""
    if len(body) < 16:
        raise Violation("wav_header", f"a WAV format chunk of {len(body)} bytes is too short", expected="16 or more")
    tag, channels, rate, _, _, bits = struct.unpack_from("<HHIIHH", body)
    if tag == _EXTENSIBLE and len(body) >= 26:
        # The real tag is the beginning of the sub-format's GUID.
        (tag,) = struct.unpack_from("<H", body, 24)
    encoding = _ENCODINGS.get((tag, bits))
    if encoding is None or not 1 <= channels <= MAX_CHANNELS:
        raise Violation(
            "wav_format",
            f"a WAV stream of format {tag} with {bits} bits and {channels} channels cannot be read",
            expected=f"16 or 32 bit integers, 16 or 32 bit floats, mu-law or A-law, 1 to {MAX_CHANNELS} channels",
        )
    return AudioFormat(encoding, rate), channels


_TRAILERS = (b"LIST", b"id3 ", b"ID3 ", b"JUNK", b"bext", b"cue ", b"smpl", b"fact", b"afsp", b"PEAK")
"""Chunks that writers put behind the audio. Anything else there is taken for more audio: live senders write sizes they do not mean."""


class WavUnwrapper:
    """Takes the wrapping off a stream that may be a WAV file, however it is cut into messages; any other stream passes untouched."""

    def __init__(self) -> None:
        self.header: WavHeader | None = None
        """What the stream's header said, once it has been read."""
        self._held = bytearray()
        self._sniffing = True
        self._left: int | None = None
        self._skip = 0

    def push(self, payload: bytes) -> bytes:
        """The audio bytes known by now. Raises `Violation` as `parse_wav_header` does."""
        if not self._sniffing and self._left is None:
            return payload
        self._held += payload
        if self._sniffing and not self._sniff():
            return b""
        audio = bytearray()
        while self._held:
            if self._skip:
                skipped = min(self._skip, len(self._held))
                del self._held[:skipped]
                self._skip -= skipped
            elif self._left != 0:
                taken = len(self._held) if self._left is None else min(self._left, len(self._held))
                audio += self._held[:taken]
                del self._held[:taken]
                self._left = None if self._left is None else self._left - taken
            elif not self._pass_trailer():
                break
        return bytes(audio)

    def finish(self) -> bytes:
        """Bytes that were held because they might have begun a header, when they did not. An unfinished header is dropped."""
        is_audio = self._sniffing and len(self._held) < 12
        rest = bytes(self._held) if is_audio else b""
        self._held.clear()
        self._sniffing = False
        self._left = None
        return rest

    def _sniff(self) -> bool:
        """Whether it is known by now how the stream begins."""
        if could_be_wav(self._held):
            self.header = parse_wav_header(self._held) if len(self._held) >= 12 else None
            if self.header is None:
                return False
            del self._held[: self.header.data_start]
            self._left = self.header.data_bytes
        self._sniffing = False
        return True

    def _pass_trailer(self) -> bool:
        """Behind the audio: skip one chunk of metadata, or take the rest for audio. Whether there was enough to tell."""
        at = self.header.data_bytes % 2 if self.header and self.header.data_bytes else 0
        if len(self._held) < at + 8:
            return False
        for start in {at, 0}:
            if bytes(self._held[start : start + 4]) in _TRAILERS:
                size = int.from_bytes(self._held[start + 4 : start + 8], "little")
                self._skip = start + 8 + size + size % 2
                return True
        self._left = None
        return True
