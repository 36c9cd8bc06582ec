"""When `UtteranceEnd` is due: so long without a word, counted by the words' own times (Deepgram docs: Utterance end; D§7.3)."""

from __future__ import annotations

from collections import deque

from duologue.audio.formats import Samples

VOICED_ABOVE = 0.5
"""A floor above this means that somebody speaks."""
MAX_ONSETS = 256
"""Beginnings of speech remembered that are heard, but whose words are not known yet."""


class UtteranceGaps:
    """Follows one stream. What is heard runs ahead of its words, so beginnings of speech are kept until the words before them are told."""

    def __init__(self, gap: Samples) -> None:
        self._gap = gap
        self._last_word: Samples | None = None
        self._heard: Samples = 0
        self._voiced = False
        self._onsets: deque[Samples] = deque(maxlen=MAX_ONSETS)

    def hear(self, position: Samples, floor: float) -> Samples | None:
        """Audio up to `position`. Returns the end of the last word when the gap behind it is complete."""
        self._heard = position
        voiced = floor > VOICED_ABOVE
        if voiced and not self._voiced:
            self._onsets.append(position)
        self._voiced = voiced
        return self._complete(position)

    def told(self, position: Samples, last_word: Samples | None) -> Samples | None:
        """Everything up to `position` was told; the last word ended there, or there were none. Returns what `hear` does: words may come
        when the audio of the gap behind them is long known.
        """
        if last_word is not None:
            self._last_word = last_word
        while self._onsets and self._onsets[0] <= position:
            self._onsets.popleft()
        return self._complete(self._heard)

    def begin(self, speech_start: Samples) -> Samples | None:
        """Somebody speaks again. Returns the end of the last word when the gap before was long enough."""
        ended = self._complete(speech_start)
        self._last_word = None
        return ended

    def _complete(self, position: Samples) -> Samples | None:
        last = self._last_word
        until = min(position, self._onsets[0]) if self._onsets else position
        if last is None or until - last < self._gap:
            return None
        self._last_word = None
        return last
