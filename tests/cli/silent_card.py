"""A sound card without a sound, in the place of the library `sounddevice`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np


class PortAudioError(Exception):
    """As the library's."""


@dataclass
class Stream:
    """An open device. A test calls `callback` as the card's thread would."""

    samplerate: int
    callback: Callable[..., None]
    running: bool = False
    blocksize: int = 0

    def __enter__(self) -> Self:
        self.running = True
        return self

    def __exit__(self, *_: object) -> None:
        self.running = False

    def record(self, pcm: np.ndarray) -> None:
        self.callback(pcm.reshape(-1, 1), len(pcm), None, None)

    def played(self, count: int) -> np.ndarray:
        block = np.full((count, 1), 9.0, np.float32)
        self.callback(block, count, None, None)
        return block[:, 0]


@dataclass
class SilentCard:
    """The module. It takes the `rates` named, others not; without `present` there is no device."""

    rates: tuple[int, ...] = (16_000, 24_000)
    own_rate: float = 48_000.0
    present: bool = True
    opened: dict[str, Stream] = field(default_factory=dict)
    asked: list[Any] = field(default_factory=list)
    PortAudioError: type[Exception] = PortAudioError

    def check_input_settings(self, *, device: Any, samplerate: int, **_: Any) -> None:
        self.asked.append(device)
        if samplerate not in self.rates:
            raise PortAudioError("Invalid sample rate")

    check_output_settings = check_input_settings

    def query_devices(self, device: Any = None, kind: str = "") -> Any:
        return {"default_samplerate": self.own_rate} if kind else "0 Silent Card, ALSA (2 in, 2 out)"

    def InputStream(self, **given: Any) -> Stream:
        return self._open("in", given)

    def OutputStream(self, **given: Any) -> Stream:
        return self._open("out", given)

    def _open(self, side: str, given: dict[str, Any]) -> Stream:
        if not self.present:
            raise PortAudioError("Error querying device -1")
        self.opened[side] = Stream(given["samplerate"], given["callback"], blocksize=given.get("blocksize", 0))
        return self.opened[side]
