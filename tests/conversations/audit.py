"""What must hold in every call, whatever happened: read from the events and commands of a session, never from its insides."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress

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
from duologue.agent.events import CompletionReceived, Event, MessageInjected, PlaybackReported
from duologue.agent.notices import (
    AgentFinishedSpeaking,
    AgentSaid,
    AgentStartedSpeaking,
    AgentThinking,
    CallerSaid,
    CallerStartedSpeaking,
    Failed,
    Interrupted,
    Notice,
    ToolAnswered,
    ToolsRequested,
    ToolsWithdrawn,
    Warned,
)
from duologue.agent.session import Session
from duologue.agent.turntaking import Stage
from duologue.think.completion import TextDelta
from duologue.think.messages import Speaker, ToolCall
from tests.conversations.call import RATE, WORD


class Ear:
    """A loudspeaker that plays what it is sent, in order, from when it is sent; counts in words of `WORD` samples."""

    def __init__(self) -> None:
        self._begun = 0.0
        self._length = 0.0
        self.reported = False

    def play(self, samples: int, now: float) -> None:
        silent = self._begun + self._length
        if now > silent:  # a gap: what was played stays played
            self._begun += now - silent
        self._length += samples / RATE

    def words(self, now: float) -> int:
        """Words of which at least half was heard."""
        heard = min(self._length, now - self._begun)
        return int((round(heard * RATE) + WORD // 2) // WORD)


class Audit:
    """Watches a session step by step; every `assert` is an invariant.

    With `by_ear` (a call whose voice speaks words of equal length) what was heard is checked against a loudspeaker of our own.
    """

    def __init__(self, session: Session, *, by_ear: bool = False) -> None:
        self._by_ear = by_ear
        self._ears: dict[int, Ear] = {}
        self._now = 0.0
        self._owed = False
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

    def step(self, event: Event | None, commands: Sequence[Command], now: float = 0.0) -> None:
        """One step of the session."""
        self._now = now
        if isinstance(event, PlaybackReported) and event.reply in self._ears:
            self._ears[event.reply].reported = True
        assert not (self._ended and commands), "commands after the end"
        if isinstance(event, MessageInjected):
            self._given.append(event.text)
        if isinstance(event, CompletionReceived) and isinstance(event.event, TextDelta):
            key = (event.reply, event.round)
            self._generated[key] = self._generated.get(key, "") + event.event.text
        if isinstance(event, CompletionReceived) and isinstance(event.event, ToolCall):
            self._take_words(self._generated.get((event.reply, event.round), ""), event.event)
        for command in commands:
            self._command(command)
        self._interruptions(commands)
        self._history()
        if self._session.stage is Stage.IDLE and not self._ended and not self._session.caller_speaks:
            assert not self._owed, "a finished turn is followed by nothing"
        if self._session.stage is Stage.THINKING and not self._ended:
            assert self._session.wake_at() is not None, "a reply is owed and nothing will ever bring it"

    def _take_words(self, text: str, call: ToolCall) -> None:
        """An end of the call may bring the words that are said before it."""
        with suppress(ValueError):
            said = json.loads(call.arguments).get("say", "")
            self._given += [said, f"{text} {said}"]

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
            case PlayAudio(reply=reply, first=first):
                assert reply not in self._cleared, f"audio of {reply} after its clear"
                assert reply not in self._finished, f"audio of {reply} after it was all sent"
                assert reply >= self._playing, f"audio of {reply} after audio of {self._playing}"
                assert reply in self._started, "audio before AgentStartedSpeaking"
                assert first == (reply != self._playing)
                self._playing = reply
                self._ears.setdefault(reply, Ear())
                self._ears[reply].play(len(command.pcm), self._now)
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
            case CallerSaid(backchannel=False):
                self._owed = True
            case AgentThinking() | Failed() | Warned():
                self._owed = False
            case Interrupted(reply, heard):
                self._heard(reply, heard)
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

    def _heard(self, reply: int, heard: str) -> None:
        ear = self._ears.get(reply)
        if ear is None:
            assert not heard, "words of a reply that never sounded"
            return
        assert reply in self._cleared, "an interrupted reply was not cleared"
        if self._by_ear and not ear.reported:
            assert len(heard.split()) == ear.words(self._now), "what was heard is not what the ear heard"
        lines = [line for line in self._session.history.lines if line.speaker is Speaker.ASSISTANT]
        if heard:
            assert any(line.text.rstrip().endswith(heard.split()[-1]) for line in lines), (
                "the history does not end where the caller's ear did"
            )

    def _settle(self, call_id: str) -> None:
        assert call_id in self._asked
        assert call_id not in self._settled, "a call was settled twice"
        self._settled.append(call_id)

    def _interruptions(self, commands: Sequence[Command]) -> None:
        """The order within the step (docs/agent.md, interrupting)."""
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
