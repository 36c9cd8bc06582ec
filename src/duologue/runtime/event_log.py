"""The event log: what machines were told and when, and what they answered. A bug report is such a file, and its test is too.

JSON lines. The first is the header: versions, settings, seed. Then *facts*, one for each step of a machine: name, `now`, the event (`null`
for a wake) and the commands that followed. Between them *traces*, which are for display and mean nothing to a replay. A log that reaches
its bound says so in its last line and stops. No audio is in it; words are, unless it is redacted.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from duologue.errors import Violation
from duologue.runtime.forms import Plain, Registry, command_form, form_of
from duologue.runtime.machine import Seconds
from duologue.runtime.redaction import Redact

VERSION = 1

MAX_LOG_BYTES = 50 * 1000 * 1000

Write: TypeAlias = Callable[[str], object]
"""Takes one line, newline included: the `write` of a text file, or `list.append`."""


@dataclass(frozen=True, slots=True)
class LogHeader:
    """What must be the same for a replay to be the same."""

    versions: Mapping[str, str]
    """Of this program and of the engines."""
    settings: Any
    """The settings of the machines, a value."""
    seed: int | None = None
    """Of the identifiers; `None` when they were random."""
    started: str = ""
    """Wall-clock time, for people."""
    redacted: bool = False
    """Private words cannot be read, and commands are to be compared without them (`mask_form`). The writer says so itself."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One step of one machine."""

    machine: str
    now: Seconds
    event: Any
    """`None` for a wake."""
    commands: tuple[Plain, ...]
    """As `command_form` writes them."""


@dataclass(frozen=True, slots=True)
class Trace:
    """Something to show."""

    name: str
    now: Seconds
    value: Plain


@dataclass(frozen=True, slots=True)
class EventLog:
    """A log that was read."""

    header: LogHeader
    facts: tuple[Fact, ...]
    traces: tuple[Trace, ...]
    stopped: str = ""
    """Why it ends early; empty for a whole one."""

    def of(self, machine: str) -> tuple[Fact, ...]:
        """The facts of one machine."""
        return tuple(fact for fact in self.facts if fact.machine == machine)


class EventLogWriter:
    """Writes a log line by line. What it writes is bounded by `max_bytes`; `redact` makes private words unreadable (`WordMask`)."""

    def __init__(
        self, write: Write, header: LogHeader, max_bytes: int = MAX_LOG_BYTES, redact: Redact | None = None
    ) -> None:
        self._write = write
        self._left = max_bytes
        self._redact = redact
        self._stopped = False
        self._line(
            {
                "event_log": VERSION,
                "versions": dict(header.versions),
                "settings": form_of(header.settings, redact),
                "seed": header.seed,
                "started": header.started,
                **({} if redact is None else {"redacted": True}),
            }
        )

    @property
    def stopped(self) -> bool:
        """The bound was reached; nothing more is written."""
        return self._stopped

    def fact(self, machine: str, now: Seconds, event: Any, commands: Sequence[Any]) -> None:
        """A machine was told `event` (`None` for a wake) and answered `commands`."""
        if not self._stopped:
            said = [command_form(command, self._redact) for command in commands]
            self._line({"m": machine, "now": now, "event": form_of(event, self._redact), "commands": said})

    def observer(self, machine: str) -> Callable[[Seconds, Any, Sequence[Any]], None]:
        """For `Driver(observers=...)`: writes every step of a machine under this name."""

        def observe(now: Seconds, event: Any, commands: Sequence[Any]) -> None:
            self.fact(machine, now, event, commands)

        return observe

    def trace(self, name: str, now: Seconds, value: Any) -> None:
        """Something to show on a timeline."""
        if not self._stopped:
            self._line({"trace": name, "now": now, "value": form_of(value, self._redact)})

    def _line(self, content: Mapping[str, Any]) -> None:
        line = json.dumps(content, separators=(",", ":"), ensure_ascii=False) + "\n"
        self._left -= len(line.encode())
        if self._left < 0:
            self._stopped = True
            line = json.dumps({"stopped": "the log has reached its bound"}) + "\n"
        self._write(line)


@dataclass(slots=True)
class _Reading:
    """A log on its way in."""

    registry: Registry
    header: LogHeader | None = None
    facts: list[Fact] = field(default_factory=list)
    traces: list[Trace] = field(default_factory=list)
    stopped: str = ""

    def take(self, content: Any) -> None:
        if not isinstance(content, dict):
            raise TypeError("a line must be a JSON object")
        if self.header is None:
            self.header = _read_header(content, self.registry)
        elif "m" in content:
            event = self.registry.value_of(content["event"])
            commands = tuple(content["commands"])
            self.facts.append(Fact(str(content["m"]), float(content["now"]), event, commands))
        elif "trace" in content:
            self.traces.append(Trace(str(content["trace"]), float(content["now"]), content["value"]))
        elif "stopped" in content:
            self.stopped = str(content["stopped"])


def read_event_log(lines: Iterable[str], registry: Registry) -> EventLog:
    """The log written in `lines` (an open text file will do), its events and settings as values of the registry's types.

    Raises `Violation("event_log")`, with the line in `path`, for what is not a log or holds types that are not known. A last line that was
    cut off (the process was killed while writing) ends the log and is said in `stopped`.
    """
    reading = _Reading(registry)
    lines = iter(lines)
    for number, line in enumerate(lines, 1):
        try:
            reading.take(json.loads(line))
        except json.JSONDecodeError as error:
            if not line.endswith("\n") and reading.header is not None:
                reading.stopped = "the last line was cut off"
                break
            raise Violation("event_log", f"not JSON: {error}", path=f"line {number}") from error
        except (KeyError, TypeError, ValueError, OverflowError, RecursionError) as error:
            raise Violation("event_log", f"not a line of an event log: {error!r}", path=f"line {number}") from error
        except Violation as error:
            raise Violation("event_log", error.message, path=f"line {number}", expected=error.expected) from error
    if reading.header is None:
        raise Violation("event_log", "the event log is empty", expected="a header in its first line")
    return EventLog(reading.header, tuple(reading.facts), tuple(reading.traces), reading.stopped)


def _read_header(content: Mapping[str, Any], registry: Registry) -> LogHeader:
    version = content.get("event_log")
    if version != VERSION:
        raise Violation(
            "event_log", f"this is not an event log of version {VERSION}", expected='"event_log" in the first line'
        )
    return LogHeader(
        versions=dict(content["versions"]),
        settings=registry.value_of(content["settings"]),
        seed=content["seed"],
        started=str(content["started"]),
        redacted=content.get("redacted") is True,
    )
