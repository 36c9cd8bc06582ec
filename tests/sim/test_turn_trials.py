"""Trials: one conversation under every policy, word errors by the time of the words, and sums."""

from __future__ import annotations

from duologue.audio.spans import TimedWord
from duologue.listen.hypothesis import Hypothesis
from duologue.sim.turn_bench import Dialogue, Heard, Turn
from duologue.sim.turn_trials import ALL, DEFAULT, NOISE, Trial, hold_trial, policies, word_errors

ORDER = Turn(1.0, 2.0, "command", "a large latte", ("audio/coffee-1.flac",))
CLOSING = Turn(3.0, 3.8, "read", "thank you")


def word(text: str, at: float) -> TimedWord:
    return TimedWord(text, round(at * 16_000), round((at + 0.2) * 16_000))


def heard(*words: TimedWord, turns: tuple[Turn, ...] = (ORDER, CLOSING)) -> Heard:
    voiced = [(turn.start, turn.end) for turn in turns]
    activities = tuple(
        ((place + 1) * 512, 0.95 if any(start <= place * 0.032 < end for start, end in voiced) else 0.02)
        for place in range(200)
    )
    text = " ".join(one.text for one in words)
    return Heard(
        Dialogue("d", 6.4, "babble5", turns), activities, {1: (Hypothesis(1, 64_000, text, words, final=True),)}
    )


def test_a_word_counts_to_the_turn_it_was_said_in_although_one_segment_spans_both() -> None:
    one = heard(word("a", 1.0), word("large", 1.3), word("tea", 1.7), word("thank", 3.0), word("you", 3.4))
    errors, stray = word_errors(one)
    assert {kind: (found.errors, found.reference) for kind, found in errors.items()} == {
        "coffee orders": (1, 3),
        "read": (0, 2),
    }
    assert stray == 0


def test_a_word_where_nobody_spoke_is_stray_and_no_error_of_a_turn() -> None:
    errors, stray = word_errors(heard(word("thank", 3.0), word("you", 3.4), word("noise", 5.5)))
    assert (errors["read"].errors, stray) == (0, 1)
    assert word_errors(heard(word("noise", 1.0), turns=())) == ({}, 1)


def test_a_trial_has_every_policy_and_silence_alone_has_one_half_life() -> None:
    silence, words = hold_trial("silence", heard()), hold_trial("heard", heard(word("a", 1.0)))
    assert set(words.scores) == {DEFAULT, *(label for label, _ in policies())}
    assert len(silence.scores) < len(words.scores)
    assert silence.words == {}
    assert words.words["coffee orders"].deleted == 2
    assert set(words.noisy_words) == {"babble5"}
    assert words.kinds == ["command", "read"]
    assert len(words.curve()) == len(list(policies()))
    assert words.default("read").turns == 1


def test_a_conversation_without_speech_is_counted_apart() -> None:
    trial = hold_trial("silence", heard(turns=()))
    assert trial.default(NOISE) == trial.default(ALL)
    assert trial.default(NOISE).quiet == 6.4
    assert trial.kinds == []


def test_trials_add_up() -> None:
    one, other = hold_trial("heard", heard(word("a", 1.0))), hold_trial("heard", heard(word("x", 5.5), turns=()))
    both = one + other
    assert both.default().quiet == one.default().quiet + other.default().quiet
    assert both.default(NOISE) == other.default()
    assert (both.stray_words, both.words) == (1, one.words)
    assert Trial() + one == one
