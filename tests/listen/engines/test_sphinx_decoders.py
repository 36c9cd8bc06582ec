from __future__ import annotations

from functools import lru_cache

import numpy as np
import pytest

from duologue.errors import Violation
from duologue.listen.engines import sphinx_decoders
from duologue.listen.engines.caller_voice import to_int16
from duologue.listen.engines.sphinx_decoders import NEUTRAL_MEAN, Decoders, Expected, Search, keyterm_name
from duologue.listen.engines.sphinx_pass import SphinxPass
from tests.listen.engines.test_contract import some_sound


def grammar(*words: str) -> str:
    return f"#JSGF V1.0;\ngrammar g;\npublic <g> = {' | '.join(words)};\n"


def task(*words: str) -> Expected:
    return Expected(Search.TASK, grammar(*words))


@lru_cache
def decoders() -> Decoders:
    return Decoders("", max_active_states=5000, language_weight=6.5, keyterm_weight=30_000.0)


def test_a_decoder_given_back_is_lent_again_to_whoever_needs_its_kind() -> None:
    first = decoders().lend(task("one"))
    second = decoders().lend(task("one"))
    assert first is not second
    decoders().give_back(first)
    assert decoders().lend(task("two")) is first
    decoders().give_back(first)
    decoders().give_back(second)
    phones = decoders().lend(Expected(Search.PHONES))
    assert phones not in (first, second)
    decoders().give_back(phones)


def test_a_grammar_is_compiled_once_and_the_oldest_goes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sphinx_decoders, "KEPT_GRAMMARS", 2)
    own = Decoders("", 5000, 6.5, 30_000.0)
    for words in (["one"], ["two"], ["one"], ["three"]):
        lent = own.lend(task(*words))
        own.give_back(lent)
    assert list(lent.compiled) == [task("one").name, task("three").name]
    assert lent.decoder.current_search() == task("three").name


def test_unknown_words_get_a_pronunciation() -> None:
    lent = decoders().lend(task("blorfin", "latte"))
    assert lent.decoder.lookup_word("blorfin") == "B L AO R F IH N"
    decoders().give_back(lent)


def test_a_decoder_with_too_many_added_words_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sphinx_decoders, "MOST_ADDED_WORDS", 1)
    own = Decoders("", 5000, 6.5, 30_000.0)
    lent = own.lend(task("blorfin", "grumpet"))
    own.give_back(lent)
    fresh = own.lend(task("one"))
    assert fresh is not lent


def test_a_bad_grammar_costs_no_decoder() -> None:
    own = Decoders("", 5000, 6.5, 30_000.0)
    lent = own.lend(task("one"))
    own.give_back(lent)
    with pytest.raises(Violation):
        own.lend(Expected(Search.TASK, "#JSGF V1.0;\ngrammar g;\n<g> = one;\n"))
    assert own.lend(task("one")) is lent


def test_keyterms_become_words_of_the_model() -> None:
    terms = ("Brown Sugar", "Blorfin", "東京")
    lent = decoders().lend(Expected(keyterms=terms))
    assert lent.decoder.lookup_word("brown_sugar~") == "B R AW N SH UH G ER"
    model = lent.decoder.get_lm(Expected(keyterms=terms).name)
    assert model.prob(["blorfin~"]) > model.prob(["latte"])
    decoders().give_back(lent)
    plain = decoders().lend(Expected())
    assert plain.decoder.current_search() == "_default"
    decoders().give_back(plain)


def test_a_keyterm_is_named_by_what_can_be_said_of_it() -> None:
    assert keyterm_name("Brown Sugar!") == "brown_sugar~"
    assert keyterm_name("don't") == "don't~"
    assert keyterm_name("東京") == ""


def test_the_mean_follows_the_sound_and_not_who_spoke_before() -> None:
    rng = np.random.default_rng(3)
    loud, soft = (to_int16(rng.standard_normal(16_000).astype(np.float32), gain) for gain in (0.1, 0.001))
    first = decoders().mean_of(loud)
    other = decoders().mean_of(soft)
    assert decoders().mean_of(loud) == first
    assert float(first.split(",")[0]) > float(other.split(",")[0]) + 5


def test_a_decoder_keeps_nothing_of_the_utterance_before() -> None:
    lent = decoders().lend(Expected(Search.PHONES))
    one, other = to_int16(some_sound(0.7)), to_int16(some_sound(0.5)[::-1].copy(), 0.2)
    run = SphinxPass(lent)
    scores = []
    for pcm in (one, one, other, one):
        run.start(NEUTRAL_MEAN)
        run.decode(pcm)
        run.stop()
        scores.append(run.score)
    decoders().give_back(lent)
    assert scores[0] is not None
    assert scores[1] == scores[3] == scores[0] != scores[2]
