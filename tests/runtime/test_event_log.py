"""The event log: written, read, bounded, redacted, replayed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from duologue.audio.formats import Pcm
from duologue.errors import Violation
from duologue.runtime.event_log import EventLog, EventLogWriter, Fact, LogHeader, Trace, read_event_log
from duologue.runtime.forms import Registry, command_form
from duologue.runtime.redaction import mask_words


@dataclass(frozen=True, slots=True)
class Settings:
    prompt: str
    limit: int = 3


@dataclass(frozen=True, slots=True)
class Heard:
    text: str


@dataclass(frozen=True, slots=True, eq=False)
class Sounded:
    pcm: Pcm


@dataclass(frozen=True, slots=True)
class Answer:
    text: str
    samples: int


REGISTRY = Registry(Settings, Heard | Sounded)
HEADER = LogHeader({"duologue": "0.1.0"}, Settings("Be kind."), seed=7, started="2026-01-01T00:00:00Z")


class Parrot:
    """A machine that says what it heard once it knows how long it sounded, and clears its throat when woken."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._text = ""

    def handle(self, event: Heard | Sounded, now: float) -> Sequence[Answer]:
        if isinstance(event, Heard):
            self._text = event.text
            return ()
        return [Answer(self._text[: self._settings.limit], len(event.pcm))]

    def wake(self, now: float) -> Sequence[Answer]:
        return [Answer(f"ahem at {now!r}", 0)]


def record(**options: Any) -> list[str]:
    lines: list[str] = []
    writer = EventLogWriter(lines.append, HEADER, **options)
    parrot, observe = Parrot(HEADER.settings), writer.observer("parrot")
    for now, event in ((0.1 + 0.2, Heard("hello")), (1.0, Sounded(np.ones(160, np.float32))), (1 / 3, None)):
        observe(now, event, parrot.wake(now) if event is None else parrot.handle(event, now))
    writer.trace("floor", 1.5, {"floor": 0.25})
    return lines


def differences(log: EventLog, redact: Any = None) -> list[Fact]:
    parrot = Parrot(log.header.settings)
    wrong = []
    for fact in log.of("parrot"):
        commands = parrot.wake(fact.now) if fact.event is None else parrot.handle(fact.event, fact.now)
        if tuple(command_form(command, redact) for command in commands) != fact.commands:
            wrong.append(fact)
    return wrong


def test_a_log_comes_back_typed_and_exact() -> None:
    log = read_event_log(record(), REGISTRY)
    assert log.header == HEADER
    assert [(fact.now, type(fact.event)) for fact in log.facts] == [
        (0.30000000000000004, Heard),
        (1.0, Sounded),
        (0.3333333333333333, type(None)),
    ]
    assert log.facts[1].commands == ({"$": "Answer", "text": "hel", "samples": 160},)
    assert log.traces == (Trace("floor", 1.5, {"$": "map", "items": {"floor": 0.25}}),)
    assert log.stopped == ""


def test_a_replay_gives_the_same_commands_and_other_settings_others() -> None:
    lines = record()
    assert differences(read_event_log(lines, REGISTRY)) == []
    lines[0] = lines[0].replace('"limit":3', '"limit":2')
    assert [fact.now for fact in differences(read_event_log(lines, REGISTRY))] == [1.0]


def test_a_redacted_log_holds_no_word_and_still_replays() -> None:
    lines = record(redact=mask_words)
    assert "hello" not in "".join(lines)
    assert "kind" not in "".join(lines)
    log = read_event_log(lines, REGISTRY)
    assert differences(log, mask_words) == []
    assert log.header.redacted
    assert not read_event_log(record(), REGISTRY).header.redacted


def test_the_same_run_writes_the_same_bytes() -> None:
    assert record() == record()


def test_a_log_at_its_bound_says_so_and_stops() -> None:
    lines: list[str] = []
    writer = EventLogWriter(lines.append, HEADER, max_bytes=1_000)
    for number in range(100):
        writer.fact("parrot", float(number), Heard("word"), [])
        writer.trace("floor", float(number), 0.5)
    assert writer.stopped
    assert sum(map(len, lines[:-1])) <= 1_000
    log = read_event_log(lines, REGISTRY)
    assert log.stopped == "the log has reached its bound"
    assert 2 < len(log.facts) < 20


def test_a_line_cut_off_by_a_crash_ends_the_log() -> None:
    lines = record()
    log = read_event_log([*lines[:2], lines[2][:-20]], REGISTRY)
    assert (len(log.facts), log.stopped) == (1, "the last line was cut off")


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ([], "the event log is empty; expected a header"),
        (["not json\n"], "line 1: not JSON"),
        (["[]\n"], "line 1: not a line of an event log"),
        (['{"event_log": 99}\n'], "line 1: this is not an event log of version 1"),
        (['{"event_log": 1}\n'], "line 1: not a line of an event log: KeyError"),
        ([*record()[:1], '{"m": "parrot", "now": 1}\n'], "line 2: not a line of an event log"),
        (
            [*record()[:1], '{"m": "x", "now": 1, "event": {"$": "New"}, "commands": []}\n'],
            "line 2: the log holds a 'New'",
        ),
        ([*record()[:1], "{\n"], "line 2: not JSON"),
        ([*record()[:1], "[" * 100_000 + "\n"], "line 2: not a line of an event log: RecursionError"),
        ([*record()[:1], '{"m":"x","now":1' + "0" * 400 + ',"event":null,"commands":[]}\n'], "line 2: .*OverflowError"),
    ],
)
def test_what_is_not_a_log_is_refused_with_its_line(lines: list[str], said: str) -> None:
    with pytest.raises(Violation, match=said):
        read_event_log(lines, REGISTRY)


def test_lines_of_a_newer_kind_are_passed_over() -> None:
    assert len(read_event_log([*record(), '{"note": "from the future"}\n'], REGISTRY).facts) == 3


def test_a_log_that_claims_hours_of_audio_costs_no_memory() -> None:
    """A gigabyte for each of the lines, were the silence written out."""
    claimed = '{"m":"x","now":1,"event":{"$":"pcm","samples":268435456},"commands":[]}\n'
    log = read_event_log([*record()[:1], *[claimed] * 100], REGISTRY)
    assert {len(fact.event) for fact in log.facts} == {1 << 28}
