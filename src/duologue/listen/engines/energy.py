"""Voice activity by energy: how far the present level stands above the quiet. Pure arithmetic, cheap enough to run in the server.

For density tests, simulation and as the baseline others must beat: it takes any loud enough sound for speech.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from duologue.audio.formats import LISTEN_RATE, Samples
from duologue.audio.spans import AudioSpan
from duologue.listen.engines.steps import Steps, level_db
from duologue.listen.hypothesis import ListenOptions, VoiceActivity
from duologue.runtime.engine_settings import Setting, apply_settings
from duologue.runtime.engines import EngineInfo, Role

STEP: Samples = 512
"""32 ms, the step of all our detectors."""


@dataclass(frozen=True, slots=True)
class EnergySettings:
    """When a level counts as speech. Levels are decibels against full scale."""

    margin_db: float = 12.0
    """A level this far above the quiet is as likely speech as not."""
    slope_db: float = 2.5
    """Decibels above or below that which bring the probability to 0.73 or 0.27."""
    silence_dbfs: float = -55.0
    """The quiet is never taken to be below this, so that line noise on a silent line is no speech."""
    rise_db_per_s: float = 3.0
    """How fast the quiet is believed to grow; it falls at once."""


class EnergyDetector:
    """The engine; holds nothing but its settings."""

    def __init__(self, settings: EnergySettings | None = None) -> None:
        self._settings = settings or EnergySettings()
        self.info = EngineInfo(
            name="energy",
            role=Role.VOICE_ACTIVITY,
            version="1",
            licence="Apache-2.0",
            sample_rate=LISTEN_RATE,
            step_s=STEP / LISTEN_RATE,
            languages=("*",),
            worst_step_s=0.001,
            max_streams=1000,
        )

    def open(self, options: ListenOptions) -> EnergyStream:
        """A fresh stream; `options` change nothing here but by their extras."""
        return EnergyStream(apply_settings(self._settings, options.extras, "energy"))


class EnergyStream:
    """One caller's level and the quiet behind it."""

    def __init__(self, settings: EnergySettings) -> None:
        self._settings = settings
        self._steps = Steps(STEP)
        self._quiet_db = settings.silence_dbfs
        self._rise = settings.rise_db_per_s * STEP / LISTEN_RATE

    def feed(self, item: AudioSpan) -> Iterator[VoiceActivity]:
        """One activity per whole step."""
        for step in self._steps.push(item):
            yield self._judge(step)

    def flush(self) -> Iterator[VoiceActivity]:
        """Judge what is held back as if silence followed."""
        step = self._steps.flush()
        if step is not None:
            yield VoiceActivity(self._steps.end, self._judge(step).speech)

    def close(self) -> None:
        """Nothing to release."""

    def _judge(self, step: AudioSpan) -> VoiceActivity:
        settings = self._settings
        level = level_db(step.pcm)
        above = (level - self._quiet_db - settings.margin_db) / settings.slope_db
        speech = 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, above))))
        # The quiet follows a falling level at once and a rising one slowly, so a sentence does not become the quiet.
        quiet = min(level, self._quiet_db + self._rise)
        self._quiet_db = max(settings.silence_dbfs, quiet)
        return VoiceActivity(step.end, speech)


def create(settings: Mapping[str, Setting]) -> EnergyDetector:
    """The engine as the configuration names it."""
    return EnergyDetector(apply_settings(EnergySettings(), settings, "energy"))
