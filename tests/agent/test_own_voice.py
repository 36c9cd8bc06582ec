"""Facts about our own voice, out of the audio beside the session."""

from __future__ import annotations

import numpy as np

from duologue.agent.commands import ClearAudio, PlayAudio
from duologue.agent.events import EchoHeard
from duologue.agent.own_voice import OwnVoice
from duologue.audio.formats import LISTEN_RATE
from duologue.audio.spans import AudioSpan
from duologue.listen.events import Progressed, Trigger, TurnDecision, TurnStarted, TurnUpdated

DECISION = TurnDecision(0.9, 0.8, 0.5, 0.0, Trigger.FLOOR, "by script")
VOICE = (0.1 * np.random.default_rng(1).standard_normal(4 * LISTEN_RATE)).astype(np.float32)


def call(gain: float) -> OwnVoice:
    """A second of our voice, of which so much came back 0.1 s later."""
    own = OwnVoice(LISTEN_RATE)
    own.note(PlayAudio(1, VOICE), 10.0)
    heard = gain * np.concatenate((np.zeros(1600, np.float32), VOICE))
    for start in range(0, 16_000, 1600):
        own.hear(
            [AudioSpan(start, heard[start : start + 1600].astype(np.float32))], 10.0 + (start + 1600) / LISTEN_RATE
        )
    return own


def progressed(position: int, voiced: float) -> Progressed:
    return Progressed(position, 0.9, voiced)


def test_the_session_learns_of_our_voice_before_it_learns_of_more_voice() -> None:
    own = call(0.3)
    echo = own.look(TurnStarted(1, 8_000, 6_000, DECISION))
    assert isinstance(echo, EchoHeard)
    assert echo.position == 8_000
    assert 0.9 < echo.share <= 1.0
    assert own.look(progressed(9_600, 0.2)) is not None


def test_where_no_voice_was_added_nobody_looks() -> None:
    own = call(0.3)
    assert own.look(progressed(9_600, 0.2)) is not None
    assert own.look(progressed(11_200, 0.2)) is None
    assert own.look(TurnUpdated(1, 11_200, "one", "one")) is None
    assert own.look(progressed(12_800, 0.0)) is None


def test_another_turn_counts_its_voice_anew() -> None:
    own = call(0.3)
    assert own.look(progressed(9_600, 2.0)) is not None
    own.look(TurnStarted(2, 11_200, 9_700, DECISION))
    assert own.look(progressed(12_800, 0.1)) is not None


def test_without_an_echo_nothing_is_told() -> None:
    own = call(0.0)
    own.note(ClearAudio(1), 11.0)
    assert own.look(TurnStarted(1, 8_000, 6_000, DECISION)) is None
    assert own.look(progressed(9_600, 0.2)) is None
