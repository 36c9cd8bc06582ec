"""The counter of one connection."""

from __future__ import annotations

from duologue.usage.meter import RowStatus, UsageMeter


def test_a_row_says_what_was_counted_up_to_now() -> None:
    meter = UsageMeter("1", "duo_1", "tts", "/tts/websocket", 100.0)
    meter.characters += 7
    meter.audio_out_s += 1.5
    row = meter.row(103.0, RowStatus.OPEN)
    assert (row.connection_s, row.characters, row.audio_out_s, row.status) == (3.0, 7, 1.5, RowStatus.OPEN)


def test_a_wall_clock_set_back_makes_no_negative_length() -> None:
    row = UsageMeter("1", "", "stt", "/", 100.0).row(40.0, RowStatus.CLOSED)
    assert (row.connection_s, row.updated_at) == (0.0, 100.0)
