"""Stand-ins for pocketsphinx: decoders that hear one word per 0.2 s of whatever they are given, and their lender."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from duologue.listen.engines.sphinx_decoders import Decoders, Expected, Lent, Search

WORD_FRAMES = 20


@dataclass
class Heard:
    word: str
    start_frame: int
    end_frame: int
    prob: float = 0.8


@dataclass
class Best:
    hypstr: str
    score: float


@dataclass
class CountingDecoder:
    """Hears `w0 w1 w2 ...`; `log_score` is what it thinks of each second."""

    log_score: float = -1.0
    frames: int = 0
    means: list[str] = field(default_factory=list)
    runs: int = 0

    def seg(self) -> list[Heard]:
        return [
            Heard(f"w{word}", word * WORD_FRAMES, (word + 1) * WORD_FRAMES - 1)
            for word in range(self.frames // WORD_FRAMES)
        ]

    def hyp(self) -> Best | None:
        said = " ".join(heard.word for heard in self.seg())
        return Best(said, math.exp(self.log_score * self.frames / 100)) if said else None

    def reinit_feat(self) -> None:
        """Nothing is left of the utterance before."""

    def set_cmn(self, mean: str) -> None:
        self.means.append(mean)

    def start_utt(self) -> None:
        self.frames = 0
        self.runs += 1

    def end_utt(self) -> None:
        """Nothing more comes to light."""

    def process_raw(self, pcm: bytes) -> None:
        self.frames += len(pcm) // 320


class CountingDecoders(Decoders):
    """Lends a fresh stand-in each time and counts those that are out."""

    def __init__(self, log_scores: Mapping[Search, float] | None = None) -> None:
        self._log_scores = log_scores or {}
        self.lent: list[Lent] = []
        self.out = 0

    def lend(self, expected: Expected) -> Lent:
        self.out += 1
        self.lent.append(Lent(CountingDecoder(self._log_scores.get(expected.search, -1.0)), expected.search))
        return self.lent[-1]

    def mean_of(self, pcm: bytes) -> str:
        return f"mean of {len(pcm) // 320} frames"

    def give_back(self, lent: Lent) -> None:
        self.out -= 1
