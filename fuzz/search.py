"""The search: mutate, run, keep what reached something new, and make findings small.

New is a line of the program that no input reached before, or another thing said about an input. Lines are watched with `sys.settrace`; a
function all of whose lines were seen is watched no more, so the search gets faster as it goes.
"""

from __future__ import annotations

import json
import random
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import CodeType, FrameType
from typing import Any

from fuzz.case import Case, Piece, Pieces
from fuzz.mutator import Mutator

LIMIT_S = 2.0
"""Processor time of one input. The slowest honest one takes a tenth of it."""
MAX_KEPT = 3_000
"""Inputs kept of a target."""
SHRINK_RUNS = 400


class TookTooLong(BaseException):
    """An input needs more than `LIMIT_S`. No `Exception`, so that nothing in between takes it for its own."""


@dataclass(frozen=True)
class Target:
    """Something that reads what others wrote."""

    name: str
    run: Callable[[Pieces], Iterator[str]]
    """Reads the pieces and yields what was said about them. Raises only for a broken promise."""
    seeds: Callable[[], Sequence[Pieces]]
    guided: bool = True
    """Lines are worth watching: what runs long inside of libraries is found sooner without."""


@dataclass(slots=True)
class Finding:
    """A broken promise and the input that shows it."""

    case: Case
    where: str
    trace: str


@dataclass(slots=True)
class Outcome:
    """Of searching one target."""

    runs: int = 0
    seconds: float = 0.0
    kept: int = 0
    lines: int = 0
    findings: list[Finding] = field(default_factory=list)


class Lines:
    """Which lines of the program were reached."""

    def __init__(self, part: str = "/duologue/") -> None:
        self._part = part
        self._left: dict[CodeType, set[int] | None] = {}
        self.seen = 0

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Watch while inside."""
        before = sys.gettrace()
        sys.settrace(self._enter)
        try:
            yield
        finally:
            sys.settrace(before)

    def _enter(self, frame: FrameType, _event: str, _argument: Any) -> Any:
        code = frame.f_code
        if code not in self._left:
            ours = self._part in code.co_filename
            self._left[code] = {line for _, _, line in code.co_lines() if line is not None} if ours else None
        return self._line if self._left[code] else None

    def _line(self, frame: FrameType, _event: str, _argument: Any) -> Any:
        left = self._left[frame.f_code]
        if left and frame.f_lineno in left:
            left.discard(frame.f_lineno)
            self.seen += 1
        return self._line if left else None


def attempt(target: Target, pieces: Pieces) -> tuple[frozenset[str], Finding | None]:
    """What is said about an input, and what it broke."""
    said: set[str] = set()
    try:
        with _bounded(), _nothing_ignored():
            said.update(target.run(pieces))
    except (Exception, TookTooLong) as error:  # noqa: BLE001 - finding them is what this is for
        where = f"{type(error).__name__} at {_place(error)}"
        trace = "".join(traceback.format_exception(error, limit=-12))
        return frozenset(said), Finding(Case(target.name, pieces, f"{where}: {str(error)[:200]}"), where, trace)
    return frozenset(said), None


def search(target: Target, seed: int, seconds: float, max_runs: int | None = None, *, guided: bool = True) -> Outcome:
    """Look for findings for so long, or so many runs; the same seed and number of runs find the same."""
    chance = random.Random(f"{seed} {target.name}")
    mutator, lines, outcome = Mutator(chance), Lines(), Outcome()
    kept: list[Pieces] = []
    known: set[str] = set()
    found: set[str] = set()
    waiting = list(target.seeds())[::-1]
    begun = time.monotonic()
    while (time.monotonic() - begun < seconds) and (max_runs is None or outcome.runs < max_runs):
        is_seed = bool(waiting)
        pieces = waiting.pop() if is_seed else mutator.mutate(_pick(kept, chance), kept or [("",)])
        reached = lines.seen
        if guided and target.guided:
            with lines.watched():
                said, finding = attempt(target, pieces)
        else:
            said, finding = attempt(target, pieces)
        outcome.runs += 1
        if finding is not None:
            if finding.where not in found:
                found.add(finding.where)
                outcome.findings.append(_shrunk(target, finding))
        elif is_seed or lines.seen > reached or not said <= known:
            known |= said
            if len(kept) >= MAX_KEPT:
                kept.pop(chance.randrange(len(kept)))
            kept.append(pieces)
    outcome.seconds, outcome.kept, outcome.lines = time.monotonic() - begun, len(kept), lines.seen
    return outcome


def _pick(kept: Sequence[Pieces], chance: random.Random) -> Pieces:
    """The latest are the most promising."""
    if not kept:
        return ("",)
    return (
        kept[-1 - min(int(chance.expovariate(0.02)), len(kept) - 1)] if chance.random() < 0.5 else chance.choice(kept)
    )


def _shrunk(target: Target, finding: Finding) -> Finding:
    """The same breakage with less."""
    best, left = finding, SHRINK_RUNS

    def better(pieces: Pieces) -> bool:
        nonlocal best, left
        left -= 1
        if left < 0:
            return False
        _, again = attempt(target, pieces)
        if again is None or again.where != finding.where:
            return False
        best = again
        return True

    for at in range(len(finding.case.pieces) - 1, 0, -1):
        better(best.case.pieces[:at] + best.case.pieces[at + 1 :])
    for at in range(len(best.case.pieces)):
        size = len(best.case.pieces[at])
        while size > 1 and left > 0:
            size //= 2
            start = 0
            while start < len(best.case.pieces[at]) and left > 0:
                piece = best.case.pieces[at]
                less: Piece = piece[:start] + piece[start + size :]  # type: ignore[operator]
                if not better((*best.case.pieces[:at], less, *best.case.pieces[at + 1 :])):
                    start += size
    return best


@contextmanager
def _bounded() -> Iterator[None]:
    """Processor time, so that a busy machine finds nothing that is not there."""

    def late(*_: object) -> None:
        raise TookTooLong(f"more than {LIMIT_S:g} s of processor time")

    before = signal.signal(signal.SIGPROF, late)
    signal.setitimer(signal.ITIMER_PROF, LIMIT_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


@contextmanager
def _nothing_ignored() -> Iterator[None]:
    """What is raised where nobody can catch it (a callback of a library, a destructor) is a finding too."""
    ignored: list[BaseException] = []
    before = sys.unraisablehook
    sys.unraisablehook = lambda unraisable: ignored.append(unraisable.exc_value or Exception("unknown"))
    try:
        yield
    finally:
        sys.unraisablehook = before
    if ignored:
        raise ignored[0]


def _place(error: BaseException) -> str:
    """The innermost line of ours."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "/duologue/" in frame.filename] or list(frames)
    if isinstance(error, TookTooLong):  # it strikes anywhere inside
        inside = [frame for frame in ours if frame.name != "late"]
        return inside[-1].name if inside else "?"
    return f"{ours[-1].filename.rpartition('/duologue/')[2]}:{ours[-1].name}" if ours else "?"


def sendable(frame: object, limit: int = 700_000) -> None:
    """A promise about everything that is said to clients: one JSON object in a text, or bytes, of bounded size."""
    if isinstance(frame, str):
        assert len(frame.encode()) <= limit, f"a text of {len(frame)} characters"
        assert isinstance(json.loads(frame), dict), "not an object"
    else:
        assert isinstance(frame, bytes), f"{type(frame).__name__} is no frame"
        assert len(frame) <= limit, f"{len(frame)} bytes"
