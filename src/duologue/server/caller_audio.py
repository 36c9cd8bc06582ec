"""A caller's audio on an agent socket: bytes in, engine steps out, and silence where the client sends nothing.

Why silence: docs/design.md, the kinds of time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from duologue.audio.formats import AudioFormat, Encoding
from duologue.audio.gaps import AssumeSilence, AudioArrived, GapFiller, GapPolicy
from duologue.audio.input import AudioInput
from duologue.audio.spans import AudioSpan
from duologue.protocols.dialect import Audio
from duologue.runtime.driver import Driver, Timers

ItemT = TypeVar("ItemT")

_SILENCE = {Encoding.MULAW: b"\xff", Encoding.ALAW: b"\xd5"}
"""One byte of silence; zero for all others."""
PIECE_BYTES = 64 * 1024
"""Of one message, heard at once; a message may hold minutes."""


def pieces(item: ItemT) -> Iterator[ItemT | Audio]:
    """What one message says: itself, or long audio in pieces. Behind each of those others should have their turn."""
    if not isinstance(item, Audio) or len(item.payload) <= PIECE_BYTES:
        yield item
        return
    for start in range(0, len(item.payload), PIECE_BYTES):
        yield Audio(item.payload[start : start + PIECE_BYTES])


class CallerAudio:
    """The way in of one call."""

    def __init__(
        self, audio: AudioFormat, hear: Callable[[Sequence[AudioSpan]], None], patience_s: float, timers: Timers
    ) -> None:
        self._format = audio
        self._input = AudioInput(audio)
        self._hear = hear
        filler = GapFiller(audio.sample_rate, GapPolicy(patience=patience_s))
        self._gaps: Driver[AudioArrived, AssumeSilence] = Driver(filler, self._assume, timers)

    def hear(self, payload: bytes) -> float:
        """What the client sent. Returns its length in seconds. Raises `Violation` for a container that cannot be read."""
        self._hear(self._input.push(payload))
        self._gaps.feed(AudioArrived(len(payload) // self._format.encoding.width))
        return self._format.seconds(len(payload))

    def close(self) -> None:
        """Assume nothing any more."""
        self._gaps.close()

    def _assume(self, silence: AssumeSilence) -> None:
        # As bytes in the client's own format, so that positions count as if it had been sent.
        byte = _SILENCE.get(self._format.encoding, b"\x00")
        self._hear(self._input.push(byte * (silence.samples * self._format.encoding.width)))
