"""Positions on the wire become positions in replies."""

from __future__ import annotations

import pytest

from duologue.server.sent_audio import REMEMBERED, SentAudio


@pytest.fixture
def sent() -> SentAudio:
    """Two replies of 1,000 samples at 8 kHz, made at 24 kHz."""
    audio = SentAudio(24_000, 8_000)
    for reply in (1, 2):
        audio.add(reply, 400)
        audio.add(reply, 600)
    return audio


@pytest.mark.parametrize(
    ("position", "found"),
    [
        (0, [(1, 0), (2, 0)]),
        (1, [(1, 3), (2, 0)]),
        (999, [(1, 2_997), (2, 0)]),
        (1_000, [(2, 0)]),
        (1_001, [(2, 3)]),
        (2_000, [(2, 3_000)]),
        (9_999, [(2, 3_000)]),
    ],
)
def test_a_position_says_how_much_of_which_reply_is_over(
    sent: SentAudio, position: int, found: list[tuple[int, int]]
) -> None:
    assert sent.locate(position) == found


def test_what_was_dropped_by_the_client_counts_as_over_for_what_comes_behind_it(sent: SentAudio) -> None:
    assert sent.locate(1_200) == [(2, 600)]  # the clear: here the loudspeaker stopped
    sent.add(3, 500)
    assert sent.locate(1_200) == [(2, 600), (3, 0)]
    assert sent.locate(2_000) == [(3, 0)], "what was dropped is over, and was not heard"
    assert sent.locate(2_100) == [(3, 300)]


def test_what_was_taken_back_never_left(sent: SentAudio) -> None:
    sent.take_back(1_300)
    assert sent.total == 700
    assert sent.locate(650) == [(1, 1_950), (2, 0)]
    assert sent.locate(5_000) == [(2, 0)]
    sent.add(3, 100)
    assert sent.locate(800) == [(3, 300)]


def test_nothing_is_said_before_anything_was_sent() -> None:
    assert SentAudio(8_000, 8_000).locate(5) == []


def test_only_the_last_replies_are_remembered() -> None:
    audio = SentAudio(8_000, 8_000)
    for reply in range(1, REMEMBERED + 2):
        audio.add(reply, 10)
    assert audio.locate(15)[0] == (2, 5)
    assert audio.locate(5)[0] == (2, 0)
