"""Scoring turn detection on conversations with known turns: what was cut, how long each end took, what was found. Pure.

Engines are heard once (`Heard`); policies are swept by replaying what they said through the `Listener`, so a whole curve costs less than
one run of an engine. All times are seconds of audio.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from duologue.audio.formats import LISTEN_RATE, Samples
from duologue.listen.events import ListenEvent, TurnEagerEnded, TurnEnded, TurnStarted
from duologue.listen.gate import Forward
from duologue.listen.hypothesis import CaptureMode, Completeness, EndSegment, Hypothesis, VoiceActivity
from duologue.listen.listener import AskEndOfTurn, ListenAction, Listener
from duologue.listen.policy import TurnPolicy
from duologue.runtime.machine import Seconds

EDGE: Seconds = 0.15
"""Reference times are machine-made: an end this much before the last word's is still the turn's end."""


@dataclass(frozen=True, slots=True)
class Pause:
    """A silence inside a turn that must not be taken for its end."""

    start: Seconds
    end: Seconds
    kind: str
    """`natural` in the recording, `sentence` or `clause` where a speaker would pause, `word` anywhere."""


@dataclass(frozen=True, slots=True)
class Turn:
    """What the caller said, and when."""

    start: Seconds
    end: Seconds
    kind: str
    text: str
    files: tuple[str, ...] = ()
    pauses: tuple[Pause, ...] = ()
    words: tuple[tuple[str, Seconds, Seconds], ...] = ()
    """Each word with its beginning and end."""


@dataclass(frozen=True, slots=True)
class Dialogue:
    """The turns of one conversation; none at all in a test for false starts."""

    name: str
    duration: Seconds
    condition: str
    turns: tuple[Turn, ...]


@dataclass(frozen=True, slots=True)
class Heard:
    """Everything the engines said of one dialogue, under one gate."""

    dialogue: Dialogue
    activities: tuple[tuple[Samples, float], ...]
    hypotheses: Mapping[int, tuple[Hypothesis, ...]] = field(default_factory=dict)
    """By segment, the final one last."""
    judgements: Mapping[Samples, float] = field(default_factory=dict)
    """The end-of-turn model's, by the position it was asked at."""


def replay(
    heard: Heard,
    policy: TurnPolicy,
    *,
    with_words: bool = True,
    with_model: bool = False,
    model_weight: float = 0.5,
    expect: Sequence[tuple[Seconds, CaptureMode]] | None = None,
) -> list[ListenEvent]:
    """The events a listener with this policy gives for what was heard. The gate must be the one of the recording.

    `expect` says from when on which kind of answer is expected.
    """
    listener = Listener(policy, asks=with_model, model_weight=model_weight)
    return _run(listener, heard, expect, with_words=with_words)


def count_conflicts(
    heard: Heard, policy: TurnPolicy, expect: Sequence[tuple[Seconds, CaptureMode]] | None = None
) -> tuple[int, int]:
    """How many words were stable before their final hypothesis came and are not in it, and how many were stable so early."""
    listener = Listener(policy)
    _run(listener, heard, expect, with_words=True)
    return listener.behind.conflicts, listener.behind.early_words


def _run(
    listener: Listener, heard: Heard, expect: Sequence[tuple[Seconds, CaptureMode]] | None, *, with_words: bool
) -> list[ListenEvent]:
    expected = deque(expect or ())
    events: list[ListenEvent] = []

    def perform(actions: Iterable[ListenAction]) -> None:
        for action in actions:
            if isinstance(action, EndSegment):
                for hypothesis in _answers(heard, action.segment, listener.position, with_words=with_words):
                    perform(listener.read(hypothesis))
            elif isinstance(action, AskEndOfTurn):
                value = heard.judgements.get(action.position, 0.5)
                perform(listener.judge(Completeness(action.position, value)))
            elif not isinstance(action, Forward):
                events.append(action)

    for position, speech in heard.activities:
        while expected and expected[0][0] * LISTEN_RATE <= position:
            perform(listener.expect(expected.popleft()[1]))
        perform(listener.hear(VoiceActivity(position, speech)))
    perform(listener.finish())
    return events


def _answers(heard: Heard, segment: int, position: Samples, *, with_words: bool) -> tuple[Hypothesis, ...]:
    if with_words and segment in heard.hypotheses:
        return heard.hypotheses[segment]
    return (Hypothesis(segment, position, "", final=True),)


