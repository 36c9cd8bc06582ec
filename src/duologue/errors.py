"""The four families of error. Everything that goes wrong is one of these before it is turned into a vendor's shape.

A `Violation` is the client's fault, a `Refused` is policy, an `EngineFailure` is ours or an engine's, a `Bug` is a broken promise of
this program. What cannot be told apart by family is told apart by `code`, a lower-case word that dialects map to the vendor's codes.
"""

from __future__ import annotations


class DuologueError(Exception):
    """Base of the four families; catch a family, not this."""


class Violation(DuologueError):
    """The client sent something the protocol or a limit does not allow.

    `code` names the rule (`"not_json"`, `"unknown_voice"`, `"too_large"` ...), `path` the offending member in dots and brackets
    (`"agent.think.functions[0].name"`, empty for the whole message), `expected` what would have been right, `remedy` what to do.
    `fatal` says that the vendor closes the connection after reporting this one.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        path: str = "",
        expected: str = "",
        remedy: str = "",
        fatal: bool = False,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.path = path
        self.expected = expected
        self.remedy = remedy
        self.fatal = fatal

    def __str__(self) -> str:
        where = f"{self.path}: " if self.path else ""
        expected = f"; expected {self.expected}" if self.expected else ""
        remedy = f". {self.remedy}" if self.remedy else ""
        return f"{where}{self.message}{expected}{remedy}"


class Refused(DuologueError):
    """Policy says no, now: too many connections, a full engine pool, a wrong key. `retry_after_s` says when asking again may help."""

    def __init__(self, code: str, message: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.retry_after_s = retry_after_s


class EngineFailure(DuologueError):
    """An engine, or the worker it lives in, failed. `lost` says what will not come, `retried` whether it was tried again."""

    def __init__(self, engine: str, message: str, *, lost: str = "", retried: bool = False) -> None:
        super().__init__(message)
        self.engine = engine
        self.message = message
        self.lost = lost
        self.retried = retried

    def __str__(self) -> str:
        lost = f"; lost: {self.lost}" if self.lost else ""
        return f"{self.engine}: {self.message}{lost}"


class Bug(DuologueError):
    """This program broke one of its own promises. Please report it with the event log of the call."""
