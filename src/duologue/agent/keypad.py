"""Keys pressed in a row, gathered into one thing said: until the end key, a pause, or as many as there may be."""

from __future__ import annotations

from duologue.agent.settings import KeypadPolicy
from duologue.runtime.machine import Seconds

KEYS = frozenset("0123456789*#ABCD")
"""What a telephone can send."""


class Keypad:
    """Gathers keys."""

    def __init__(self, policy: KeypadPolicy) -> None:
        self._policy = policy
        self._keys = ""
        self._done = False
        self._due: Seconds | None = None

    @property
    def gathering(self) -> bool:
        """Keys have been pressed, and more may come."""
        return bool(self._keys)

    def press(self, key: str, now: Seconds) -> bool:
        """One more key. Returns whether it is one; anything else means nothing."""
        if key not in KEYS:
            return False
        ends = key in self._policy.end_keys
        if not ends or not self._keys:  # an end key alone is what was said
            self._keys += key
        self._done = ends or len(self._keys) >= self._policy.most
        self._due = now + self._policy.pause
        return True

    def take(self, now: Seconds) -> str:
        """What was entered, once it is complete; empty before."""
        if self._due is None or not (self._done or now >= self._due):
            return ""
        keys, self._keys, self._due, self._done = self._keys, "", None, False
        return keys

    def wake_at(self) -> Seconds | None:
        """When a pause makes it complete."""
        return self._due
