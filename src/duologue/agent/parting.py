"""An end the agent has decided on: it hangs up, or hands the call on, once what it says before has been heard.

The call of the action stays open until then, in the ledger like any other. It belongs to a reply: when that has been heard to its end the
end is due; when another reply begins instead, because the caller went on talking, it is off.
"""

from __future__ import annotations

from duologue.agent.toolbox import LedgerEntry

DONE = "Done."
OFF = "Not done: the caller went on talking. Call it again when it is time."
"""What the model is told of an end that came, and of one that did not."""


class Parting:
    """At most one at a time."""

    def __init__(self) -> None:
        self._entry: LedgerEntry | None = None
        self._target = ""
        self._due = False

    def plan(self, entry: LedgerEntry, target: str = "") -> bool:
        """To be done after the reply the call belongs to; `target` is whom the call goes to, empty to hang up. `False`: there is one."""
        if self._entry is not None:
            return False
        self._entry, self._target, self._due = entry, target, False
        entry.due = float("inf")  # what is said before may take its time
        return True

    @property
    def planned(self) -> LedgerEntry | None:
        """The call of the action, while it waits."""
        return self._entry

    @property
    def due(self) -> bool:
        """It may be done now, if nobody speaks."""
        return self._due

    def follows(self, reply: int) -> bool:
        """It is to be done after this reply."""
        return self._entry is not None and self._entry.reply == reply

    def reply_over(self, reply: int) -> None:
        """A reply was heard to its end, or can be heard no further."""
        self._due = self._due or self.follows(reply)

    def take(self) -> tuple[LedgerEntry, str] | None:
        """It is done, or off: the call, which is now to be settled, and whom it was to go to."""
        entry, target = self._entry, self._target
        self._entry, self._target, self._due = None, "", False
        return None if entry is None else (entry, target)
