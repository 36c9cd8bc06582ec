"""Audio that came before the settings: kept, bounded, and given out once its format is known (D§4.1, D§5.1)."""

from __future__ import annotations

from duologue.audio.formats import MAX_RATE, AudioFormat

EARLY_S = 10.0
"""The oldest audio beyond this is dropped."""
MAX_EARLY_BYTES = int(EARLY_S * MAX_RATE * 4)
"""While the format is not known: ten seconds of the widest."""


class EarlyAudio:
    """The last ten seconds of what came before the settings. One buffer: as many messages as samples cost no more than the samples."""

    def __init__(self) -> None:
        self._held = bytearray()
        self._dropped = 0

    def add(self, payload: bytes) -> None:
        """Keep a payload, dropping the oldest bytes while there is too much."""
        self._held += payload
        excess = len(self._held) - MAX_EARLY_BYTES
        if excess > 0:
            del self._held[:excess]
            self._dropped += excess

    def take(self, audio: AudioFormat) -> bytes:
        """What is left of it, at most ten seconds, beginning at a whole sample; nothing is kept."""
        held, dropped = self._held, self._dropped
        width = audio.encoding.width
        excess = max(0, len(held) - int(EARLY_S * audio.sample_rate) * width)
        start = excess + -(dropped + excess) % width
        self._held, self._dropped = bytearray(), 0
        return bytes(held[start:])
