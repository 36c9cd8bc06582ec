"""Listening, decided: voice activity, hypotheses and judgements in; turn events and orders to the engines out. Pure.

Two stages. In *front*, voices behind the caller are lowered, and the gate and the progress reports follow every activity as it is heard.
*Behind*, activities become floor and turn events in media order; where a segment closes, they wait until its final hypothesis (and the end-
of-turn model's judgement, when one is asked) has arrived. That is parking: a turn is never ended, nor eagerly ended, on words not yet
heard. A turn cannot end while a segment is open, so the gate's hang-over is the shortest pause that ends a turn. Interim words move nothing
but `TurnUpdated`; so the turn events depend on audio and words alone, not on when they arrive: a file streamed at once gives the same
events as in real time.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TypeAlias

from duologue.audio.formats import LISTEN_RATE, Samples
from duologue.listen.events import ListenEvent, Progressed, Trigger
from duologue.listen.floor import FloorEstimator
from duologue.listen.follower import TurnFollower
from duologue.listen.foreground import Foreground
from duologue.listen.gate import Forward, Gate, GateMove
from duologue.listen.hypothesis import CaptureMode, Completeness, EndSegment, Hypothesis, VoiceActivity
from duologue.listen.policy import TurnPolicy

PROGRESS: Samples = LISTEN_RATE // 10
"""`Progressed` comes every 0.1 s of audio."""


@dataclass(frozen=True, slots=True)
class AskEndOfTurn:
    """Ask the end-of-turn model about the audio up to `position`; answer with `judge`."""

    position: Samples


ListenAction: TypeAlias = ListenEvent | Forward | EndSegment | AskEndOfTurn


@dataclass(frozen=True, slots=True)
class Waiting:
    """Audio is parked behind a segment that was closed."""

    segment: int
    since: Samples
    """Where the parked audio begins."""
    for_words: bool
    """For the segment's final hypothesis; otherwise for the end-of-turn model's judgement."""


@dataclass(frozen=True, slots=True)
class _Heard:
    """A step, and where the gate stood after it: the open segment or 0, the segment it closed or 0."""

    activity: VoiceActivity
    segment: int
    closes: int

    @property
    def position(self) -> Samples:
        return self.activity.position


@dataclass(frozen=True, slots=True)
class _Ordered:
    """Something asked for behind the audio heard so far: other numbers, or the end of the turn."""

    position: Samples
    closes: int = 0
    policy: TurnPolicy | None = None
    capture: CaptureMode | None = None
    trigger: Trigger | None = None


class Listener:
    """One caller's stream. `asks` says that there is an end-of-turn model; its judgement counts `model_weight` against the text's."""

    def __init__(
        self,
        policy: TurnPolicy,
        capture: CaptureMode = CaptureMode.FREE,
        *,
        asks: bool = False,
        model_weight: float = 0.5,
    ) -> None:
        self._asks = asks
        self._foreground = Foreground(policy.foreground)
        self._gate = Gate(policy.gate)
        self.behind = TurnFollower(policy, capture, model_weight)
        """Where the turn stands, as far as it is known."""
        self._ahead: FloorEstimator | None = None
        self._parked: deque[_Heard | _Ordered] = deque()
        self._finals: dict[int, Hypothesis] = {}
        self._judgements: dict[Samples, float | None] = {}
        self._position: Samples = 0
        self._progress_at: Samples = PROGRESS
        self._answered = 0
        self._closing = False
        self.finished = False
        """Whether everything that follows from `finish` has been given."""

    # What the owner may ask.

    @property
    def position(self) -> Samples:
        """End of the last activity heard."""
        return self._position

    @property
    def waiting(self) -> Waiting | None:
        """What the parked audio waits for; `None` when nothing is parked."""
        if not self._parked:
            return None
        first = self._parked[0]
        return Waiting(first.closes, first.position, for_words=first.closes > self._answered)

    # What happened.

    def hear(self, activity: VoiceActivity) -> list[ListenAction]:
        """The next step's voice activity. One that does not go beyond the last is dropped: it is a replay."""
        if activity.position <= self._position or self._closing:
            return []
        self._position = position = activity.position
        activity = self._foreground.hear(activity)
        moves = self._gate.hear(activity)
        segment = self._gate.segment if self._gate.is_open else 0
        if moves or self._parked:
            actions: list[ListenAction] = list(moves)
            self._go_on(_Heard(activity, segment, self._closes(moves, actions)), actions)
            if self._ahead is not None:
                self._ahead.hear(position, activity.speech)
        else:
            actions = [*self.behind.advance(activity, segment)]
        if position >= self._progress_at:
            self._progress_at = position - position % PROGRESS + PROGRESS
            floor = self._ahead or self.behind.floor
            actions.append(Progressed(position, floor.value, self.behind.voiced(floor)))
        return actions

    def read(self, hypothesis: Hypothesis) -> list[ListenAction]:
        """The recogniser's belief. One about a segment that has its final hypothesis already is dropped."""
        if hypothesis.segment <= self._answered:
            return []
        if not hypothesis.final:
            return [*self.behind.read(hypothesis)]
        self._answered = hypothesis.segment
        self._finals[hypothesis.segment] = hypothesis
        return self._drain()

    def judge(self, completeness: Completeness) -> list[ListenAction]:
        """The end-of-turn model's answer to `AskEndOfTurn` at that position. One nobody waits for is dropped."""
        if not any(item.closes and item.position == completeness.position for item in self._parked):
            return []
        self._judgements[completeness.position] = completeness.value
        return self._drain()

    def give_up(self) -> list[ListenAction]:
        """What is waited for will not come: the text so far is final, and the model has no opinion."""
        if not self._parked:
            return []
        self._answered = max(self._answered, self._parked[0].closes)
        self._judgements.setdefault(self._parked[0].position, None)
        return self._drain()

    def stop_asking(self) -> list[ListenAction]:
        """There is no end-of-turn model any more: nothing waits for it."""
        self._asks = False
        return self._drain()

    def force_end(self) -> list[ListenAction]:
        """The client says that the turn is over here. Nothing happens when none is open."""
        return self._order(_Ordered(self._position, trigger=Trigger.FORCED))

    def finish(self) -> list[ListenAction]:
        """No more audio will come: an open turn ends when its last words have arrived."""
        if self._closing:
            return []
        self._closing = True
        return self._order(_Ordered(self._position, trigger=Trigger.CLOSED))

    def retune(self, policy: TurnPolicy) -> list[ListenAction]:
        """Judge by other numbers from here on."""
        self._foreground.retune(policy.foreground)
        self._gate.retune(policy.gate)
        return self._order(_Ordered(self._position, policy=policy))

    def expect(self, capture: CaptureMode) -> list[ListenAction]:
        """Another kind of answer is expected from here on."""
        return self._order(_Ordered(self._position, capture=capture))

    # How it follows.

    def _order(self, order: _Ordered) -> list[ListenAction]:
        moves = self._gate.close() if order.trigger is not None else ()
        actions: list[ListenAction] = list(moves)
        order = _Ordered(order.position, self._closes(moves, actions), order.policy, order.capture, order.trigger)
        self._go_on(order, actions)
        return actions

    def _closes(self, moves: tuple[GateMove, ...], actions: list[ListenAction]) -> int:
        """The segment that `moves` close, or 0; asks the model about the pause that begins there."""
        last = moves[-1] if moves else None
        if not isinstance(last, EndSegment):
            return 0
        if self._asks:
            actions.append(AskEndOfTurn(self._position))
        return last.segment

    def _go_on(self, item: _Heard | _Ordered, actions: list[ListenAction]) -> None:
        if not self._parked and not self._is_blocked(item):
            self._follow(item, actions)
            return
        if self._ahead is None:
            self._ahead = self.behind.floor.copy()
        self._parked.append(item)

    def _is_blocked(self, item: _Heard | _Ordered) -> bool:
        if not item.closes:
            return False
        return item.closes > self._answered or (self._asks and item.position not in self._judgements)

    def _drain(self) -> list[ListenAction]:
        actions: list[ListenAction] = []
        while self._parked and not self._is_blocked(self._parked[0]):
            self._follow(self._parked.popleft(), actions)
        if not self._parked:
            self._ahead = None
        return actions

    def _follow(self, item: _Heard | _Ordered, actions: list[ListenAction]) -> None:
        behind = self.behind
        if item.closes:
            # The floor hears the step after the words are known; the pause it closes began before both.
            final = self._finals.pop(item.closes, None)
            actions += behind.close_segment(item.closes, final, self._judgements.pop(item.position, None))
        if isinstance(item, _Heard):
            actions += behind.advance(item.activity, item.segment)
            return
        if item.policy is not None:
            behind.retune(item.policy)
        if item.capture is not None:
            behind.expect(item.capture)
        if item.trigger is not None:
            actions += behind.end(item.position, item.trigger)
            self.finished = item.trigger is Trigger.CLOSED
