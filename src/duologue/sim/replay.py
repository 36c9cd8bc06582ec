"""A recorded call, decided again: the same facts must give the same commands; other settings show what they would have changed.

The log of a server holds the session's facts, not the engines' results behind them. So the session is decided again exactly, and the
moments of turns are decided again from the floor that was logged every 0.1 s. What callers, models and voices would have done after a
different decision, nobody knows; after the first difference the facts are those of another conversation.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from pathlib import Path
from typing import Any, TypeVar, get_args, get_type_hints

from duologue.agent.events import Event, ListenChanged
from duologue.agent.responder import Expectation, ModelResponder
from duologue.agent.session import Session
from duologue.agent.settings import ThinkSettings
from duologue.audio.formats import LISTEN_RATE, Samples
from duologue.config import Config
from duologue.errors import Violation
from duologue.ids import SeededIds
from duologue.listen.events import Progressed, TurnEagerEnded, TurnEnded, TurnResumed, TurnStarted
from duologue.listen.hypothesis import ListenOptions
from duologue.listen.policy import TurnPolicy
from duologue.listen.turns import Move, TurnDetector
from duologue.runtime.event_log import EventLog, read_event_log
from duologue.runtime.forms import Plain, Registry, command_form
from duologue.runtime.machine import Seconds
from duologue.runtime.redaction import mask_form, mask_words
from duologue.server.agents import configured_voices, load_agents
from duologue.server.call_log import LoggedCall
from duologue.server.expectations import expectation
from duologue.server.models import build_thinking
from duologue.think.messages import Message

REGISTRY = Registry(Event, LoggedCall)
"""Every type the log of an agent call may hold."""

ValueT = TypeVar("ValueT")


@dataclass(frozen=True, slots=True)
class Difference:
    """A step that was decided otherwise."""

    step: int
    """Counts the session's facts from 1."""
    now: Seconds
    event: Any
    recorded: tuple[Plain, ...]
    again: tuple[Plain, ...]


@dataclass(frozen=True, slots=True)
class TurnMoment:
    """A decision about a turn, by the floor alone."""

    move: Move
    at: Seconds
    """Of the caller's audio."""
    floor: float


