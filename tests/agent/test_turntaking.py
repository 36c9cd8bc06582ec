"""The table of who speaks."""

from __future__ import annotations

from pathlib import Path

import pytest

from duologue.agent.moves import Moves
from duologue.agent.responder import ModelResponder
from duologue.agent.settings import AgentSettings
from duologue.agent.speaking import Speaking
from duologue.agent.talk import Talk
from duologue.agent.thinking import Thinking
from duologue.agent.turntaking import TABLE, Cue, Move, Stage, Step, draw_table, next_step
from duologue.errors import Bug
from duologue.ids import SeededIds

DOC = Path(__file__).parent.parent.parent / "docs" / "agent.md"


def test_the_documented_table_is_the_one_in_the_code() -> None:
    assert draw_table() in DOC.read_text(encoding="utf-8")


def test_every_pair_of_cue_and_stage_has_a_cell() -> None:
    assert set(TABLE) == {(cue, stage) for cue in Cue for stage in Stage}


def test_a_pair_that_cannot_arise_is_a_bug_that_says_what_happened_lately() -> None:
    with pytest.raises(Bug, match=r'"audio drained" cannot arise in stage IDLE. Last events: .*KeyPressed.*event log'):
        next_step(Cue.AUDIO_DRAINED, Stage.IDLE, ["KeyPressed"])
    with pytest.raises(Bug, match="Last events: none"):
        next_step(Cue.CALLER_STARTS, Stage.OVERLAP)


def test_every_move_is_used_and_can_be_made() -> None:
    talk = Talk(AgentSettings(), ModelResponder(), SeededIds(1), 1000)
    moves = Moves(talk, Thinking(talk), Speaking(talk))
    used = {move for step in TABLE.values() if step is not None for move in step.moves}
    assert used == set(Move) == set(moves._moves)


def test_a_cell_reads_like_the_design() -> None:
    assert str(Step((Move.DISCARD, Move.BEGIN), Stage.THINKING)) == "discard, begin, THINKING"
    assert str(Step(to=Stage.OVERLAP)) == "OVERLAP"
