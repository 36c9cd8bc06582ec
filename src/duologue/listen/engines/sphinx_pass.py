"""One run of a pocketsphinx decoder over an utterance, from its first sample to its last."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any

from duologue.audio.formats import Samples
from duologue.listen.engines.sphinx_decoders import KEYTERM_MARK, Lent

FRAME: Samples = 160
"""pocketsphinx counts time in frames of 10 ms."""
_NOT_SAID = re.compile(r"[<\[+(].*")
_VARIANT = re.compile(r"\(\d+\)$")


@dataclass(frozen=True, slots=True)
class HeardWord:
    """A word and where it was heard, in samples since the utterance began."""

    text: str
    start: Samples
    end: Samples
    posterior: float


class SphinxPass:
    """A decoder at work. Its results stay readable until the decoder is started again."""

    def __init__(self, lent: Lent, keyterms: dict[str, str] | None = None) -> None:
        """`keyterms`: what to write for each keyterm's name in the dictionary."""
        self.lent = lent
        self._decoder: Any = lent.decoder
        self._keyterms = keyterms or {}
        self._running = False
        self._words: list[HeardWord] = []
        self._score: float | None = None

    def start(self, mean: str) -> None:
        """Begin, or begin again."""
        self.stop()
        # The front end keeps frames of the utterance before, which may be another caller's.
        self._decoder.reinit_feat()
        self._decoder.set_cmn(mean)
        self._decoder.start_utt()
        self._running = True
        self._words, self._score = [], None

    def decode(self, pcm: bytes) -> None:
        """Take in 16-bit samples; `words` and `score` speak of all so far."""
        if pcm:
            self._decoder.process_raw(pcm)
            self._read()

    def stop(self) -> None:
        """The utterance is over. Where a grammar has no way to end here, what was believed last stands: it was cut off, not wrong."""
        if self._running:
            self._decoder.end_utt()
            self._running = False
            self._read()

    @property
    def words(self) -> list[HeardWord]:
        """What is believed to have been said."""
        return self._words

    @property
    def score(self) -> float | None:
        """Logarithm of how well words and sound agree, in the library's scale; only differences mean something. `None`: no idea yet."""
        return self._score

    def _read(self) -> None:
        best = self._decoder.hyp()
        if best is None or (not self._running and not best.hypstr and self._words):
            return
        self._score = math.log(best.score) if best.score > 0 else None
        self._words = []
        for segment in self._decoder.seg():
            if not _NOT_SAID.fullmatch(segment.word):
                self._write(segment)

    def _write(self, segment: Any) -> None:
        """A keyterm of several words is one word to the decoder; its words share its time by their length."""
        name = _VARIANT.sub("", segment.word)
        start, end = segment.start_frame * FRAME, (segment.end_frame + 1) * FRAME
        parts = self._keyterms.get(name, name.removesuffix(KEYTERM_MARK)).split()
        posterior = min(1.0, max(0.0, float(segment.prob)))
        letters, done = sum(map(len, parts)), 0
        for part in parts:
            begin = start + (end - start) * done // letters
            done += len(part)
            self._words.append(HeardWord(part, begin, start + (end - start) * done // letters, posterior))
