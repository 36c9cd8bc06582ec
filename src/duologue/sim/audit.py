"""What must hold in every call. Read from outside: from the wire, from the ear, and from the facts and commands of the session.

`audit(outcome)` gives the breaches; an empty list is a good call. The rules are those of docs/simulation.md, each with a name that a report
and the table of mutants can point at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeAlias

from duologue.sim.breach import Breach
from duologue.sim.heard_rules import check_heard_history, check_one_voice
from duologue.sim.own_voice_rules import check_every_turn_answered, check_own_voice
from duologue.sim.session_rules import (
    check_drafts,
    check_ends_told,
    check_ids_grow,
    check_lines,
    check_silence_after_clear,
    check_tools,
    check_tools_told,
)
from duologue.sim.wire_rules import check_frames, check_never_silent, check_order
from duologue.sim.world import Outcome

Rule: TypeAlias = Callable[[Outcome], Iterator[Breach]]


def check_world(outcome: Outcome) -> Iterator[Breach]:
    """Nothing broke, and nothing is left when the call is over."""
    if outcome.crash:
        yield Breach("world", _last_words(outcome.crash))
    for entry in outcome.logged:
        if "trace" in entry:
            yield Breach("world", _last_words(entry["trace"]))
    for left in outcome.left:
        yield Breach("world", f"still there after the call: {left}")


def _last_words(trace: str) -> str:
    """The line of a traceback that says what it was; a group of exceptions ends in a frame around it."""
    lines = [line.strip(" |+-") for line in trace.splitlines()]
    return next((line for line in reversed(lines) if line), "an exception without a trace")


RULES: tuple[Rule, ...] = (
    check_world,
    check_frames,
    check_order,
    check_never_silent,
    check_one_voice,
    check_heard_history,
    check_silence_after_clear,
    check_ids_grow,
    check_lines,
    check_drafts,
    check_tools,
    check_tools_told,
    check_ends_told,
    check_every_turn_answered,
    check_own_voice,
)
"""Every invariant."""


def audit(outcome: Outcome) -> list[Breach]:
    """What of the invariants was broken, in the order of the rules."""
    return [breach for rule in RULES for breach in rule(outcome)]
