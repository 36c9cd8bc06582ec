"""One conversation judged under every policy of a sweep, and many of them added up. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from duologue.audio.formats import LISTEN_RATE
from duologue.listen.policy import TurnPolicy
from duologue.listen.word_errors import WordErrors, count_errors
from duologue.runtime.machine import Seconds
from duologue.sim.turn_bench import CurvePoint, Heard, Turn, TurnScore, count_conflicts, replay, score
from duologue.sim.turn_ears import DECODED, WORDLESS, expected_capture, is_order

DEFAULT = "default"
"""The policy as it ships, eager ends on."""
ALL = "all"
NOISE = "noise only"
"""Conversations in which nobody speaks."""
NEAR: Seconds = 0.3
"""A word heard this close to a turn is compared with it: word times are machine-made, too."""

CountT = TypeVar("CountT", TurnScore, WordErrors)


@dataclass(frozen=True, slots=True)
class Trial:
    """What one conversation, or many, gave for one wording; add them up with `+`."""

    scores: Mapping[str, Mapping[str, TurnScore]] = field(default_factory=dict)
    """By policy, and by kind of turn: also `ALL`, and `NOISE`."""
    words: Mapping[str, WordErrors] = field(default_factory=dict)
    """By kind of turn; orders of coffee apart."""
    noisy_words: Mapping[str, WordErrors] = field(default_factory=dict)
    """By condition."""
    stray_words: int = 0
    """Words heard in no turn."""
    conflicts: int = 0
    """Words that were stable before their final hypothesis came and are not in it."""
    early_words: int = 0
    """Words that were stable before their final hypothesis came."""

    def __add__(self, other: Trial) -> Trial:
        labels = dict.fromkeys((*self.scores, *other.scores))
        return Trial(
            {label: _added(self.scores.get(label, {}), other.scores.get(label, {}), TurnScore()) for label in labels},
            _added(self.words, other.words, WordErrors()),
            _added(self.noisy_words, other.noisy_words, WordErrors()),
            self.stray_words + other.stray_words,
            self.conflicts + other.conflicts,
            self.early_words + other.early_words,
        )

    def curve(self, kind: str = ALL) -> list[CurvePoint]:
        """A point for every policy swept."""
        return [
            CurvePoint(label, kinds[kind]) for label, kinds in self.scores.items() if kind in kinds and label != DEFAULT
        ]

    def default(self, kind: str = ALL) -> TurnScore:
        """What the policy as it ships does."""
        return self.scores.get(DEFAULT, {}).get(kind, TurnScore())

    @property
    def kinds(self) -> list[str]:
        """Kinds of turns that occurred."""
        return sorted(kind for kind in self.scores.get(DEFAULT, {}) if kind not in {ALL, NOISE})


def _added(one: Mapping[str, CountT], other: Mapping[str, CountT], nothing: CountT) -> dict[str, CountT]:
    return {key: one.get(key, nothing) + other.get(key, nothing) for key in dict.fromkeys((*one, *other))}


def policies() -> Iterator[tuple[str, TurnPolicy]]:
    """The sweep: both half-lives scaled together and apart, about the default."""
    base = TurnPolicy()
    for ratio in (1.0, 1.7, 2.5, 4.0, 5.75, 9.0):
        for middle in (0.18, 0.24, 0.3, 0.36, 0.42, 0.48, 0.52, 0.56, 0.6, 0.66, 0.74, 0.85):
            slow, fast = middle * ratio**0.5, middle / ratio**0.5
            policy = replace(base, eager_end=None, floor=replace(base.floor, slow=slow, fast=fast))
            yield f"slow {slow:.2f} fast {fast:.2f}", policy


def hold_trial(wording: str, heard: Heard) -> Trial:
    """Judge what was heard of one conversation under every policy; silence alone knows one half-life only."""
    knows_words = wording not in WORDLESS
    expect = expected_capture(heard.dialogue, wording)
    scores: dict[str, dict[str, TurnScore]] = {}
    for label, policy in [(DEFAULT, TurnPolicy()), *policies()]:
        if label != DEFAULT and not knows_words and policy.floor.slow != policy.floor.fast:
            continue
        events = replay(heard, policy, with_words=knows_words, expect=expect)
        kinds = {ALL: score(heard.dialogue, events)}
        for kind in sorted({turn.kind for turn in heard.dialogue.turns}):
            kinds[kind] = score(heard.dialogue, events, kind)
        if not heard.dialogue.turns:
            kinds[NOISE] = kinds[ALL]
        scores[label] = kinds
    if wording not in DECODED:
        return Trial(scores)
    errors, stray = word_errors(heard)
    conflicts, early = count_conflicts(heard, TurnPolicy(), expect)
    by_condition = {heard.dialogue.condition: sum(errors.values(), WordErrors())} if errors else {}
    return Trial(scores, errors, by_condition, stray, conflicts, early)


def word_errors(heard: Heard) -> tuple[dict[str, WordErrors], int]:
    """Errors of the final words by kind of turn, and how many words were heard in no turn.

    Every word is compared as part of the turn it was said in, by its time: in babble one segment may span several turns.
    """
    turns = heard.dialogue.turns
    said: list[list[str]] = [[] for _ in turns]
    stray = 0
    for segment in sorted(heard.hypotheses):
        for word in heard.hypotheses[segment][-1].words:
            place = _turn_of((word.start + word.end) / 2 / LISTEN_RATE, turns)
            if place is None:
                stray += 1
            else:
                said[place].append(word.text)
    total: dict[str, WordErrors] = {}
    for turn, words in zip(turns, said, strict=True):
        kind = "coffee orders" if is_order(turn) else turn.kind
        total[kind] = total.get(kind, WordErrors()) + count_errors(turn.text, " ".join(words))
    return total, stray


def _turn_of(at: Seconds, turns: Sequence[Turn]) -> int | None:
    """The turn that is nearest to a moment, if it is near at all."""
    distances = [max(turn.start - at, at - turn.end, 0.0) for turn in turns]
    nearest = min(range(len(turns)), key=distances.__getitem__, default=None)
    return nearest if nearest is not None and distances[nearest] <= NEAR else None
