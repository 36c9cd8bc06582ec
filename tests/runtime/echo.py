"""A small engine with the manners of a real one: it echoes, holds back, counts slowly, crashes and hangs on demand."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from duologue.audio.formats import Pcm
from duologue.errors import Violation
from duologue.runtime.engines import EngineInfo, EngineSpec, EngineStream, Role
from duologue.runtime.link import Vocabulary


@dataclass(frozen=True, slots=True)
class EchoOptions:
    """`prefix` stands before every echo; `"refuse"` is refused."""

    prefix: str = ""


@dataclass(frozen=True, slots=True)
class Say:
    """One item. `order` is what to do: `echo`, `keep` (until the flush), `count` (`times` results), `raise`, `die`, `hang`."""

    order: str
    text: str = ""
    times: int = 1


@dataclass(frozen=True, slots=True, eq=False)
class Sound:
    """An item of samples; comes back as it is."""

    pcm: Pcm


@dataclass(frozen=True, slots=True)
class Echo:
    """One result."""

    text: str
    number: int = 0
    pid: int = 0


VOCABULARY = Vocabulary(EchoOptions, Say, Sound, Echo)


class EchoStream:
    """Keeps what it was told to keep until it is flushed."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._kept: list[str] = []
        self.closed = False

    def feed(self, item: Say | Sound) -> Iterator[Echo | Sound]:
        if isinstance(item, Sound):
            yield item
            return
        match item.order:
            case "echo":
                yield Echo(self._prefix + item.text, pid=os.getpid())
            case "keep":
                self._kept.append(item.text)
            case "count":
                for number in range(item.times):
                    yield Echo(self._prefix + item.text, number)
            case "raise":
                raise RuntimeError(item.text)
            case "die":
                os.kill(os.getpid(), signal.SIGKILL)
            case "hang":
                threading.Event().wait()
            case "environment":
                yield Echo(os.environ.get(item.text, "<unset>"))

    def flush(self) -> Iterator[Echo]:
        kept, self._kept = self._kept, []
        for text in kept:
            yield Echo(self._prefix + text)

    def close(self) -> None:
        self.closed = True


class EchoEngine:
    """One stream at a time gets its turn."""

    def __init__(self, max_streams: int = 8) -> None:
        self.info = EngineInfo("echo", Role.RECOGNIZER, "1", "Apache-2.0", 16_000, max_streams=max_streams)

    def open(self, options: EchoOptions) -> EchoStream:
        if options.prefix == "refuse":
            raise Violation(
                "unknown_voice", "there is no such echo", path="prefix", expected="another one", remedy="Ask nicely."
            )
        if options.prefix == "raise":
            raise RuntimeError("cannot open")
        return EchoStream(options.prefix)


class ChoirEngine(EchoEngine):
    """Takes one item of every waiting stream at once, and says how many there were."""

    def step(self, work: Sequence[tuple[EngineStream[Any, Any], Any]]) -> Sequence[Iterable[Echo]]:
        if any(item.order == "raise" for _, item in work):
            raise RuntimeError("the choir is out of tune")
        return [[Echo(item.text, len(work))] * item.times for _, item in work]


def load(settings: Mapping[str, Any]) -> EchoEngine:
    """The factory of the specs below."""
    if settings.get("refuse_to_load"):
        raise RuntimeError("the weights are missing")
    if settings.get("hang_while_loading"):
        threading.Event().wait()
    engine = ChoirEngine if settings.get("choir") else EchoEngine
    return engine(settings.get("max_streams", 8))


def spec(**settings: Any) -> EngineSpec:
    """An echo engine for a pool."""
    return EngineSpec("echo", Role.RECOGNIZER, "tests.runtime.echo:load", "tests.runtime.echo:VOCABULARY", settings)


def tone(seconds: float) -> Pcm:
    """Something to hear."""
    return np.sin(np.arange(int(16_000 * seconds)) * 0.2).astype(np.float32)
