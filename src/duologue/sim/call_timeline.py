"""The timeline of a call, from the facts and commands of its session: of an event log, or of a simulated call."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from duologue.agent.events import CompletionFailed, CompletionReceived, EchoHeard, SpeechReceived
from duologue.agent.settings import AgentSettings
from duologue.console.timeline import CallTimeline, Happening, Line, Series, Stretch, Threshold
from duologue.listen.events import Progressed, TurnEagerEnded, TurnEnded, TurnResumed, TurnStarted
from duologue.runtime.event_log import EventLog, Fact
from duologue.runtime.forms import command_form
from duologue.runtime.machine import Seconds
from duologue.server.call_log import LoggedCall
from duologue.sim.world import Outcome
from duologue.think.completion import Finish

_TURNS: Mapping[type, str] = {
    TurnStarted: "turn_started",
    TurnEagerEnded: "turn_eager_ended",
    TurnResumed: "turn_resumed",
    TurnEnded: "turn_ended",
}


def timeline_of_log(log: EventLog, title: str) -> CallTimeline:
    """Of an event log that `read_call` read."""
    call: LoggedCall = log.header.settings
    note = ", ".join([log.header.started, *(f"{name} {version}" for name, version in log.header.versions.items())])
    return draw_timeline(log.of("session"), title, call.agent, call.rate, note)


def timeline_of_outcome(outcome: Outcome, title: str, rate: int) -> CallTimeline:
    """Of a simulated call."""
    facts = [
        Fact(
            "session", step.now, step.event, tuple(json.loads(json.dumps(command_form(each))) for each in step.commands)
        )
        for step in outcome.trace.steps
    ]
    session = outcome.trace.session
    return draw_timeline(facts, title, AgentSettings() if session is None else session.settings, rate, "simulated")


def draw_timeline(facts: Sequence[Fact], title: str, settings: AgentSettings, rate: int, note: str) -> CallTimeline:
    """The timeline of these facts."""
    begin = facts[0].now if facts else 0.0
    drawing = _Drawing(begin, rate)
    for fact in facts:
        drawing.take(fact)
    turns = settings.listen.turns
    levels = [("start", turns.start), ("eager end", turns.eager_end), ("end", turns.end)]
    return CallTimeline(
        title=title,
        duration=max(0.1, (facts[-1].now if facts else 0.0) - begin, drawing.sounds_until - begin),
        series=(Series("floor", tuple(drawing.floor)),),
        thresholds=tuple(Threshold(name, value) for name, value in levels if value is not None),
        happenings=tuple(drawing.happenings),
        stretches=tuple(drawing.stretches),
        lines=tuple(sorted(drawing.lines(), key=lambda line: line.start)),
        summary=(("steps of the session", str(len(facts))),),
        note=note,
    )


class _Drawing:
    """Collects what is drawn, fact by fact. Times become seconds from the beginning."""

    def __init__(self, begin: Seconds, rate: int) -> None:
        self._begin = begin
        self._rate = rate
        self._now: Seconds = 0.0
        self._turn_from: Seconds = 0.0
        self._caller: list[Line] = []
        self._agent: dict[int, dict[str, Any]] = {}
        self._work: dict[tuple[str, int, int], tuple[Seconds, str]] = {}
        self._waiting: Seconds | None = None
        self._answered = False
        """The caller's words were taken for a turn in this step."""
        self._own = 0.0
        """The largest share of our own voice in the open turn."""
        self.sounds_until: Seconds = begin
        self.floor: list[tuple[Seconds, float]] = []
        self.happenings: list[Happening] = []
        self.stretches: list[Stretch] = []

    def take(self, fact: Fact) -> None:
        """One step of the session."""
        self._now = fact.now - self._begin
        self._answered = any(command.get("notice", {}).get("$") == "CallerSaid" for command in fact.commands)
        self._event(fact.event)
        for command in fact.commands:
            notice = command.get("notice")
            self._command(command if notice is None else notice)

    def _event(self, event: Any) -> None:
        match event:
            case EchoHeard():
                self._echo(event)
            case Progressed():
                self.floor.append((self._now, event.floor))
            case TurnStarted() | TurnEagerEnded() | TurnResumed() | TurnEnded():
                self._turn(event)
            case CompletionReceived(event=Finish()) | CompletionFailed():
                self._finish("think", event.reply, event.round)
            case SpeechReceived(chunk=chunk) if chunk.last:
                self._finish("speak", event.reply, chunk.phrase)
            case _:
                pass

    def _echo(self, event: EchoHeard) -> None:
        """Our own voice in a turn, told where it was found first."""
        if not self._own:
            self.happenings.append(Happening(self._now, "own_voice", "", f"own voice {event.share:.2f}"))
        self._own = max(self._own, event.share)

    def _turn(self, event: TurnStarted | TurnEagerEnded | TurnResumed | TurnEnded) -> None:
        text = "" if isinstance(event, TurnStarted | TurnResumed) else event.text
        because = event.decision.because
        ours = isinstance(event, TurnEnded) and bool(self._own) and not self._answered
        if ours:
            because = f"own voice {self._own:.2f}: nobody's turn; {because}"
        self.happenings.append(Happening(self._now, _TURNS[type(event)], text, because))
        if isinstance(event, TurnEnded):
            self._own = 0.0
        if isinstance(event, TurnStarted):
            self._turn_from = self._now
        elif isinstance(event, TurnEnded) and text.strip() and not ours:
            self._caller.append(Line(self._turn_from, self._now, "caller", text))
            self._waiting = self._now

    def _command(self, command: Mapping[str, Any]) -> None:
        kind = command.get("$")
        match kind:
            case "Generate" if "reply" in command:
                self._work["think", command["reply"], command["round"]] = (self._now, f"reply {command['reply']}")
            case "StopGenerating" | "StopSynthesis":
                self._drop("think" if kind == "StopGenerating" else "speak", command["reply"])
            case "Synthesize" if "reply" in command:
                self._work["speak", command["reply"], command["phrase"]] = (self._now, command["text"].strip())
            case "AgentSaid" | "PlayAudio" | "Interrupted":
                self._agent_speaks(command)
            case "Warned" | "Failed":
                self.happenings.append(
                    Happening(
                        self._now, "warning" if kind == "Warned" else "error", command["code"], command["message"]
                    )
                )
            case "ToolsRequested":
                for tool in command["tools"]:
                    self.happenings.append(
                        Happening(self._now, "tool", tool["call"]["name"], tool["call"]["arguments"])
                    )
            case _:
                pass

    def _agent_speaks(self, command: Mapping[str, Any]) -> None:
        reply = command["reply"]
        said = self._agent.setdefault(reply, {"text": "", "start": None, "end": self._now, "heard": None})
        match command["$"]:
            case "AgentSaid":
                said["text"] = f"{said['text']} {command['text']}".strip()
            case "PlayAudio":
                if said["start"] is None:
                    said["start"] = self._now
                    if self._waiting is not None:
                        self.stretches.append(
                            Stretch(self._waiting, self._now, "wait", f"{self._now - self._waiting:.2f} s")
                        )
                        self._waiting = None
                said["end"] = max(said["end"], self._now) + command["pcm"]["samples"] / self._rate
                self.sounds_until = max(self.sounds_until, said["end"] + self._begin)
            case _:
                said["heard"] = command["heard"]
                said["end"] = min(said["end"], self._now)
                self.happenings.append(Happening(self._now, "interrupted", command["heard"]))

    def _finish(self, lane: str, reply: int, part: int) -> None:
        begun = self._work.pop((lane, reply, part), None)
        if begun is not None:
            self.stretches.append(Stretch(begun[0], self._now, lane, begun[1]))

    def _drop(self, lane: str, reply: int) -> None:
        for key in [key for key in self._work if key[:2] == (lane, reply)]:
            start, label = self._work.pop(key)
            self.stretches.append(Stretch(start, self._now, lane, label, manner="dropped"))

    def lines(self) -> Iterator[Line]:
        """Who said what."""
        yield from self._caller
        yield from _agent_lines(self._agent.values())


def _agent_lines(replies: Iterable[Mapping[str, Any]]) -> Iterator[Line]:
    for said in replies:
        if said["start"] is not None:
            yield Line(said["start"], max(said["start"], said["end"]), "agent", said["text"], said["heard"])
