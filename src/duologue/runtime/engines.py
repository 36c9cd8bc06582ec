"""The one narrow interface between the server and every speech engine, wherever it runs.

An engine is a *transducer*: items in, results out, no clock, no I/O. A *stream* is one use of it, a *channel* the event loop's end of
a stream, a *host* the place where streams run: this process (`InlineHost`) or worker processes (`PoolHost`).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol, TypeVar

OptionsT_contra = TypeVar("OptionsT_contra", contravariant=True)
InT_contra = TypeVar("InT_contra", contravariant=True)
OutT_co = TypeVar("OutT_co", covariant=True)


class Role(StrEnum):
    """What an engine is for."""

    VOICE_ACTIVITY = "voice_activity"
    RECOGNIZER = "recognizer"
    END_OF_TURN = "end_of_turn"
    SYNTHESIZER = "synthesizer"


@dataclass(frozen=True, slots=True)
class EngineInfo:
    """What is known of an engine before it is used."""

    name: str
    """The name used in the configuration."""
    role: Role
    version: str
    licence: str
    """SPDX expression of the engine and of the model it brings."""
    sample_rate: int
    """Of what it hears or speaks, in hertz."""
    step_s: float = 0.0
    """Length of audio it works on at a time, in seconds; 0 when any length will do."""
    languages: tuple[str, ...] = ("en",)
    streaming: bool = True
    """Gives results before its input is complete."""
    word_times: bool = False
    """Says where words begin and end, exactly."""
    worst_step_s: float = 1.0
    """The longest a single `feed` or `flush` step takes before it can be cancelled, in seconds of CPU."""
    download: str = ""
    """What must be fetched before it can be used; empty when nothing."""
    max_streams: int = 32
    """How many streams one worker process carries on an ordinary core."""


@dataclass(frozen=True, slots=True)
class EngineSpec:
    """How to make an engine, in words that can be sent to another process."""

    name: str
    """The name used in the configuration."""
    role: Role
    factory: str
    """`"module:function"`; `function(settings)` loads the engine and returns it. Called once per worker, where its library is imported."""
    vocabulary: str
    """`"module:NAME"` of the `Vocabulary` whose values cross the link; imported on both sides, so it must not import the engine."""
    settings: Mapping[str, Any] = field(default_factory=dict, hash=False)
    """Passed to the factory: plain values only (numbers, text, lists, tables)."""


class EngineStream(Protocol[InT_contra, OutT_co]):
    """One use of an engine: synchronous, used from one thread, no clock, no I/O.

    Both iterators are drained lazily, so a cancelled stream is left between two results and never in the middle of one.
    """

    def feed(self, item: InT_contra) -> Iterator[OutT_co]:
        """Take one item and give whatever can be said now."""
        ...

    def flush(self) -> Iterator[OutT_co]:
        """Give up everything held back; the stream stays usable."""
        ...

    def close(self) -> None:
        """Release what the stream holds."""
        ...


class Engine(Protocol[OptionsT_contra, InT_contra, OutT_co]):
    """A loaded model or library. Loading happens once per process, in the constructor or factory."""

    @property
    def info(self) -> EngineInfo:
        """Name, version, licence and abilities."""
        ...

    def open(self, options: OptionsT_contra) -> EngineStream[InT_contra, OutT_co]:
        """A fresh stream. Raises `Violation` for options the engine cannot honour."""
        ...


class BatchEngine(Engine[OptionsT_contra, InT_contra, OutT_co], Protocol[OptionsT_contra, InT_contra, OutT_co]):
    """An engine that works best on many streams at once. A worker that finds `step` uses it instead of the streams' `feed`."""

    def step(self, work: Sequence[tuple[EngineStream[Any, Any], Any]]) -> Sequence[Iterable[OutT_co]]:
        """The results of one item for each of several streams of this engine, in the order given."""
        ...


@dataclass(frozen=True, slots=True)
class Flushed:
    """Comes out of a channel, in order, for every `flush` that went in."""

    count: int
    """1 for the first flush of the channel, 2 for the second, ..."""


class Channel(Protocol[InT_contra, OutT_co]):
    """The event loop's end of one stream."""

    def send(self, item: InT_contra) -> None:
        """Queue one item; never blocks. Ask `writable` before sending much more than real time."""
        ...

    async def writable(self) -> None:
        """Return once the backlog is under its high-water mark."""
        ...

    def flush(self) -> None:
        """Ask the stream for everything it holds back; `Flushed` marks the end of it."""
        ...

    def cancel(self) -> None:
        """Forget queued input and every result still to come; the channel stays usable for new input."""
        ...

    def close(self) -> None:
        """End the stream; iteration stops. Idempotent."""
        ...

    def __aiter__(self) -> AsyncIterator[OutT_co | Flushed]:
        """Results in order. Raises `EngineFailure` when the engine or its worker died."""
        ...


class EngineHost(Protocol[OptionsT_contra, InT_contra, OutT_co]):
    """A place where streams of one engine run."""

    @property
    def info(self) -> EngineInfo:
        """Of the engine it hosts."""
        ...

    async def open(self, options: OptionsT_contra) -> Channel[InT_contra, OutT_co]:
        """A channel to a new stream. Raises `Refused` when full, `EngineFailure` when the engine cannot be started."""
        ...
