"""What waits to be written."""

from __future__ import annotations

from duologue.server.outgoing import Outgoing


def drained(line: Outgoing) -> list[str | bytes]:
    frames = []
    while (frame := line.take()) is not None:
        frames.append(frame)
    return frames


def test_audio_and_events_keep_one_order() -> None:
    line = Outgoing(1.0, 100)
    line.put_event("a")
    line.put_audio(b"b", 0.5)
    line.put_event("c")
    assert drained(line) == ["a", b"b", "c"]
    assert (len(line), line.audio_s, line.events_bytes) == (0, 0.0, 0)


def test_there_is_room_until_the_bound_of_audio_is_reached() -> None:
    line = Outgoing(1.0, 100)
    line.put_audio(b"", 0.99)
    assert line.has_room
    line.put_audio(b"", 0.01)
    assert not line.has_room
    line.take()
    assert line.has_room


def test_events_overrun_beyond_their_bytes_and_audio_does_not_count() -> None:
    line = Outgoing(1.0, 10)
    line.put_audio(b"x" * 1000, 0.1)
    line.put_event("x" * 10)
    assert not line.overrun
    line.put_event("x")
    assert line.overrun


def test_forgetting_takes_one_tag_back_and_keeps_the_rest_in_order() -> None:
    line = Outgoing(10.0, 100)
    line.put_audio(b"1", 0.5, "a")
    line.put_event("word", "a")
    line.put_event("kept")
    line.put_audio(b"2", 0.25, "b")
    assert line.forget("a") == 0.5
    assert line.forget("a") == 0.0
    assert (line.audio_s, line.events_bytes) == (0.25, 4)
    assert drained(line) == ["kept", b"2"]


def test_sums_do_not_drift_away_from_zero() -> None:
    line = Outgoing(10.0, 100)
    for _ in range(1000):
        line.put_audio(b"", 0.1)
    drained(line)
    assert line.audio_s == 0.0
