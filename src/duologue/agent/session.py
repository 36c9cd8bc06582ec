"""The agent's session: facts in, commands out. It turns facts into cues, the table turns cues into moves (`turntaking.py`, `moves.py`).

Facts about replies, rounds and calls that are over are dropped and counted in one place (`_current`). At the end of every step the session
sees to what time and order allow: audio goes out, what waited is taken up, what is owed is watched.
"""

from __future__ import annotations

from collections.abc import Sequence

from duologue.agent import changes, injection
from duologue.agent.commands import Command, EndReason, EndSession, ForceTurnEnd
from duologue.agent.events import (
    CallerLeft,
    CustomReceived,
    DrainRequested,
    EchoHeard,
    Event,
    KeyPressed,
    ListenChanged,
    ListeningFailed,
    MessageInjected,
    PromptChanged,
    SpeakChanged,
    Started,
    ThinkChanged,
    TurnForced,
)
from duologue.agent.history import History
from duologue.agent.idle import IdleClock
from duologue.agent.listening import Listening
from duologue.agent.moves import Moves
from duologue.agent.notices import Failed, InjectionRefused, Origin, SettingsApplied, Warned
from duologue.agent.replying import Replying
from duologue.agent.responder import Responder
from duologue.agent.settings import AgentSettings
from duologue.agent.signals import Signals
from duologue.agent.speaking import Speaking
from duologue.agent.talk import Talk
from duologue.agent.thinking import Thinking
from duologue.agent.turntaking import Cue, Stage
from duologue.ids import IdSource
from duologue.listen.events import Progressed, TurnEagerEnded, TurnEnded, TurnResumed, TurnStarted, TurnUpdated
from duologue.runtime.machine import Seconds
from duologue.think.messages import Speaker


