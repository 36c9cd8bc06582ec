from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from duologue.listen.engines.sphinx_decoders import NEUTRAL_MEAN, Lent, Search
from duologue.listen.engines.sphinx_pass import HeardWord, SphinxPass


@dataclass
class Said:
    word: str
    start_frame: int
    end_frame: int
    prob: float = 0.5


@dataclass
class Best:
    hypstr: str
    score: float


@dataclass
class StandInDecoder:
    """Believes what it is told to; notes what was asked of it."""

    said: list[Said] = field(default_factory=list)
    score: float = 0.5
    calls: list[str] = field(default_factory=list)

    def hyp(self) -> Best | None:
        return Best(" ".join(one.word for one in self.said), self.score) if self.said else None

    def seg(self) -> list[Said]:
        return self.said

    def reinit_feat(self) -> None:
        """Nothing is left of the utterance before."""

    def set_cmn(self, mean: str) -> None:
        self.calls.append(f"mean {mean}")

    def start_utt(self) -> None:
        self.calls.append("start")

    def end_utt(self) -> None:
        self.calls.append("end")

    def process_raw(self, pcm: bytes) -> None:
        self.calls.append("decode")


def started(decoder: StandInDecoder, **keyterms: str) -> SphinxPass:
    one = SphinxPass(Lent(decoder, Search.OPEN), {f"{name}~": text for name, text in keyterms.items()})
    one.start(NEUTRAL_MEAN)
    return one


def test_marks_and_variants_of_the_dictionary_are_no_words() -> None:
    one = started(
        StandInDecoder([Said("<s>", 0, 9), Said("read(2)", 10, 19), Said("(NULL)", 19, 19), Said("[NOISE]", 20, 30)])
    )
    one.decode(b"..")
    assert one.words == [HeardWord("read", 1600, 3200, 0.5)]


def test_a_keyterm_is_written_as_it_was_given_and_its_words_share_its_time() -> None:
    one = started(StandInDecoder([Said("brown_sugar~", 0, 9)]), brown_sugar="Brown sugar")
    one.decode(b"..")
    assert [(word.text, word.start, word.end) for word in one.words] == [("Brown", 0, 800), ("sugar", 800, 1600)]


def test_posteriors_stay_between_nothing_and_certainty() -> None:
    one = started(StandInDecoder([Said("a", 0, 1, 1.01), Said("b", 2, 3, -0.1)]))
    one.decode(b"..")
    assert [word.posterior for word in one.words] == [1.0, 0.0]


def test_what_was_believed_stands_when_the_grammar_cannot_end_here() -> None:
    decoder = StandInDecoder([Said("large", 0, 9)])
    one = started(decoder)
    one.decode(b"..")
    decoder.said = []
    one.stop()
    assert [word.text for word in one.words] == ["large"]


def test_the_mean_is_set_before_each_start_and_beginning_again_forgets() -> None:
    decoder = StandInDecoder([Said("large", 0, 9)])
    one = started(decoder)
    one.decode(b"..")
    one.start("7,7")
    assert decoder.calls == [f"mean {NEUTRAL_MEAN}", "start", "decode", "end", "mean 7,7", "start"]
    assert (one.words, one.score) == ([], None)


def test_stopping_twice_ends_once_and_empty_audio_is_no_work() -> None:
    decoder = StandInDecoder()
    one = started(decoder)
    one.decode(b"")
    one.stop()
    one.stop()
    assert decoder.calls[-2:] == ["start", "end"]


def test_the_score_is_a_logarithm() -> None:
    one = started(StandInDecoder([Said("a", 0, 1)], score=1.0))
    one.decode(b"..")
    assert one.score == pytest.approx(0.0)
