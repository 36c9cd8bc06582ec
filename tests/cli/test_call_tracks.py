"""Both sides of a call in one file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from duologue.cli.call_tracks import Tracks
from duologue.cli.loudspeaker import Loudspeaker
from duologue.cli.microphone import FRAME, MicrophoneTape
from duologue.errors import Violation


def tracks() -> Tracks:
    microphone, loudspeaker = MicrophoneTape(0.1), Loudspeaker(16_000)
    for _ in range(5):
        microphone.record(np.full(FRAME, 0.5, np.float32))
    loudspeaker.play(np.full(1600, 16384, "<i2").tobytes(), 0.25)
    return Tracks.of(microphone, loudspeaker, 0.5)


def test_each_side_sounds_when_it_was_heard() -> None:
    made = tracks()
    assert np.flatnonzero(np.abs(made.caller) > 0.4)[[0, -1]].tolist() == [1600, 3199]
    assert np.flatnonzero(made.agent)[[0, -1]].tolist() == [4000, 5599]
    assert len(made.caller) == len(made.agent) == 8000


def test_the_file_has_the_caller_left_and_the_agent_right(tmp_path: Path) -> None:
    tracks().write(tmp_path / "new" / "call.wav")
    sound, rate = soundfile.read(tmp_path / "new" / "call.wav")
    assert (rate, sound.shape) == (16_000, (8000, 2))
    assert sound[2000, 0] == pytest.approx(0.5, abs=0.01)
    assert sound[5000, 1] == pytest.approx(0.5, abs=0.01)


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(Violation, match="cannot write"):
        tracks().write(tmp_path)


def test_a_call_that_ended_before_the_microphone_began_is_silent() -> None:
    assert not Tracks.of(MicrophoneTape(9.0), Loudspeaker(100), 1.0).caller.any()