def read_call(path: Path) -> EventLog:
    """The log in a file. Raises `Violation` when it cannot be read or is not the log of an agent call."""
    try:
        with path.open(encoding="utf-8") as lines:
            log = read_event_log(lines, REGISTRY)
    except OSError as error:
        raise Violation("event_log", f"cannot read {path}: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise Violation("event_log", f"{path} is not an event log: it is not text") from None
    if not isinstance(log.header.settings, LoggedCall) or log.header.seed is None:
        raise Violation("event_log", f"{path} is not the log of an agent call")
    return log


class _Recorded:
    """What the rules expected of the caller, as the log tells it: that it changed, not what it became."""

    def __init__(self) -> None:
        self._changes = 0
        self._ahead = 0

    def begin(self, recorded: Sequence[Plain]) -> None:
        """The next step, with the commands it gave."""
        self._ahead = sum(command.get("$") == "Expect" for command in recorded)

    def expect(self, messages: Sequence[Message], think: ThinkSettings) -> ListenOptions | None:
        """An `Expectation`: something else whenever the recorded step went on to expect something else."""
        del messages, think
        if self._ahead:
            self._ahead -= 1
            self._changes += 1
        return ListenOptions(language=f"change {self._changes}") if self._changes else None


def replay_session(log: EventLog, config: Config | None = None, changes: Sequence[str] = ()) -> Iterator[Difference]:
    """Every step the session decides otherwise than recorded. `changes` are `path=value`.

    With the `config` of the server its rules say anew what they expect of the caller; without, the log's word is taken for it. Of a
    redacted log everything is compared but the words.
    """
    redact = mask_words if log.header.redacted else None
    call: LoggedCall = log.header.settings
    asked = call.asked
    recorded = _Recorded()
    expect: Expectation = recorded.expect
    if config is not None:
        dialogues = load_agents(config, configured_voices(config)).dialogues
        expect = expectation(build_thinking(config.think, dialogues=dialogues).router, lambda: asked)
    session = Session(change(call.agent, changes), ModelResponder(expect), SeededIds(log.header.seed or 0), call.rate)
    for number, fact in enumerate(log.of("session"), 1):
        recorded.begin(fact.commands)
        if isinstance(fact.event, ListenChanged):
            asked = fact.event.listen.options
        commands = session.wake(fact.now) if fact.event is None else session.handle(fact.event, fact.now)
        again = tuple(json.loads(json.dumps(command_form(command, redact))) for command in commands)
        told = fact.commands if redact is None else tuple(mask_form(command) for command in fact.commands)
        if not _equal(told, again, exactly=config is not None):
            yield Difference(number, fact.now, fact.event, fact.commands, again)


def _equal(recorded: Sequence[Plain], again: Sequence[Plain], *, exactly: bool) -> bool:
    if exactly or len(recorded) != len(again):
        return recorded == again
    return all(one == other or (one["$"] == "Expect" == other["$"]) for one, other in zip(recorded, again, strict=True))


def decide_turns(log: EventLog, policy: TurnPolicy) -> list[TurnMoment]:
    """When turns start, perhaps end, resume and end by this policy, from the floor as it was logged."""
    detector = TurnDetector(policy)
    moments: list[TurnMoment] = []
    last_rise, before = 0, 0.0
    for position, floor in floor_of(log):
        if floor >= before:
            last_rise = position
        before = floor
        made = detector.advance(position, floor, (position - last_rise) / LISTEN_RATE)
        moments += [TurnMoment(transition.move, position / LISTEN_RATE, floor) for transition in made]
    return moments


def floor_of(log: EventLog) -> list[tuple[Samples, float]]:
    """The floor over the caller's audio, as far as the log tells it."""
    points: dict[Samples, float] = {}
    for fact in log.of("session"):
        if isinstance(fact.event, Progressed):
            points[fact.event.position] = fact.event.floor
        elif isinstance(fact.event, TurnStarted | TurnEagerEnded | TurnEnded | TurnResumed):
            points.setdefault(fact.event.position, fact.event.decision.floor)
    return sorted(points.items())


def change(settings: ValueT, changes: Iterable[str]) -> ValueT:
    """Settings with other values at some paths, such as `turns.end=0.2` or `interruption.min_words=2`. Raises `Violation("set")`."""
    for each in changes:
        path, equals, text = each.partition("=")
        if not equals:
            raise Violation("set", f"{each!r} sets nothing", path="--set", expected="a path and a value: turns.end=0.2")
        names = path.strip().split(".")
        if names[0] == "turns":
            names.insert(0, "listen")
        elif names[0] not in _names(settings):
            known = ["turns", *_names(settings)]
            raise Violation("set", f"there is no {names[0]!r} in {path!r}", path="--set", expected=", ".join(known))
        settings = _changed(settings, names, text.strip(), path)
    return settings


def _names(value: Any) -> list[str]:
    return [each.name for each in fields(value)] if is_dataclass(value) else []


def _changed(value: Any, names: list[str], text: str, path: str) -> Any:
    known = _names(value)
    if names[0] not in known:
        raise Violation("set", f"there is no {names[0]!r} in {path!r}", path="--set", expected=", ".join(known))
    inner = getattr(value, names[0])
    if len(names) > 1:
        return replace(value, **{names[0]: _changed(inner, names[1:], text, path)})
    kind = get_type_hints(type(value))[names[0]]
    return replace(value, **{names[0]: _read(kind, text, path)})


def _read(kind: Any, text: str, path: str) -> Any:
    kinds = get_args(kind) or (kind,)
    if text in ("off", "none") and type(None) in kinds:
        return None
    try:
        if bool in kinds:
            return {"true": True, "on": True, "false": False, "off": False}[text.lower()]
        for wanted in (int, float, str):
            if wanted in kinds:
                return wanted(text)
        return kinds[0](text)
    except (KeyError, ValueError, TypeError):
        raise Violation("set", f"{text!r} cannot stand at {path!r}", path="--set") from None
