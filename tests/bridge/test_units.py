from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import pytest
import soundfile
from structlog.testing import capture_logs

from duologue.audio.containers import write_wav
from duologue.bridge import units
from duologue.bridge.conference import Conference
from duologue.bridge.events import Events, PlayerEvents
from duologue.bridge.media import MediaReplaced
from duologue.bridge.player_events import PlayerEvent
from duologue.bridge.units import MAX_PLAYED_S, Player, Recorder
from duologue.errors import Violation
from duologue.sim.clock import run
from tests.bridge.stage import Ear, stage, tone


def followed(player: Player) -> list[PlayerEvents]:
    names: list[PlayerEvents] = []
    for event in PlayerEvents:
        player.on(event, lambda told: names.append(told.name))
    return names


def test_a_player_waits_for_somebody_to_hear_it_plays_in_real_time_and_says_when_it_is_done() -> None:
    async def main() -> None:
        context = stage()
        phone, player = Ear(context), Player(tone(0.5), 8_000, context=context)
        names = followed(player)
        await asyncio.sleep(3)
        player.send_media_to(phone)
        await asyncio.sleep(3)
        assert (phone.times[0], len(phone.heard)) == (3.0, 25)
        assert phone.times[-1] == pytest.approx(3.48)
        assert names == [PlayerEvents.Started, PlayerEvents.PlaybackFinished]

    run(main())


def test_a_paused_player_goes_on_at_the_same_sample() -> None:
    async def main() -> None:
        context = stage()
        ramp = np.linspace(0, 1, 8_000, dtype=np.float32)
        phone, player = Ear(context), Player(ramp, 8_000, context=context)
        player.send_media_to(phone)
        await asyncio.sleep(0.5)
        player.pause()
        await asyncio.sleep(2)
        assert len(phone.heard) == pytest.approx(25, abs=1)
        player.resume()
        await asyncio.sleep(2)
        assert np.array_equal(phone.sound, ramp)

    run(main())


def test_a_loop_plays_until_it_is_stopped_as_one_run() -> None:
    async def main() -> None:
        context = stage()
        phone, player = Ear(context), Player(tone(0.1), 8_000, loop=True, context=context)
        runs: list[object] = []
        player.on(Events.WebSocketMediaStarted, runs.append)
        names = followed(player)
        player.send_media_to(phone)
        await asyncio.sleep(3.01)
        player.stop()
        heard = len(phone.heard)
        await asyncio.sleep(1)
        assert (heard, len(phone.heard), len(runs)) == (151, 151, 1)
        assert names == [PlayerEvents.Started, PlayerEvents.Stopped]

    run(main())


def test_a_player_loads_a_file(tmp_path: Path) -> None:
    write_wav(tmp_path / "greeting.wav", tone(0.4, 24_000), 24_000)

    async def main() -> None:
        context = stage()
        player = await Player.load(tmp_path / "greeting.wav", rate=8_000, context=context)
        phone = Ear(context)
        player.send_media_to(phone)
        event = await player.wait_for(PlayerEvents.PlaybackFinished)
        assert isinstance(event, PlayerEvent)
        assert event.duration == pytest.approx(400, abs=1)
        with pytest.raises(OSError, match="nothing"):
            await Player.load(tmp_path / "nothing.wav", context=context)

    asyncio.run(main())


def test_a_player_needs_audio_and_not_too_much_of_it() -> None:
    async def main() -> None:
        for samples in 0, round(MAX_PLAYED_S * 8_000) + 1:
            with pytest.raises(Violation, match="expected up to 600 seconds"):
                Player(np.zeros(samples, np.float32), 8_000, context=stage())

    run(main())


