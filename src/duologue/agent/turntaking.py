"""Who speaks: the stages of the agent's side, the cues that move it, and the table of what follows.

Everything that decides between caller and agent lives in the table. A *cue* is a judged fact: policy (`interruption.py`, the session) turns
facts into cues, so the table knows no flags. The documentation draws the same mapping (`draw_table`), and a test compares the two.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from duologue.errors import Bug


class Stage(StrEnum):
    """Where the agent's side stands."""

    IDLE = "IDLE"
    """Nothing is being answered and nothing of ours sounds."""
    DRAFTING = "DRAFTING"
    """A reply is prepared in case the caller is done; nothing of it is told or played."""
    THINKING = "THINKING"
    """A reply is owed and none of it has sounded yet."""
    SPEAKING = "SPEAKING"
    """A reply sounds, or will go on to."""
    OVERLAP = "OVERLAP"
    """The caller has begun to make a noise over our reply; not yet judged."""


class Cue(StrEnum):
    """A judged fact."""

    CALLER_STARTS = "caller starts"
    CALLER_INSISTS = "caller insists"
    CALLER_MAY_BE_DONE = "caller may be done"
    CALLER_RESUMES = "caller resumes"
    CALLER_DONE_AS_DRAFTED = "caller done, as drafted"
    CALLER_DONE = "caller done"
    NOTHING_TO_ANSWER = "caller done, nothing to answer"
    OWN_VOICE = "our own voice"
    SAY_THIS = "say this"
    FIRST_AUDIO = "first audio"
    AUDIO_DRAINED = "audio drained"
    REPLY_FAILED = "reply failed"


class Move(StrEnum):
    """What is done. Each is a method of `Beginnings` or `Endings` (`moves.py`)."""

    NOTE = "note"
    DRAFT = "draft"
    DISCARD = "discard"
    COMMIT = "commit"
    BEGIN = "begin"
    INTERRUPT = "interrupt"
    KEEP = "keep for later"
    RESUME = "resume a reply cut in vain, else note"
    RESTORE = "restore, back to THINKING or SPEAKING"
    SPEAK = "speak"
    BY_MANNER = "by manner"
    HOLD = "hold"
    FINISH = "finish"
    FALL_BACK = "fallback line or warn"
    WARN = "warn"


@dataclass(frozen=True, slots=True)
class Step:
    """A cell of the table: the moves in order, and the stage that follows."""

    moves: tuple[Move, ...] = ()
    to: Stage | None = None
    """`None`: the stage stays, or the move itself chooses it."""

    def __str__(self) -> str:
        return ", ".join((*self.moves, *(() if self.to is None else (self.to,))))


def _step(*moves: Move, to: Stage | None = None) -> Step:
    return Step(moves, to)


_NOTE = _step(Move.NOTE)
_HOLD = _step(Move.HOLD)
_KEEP = _step(Move.KEEP)
_MANNER = _step(Move.BY_MANNER)
_OVERLAP = _step(to=Stage.OVERLAP)
_CUT = _step(Move.INTERRUPT, to=Stage.IDLE)
_DROP = _step(Move.DISCARD, to=Stage.IDLE)
_FINISH = _step(Move.FINISH, to=Stage.IDLE)
_WARN = _step(Move.WARN, to=Stage.IDLE)

# Columns in the order of `Stage`; None is a pair that cannot arise.
_ROWS: dict[Cue, tuple[Step | None, Step | None, Step | None, Step | None, Step | None]] = {
    Cue.CALLER_STARTS: (_NOTE, None, _OVERLAP, _OVERLAP, None),
    Cue.CALLER_INSISTS: (_NOTE, _DROP, _CUT, _CUT, _CUT),
    Cue.CALLER_MAY_BE_DONE: (_step(Move.DRAFT, to=Stage.DRAFTING), None, _NOTE, _NOTE, _NOTE),
    Cue.CALLER_RESUMES: (_NOTE, _DROP, _NOTE, _NOTE, _NOTE),
    Cue.CALLER_DONE_AS_DRAFTED: (None, _step(Move.COMMIT, to=Stage.THINKING), None, None, None),
    Cue.CALLER_DONE: (
        _step(Move.BEGIN, to=Stage.THINKING),
        _step(Move.DISCARD, Move.BEGIN, to=Stage.THINKING),
        _KEEP,
        _KEEP,
        _step(Move.INTERRUPT, Move.BEGIN, to=Stage.THINKING),
    ),
    Cue.NOTHING_TO_ANSWER: (_step(Move.RESUME), _DROP, _NOTE, _NOTE, _step(Move.RESTORE)),
    Cue.OWN_VOICE: (_NOTE, _NOTE, _NOTE, _NOTE, _step(Move.RESTORE)),
    Cue.SAY_THIS: (_step(Move.SPEAK, to=Stage.THINKING), _MANNER, _MANNER, _MANNER, _MANNER),
    Cue.FIRST_AUDIO: (None, _HOLD, _step(to=Stage.SPEAKING), None, _HOLD),
    Cue.AUDIO_DRAINED: (None, None, _FINISH, _FINISH, _FINISH),
    Cue.REPLY_FAILED: (None, _DROP, _step(Move.FALL_BACK, to=Stage.IDLE), _WARN, _WARN),
}

TABLE: Mapping[tuple[Cue, Stage], Step | None] = MappingProxyType(
    {(cue, stage): step for cue, steps in _ROWS.items() for stage, step in zip(Stage, steps, strict=True)}
)
"""What follows from a cue in a stage; `None` where the pair cannot arise."""


def next_step(cue: Cue, stage: Stage, lately: Sequence[object] = ()) -> Step:
    """The cell for `cue` in `stage`. Raises `Bug` for a pair that cannot arise; `lately` are the last events, for the report."""
    step = TABLE[cue, stage]
    if step is None:
        last = "; ".join(repr(event) for event in lately) or "none"
        raise Bug(
            f'the cue "{cue}" cannot arise in stage {stage}. Last events: {last}. Please report this with the event log of the call.'
        )
    return step


def draw_table() -> str:
    """The table as Markdown, as `docs/agent.md` shows it."""
    lines = [
        "| cue \\ stage | " + " | ".join(Stage) + " |",
        "| --- |" + " --- |" * len(Stage),
    ]
    for cue in Cue:
        cells = (TABLE[cue, stage] for stage in Stage)
        lines.append(f"| {cue} | " + " | ".join("·" if step is None else str(step) for step in cells) + " |")
    return "\n".join(lines)