class Session:
    """A machine for one conversation. `rate` is that of all speech, in hertz."""

    def __init__(self, settings: AgentSettings, responder: Responder, ids: IdSource, rate: int) -> None:
        self._talk = Talk(settings, responder, ids, rate)
        self._thinking = Thinking(self._talk)
        self._speaking = Speaking(self._talk)
        self._moves = Moves(self._talk, self._thinking, self._speaking)
        self._listening = Listening(self._talk, self._moves)
        self._replying = Replying(self._talk, self._moves, self._thinking, self._speaking)
        self._signals = Signals(self._talk, self._moves)
        self._idle = IdleClock(settings.idle)
        self._started = False
        self._wake_at: Seconds | None = None

    @property
    def stage(self) -> Stage:
        """Where the agent's side stands."""
        return self._talk.stage

    @property
    def caller_speaks(self) -> bool:
        """A turn of the caller's is open, in speech or in keys."""
        return self._talk.caller_speaks or self._signals.gathering

    @property
    def history(self) -> History:
        """The conversation so far."""
        return self._talk.history

    @property
    def settings(self) -> AgentSettings:
        """As they are now."""
        return self._talk.settings

    @property
    def late_facts(self) -> int:
        """How many facts came about things that were over."""
        return self._talk.late_facts

    @property
    def ended(self) -> bool:
        """Nothing will follow any more."""
        return self._talk.ended

    # The machine contract.

    def handle(self, event: Event, now: Seconds) -> Sequence[Command]:
        """What follows from a fact."""
        talk = self._talk
        talk.out = []
        if talk.ended:
            talk.late_facts += 1
            return talk.out
        self._moves.lately.append(event)
        self._take(event, now)
        self._settle(now)
        return talk.out

    def wake(self, now: Seconds) -> Sequence[Command]:
        """What follows from time having passed."""
        talk = self._talk
        talk.out = []
        if not talk.ended:
            self._replying.look_at_clocks(now)
            self._listening.look_at_clock(now)
            self._signals.look_at_clock(now)
            self._settle(now)
        return talk.out

    def wake_at(self) -> Seconds | None:
        """The next moment at which time alone changes something."""
        return self._wake_at

    # Facts.

    def _take(self, event: Event, now: Seconds) -> None:
        talk = self._talk
        match event:
            case Progressed() | EchoHeard():
                self._listening.follow(event, now)
            case TurnStarted() | TurnUpdated() | TurnEagerEnded() | TurnResumed() | TurnEnded():
                self._listening.take(event, now)
            case Started():
                self._start(now)
            case MessageInjected():
                self._inject(event, now)
            case PromptChanged() | ThinkChanged() | SpeakChanged() | ListenChanged():
                changes.apply(talk, event)
            case TurnForced():
                if talk.caller.open:
                    talk.out.append(ForceTurnEnd())
            case ListeningFailed(message, recovered):
                self._listening_failed(message, now, recovered=recovered)
            case DrainRequested():
                talk.draining = True
                talk.lines.clear()
            case CallerLeft():
                self._end(EndReason.CALLER_LEFT, now)
            case KeyPressed() | CustomReceived():
                self._idle.note(quiet=False, checking_in=False, now=now)
                self._signals.take(event, now)
            case _:
                self._replying.take(event, now)

    def _listening_failed(self, message: str, now: Seconds, *, recovered: bool) -> None:
        if recovered:
            self._talk.tell(Warned("listening_recovered", message))
        else:
            self._talk.tell(Failed("listening_failed", message))
            self._end(EndReason.FAILED, now)

    def _start(self, now: Seconds) -> None:
        if self._started:
            return
        self._started = True
        talk = self._talk
        talk.tell(SettingsApplied())
        changes.warn_of_prompt(talk)
        if talk.settings.greeting.strip():
            self._say(talk.settings.greeting, Origin.GREETING, now)
        else:
            self._thinking.expect()

    def _say(self, text: str, origin: Origin, now: Seconds) -> None:
        self._talk.line = (text, origin)
        self._moves.cue(Cue.SAY_THIS, now)

    def _inject(self, event: MessageInjected, now: Seconds) -> None:
        talk = self._talk
        if event.speaker is Speaker.USER:
            self._signals.write(event.text, now)
            return
        fate = injection.judge(talk, event.text, event.manner)
        if isinstance(fate, str):
            talk.tell(InjectionRefused(fate))
        elif fate is injection.Fate.LATER:
            talk.lines.append(event.text)
        else:
            self._say(event.text, Origin.INJECTED, now)

    # Time.

    def _settle(self, now: Seconds) -> None:
        """See to everything that can go on, until nothing more follows; then find the next moment to look again."""
        talk = self._talk
        while not talk.ended:
            cue = self._speaking.go_on(now)
            if cue is not None:
                self._moves.cue(cue, now)
            elif talk.stage is not Stage.IDLE or not self._take_up(now):
                break
        if talk.ended:
            self._wake_at = None
            return
        reply = talk.reply
        quiet = talk.stage is Stage.IDLE and not self.caller_speaks
        checking_in = reply is not None and reply.origin is Origin.CHECK_IN
        self._idle.note(quiet=quiet, checking_in=checking_in, now=now)
        if quiet and self._mind_silence(now):
            self._settle(now)
            return
        self._wake_at = self._next_wake(now)

    def _take_up(self, now: Seconds) -> bool:
        """Nothing is being said: take up what waited for that. Returns whether there was anything."""
        talk = self._talk
        busy = self.caller_speaks
        if talk.owed_line:
            line, talk.owed_line = talk.owed_line, ""
            self._say(line, Origin.FALLBACK, now)
        elif talk.parting.due and not busy and not talk.unanswered:
            if self._moves.endings.part(now):
                self._end(EndReason.FINISHED, now)
        elif talk.draining:
            self._end(EndReason.DRAINED, now)
        elif busy:
            return False
        elif talk.unanswered:
            self._moves.beginnings.answer_kept(now)
        elif talk.lines:
            self._say(talk.lines.popleft(), Origin.INJECTED, now)
        else:
            return False
        return True

    def _mind_silence(self, now: Seconds) -> bool:
        if self._idle.takes_leave(now):
            self._end(EndReason.IDLE, now)
            return True
        if self._idle.asks(now):
            self._say(self._talk.settings.idle.check_in, Origin.CHECK_IN, now)
            return True
        return False

    def _next_wake(self, now: Seconds) -> Seconds | None:
        talk = self._talk
        due = [
            self._speaking.wake_at(now),
            talk.watchdog.wake_at(),
            talk.toolbox.wake_at(),
            self._signals.wake_at(),
            self._idle.wake_at(),
            None if talk.overlap_since is None else talk.overlap_since + talk.settings.interruption.max_overlap,
        ]
        return min((at for at in due if at is not None), default=None)

    def _end(self, reason: EndReason, now: Seconds) -> None:
        """Stop all work, settle every call, and end."""
        talk = self._talk
        self._moves.endings.abandon(now)
        self._thinking.withdraw(talk.toolbox.unsettled)
        talk.out.append(EndSession(reason))
        talk.ended = True