@dataclass(frozen=True, slots=True)
class TurnScore:
    """Counts and delays over one or many dialogues; add them up with `+`."""

    turns: int = 0
    found: int = 0
    """Turns during which a turn was open."""
    pauses: Mapping[str, int] = field(default_factory=dict)
    """How many of each kind there were."""
    cut: Mapping[str, int] = field(default_factory=dict)
    """How many of them a turn ended in."""
    cut_elsewhere: int = 0
    """Ends inside a turn but outside its known pauses."""
    delays: tuple[Seconds, ...] = ()
    """From the end of a turn's speech to `TurnEnded`, for the turns found."""
    onsets: tuple[Seconds, ...] = ()
    """From the beginning of a turn's speech to `TurnStarted`, for the turns found that were not open before."""
    eager_ends: int = 0
    ends: int = 0
    false_starts: int = 0
    """Turns begun where nobody spoke."""
    quiet: Seconds = 0.0
    """How long nobody spoke."""

    def __add__(self, other: TurnScore) -> TurnScore:
        return TurnScore(
            self.turns + other.turns,
            self.found + other.found,
            _summed(self.pauses, other.pauses),
            _summed(self.cut, other.cut),
            self.cut_elsewhere + other.cut_elsewhere,
            self.delays + other.delays,
            self.onsets + other.onsets,
            self.eager_ends + other.eager_ends,
            self.ends + other.ends,
            self.false_starts + other.false_starts,
            self.quiet + other.quiet,
        )

    @property
    def cut_share(self) -> float:
        """Of all pauses inside turns, the share a turn ended in."""
        return sum(self.cut.values()) / max(1, sum(self.pauses.values()))

    @property
    def delay(self) -> Seconds:
        """Mean added delay."""
        return sum(self.delays) / max(1, len(self.delays))

    @property
    def false_starts_per_minute(self) -> float:
        """Turns begun where nobody spoke, per minute in which nobody did."""
        return 60.0 * self.false_starts / self.quiet if self.quiet else 0.0


def _summed(one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, int]:
    return {key: one.get(key, 0) + other.get(key, 0) for key in sorted({*one, *other})}


def score(dialogue: Dialogue, events: Sequence[ListenEvent], kind: str | None = None) -> TurnScore:
    """Compare the turn events of one dialogue with its turns, or with those of one kind."""
    starts = [event.position / LISTEN_RATE for event in events if isinstance(event, TurnStarted)]
    begins = [event.speech_start / LISTEN_RATE for event in events if isinstance(event, TurnStarted)]
    ends = [event.position / LISTEN_RATE for event in events if isinstance(event, TurnEnded)]
    spans = list(zip(starts, ends, strict=True))
    total = TurnScore(
        eager_ends=sum(isinstance(event, TurnEagerEnded) for event in events),
        ends=len(ends),
        false_starts=sum(1 for begin, end in zip(begins, ends, strict=True) if not _overlaps(dialogue, begin, end)),
        quiet=dialogue.duration - sum(turn.end - turn.start for turn in dialogue.turns),
    )
    limits = [*(turn.start for turn in dialogue.turns[1:]), dialogue.duration + 60.0]
    for turn, limit in zip(dialogue.turns, limits, strict=True) if dialogue.turns else ():
        if kind is not None and turn.kind != kind:
            continue
        total += _score_turn(turn, limit, spans)
    return total


def _score_turn(turn: Turn, limit: Seconds, spans: Sequence[tuple[Seconds, Seconds]]) -> TurnScore:
    mine = [(start, end) for start, end in spans if start < turn.end + EDGE and end > turn.start]
    inside = [end for _, end in mine if turn.start < end < turn.end - EDGE]
    cut: dict[str, int] = {}
    known = 0
    for pause in turn.pauses:
        hits = sum(1 for end in inside if pause.start < end <= pause.end + EDGE)
        known += hits
        cut[pause.kind] = cut.get(pause.kind, 0) + (1 if hits else 0)
    pauses: dict[str, int] = {}
    for pause in turn.pauses:
        pauses[pause.kind] = pauses.get(pause.kind, 0) + 1
    last = [end for _, end in mine if end >= turn.end - EDGE]
    return TurnScore(
        turns=1,
        found=1 if mine else 0,
        pauses=pauses,
        cut=cut,
        cut_elsewhere=len(inside) - known,
        # A turn that swallowed the next one is charged up to the next one's beginning.
        delays=(min(last[0], limit) - turn.end,) if last else (),
        onsets=(mine[0][0] - turn.start,) if mine and mine[0][0] >= turn.start - EDGE else (),
    )


def _overlaps(dialogue: Dialogue, start: Seconds, end: Seconds) -> bool:
    return any(turn.start - EDGE < end and turn.end + EDGE > start for turn in dialogue.turns)


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """One policy of a sweep."""

    label: str
    score: TurnScore


def delay_at(curve: Sequence[CurvePoint], cut_share: float) -> Seconds | None:
    """The least mean delay of a curve whose points cut at most this share, between points by straight lines; `None` beyond its ends."""
    points = sorted({(point.score.cut_share, point.score.delay) for point in curve})
    best: Seconds | None = None
    for (less, slow), (more, fast) in itertools.pairwise(points):
        if less <= cut_share <= more and more > less:
            delay = slow + (fast - slow) * (cut_share - less) / (more - less)
            best = delay if best is None else min(best, delay)
    exact = [delay for share, delay in points if share <= cut_share]
    if exact and (best is None or min(exact) < best):
        best = min(exact)
    return best
