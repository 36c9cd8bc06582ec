"""One call on one page: a self-contained HTML file with what was said, why each turn was decided, and how long everything took.

`CallTimeline` is a plain value that the demo, the simulation and replay fill from their recordings; times are seconds from the start of
the call. `render_html` makes the file: no network, no third-party script, and a content policy that permits exactly its own script and
style, by their hashes.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Literal

import numpy as np

from duologue.audio.formats import Pcm
from duologue.errors import Violation
from duologue.runtime.machine import Seconds

PEAKS_PER_SECOND = 100
MAX_SECONDS = 4 * 3600.0
MAX_POINTS = 100_000
"""Of one series; longer ones are thinned."""
MAX_ENTRIES = 20_000
"""Events, spans and lines each; what comes later is left out, and the page says so."""

Side = Literal["caller", "agent"]


@dataclass(frozen=True, slots=True)
class Series:
    """A quantity between 0 and 1 over time, such as speech probability or floor."""

    name: str
    points: tuple[tuple[Seconds, float], ...]


@dataclass(frozen=True, slots=True)
class Threshold:
    """A level the floor is compared with."""

    name: str
    value: float


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that happened at one moment."""

    t: Seconds
    kind: str
    """`turn_started`, `turn_eager_ended`, `turn_resumed`, `turn_ended`, `interrupted`, `tool`, `key`, `warning`, `error`, or a word of
    your own."""
    text: str
    why: str = ""
    """The reason in words a person can read, shown on hover and click."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Work that took a while."""

    start: Seconds
    end: Seconds
    lane: str
    """`wait` (end of speech to first audio), `think`, `tool`, `speak`, or a word of your own; each gets a row."""
    label: str
    detail: str = ""
    manner: Literal["", "draft", "dropped", "failed"] = ""


@dataclass(frozen=True, slots=True)
class Line:
    """What one side said, where it was heard."""

    start: Seconds
    end: Seconds
    side: Side
    text: str
    heard: str | None = None
    """The part the caller heard, when the line was cut; `None` for all of it."""


@dataclass(frozen=True, slots=True)
class CallTimeline:
    """Everything that is drawn of one call."""

    title: str
    duration: Seconds
    caller_peaks: tuple[float, ...] = ()
    """Loudest sample of each step, 0 to 1, `peaks_per_second` of them a second; see `peaks`."""
    agent_peaks: tuple[float, ...] = ()
    peaks_per_second: float = PEAKS_PER_SECOND
    series: tuple[Series, ...] = ()
    thresholds: tuple[Threshold, ...] = ()
    happenings: tuple[Happening, ...] = ()
    stretches: tuple[Stretch, ...] = ()
    lines: tuple[Line, ...] = ()
    summary: tuple[tuple[str, str], ...] = ()
    """Names and values for the top of the page, such as `("median response", "0.62 s")`."""
    note: str = ""
    """One line beneath the title: when, with which engines."""

    def __post_init__(self) -> None:
        if not 0 < self.duration <= MAX_SECONDS:
            raise Violation(
                "timeline",
                f"a call of {self.duration:g} s cannot be drawn",
                path="duration",
                expected="up to four hours",
            )


def peaks(pcm: Pcm, rate: int, per_second: float = PEAKS_PER_SECOND) -> tuple[float, ...]:
    """The loudest sample of each step of `1 / per_second` seconds."""
    step = max(1, round(rate / per_second))
    whole = len(pcm) // step * step
    loud = np.abs(pcm[:whole].reshape(-1, step)).max(axis=1) if whole else np.zeros(0, np.float32)
    rest = [float(np.abs(pcm[whole:]).max())] if len(pcm) > whole else []
    return (*(float(value) for value in loud), *rest)


def render_html(timeline: CallTimeline) -> str:
    """The page, complete in one text. Works from a file, offline, with a mouse or a keyboard."""
    style, script, page = (_static(f"timeline.{ending}") for ending in ("css", "js", "html"))
    policy = (
        f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)}; base-uri 'none'; form-action 'none'"
    )
    # `<` cannot occur in the data, so no text of a caller can end the element that holds it.
    data = json.dumps(_data(timeline), ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    parts = {
        "TITLE": html.escape(timeline.title),
        "POLICY": html.escape(policy, quote=True),
        "STYLE": style,
        "DATA": data,
        "SCRIPT": script,
    }
    head, *pieces = page.split("{{")
    out = [head]
    for piece in pieces:
        name, _, rest = piece.partition("}}")
        out += [parts[name], rest]
    return "".join(out)


def _data(timeline: CallTimeline) -> dict[str, Any]:
    left_out = sum(
        max(0, len(entries) - MAX_ENTRIES) for entries in (timeline.happenings, timeline.stretches, timeline.lines)
    )
    return {
        "title": timeline.title,
        "note": timeline.note,
        "summary": timeline.summary,
        "duration": _round(timeline.duration),
        "peaks": {
            "rate": timeline.peaks_per_second,
            "caller": _pack(timeline.caller_peaks),
            "agent": _pack(timeline.agent_peaks),
        },
        "series": [{"name": series.name, "points": _thin(series.points)} for series in timeline.series],
        "thresholds": [[threshold.name, _round(threshold.value)] for threshold in timeline.thresholds],
        "happenings": [[_round(h.t), h.kind, h.text, h.why] for h in timeline.happenings[:MAX_ENTRIES]],
        "stretches": [
            [_round(s.start), _round(s.end), s.lane, s.label, s.detail, s.manner]
            for s in timeline.stretches[:MAX_ENTRIES]
        ],
        "lines": [[_round(n.start), _round(n.end), n.side, n.text, n.heard] for n in timeline.lines[:MAX_ENTRIES]],
        "left_out": left_out,
    }


def _pack(values: Sequence[float]) -> str:
    # Speech is quiet: a curve between linear and loudness lets it be seen, and leaves the noise below it thin.
    loud = np.clip(np.asarray(values, np.float64), 0.0, 1.0) ** 0.65 * 255
    return base64.b64encode(np.rint(loud).astype(np.uint8).tobytes()).decode("ascii")


def _thin(points: Sequence[tuple[Seconds, float]]) -> list[list[float]]:
    every = -(-len(points) // MAX_POINTS) or 1
    return [[_round(t), _round(value)] for t, value in points[::every]]


def _round(value: float) -> float:
    return round(value, 3)


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode('ascii')}'"


def _static(name: str) -> str:
    return files("duologue.console").joinpath("static", name).read_text("utf-8")
