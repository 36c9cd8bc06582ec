"""Who hears whom: a directed graph of units, changed at any time, and the pump that plays what waits, 20 ms at a time.

A machine. Any number of units may hear one unit; a unit hears as many as it has inputs, which is one but for mixers and recorders, and a
new source takes the place of the oldest. Live sources (calls) are passed on as they come; streams (agents) are paced to real time, from
a buffer of ten seconds for each (source, tag), and lost while nobody hears them; stored audio (players) waits until somebody does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from duologue.audio.formats import Pcm, Samples
from duologue.bridge.converter import Converter
from duologue.bridge.paced_stream import PacedStream
from duologue.bridge.routing import (
    UNLABELLED,
    Arrived,
    Cleared,
    DropAudio,
    EdgeAdded,
    EdgeRemoved,
    Joined,
    Left,
    MediaFact,
    MediaOrder,
    Pass,
    Paused,
    Play,
    RateSet,
    SourceKind,
    StreamLabel,
    TellEmptied,
    TellEnded,
    TellOverflow,
    TellReplaced,
    TellStarted,
    Traits,
)
from duologue.runtime.machine import Seconds


@dataclass(slots=True)
class _Edge:
    source: int
    target: int
    label: StreamLabel
    converter: Converter


@dataclass(slots=True)
class _Unit:
    rate: int
    traits: Traits
    given: Samples = 0
    paused: bool = False
    streams: dict[str, tuple[StreamLabel, PacedStream]] = field(default_factory=dict)
    outgoing: list[_Edge] = field(default_factory=list)
    incoming: list[_Edge] = field(default_factory=list)


class MediaRouter:
    """The machine. Units are numbers that only grow; facts about units that left are dropped in `handle`."""

    def __init__(self) -> None:
        self._units: dict[int, _Unit] = {}
        self._orders: list[MediaOrder] = []

    def handle(self, event: MediaFact, now: Seconds) -> Sequence[MediaOrder]:
        """What follows from a fact, and every frame that is due by now."""
        if isinstance(event, Joined):
            self._units[event.unit] = _Unit(event.rate, event.traits)
        elif all(unit in self._units for unit in _named(event)):
            self._apply(event, now)
        return self.wake(now)

    def wake(self, now: Seconds) -> Sequence[MediaOrder]:
        """Every frame that is due, and every run that is over."""
        for number, unit in self._units.items():
            for tag in list(unit.streams):
                self._run_stream(number, unit, tag, now)
        orders, self._orders = self._orders, []
        return orders

    def wake_at(self) -> Seconds | None:
        """The next frame, or the next run's end."""
        return min((at for unit in self._units.values() for at in self._moments(unit)), default=None)

    def waiting(self, source: int, tag: str | None = None) -> Seconds:
        """How much of a unit's audio waits: the most of its streams, or that of one."""
        unit = self._units.get(source)
        if unit is None:
            return 0.0
        held = [stream.held for name, (_, stream) in unit.streams.items() if tag is None or _key(unit, tag) == name]
        return max(held, default=0) / unit.rate

    def heard_by(self, source: int) -> tuple[int, ...]:
        """The units that hear `source`."""
        unit = self._units.get(source)
        return tuple(edge.target for edge in unit.outgoing) if unit else ()

    def hears(self, target: int) -> tuple[int, ...]:
        """The units that `target` hears, the one longest heard first."""
        unit = self._units.get(target)
        return tuple(edge.source for edge in unit.incoming) if unit else ()

    def _apply(self, event: MediaFact, now: Seconds) -> None:
        match event:
            case EdgeAdded(source, target, label):
                self._connect(source, target, label, now)
            case EdgeRemoved(source, target):
                self._disconnect(source, target, now)
            case Arrived():
                self._take_in(event, now)
            case Cleared(source, tag):
                self._clear(source, tag, now)
            case Paused(source, paused):
                self._units[source].paused = paused
            case RateSet(unit, rate):
                self._set_rate(unit, rate)
            case Left(unit):
                for target in self.heard_by(unit):
                    self._disconnect(unit, target, now)
                for edge in list(self._units[unit].incoming):
                    self._disconnect(edge.source, unit, now)
                del self._units[unit]

    def _connect(self, source: int, target: int, label: StreamLabel, now: Seconds) -> None:
        giver, taker = self._units[source], self._units[target]
        self._disconnect(source, target, now, keep=label.tag)
        if len(taker.incoming) >= taker.traits.inputs:
            old = taker.incoming[0].source
            self._disconnect(old, target, now)
            self._orders.append(TellReplaced(target, old, source))
        edge = _Edge(source, target, label, Converter(giver.rate, taker.rate))
        giver.outgoing.append(edge)
        taker.incoming.append(edge)
        if giver.traits.kind is not SourceKind.LIVE:
            key = _key(giver, label.tag)
            stream = giver.streams[key][1] if key in giver.streams else PacedStream(giver.rate, giver.traits.bound_s)
            giver.streams[key] = (label, stream)

    def _disconnect(self, source: int, target: int, now: Seconds, keep: str | None = None) -> None:
        """Take an edge away. A stream nobody hears any more is dropped, but for stored audio, and for the tag about to be used again."""
        giver = self._units[source]
        edge = next((edge for edge in giver.outgoing if edge.target == target), None)
        if edge is None:
            return
        giver.outgoing.remove(edge)
        self._units[target].incoming.remove(edge)
        tag = edge.label.tag
        unheard = all(other.label.tag != tag for other in giver.outgoing)
        if giver.traits.kind is SourceKind.STREAMED and unheard and tag != keep:
            stream = giver.streams[tag][1]
            stream.drop(now)
            if not stream.running:
                del giver.streams[tag]  # an open run is told to its end first

    def _set_rate(self, number: int, rate: int) -> None:
        unit = self._units[number]
        unit.rate, unit.given = rate, 0
        for key, (label, _) in unit.streams.items():
            unit.streams[key] = (label, PacedStream(rate, unit.traits.bound_s))
        for edge in (*unit.outgoing, *unit.incoming):
            edge.converter = Converter(self._units[edge.source].rate, self._units[edge.target].rate)

    def _take_in(self, event: Arrived, now: Seconds) -> None:
        unit = self._units[event.source]
        unit.given += len(event.pcm)
        if unit.traits.kind is SourceKind.LIVE:
            for edge in unit.outgoing:
                if event.target in (None, edge.target):
                    self._play(edge, event.pcm, unit.given)
            return
        if unit.traits.kind is SourceKind.STORED and not unit.streams:
            unit.streams[""] = (UNLABELLED, PacedStream(unit.rate, unit.traits.bound_s))
        heard = {_key(unit, edge.label.tag) for edge in unit.outgoing}
        for key, (label, stream) in unit.streams.items():
            wanted = key in heard or unit.traits.kind is SourceKind.STORED
            if wanted and stream.put(event.pcm, unit.given, now):
                self._orders.append(TellOverflow(event.source, label))

    def _clear(self, source: int, tag: str | None, now: Seconds) -> None:
        unit = self._units[source]
        for key, (_, stream) in unit.streams.items():
            if tag is None or key == _key(unit, tag):
                stream.drop(now)
        for edge in unit.outgoing:
            if tag is None or edge.label.tag == tag:
                edge.converter.restart()
                self._orders.append(DropAudio(edge.target))
        self._orders.append(TellEmptied(source, cleared=True))

    def _run_stream(self, source: int, unit: _Unit, tag: str, now: Seconds) -> None:
        label, stream = unit.streams[tag]
        edges = [edge for edge in unit.outgoing if _key(unit, edge.label.tag) == tag]
        playing = edges and not unit.paused
        while playing and (due := stream.due_at()) is not None and due <= now:
            taken = stream.take(now)
            if taken.begins_run:
                self._orders.append(TellStarted(source, label))
            for edge in edges:
                if taken.begins_run:
                    edge.converter.restart()
                self._play(edge, taken.pcm, taken.position)
            self._orders.append(Pass(source, taken.position))
            if not any(other.held for _, other in unit.streams.values()):
                self._orders.append(TellEmptied(source, cleared=False))
        ends_at = stream.ends_at()
        if ends_at is not None and ends_at <= now:
            self._orders.append(TellEnded(source, label, stream.end_run()))
            if not edges and unit.traits.kind is SourceKind.STREAMED:
                del unit.streams[tag]

    def _play(self, edge: _Edge, pcm: Pcm, position: Samples) -> None:
        for frame in edge.converter.push(pcm):
            self._orders.append(Play(edge.target, edge.source, frame, position))

    def _moments(self, unit: _Unit) -> Iterator[Seconds]:
        heard = {_key(unit, edge.label.tag) for edge in unit.outgoing}
        for key, (_, stream) in unit.streams.items():
            playing = key in heard and not unit.paused
            due = stream.due_at() if playing else None
            at = due if due is not None else stream.ends_at()
            if at is not None:
                yield at


def _key(unit: _Unit, tag: str) -> str:
    """The name of a stream: a tag; stored audio is one stream, whatever it is called."""
    return "" if unit.traits.kind is SourceKind.STORED else tag


def _named(event: MediaFact) -> tuple[int, ...]:
    match event:
        case EdgeAdded(source, target) | EdgeRemoved(source, target):
            return source, target
        case Arrived(source) | Cleared(source) | Paused(source):
            return (source,)
        case Joined(unit) | RateSet(unit) | Left(unit):
            return (unit,)
