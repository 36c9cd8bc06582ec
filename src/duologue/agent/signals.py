"""What reaches a call besides speech: the keys a caller presses, and data of the application.

Keys are something the caller says: gathered into one turn (`keypad.py`), answered like any other, and pressing one stops the agent as
talking over it would. Data is something the model knows from then on; it starts no reply unless the agent's settings say so.
"""

from __future__ import annotations

from duologue.agent.events import CustomReceived, KeyPressed
from duologue.agent.history import Line
from duologue.agent.keypad import Keypad
from duologue.agent.moves import Moves
from duologue.agent.notices import Warned
from duologue.agent.settings import CustomUse
from duologue.agent.talk import Said, Talk
from duologue.agent.turntaking import Cue
from duologue.runtime.machine import Seconds
from duologue.think.messages import Speaker

MAX_CUSTOM = 8_000
"""Characters of one piece of data that the model is told."""
CUSTOM_NOTE = "Data from the application: {data}"


class Signals:
    """Turns them into turns and notes."""

    def __init__(self, talk: Talk, moves: Moves) -> None:
        self._talk = talk
        self._moves = moves
        self._keypad = Keypad(talk.settings.keypad)

    @property
    def gathering(self) -> bool:
        """The caller is entering something."""
        return self._keypad.gathering

    def take(self, event: KeyPressed | CustomReceived, now: Seconds) -> None:
        """One of them came."""
        match event:
            case KeyPressed(key):
                self._press(key, now)
            case CustomReceived(data):
                self._receive(data, now)

    def _press(self, key: str, now: Seconds) -> None:
        """The caller pressed a key."""
        talk = self._talk
        if talk.draining or not self._keypad.press(key, now):
            talk.late_facts += 1
            return
        if talk.settings.keypad.interrupts:
            self._insist(now)
        self.look_at_clock(now)

    def look_at_clock(self, now: Seconds) -> None:
        """What was entered may be complete."""
        keys = self._keypad.take(now)
        if keys:
            self._say(self._talk.settings.keypad.said_as.replace("{keys}", keys), now)

    def wake_at(self) -> Seconds | None:
        """When time alone completes it."""
        return self._keypad.wake_at()

    def write(self, text: str, now: Seconds) -> None:
        """The application speaks for the caller: they insist, and are done."""
        if text.strip() and not self._talk.draining:
            self._insist(now)
            self._say(text.strip(), now)

    def _receive(self, data: str, now: Seconds) -> None:
        """Data came, as JSON text."""
        talk = self._talk
        if len(data) > MAX_CUSTOM:
            talk.tell(Warned("custom_too_long", f"of {len(data)} characters of data the model is told {MAX_CUSTOM}"))
            data = data[:MAX_CUSTOM]
        match talk.settings.custom:
            case CustomUse.NOTE:
                talk.history.add(Line(Speaker.SYSTEM, CUSTOM_NOTE.replace("{data}", data)))
            case CustomUse.TURN:
                self.write(CUSTOM_NOTE.replace("{data}", data), now)
            case CustomUse.IGNORE:
                pass

    def _insist(self, now: Seconds) -> None:
        """Not heard but known for sure: a reply it cuts is not cut in vain."""
        self._talk.by_voice = False
        self._moves.cue(Cue.CALLER_INSISTS, now)
        self._talk.by_voice = True

    def _say(self, text: str, now: Seconds) -> None:
        self._talk.said = Said(text)
        self._moves.cue(Cue.CALLER_DONE, now)
