"""Letting engines hear a conversation once, as a listening stream would, so that policies can be swept over what they said.

The gate follows voice activity alone, so the recogniser hears the same segments whatever the thresholds of the turn policy are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TypeAlias

import numpy as np

from duologue.audio.formats import LISTEN_RATE, Pcm, Samples
from duologue.audio.spans import AudioSpan, TimedWord
from duologue.listen.foreground import Foreground
from duologue.listen.gate import Forward, Gate
from duologue.listen.hypothesis import (
    EndSegment,
    Hypothesis,
    ListenOptions,
    SpeechRecognizer,
    VoiceActivity,
    VoiceActivityDetector,
)
from duologue.listen.policy import GatePolicy
from duologue.runtime.engines import EngineStream
from duologue.sim.turn_bench import Dialogue, Heard, Turn

STEP: Samples = 512

Expect: TypeAlias = Callable[[Turn], ListenOptions]
"""What an agent would expect of a turn: capture mode, grammar."""


def hear_voice(detector: VoiceActivityDetector, pcm: Pcm) -> tuple[VoiceActivity, ...]:
    """The detector's activity for every step, as it says it."""
    stream = detector.open(ListenOptions())
    whole = np.concatenate((pcm, np.zeros(-len(pcm) % STEP, np.float32)))
    said = [
        activity
        for start in range(0, len(whole), STEP)
        for activity in stream.feed(AudioSpan(start, whole[start : start + STEP]))
    ]
    stream.close()
    return tuple(said)


def plain(activities: Sequence[VoiceActivity]) -> tuple[tuple[Samples, float], ...]:
    """What a listener that believes the detector hears."""
    return tuple((activity.position, activity.speech) for activity in activities)


def told_apart(activities: Sequence[VoiceActivity]) -> tuple[tuple[Samples, float], ...]:
    """What our listener hears: the caller, without voices behind."""
    return plain([*map(Foreground().hear, activities)])


def segments(activities: Sequence[tuple[Samples, float]], policy: GatePolicy) -> Iterator[tuple[int, list[Forward]]]:
    """What the gate forwards of each segment, in order."""
    gate = Gate(policy)
    given: list[Forward] = []
    steps = [gate.hear(VoiceActivity(position, speech)) for position, speech in activities]
    for moves in [*steps, gate.close()]:
        for move in moves:
            if isinstance(move, EndSegment):
                yield move.segment, given
                given = []
            else:
                given.append(move)


def hear_words(
    recognizer: SpeechRecognizer,
    dialogue: Dialogue,
    pcm: Pcm,
    activities: Sequence[tuple[Samples, float]],
    policy: GatePolicy,
    expect: Expect | None = None,
    unexpected: Heard | None = None,
) -> Heard:
    """What the recogniser says of every segment. With `expect` it is told what the agent would expect of the turn it falls into.

    `unexpected` is what it said without: taken over where nothing special is expected, so that nothing is decoded twice.
    """
    streams: dict[ListenOptions, EngineStream[AudioSpan | EndSegment, Hypothesis]] = {}
    hypotheses: dict[int, tuple[Hypothesis, ...]] = {}
    for segment, given in segments(activities, policy):
        turn = turn_at(dialogue, given[0].start, given[-1].end)
        options = ListenOptions() if expect is None or turn is None else expect(turn)
        if unexpected is not None and options == ListenOptions():
            hypotheses[segment] = unexpected.hypotheses[segment]
            continue
        if options not in streams:
            streams[options] = recognizer.open(options)
        stream = streams[options]
        said: list[Hypothesis] = []
        for forward in given:
            said += stream.feed(AudioSpan(forward.start, pcm[forward.start : forward.end]))
        said += stream.feed(EndSegment(segment))
        # Each stream counts its own segments.
        hypotheses[segment] = tuple(_renumbered(hypothesis, segment) for hypothesis in said)
    for stream in streams.values():
        stream.close()
    return Heard(dialogue, tuple(activities), hypotheses)


def hear_reference(
    dialogue: Dialogue,
    activities: Sequence[tuple[Samples, float]],
    policy: GatePolicy,
    ending: Callable[[Sequence[str]], float | None] = lambda _words: None,
) -> Heard:
    """What a recogniser without errors would say: the bound of what words can do. `ending` is the language model it would have."""
    words = [word for turn in dialogue.turns for word in turn.words]
    hypotheses: dict[int, tuple[Hypothesis, ...]] = {}
    done = 0
    for segment, given in segments(activities, policy):
        end = given[-1].end / LISTEN_RATE
        # Reference times are about 30 ms accurate: a word belongs to the segment that has its middle.
        last = next((place for place, (_, a, b) in enumerate(words) if (a + b) / 2 > end), len(words))
        mine = words[done:last]
        done = max(done, last)
        timed = tuple(TimedWord(word, round(a * LISTEN_RATE), round(b * LISTEN_RATE)) for word, a, b in mine)
        text = " ".join(word for word, _, _ in mine)
        sure = ending([word for word, _, _ in mine])
        hypotheses[segment] = (Hypothesis(segment, given[-1].end, text, timed, final=True, ending=sure),)
    return Heard(dialogue, tuple(activities), hypotheses)


def turn_at(dialogue: Dialogue, start: Samples, end: Samples) -> Turn | None:
    """The turn that the audio from `start` to `end` overlaps most; `None` when it overlaps none."""

    def overlap(turn: Turn) -> float:
        return min(turn.end, end / LISTEN_RATE) - max(turn.start, start / LISTEN_RATE)

    best = max(dialogue.turns, key=overlap, default=None)
    return best if best is not None and overlap(best) > 0 else None


def _renumbered(hypothesis: Hypothesis, segment: int) -> Hypothesis:
    if hypothesis.segment == segment:
        return hypothesis
    return replace(hypothesis, segment=segment)
