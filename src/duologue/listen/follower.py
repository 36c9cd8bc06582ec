"""The turn of one caller, step by step in media order: floor, words and table together, told as turn events. Pure.

Nothing here waits. Who calls sees to it that a step that closes a segment comes only when the segment's last words are known.
"""

from __future__ import annotations

from collections import deque
from dataclasses import replace

from duologue.audio.formats import LISTEN_RATE, Samples
from duologue.audio.spans import TimedWord
from duologue.listen.completeness import Finding, judge_text
from duologue.listen.decisions import Grounds, decide
from duologue.listen.events import Trigger, TurnEagerEnded, TurnEnded, TurnEvent, TurnResumed, TurnStarted, TurnUpdated
from duologue.listen.floor import UNKNOWN, FloorEstimator
from duologue.listen.hypothesis import CaptureMode, Hypothesis, VoiceActivity
from duologue.listen.policy import TurnPolicy
from duologue.listen.transcript import Transcript
from duologue.listen.turns import Move, Transition, TurnDetector, TurnState
from duologue.runtime.machine import Seconds

MOST_HELD = 256
"""Interim hypotheses kept for a turn that has not begun yet; older ones are dropped, the final one has their words."""


class TurnFollower:
    """Gives the turn events that follow from each step, in order."""

    def __init__(self, policy: TurnPolicy, capture: CaptureMode, model_weight: float) -> None:
        self._policy = policy
        self._capture = capture
        self._weight = model_weight
        self._turns = TurnDetector(policy)
        self._transcript = Transcript()
        self._held: deque[Hypothesis] = deque(maxlen=MOST_HELD)
        self._grounds = Grounds(Finding(UNKNOWN, "is not known"), UNKNOWN)
        self._turn = 0
        self._segment = 0
        self._voiced_before: Samples = 0
        self.floor = FloorEstimator(policy.floor)

    @property
    def state(self) -> TurnState:
        """Where the turn stands."""
        return self._turns.state

    @property
    def early_words(self) -> int:
        """Words that were stable before their final hypothesis came, so far."""
        return self._transcript.early

    @property
    def conflicts(self) -> int:
        """Those of them that the final hypotheses do not have."""
        return self._transcript.conflicts

    def voiced(self, floor: FloorEstimator) -> Seconds:
        """Speech since the turn began according to `floor`, in seconds; 0 outside turns."""
        if self._turns.state is TurnState.IDLE:
            return 0.0
        return (floor.voiced - self._voiced_before) / LISTEN_RATE

    def retune(self, policy: TurnPolicy) -> None:
        """Judge by other numbers from the next step on."""
        self._policy = policy
        self.floor.retune(policy.floor)
        self._turns.retune(policy)

    def expect(self, capture: CaptureMode) -> None:
        """Another kind of answer is expected from the next pause on."""
        self._capture = capture

    def advance(self, activity: VoiceActivity, segment: int) -> list[TurnEvent]:
        """One step. `segment` is the one open after it, 0 when none is."""
        value = self.floor.hear(activity.position, activity.speech)
        if segment:
            self._segment = segment
            # While a segment is open the caller may take the floor, but it is too early to lose it.
            if value <= self._policy.start:
                return []
        elif not value and self._turns.state is TurnState.IDLE:
            return []
        events: list[TurnEvent] = []
        for transition in self._turns.advance(activity.position, value, self.floor.silence):
            self._tell(transition, events)
        return events

    def read(self, hypothesis: Hypothesis) -> list[TurnEvent]:
        """Interim words. They move nothing but `TurnUpdated`; those of a turn that has not begun, or is in doubt, are held."""
        events: list[TurnEvent] = []
        if hypothesis.segment == self._segment and self._turns.state is TurnState.SPEAKING:
            self._update(hypothesis, events)
        else:
            self._held.append(hypothesis)
        return events

    def close_segment(self, segment: int, final: Hypothesis | None, judgement: float | None) -> list[TurnEvent]:
        """The segment is over; these are its last words (`None`: what was believed last), and the model's judgement if it gave one."""
        events: list[TurnEvent] = []
        self._segment = segment
        if final is None:
            believed = [hypothesis for hypothesis in self._held if hypothesis.segment == segment]
            final = replace(believed[-1], final=True) if believed else None
        if final is None:
            self._transcript.settle()
        else:
            self._read_final(final, events)
        while self._held and self._held[0].segment <= segment:
            self._held.popleft()
        if self._turns.state is TurnState.IDLE:
            finding = Finding(UNKNOWN, "is not known")
        else:
            ending = None if final is None else final.ending
            finding = judge_text(self._transcript.reading.text, self._capture, ending=ending)
        value = finding.value if judgement is None else finding.value + self._weight * (judgement - finding.value)
        self._grounds = Grounds(finding, value)
        self.floor.assume(value)
        return events

    def end(self, position: Samples, trigger: Trigger) -> list[TurnEvent]:
        """End an open turn at `position`; what follows has to take the floor anew."""
        events: list[TurnEvent] = []
        for transition in self._turns.force(position, self.floor.value, self.floor.silence, trigger):
            self._tell(transition, events)
        self.floor.release()
        return events

    def _read_final(self, final: Hypothesis, events: list[TurnEvent]) -> None:
        if self._turns.state is TurnState.EAGER_ENDED and final.text.strip():
            for transition in self._turns.read(final.position, self.floor.value, self.floor.silence):
                self._tell(transition, events)
        if self._turns.state is TurnState.SPEAKING:
            self._update(final, events)

    def _update(self, hypothesis: Hypothesis, events: list[TurnEvent]) -> None:
        if self._transcript.read(hypothesis):
            reading = self._transcript.reading
            position = hypothesis.position
            events.append(TurnUpdated(self._turn, position, reading.text, reading.stable_text, reading.words))

    def _tell(self, transition: Transition, events: list[TurnEvent]) -> None:
        position, decision = transition.position, decide(transition, self._grounds)
        confidence = round(1.0 - transition.floor, 4)
        if transition.move is Move.START:
            self._turn += 1
            self._transcript.begin()
            self._voiced_before = self.floor.voiced_before_run
            events.append(TurnStarted(self._turn, position, self.floor.speech_start, decision))
            self._read_held(events)
        elif transition.move is Move.RESUME:
            events.append(TurnResumed(self._turn, position, decision))
            self._read_held(events)
        elif transition.move is Move.EAGER_END:
            text, stable, words = self._read_out()
            events.append(TurnEagerEnded(self._turn, position, text, stable, words, confidence, decision))
        elif transition.move is Move.END:
            self._transcript.settle()
            text, stable, words = self._read_out()
            end = self.floor.speech_end
            events.append(TurnEnded(self._turn, position, text, stable, words, confidence, end, decision))

    def _read_out(self) -> tuple[str, str, tuple[TimedWord, ...]]:
        reading = self._transcript.reading
        return reading.text, reading.stable_text, reading.words

    def _read_held(self, events: list[TurnEvent]) -> None:
        """Words that came before the turn was known to have begun, or to go on."""
        held, self._held = self._held, deque(maxlen=MOST_HELD)
        for hypothesis in held:
            if hypothesis.segment == self._segment:
                self._update(hypothesis, events)
            elif hypothesis.segment > self._segment:
                self._held.append(hypothesis)
