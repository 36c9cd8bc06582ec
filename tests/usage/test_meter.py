"""The counter of one connection."""

from __future__ import annotations

import pytest

from duologue.agent.settings import ThinkSettings
from duologue.think.completion import ModelChoice
from duologue.think.messages import Endpoint
from duologue.usage.meter import OWN_MODEL, RowStatus, UsageMeter


def test_a_row_says_what_was_counted_up_to_now() -> None:
    meter = UsageMeter("1", "duo_1", "tts", "/tts/websocket", 100.0)
    meter.characters += 7
    meter.audio_out_s += 1.5
    row = meter.row(103.0, RowStatus.OPEN)
    assert (row.connection_s, row.characters, row.audio_out_s, row.status) == (3.0, 7, 1.5, RowStatus.OPEN)


def test_a_wall_clock_set_back_makes_no_negative_length() -> None:
    row = UsageMeter("1", "", "stt", "/", 100.0).row(40.0, RowStatus.CLOSED)
    assert (row.connection_s, row.updated_at) == (0.0, 100.0)


OWN = ModelChoice("custom", "m", endpoint=Endpoint("https://models.example/v1/chat/completions"))
OURS = ModelChoice("open_ai", "gpt-4o-mini")


@pytest.mark.parametrize(
    ("choices", "own"),
    [((OWN,), "model"), ((OWN, OWN), "model"), ((OURS,), ""), ((OWN, OURS), ""), ((), "")],
)
def test_the_clients_own_model_is_remembered_unless_one_of_ours_may_answer(
    choices: tuple[ModelChoice, ...], own: str
) -> None:
    meter = UsageMeter("1", "", "agent", "/agent", 0.0)
    meter.begin_thinking(ThinkSettings(choices=choices))
    assert meter.row(1.0, RowStatus.OPEN).own == own


def test_a_model_that_was_not_the_clients_own_all_the_time_is_ours() -> None:
    meter = UsageMeter("1", "", "agent", "/agent", 0.0)
    own, ours = ThinkSettings(choices=(OWN,)), ThinkSettings(choices=(OURS,))
    meter.begin_thinking(own)
    meter.change_thinking(own)
    assert meter.own == OWN_MODEL
    meter.change_thinking(ours)
    meter.change_thinking(own)
    assert meter.own == ""
