"""What must hold in every call, whatever happened: read from the events and commands of a session, never from its insides."""

from __future__ import annotations

from collections.abc import Sequence

from duologue.agent.commands import (
    ClearAudio,
    Command,
    EndSession,
    Generate,
    Notify,
    PlayAudio,
    StopGenerating,
    StopSynthesis,
    Synthesize,
)
from duologue.agent.events import CompletionReceived, Event, MessageInjected
from duologue.agent.notices import (
    AgentFinishedSpeaking,
    AgentSaid,
    AgentStartedSpeaking,
    CallerStartedSpeaking,
    Interrupted,
    Notice,
    ToolAnswered,
    ToolsRequested,
    ToolsWithdrawn,
)
from duologue.agent.session import Session
from duologue.agent.turntaking import Stage
from duologue.think.completion import TextDelta
from duologue.think.messages import Speaker


class Audit:
    """Watches a session step by step; every `assert` is an invariant."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._playing = 0
        self._cleared: set[int] = set()
        self._said: list[int] = []
        self._started: set[int] = set()
        self._finished: set[int] = set()
        self._phrases: dict[int, int] = {}
        self._rounds: list[tuple[int, int]] = []
        self._generated: dict[tuple[int, int], str] = {}
        self._given: list[str] = [
            session.settings.greeting,
            session.settings.fallback_line,
            session.settings.idle.check_in,
        ]
        self._asked: list[str] = []
        self._settled: list[str] = []
        self._ended = False

    def step(self, event: Event | None, commands: Sequence[Command]) -> None:
        """One step of the session."""
        assert not (self._ended and commands), "commands after the end"
        if isinstance(event, MessageInjected):
            self._given.append(event.text)
        if isinstance(event, CompletionReceived) and isinstance(event.event, TextDelta):
            key = (event.reply, event.round)
            self._generated[key] = self._generated.get(key, "") + event.event.text
        for command in commands:
            self._command(command)
        self._interruptions(commands)
        self._history()
        if self._session.stage is Stage.THINKING and not self._ended:
            assert self._session.wake_at() is not None, "a reply is owed and nothing will ever bring it"

    def _command(self, command: Command) -> None:
        assert not self._ended, f"{command} after the end"
        match command:
            case Generate(reply, round_):
                assert not self._rounds or (reply, round_) > self._rounds[-1], "ids of rounds must grow"
                self._rounds.append((reply, round_))
            case Synthesize(reply, phrase):
                assert phrase > self._phrases.get(reply, 0), "phrase numbers must grow"
                assert reply >= max(self._phrases, default=0), "an old reply is synthesised"
                self._phrases[reply] = phrase
            case PlayAudio(reply, _, _, first):
                assert reply not in self._cleared, f"audio of {reply} after its clear"
                assert reply not in self._finished, f"audio of {reply} after it was all sent"
                assert reply >= self._playing, f"audio of {reply} after audio of {self._playing}"
                assert reply in self._started, "audio before AgentStartedSpeaking"
                assert first == (reply != self._playing)
                self._playing = reply
            case ClearAudio(reply):
                self._cleared.add(reply)
            case EndSession():
                self._ended = True
            case Notify(notice):
                self._notice(notice)
            case _:
                pass

    def _notice(self, notice: Notice) -> None:
        match notice:
            case AgentSaid(reply):
                others = set(self._said) - {reply}
                assert others <= self._finished, "the next reply's text before the last one's AgentFinishedSpeaking"
                assert reply not in self._finished
                self._said.append(reply)
            case AgentStartedSpeaking(reply):
                assert reply in self._said, "AgentStartedSpeaking before the first words"
                assert reply not in self._started
                self._started.add(reply)
            case AgentFinishedSpeaking(reply):
                assert reply in self._said
                assert reply not in self._finished, "AgentFinishedSpeaking twice"
                self._finished.add(reply)
            case ToolsRequested(tools):
                for tool in tools:
                    assert tool.call.id not in self._asked, "a call's id was used twice"
                    self._asked.append(tool.call.id)
            case ToolAnswered(call):
                self._settle(call.id)
            case ToolsWithdrawn(calls):
                for call in calls:
                    self._settle(call.id)
            case _:
                pass

    def _settle(self, call_id: str) -> None:
        assert call_id in self._asked
        assert call_id not in self._settled, "a call was settled twice"
        self._settled.append(call_id)

    def _interruptions(self, commands: Sequence[Command]) -> None:
        """DESIGN 9.2: the order within the step."""
        order = (ClearAudio, StopSynthesis, StopGenerating, CallerStartedSpeaking, Interrupted)
        for place, command in enumerate(commands):
            if not (isinstance(command, Notify) and isinstance(command.notice, Interrupted)):
                continue
            reply = command.notice.reply
            ranks = []
            for other in commands[: place + 1]:
                kind = type(other.notice) if isinstance(other, Notify) else type(other)
                about = getattr(other.notice if isinstance(other, Notify) else other, "reply", reply)
                if kind in order and about == reply:
                    ranks.append(order.index(kind))
            assert ranks == sorted(ranks), "an interruption out of order"

    def _history(self) -> None:
        texts = [*self._generated.values(), *self._given]
        for line in self._session.history.lines:
            if line.speaker is Speaker.ASSISTANT and line.text:
                assert any(text.startswith(line.text) for text in texts), f"{line.text!r} was never generated"

    def end(self) -> None:
        """The session is over, or everything that could happen has."""
        assert set(self._said) <= self._finished, "a reply was never told to be over"
        if self._ended:
            assert sorted(self._asked) == sorted(self._settled), "a call has no result"
        elif self._session.wake_at() is None:
            assert self._session.stage in {Stage.IDLE, Stage.DRAFTING}
            assert sorted(self._asked) == sorted(self._settled), "a call has no result and no time limit"
