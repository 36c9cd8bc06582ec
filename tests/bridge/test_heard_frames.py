from __future__ import annotations

import numpy as np

from duologue.audio.formats import Samples
from duologue.bridge.heard_frames import MAX_UNPROVEN, HeardFrames
from duologue.bridge.playout import MarkedPlayout
from duologue.bridge.routed import Frame
from duologue.runtime.machine import Seconds
from duologue.sim.clock import run
from tests.bridge.stage import Ear, stage

RATE, FRAME = 8_000, 160


def frame(source: Ear, number: int) -> Frame:
    """The frame of a source at 16 kHz that ends behind its `number`th 20 ms."""
    return Frame(np.zeros(FRAME, np.float32), source, number * 320)


class Stopped:
    """A loudspeaker that has played nothing."""

    def begins(self, now: Seconds) -> str | None:
        return None

    def sent(self, samples: Samples, now: Seconds) -> str | None:
        return None

    def played(self, name: str, now: Seconds) -> Samples | None: ...

    def cleared(self, now: Seconds) -> str | None: ...

    def heard(self, now: Seconds) -> Samples:
        return 0

    def proven(self, now: Seconds) -> Samples:
        return 0


def test_each_source_is_told_to_the_sample_how_far_it_was_heard() -> None:
    async def main() -> None:
        first, second = Ear(stage(), rate=16_000), Ear(stage(), rate=16_000)
        heard = HeardFrames(MarkedPlayout(RATE), RATE)
        heard.begins(0.0)
        mark = heard.sent(frame(first, 1), 0.0)
        assert mark is not None
        heard.played("m1", 0.0)
        heard.sent(frame(first, 2), 0.02)
        heard.sent(frame(second, 9), 0.04)
        assert first.positions[-1] == (320, True), "by the time since, and not beyond the mark that is still out"
        heard.played(mark, 0.05)
        heard.cleared(0.06)
        assert first.positions[-1] == (480, True), "half of its second frame, ten milliseconds after the mark"
        assert second.positions == []
        heard.sent(frame(second, 12), 1.0)
        heard.played("m4", 1.1)
        assert (first.positions[-1], second.positions[-1]) == ((480, True), (3_840, True))

    run(main())


def test_where_the_far_end_stopped_is_told_when_it_says_so_and_the_estimate_before() -> None:
    async def main() -> None:
        first, second = Ear(stage(), rate=16_000), Ear(stage(), rate=16_000)
        heard = HeardFrames(MarkedPlayout(RATE), RATE)
        heard.begins(0.0)
        for number in range(1, 4):
            heard.sent(frame(first, number), (number - 1) * 0.02)
        for number in range(1, 4):
            heard.sent(frame(second, number), (number + 2) * 0.02)
        heard.played("m1", 0.1)  # a tenth of a second there and back
        heard.played("m2", 0.13)  # which the first frame waited 10 ms to be played
        behind = heard.cleared(0.13)
        assert (first.positions[-1], second.positions[-1]) == ((960, True), (960, True)), "all, by the estimate"
        assert first.stopped_at == second.stopped_at == []
        assert heard.cleared(0.14) is None, "one clear is enough"
        assert behind is not None
        heard.played(behind, 0.2)
        assert (first.stopped_at, second.stopped_at) == ([960], [480])
        heard.played(behind, 0.3)
        assert second.stopped_at == [480]

    run(main())


def test_frames_that_are_never_said_to_be_played_do_not_pile_up() -> None:
    async def main() -> None:
        source = Ear(stage(), rate=16_000)
        heard = HeardFrames(Stopped(), RATE)
        for number in range(1, MAX_UNPROVEN + 11):
            heard.sent(frame(source, number), number * 0.02)
        assert source.positions[-1] == (10 * 320, True)

    run(main())
