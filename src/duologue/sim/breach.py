"""A broken promise, as the audit reports it."""

from __future__ import annotations

from dataclasses import dataclass

from duologue.runtime.machine import Seconds


@dataclass(frozen=True, slots=True)
class Breach:
    """A rule that did not hold: which, what happened instead, and when."""

    rule: str
    what: str
    at: Seconds | None = None

    def __str__(self) -> str:
        when = "" if self.at is None else f" at {self.at:.3f} s"
        return f"{self.rule}{when}: {self.what}"
