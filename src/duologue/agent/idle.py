"""Nobody says anything: when to ask whether the caller is still there, and when to hang up."""

from __future__ import annotations

from duologue.agent.settings import IdlePolicy
from duologue.runtime.machine import Seconds


class IdleClock:
    """Measures silence. The check-in line is said once per silence and does not put off the hanging up."""

    def __init__(self, policy: IdlePolicy) -> None:
        self._policy = policy
        self._quiet_since: Seconds | None = None
        self._alone_since: Seconds | None = None
        self._checked_in = False

    def note(self, *, quiet: bool, checking_in: bool, now: Seconds) -> None:
        """How things stand now: nobody speaks (`quiet`), or only the check-in line is being spoken (`checking_in`)."""
        if quiet:
            if self._quiet_since is None:
                self._quiet_since = now
            if self._alone_since is None:
                self._alone_since = now
            return
        self._quiet_since = None
        if not checking_in:
            self._alone_since = None
            self._checked_in = False

    def takes_leave(self, now: Seconds) -> bool:
        """It is time to hang up."""
        due = self._hang_up_at()
        return due is not None and now >= due

    def asks(self, now: Seconds) -> bool:
        """It is time for the check-in line; told once."""
        due = self._check_in_at()
        if due is None or now < due:
            return False
        self._checked_in = True
        return True

    def wake_at(self) -> Seconds | None:
        """The next of the two."""
        check_in, hang_up = self._check_in_at(), self._hang_up_at()
        if check_in is None or hang_up is None:
            return hang_up if check_in is None else check_in
        return min(check_in, hang_up)

    def _check_in_at(self) -> Seconds | None:
        if self._quiet_since is None or self._checked_in or self._policy.check_in_after is None:
            return None
        return self._quiet_since + self._policy.check_in_after

    def _hang_up_at(self) -> Seconds | None:
        if self._alone_since is None or self._quiet_since is None or self._policy.hang_up_after is None:
            return None
        return self._alone_since + self._policy.hang_up_after
