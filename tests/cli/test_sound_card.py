"""Microphone and loudspeaker through a library that may be missing, as may the devices."""

from __future__ import annotations

import asyncio
import sys
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from duologue.audio.formats import Pcm
from duologue.cli.sound_card import WAITING_FRAMES, PlayQueue, SoundCard, device, list_devices
from duologue.errors import Violation
from tests.cli.silent_card import SilentCard


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> SilentCard:
    card = SilentCard()
    monkeypatch.setitem(sys.modules, "sounddevice", card)  # type: ignore[arg-type]
    return card


def tone(count: int) -> bytes:
    return np.full(count, 16_384, "<i2").tobytes()


def test_the_queue_gives_what_came_in_order_and_silence_behind_it() -> None:
    queue = PlayQueue()
    queue.push(np.full(3, 0.5, np.float32))
    queue.push(np.full(3, 0.25, np.float32))
    assert queue.take(4).tolist() == [0.5, 0.5, 0.5, 0.25]
    assert queue.take(4).tolist() == [0.25, 0.25, 0.0, 0.0]


def test_after_a_clear_not_one_sample_is_given() -> None:
    queue = PlayQueue()
    queue.push(np.full(100, 0.5, np.float32))
    queue.take(10)
    queue.clear()
    assert not queue.take(100).any()


async def first(card: SoundCard, count: int) -> list[Pcm]:
    frames = card.frames()
    got = [await anext(frames) for _ in range(count)]
    await frames.aclose()  # type: ignore[attr-defined]
    return got


def test_what_is_recorded_comes_in_frames_and_what_is_played_goes_to_the_card(library: SilentCard) -> None:
    async def main() -> None:
        with SoundCard.open(24_000, "USB", "3") as card:
            library.opened["in"].record(np.full(500, 0.5, np.float32))
            library.opened["in"].record(np.full(500, 0.5, np.float32))
            assert [len(frame) for frame in await first(card, 3)] == [320, 320, 320]
            payload = tone(100)
            card.play(payload[:101])
            card.play(payload[101:])
            assert np.count_nonzero(library.opened["out"].played(120) == 0.5) == 100
            card.play(payload)
            card.clear()
            assert not library.opened["out"].played(100).any()
            assert not card.over
        assert library.asked == ["USB", 3]
        assert not any(stream.running for stream in library.opened.values())

    asyncio.run(main())


def test_a_card_with_a_rate_of_its_own_is_resampled_to(library: SilentCard) -> None:
    library.rates = ()

    async def main() -> None:
        with SoundCard.open(24_000) as card:
            assert library.opened["in"].samplerate == library.opened["out"].samplerate == 48_000
            assert library.opened["in"].blocksize == 960
            for _ in range(6):
                library.opened["in"].record(np.full(960, 0.5, np.float32))
            frames = await first(card, 5)
            assert np.allclose(frames[-1], 0.5, atol=0.02)
            card.play(tone(240))
            assert np.count_nonzero(library.opened["out"].played(600) > 0.4) == pytest.approx(480, abs=24)
            card.play(tone(240))
            card.clear()
            assert not library.opened["out"].played(600).any()

    asyncio.run(main())


def test_a_program_that_is_late_loses_the_oldest_of_the_microphone(library: SilentCard) -> None:
    async def main() -> None:
        with SoundCard.open(24_000) as card:
            frames = card.frames()
            library.opened["in"].record(np.full(320, 0.5, np.float32))
            await anext(frames)
            for value in range(WAITING_FRAMES + 1):
                library.opened["in"].record(np.full(320, value / 1000, np.float32))
            await asyncio.sleep(0)
            assert (await anext(frames))[0] == pytest.approx(0.001)
            await frames.aclose()  # type: ignore[attr-defined]

    asyncio.run(main())


def test_what_was_said_before_the_call_is_not_heard(library: SilentCard) -> None:
    async def main() -> None:
        with SoundCard.open(24_000) as card:
            library.opened["in"].record(np.full(320, 0.25, np.float32))
            await asyncio.sleep(0)
            frames = asyncio.ensure_future(first(card, 1))
            await asyncio.sleep(0)
            library.opened["in"].record(np.full(320, 0.5, np.float32))
            assert (await frames)[0][0] == 0.5

    asyncio.run(main())


def opened() -> None:
    async def main() -> None:
        with SoundCard.open(24_000):
            pass

    asyncio.run(main())


def test_a_missing_device_is_told_with_what_to_do(library: SilentCard) -> None:
    library.present = False
    with pytest.raises(Violation, match=r"no microphone or loudspeaker.*--devices.*--wav"):
        opened()


def test_a_missing_library_is_told_with_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", None)  # type: ignore[arg-type]
    with pytest.raises(Violation, match="-m pip install sounddevice"):
        opened()


class BrokenImport:
    """Finds the module and fails as it does without PortAudio."""

    def find_spec(self, name: str, *_: Any) -> None:
        if name == "sounddevice":
            raise OSError("PortAudio library not found")


def test_a_library_without_portaudio_is_told_with_the_package_that_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "sounddevice", raising=False)
    monkeypatch.setattr(sys, "meta_path", [BrokenImport(), *sys.meta_path])
    with pytest.raises(Violation, match="libportaudio2"):
        opened()


def test_devices_are_listed_and_named_by_number_or_part_of_a_name(library: ModuleType) -> None:
    assert "Silent Card" in list_devices()
    assert (device(""), device("3"), device("USB")) == (None, 3, "USB")
