"""Audio that came before the settings: kept, bounded, and given out once its format is known (D§4.1, D§5.1)."""

from __future__ import annotations

from collections import deque

from duologue.audio.formats import MAX_RATE, AudioFormat

EARLY_S = 10.0
"""The oldest audio beyond this is dropped."""
MAX_EARLY_BYTES = int(EARLY_S * MAX_RATE * 4)
"""While the format is not known: ten seconds of the widest."""


class EarlyAudio:
    """The last ten seconds of what came before the settings."""

    def __init__(self) -> None:
        self._payloads: deque[bytes] = deque()
        self._bytes = 0
        self._dropped = 0

    def add(self, payload: bytes) -> None:
        """Keep a payload, dropping the oldest while there is too much."""
        self._payloads.append(payload)
        self._bytes += len(payload)
        while self._bytes > MAX_EARLY_BYTES:
            oldest = self._payloads.popleft()
            self._bytes -= len(oldest)
            self._dropped += len(oldest)

    def take(self, audio: AudioFormat) -> bytes:
        """What is left of it, at most ten seconds, beginning at a whole sample; nothing is kept."""
        joined = b"".join(self._payloads)
        width = audio.encoding.width
        excess = max(0, len(joined) - int(EARLY_S * audio.sample_rate) * width)
        first = self._dropped + excess
        start = excess + -first % width
        self._payloads.clear()
        self._bytes = self._dropped = 0
        return joined[start:]