def test_a_stereo_recording_has_the_first_source_left_and_the_second_right_in_their_own_time(tmp_path: Path) -> None:
    async def main() -> None:
        context = stage()
        caller, agent, third = Ear(context), Ear(context), Ear(context)
        recorder = Recorder(tmp_path / "call.wav", stereo=True, rate=8_000, context=context)
        replaced: list[MediaReplaced] = []
        recorder.on(Events.MediaReplaced, replaced.append)
        caller.send_media_to(recorder)
        agent.send_media_to(recorder)
        agent.give(tone(0.02))
        await asyncio.sleep(1)
        caller.give(tone(0.02))
        third.send_media_to(recorder)
        await asyncio.sleep(1)
        third.give(tone(0.02))
        assert recorder.seconds == pytest.approx(2.02)
        assert [(event.old, event.new) for event in replaced] == [(caller, third)]
        await recorder.close()
        await recorder.close()
        agent.give(tone(0.02))

    run(main())
    track, rate = soundfile.read(tmp_path / "call.wav")
    assert (rate, track.shape) == (8_000, (16_160, 2))
    starts = [np.flatnonzero(track[:, channel])[[0, -1]].tolist() for channel in (0, 1)]
    assert starts == [[8_000, 16_159], [0, 159]], "the third source took the place of the caller"


def test_a_mono_recording_mixes_without_clipping_and_is_closed_with_its_scenario(tmp_path: Path) -> None:
    async def main() -> None:
        context = stage()
        recorder = Recorder(tmp_path / "mono.wav", rate=8_000, context=context)
        for _ in range(4):
            unit = Ear(context)
            unit.send_media_to(recorder)
            unit.give(tone(0.02))
        await context.close()

    run(main())
    track, _ = soundfile.read(tmp_path / "mono.wav")
    assert track.shape == (160,)
    assert 0.9 < track[40:].min() <= track.max() < 0.98


class FullDisk:
    """A file that takes no more, as libsndfile tells it."""

    def __init__(self, file: soundfile.SoundFile) -> None:
        self._file = file
        self.name = file.name

    @property
    def closed(self) -> bool:
        return bool(self._file.closed)

    def write(self, samples: object) -> None:
        raise soundfile.LibsndfileError(2)

    def close(self) -> None:
        self._file.close()
        raise soundfile.LibsndfileError(2)


def test_a_disk_that_takes_no_more_ends_the_recording_and_not_the_call(tmp_path: Path) -> None:
    async def main() -> None:
        context = stage()
        recorder, caller, phone = (
            Recorder(tmp_path / "call.wav", rate=8_000, context=context),
            Ear(context),
            Ear(context),
        )
        caller.send_media_to(recorder)
        caller.send_media_to(phone)
        recorder._file = FullDisk(recorder._file)
        with capture_logs() as logs:
            for _ in range(500):
                caller.give(tone(0.02))
                await asyncio.sleep(0.02)
        assert {line["event"] for line in logs} == {"recording_failed"}
        assert (len(phone.heard), context.pump.heard_by(caller)) == (500, [phone])
        await recorder.close()
        await context.close()

    run(main())


def test_a_recording_ends_when_it_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(units, "MAX_RECORDED_S", 0.1)

    async def main() -> None:
        context = stage()
        recorder, caller = Recorder(tmp_path / "full.wav", rate=8_000, context=context), Ear(context)
        caller.send_media_to(recorder)
        with capture_logs() as logs:
            for _ in range(10):
                caller.give(tone(0.02))
        assert [line["event"] for line in logs] == ["recording_full"]
        assert context.pump.heard_by(caller) == []

    run(main())
    assert len(soundfile.read(tmp_path / "full.wav")[0]) == 800


def test_a_recording_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    async def main() -> None:
        with pytest.raises(Violation, match="cannot write"):
            Recorder(tmp_path / "no" / "such" / "folder.wav", context=stage())

    run(main())


def test_a_rate_that_no_audio_has_is_refused_and_does_not_stop_the_loop() -> None:
    async def main() -> None:
        context = stage()
        for rate in (10, 49, 1_000_000):
            with pytest.raises(Violation, match="expected 8000 to 48000"):
                Player(tone(0.1), rate, context=context)
            with pytest.raises(Violation, match="expected 8000 to 48000"):
                Conference(rate, context)
        assert context.pump.hears(Ear(context)) == []
        await context.close()

    run(main())


def test_a_player_that_is_stopped_twice_says_so_once() -> None:
    async def main() -> None:
        context = stage()
        player = Player(tone(0.1), 8_000, context=context)
        names = followed(player)
        player.stop()
        player.stop()
        player.pause()
        player.resume()
        assert names == [PlayerEvents.Stopped]
        await context.close()

    run(main())
