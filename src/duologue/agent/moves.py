"""Performs the table: what each move means is in `beginnings.py` and `endings.py`; how they follow from cues is here."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from duologue.agent.beginnings import Beginnings
from duologue.agent.endings import Endings
from duologue.agent.speaking import Speaking
from duologue.agent.talk import Talk
from duologue.agent.thinking import Thinking
from duologue.agent.turntaking import Cue, Move, Stage, next_step
from duologue.runtime.machine import Seconds

LAST_EVENTS = 8
"""How many events a `Bug` tells of."""


class Moves:
    """`cue` is the only way the stage changes, but for the moves that choose it themselves."""

    def __init__(self, talk: Talk, thinking: Thinking, speaking: Speaking) -> None:
        self._talk = talk
        self.beginnings = Beginnings(talk, thinking)
        self.endings = Endings(talk, thinking, speaking)
        self.lately: deque[object] = deque(maxlen=LAST_EVENTS)
        begin, end = self.beginnings, self.endings
        self._moves: dict[Move, Callable[[Seconds], None]] = {
            Move.NOTE: _note,
            Move.DRAFT: begin.draft,
            Move.DISCARD: end.discard,
            Move.COMMIT: begin.commit,
            Move.BEGIN: begin.begin,
            Move.INTERRUPT: end.interrupt,
            Move.KEEP: begin.keep,
            Move.RESUME: begin.resume,
            Move.RESTORE: self._restore,
            Move.SPEAK: begin.speak,
            Move.BY_MANNER: self._replace,
            Move.HOLD: _note,
            Move.FINISH: end.finish,
            Move.FALL_BACK: end.fall_back,
            Move.WARN: end.warn,
        }

    def cue(self, cue: Cue, now: Seconds) -> None:
        """Look up the table and do what it says."""
        talk = self._talk
        step = next_step(cue, talk.stage, self.lately)
        if step.to is Stage.OVERLAP:
            talk.overlapped, talk.overlap_since = talk.stage, now
        for move in step.moves:
            self._moves[move](now)
        if step.to is not None:
            talk.stage = step.to
        if talk.stage is not Stage.OVERLAP:
            talk.overlap_since = None

    def _restore(self, _now: Seconds) -> None:
        self._talk.stage = self._talk.overlapped

    def _replace(self, now: Seconds) -> None:
        """By manner: the line that reaches the table while the agent is busy is one that replaces what it says."""
        talk = self._talk
        if talk.stage is Stage.DRAFTING:
            self.endings.discard(now)
        else:
            self.endings.end_reply(now)
        talk.cut = None
        self.beginnings.speak(now)
        talk.stage = Stage.THINKING


def _note(_now: Seconds) -> None:
    """Nothing follows but what the facts themselves told."""
