"""A caller drawn with one character per 32 ms step, and a recogniser that answers as told: what the listener's tests are written with."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from duologue.audio.spans import TimedWord
from duologue.listen.events import ListenEvent, Progressed
from duologue.listen.gate import Forward
from duologue.listen.hypothesis import EndSegment, Hypothesis, VoiceActivity
from duologue.listen.listener import AskEndOfTurn, ListenAction, Listener

STEP = 512

LEVELS = {"#": 0.95, "+": 0.6, ".": 0.02}
"""Speech, a murmur that opens the gate without taking the floor, silence."""


def activities(drawing: str, start: int = 0) -> list[VoiceActivity]:
    return [VoiceActivity((start + place) * STEP, LEVELS[char]) for place, char in enumerate(drawing, 1)]


def final(segment: int, text: str, position: int = 0) -> Hypothesis:
    words = tuple(TimedWord(word, position, position) for word in text.split())
    return Hypothesis(segment, position, text, words, final=True)


def names(actions: Iterable[ListenAction]) -> list[str]:
    """The turn events among them by name, with their text."""
    told = []
    for action in actions:
        if isinstance(action, Forward | EndSegment | AskEndOfTurn | Progressed):
            continue
        text = getattr(action, "text", None)
        told.append(type(action).__name__ if text is None else f"{type(action).__name__} {text!r}")
    return told


class Scene:
    """A listener whose recogniser answers every segment at once with the next of `texts`, unless it is `slow`."""

    def __init__(self, listener: Listener, texts: Sequence[str] = (), *, slow: bool = False) -> None:
        self.listener = listener
        self._texts = list(texts)
        self._slow = slow
        self.asked: list[int] = []
        """Segments whose final is due and was not given."""
        self.actions: list[ListenAction] = []

    def hear(self, drawing: str) -> list[str]:
        """What is told while this is heard."""
        told = len(self.actions)
        for activity in activities(drawing, self.listener.position // STEP):
            self.take(self.listener.hear(activity))
        return names(self.actions[told:])

    def read(self, hypothesis: Hypothesis) -> list[str]:
        """What is told when the recogniser says this."""
        told = len(self.actions)
        self.take(self.listener.read(hypothesis))
        return names(self.actions[told:])

    def answer(self) -> list[str]:
        """Give the oldest final that is due."""
        told = len(self.actions)
        self.take(self.listener.read(self._next_final(self.asked.pop(0))))
        return names(self.actions[told:])

    def finish(self) -> list[str]:
        told = len(self.actions)
        self.take(self.listener.finish())
        return names(self.actions[told:])

    @property
    def events(self) -> list[ListenEvent]:
        """All turn events so far."""
        return [
            action
            for action in self.actions
            if not isinstance(action, Forward | EndSegment | AskEndOfTurn | Progressed)
        ]

    def _next_final(self, segment: int) -> Hypothesis:
        return final(segment, self._texts[segment - 1] if segment <= len(self._texts) else "", self.listener.position)

    def take(self, actions: Iterable[ListenAction]) -> None:
        for action in actions:
            self.actions.append(action)
            if isinstance(action, EndSegment):
                if self._slow:
                    self.asked.append(action.segment)
                else:
                    self.take(self.listener.read(self._next_final(action.segment)))
