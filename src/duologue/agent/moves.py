"""The moves of the table: what beginning, drafting, committing, interrupting and the rest mean, exactly."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from duologue.agent.commands import ClearAudio
from duologue.agent.history import Line
from duologue.agent.notices import (
    AgentFinishedSpeaking,
    AgentThinking,
    CallerSaid,
    CallerStartedSpeaking,
    Failed,
    Interrupted,
    Origin,
    Warned,
)
from duologue.agent.reply import Reply
from duologue.agent.speaking import Speaking
from duologue.agent.talk import Cut, Said, Talk
from duologue.agent.thinking import Thinking
from duologue.agent.turntaking import Cue, Move, Stage, next_step
from duologue.runtime.machine import Seconds
from duologue.think.messages import Speaker

LAST_EVENTS = 8
"""How many events a `Bug` tells of."""


class Moves:
    """Performs the table's moves. `cue` is the only way the stage changes, but for the moves that choose it themselves."""

    def __init__(self, talk: Talk, thinking: Thinking, speaking: Speaking) -> None:
        self._talk = talk
        self._thinking = thinking
        self._speaking = speaking
        self.lately: deque[object] = deque(maxlen=LAST_EVENTS)
        self.said = Said("")
        """What "caller done" and "caller may be done" are about."""
        self.line = ("", Origin.INJECTED)
        """What "say this" is about."""
        self.failure = ("", "")
        """Code and message of what "reply failed" is about."""
        self.by_voice = True
        """Whether "caller insists" was heard, not typed."""
        self._moves: dict[Move, Callable[[Seconds], None]] = {
            Move.NOTE: self._note,
            Move.DRAFT: self._draft,
            Move.DISCARD: self._discard,
            Move.COMMIT: self._commit,
            Move.BEGIN: self._begin,
            Move.INTERRUPT: self._interrupt,
            Move.KEEP: self._keep,
            Move.RESUME: self._resume,
            Move.RESTORE: self._restore,
            Move.SPEAK: self._speak,
            Move.BY_MANNER: self._replace,
            Move.HOLD: self._note,
            Move.FINISH: self._finish,
            Move.FALL_BACK: self._fall_back,
            Move.WARN: self._warn,
        }

    def cue(self, cue: Cue, now: Seconds) -> None:
        """Look up the table and do what it says."""
        talk = self._talk
        step = next_step(cue, talk.stage, self.lately)
        if step.to is Stage.OVERLAP:
            talk.overlapped, talk.overlap_since = talk.stage, now
        for move in step.moves:
            self._moves[move](now)
        if step.to is not None:
            talk.stage = step.to
        if talk.stage is not Stage.OVERLAP:
            talk.overlap_since = None

    def _note(self, _now: Seconds) -> None:
        """Nothing follows but what the facts themselves told."""

    # Replies begin.

    def _new_reply(self, origin: Origin, draft_for: str | None = None) -> Reply:
        talk = self._talk
        talk.replies += 1
        talk.reply = Reply(talk.replies, origin, talk.rate, talk.settings.pacing, draft_for=draft_for)
        talk.watchdog.clear()
        if draft_for is None:
            talk.cut = None
            talk.caller.forgive()
        return talk.reply

    def take_turn(self) -> None:
        """What the caller said becomes part of the conversation."""
        talk = self._talk
        if not self.said.text:
            return
        talk.history.add(Line(Speaker.USER, self.said.text))
        talk.tell(CallerSaid(self.said.text, injected=self.said.turn is None))
        talk.unanswered = True

    def _begin(self, now: Seconds) -> None:
        self.take_turn()
        self._answer(now)

    def _answer(self, now: Seconds) -> None:
        """Begin a reply to all that is unanswered."""
        talk = self._talk
        reply = self._new_reply(Origin.MODEL)
        talk.unanswered = False
        reply.latencies.end_turn(self.said.turn, now)
        talk.tell(AgentThinking())
        self._thinking.ask(reply, now)

    def answer_kept(self, now: Seconds) -> None:
        """A turn that ended while the agent had to go on is answered now."""
        self._talk.stage = Stage.THINKING
        self._answer(now)

    def _keep(self, _now: Seconds) -> None:
        self.take_turn()

    def _speak(self, _now: Seconds) -> None:
        talk = self._talk
        text, origin = self.line
        reply = self._new_reply(origin)
        talk.history.add(reply.open_round())
        reply.write(text)
        self._thinking.close(reply)

    def _replace(self, now: Seconds) -> None:
        """By manner: the line that reaches the table while the agent is busy is one that replaces what it says."""
        talk = self._talk
        if talk.stage is Stage.DRAFTING:
            self._discard(now)
        else:
            self._end_reply(now)
        talk.cut = None
        self._speak(now)
        talk.stage = Stage.THINKING

    # Drafts.

    def _draft(self, now: Seconds) -> None:
        self._talk.caller.drafts += 1
        reply = self._new_reply(Origin.MODEL, draft_for=self.said.text)
        self._thinking.ask(reply, now)

    def _discard(self, _now: Seconds) -> None:
        talk = self._talk
        reply = talk.reply
        if reply is None:
            return
        talk.reply = None
        self._speaking.stop(reply)
        self._thinking.stop(reply)
        self._thinking.withdraw(talk.toolbox.of(reply.number))

    def _commit(self, now: Seconds) -> None:
        talk = self._talk
        reply = talk.reply
        if reply is None:
            return
        self.take_turn()
        reply.draft_for = None
        talk.unanswered = False
        talk.cut = None
        for place in reply.rounds:
            talk.history.add(place.line)
        reply.latencies.end_turn(self.said.turn, now)
        talk.tell(AgentThinking())
        self._thinking.start_held(reply, now)
        if reply.utterance.closed:
            self._thinking.expect()

    # Replies end.

    def _end_reply(self, now: Seconds, *, announce: bool = False) -> tuple[Reply, int] | None:
        """DESIGN 9.2 in one step: what was heard is settled first, then silence, then no more work, then the client is told."""
        talk = self._talk
        reply = talk.reply
        if reply is None:
            return None
        talk.reply = None
        samples = reply.utterance.playback.clear(now)
        heard = reply.utterance.text_heard(samples) if reply.started else ""
        reply.cut_to(len(heard))
        if reply.started:
            talk.out.append(ClearAudio(reply.number))
        self._speaking.stop(reply)
        self._thinking.stop(reply)
        talk.watchdog.clear()
        if announce and (reply.started or not talk.caller.told):
            self.tell_caller_started()
        talk.tell(Interrupted(reply.number, heard.strip()))
        if reply.announced and not reply.finished:
            reply.finished = True
            talk.tell(AgentFinishedSpeaking(reply.number, interrupted=True))
        return reply, len(heard)

    def tell_caller_started(self) -> None:
        """The client hears that the caller speaks, and drops what it has not played."""
        self._talk.caller.told = True
        self._talk.tell(CallerStartedSpeaking())

    def _interrupt(self, now: Seconds) -> None:
        talk = self._talk
        generating = talk.reply is not None and talk.reply.generating
        ended = self._end_reply(now, announce=True)
        if ended is None:
            return
        reply, heard = ended
        talk.cut = Cut(reply, heard, generating) if self.by_voice else None
        if reply.origin is Origin.MODEL and not heard:
            talk.unanswered = True

    def _finish(self, _now: Seconds) -> None:
        """All of it was heard."""
        talk = self._talk
        reply = talk.reply
        if reply is None:
            return
        talk.reply = None
        reply.finished = True
        reply.cut_to(len(reply.utterance.text_spoken))
        self._speaking.stop(reply)
        talk.watchdog.clear()
        if talk.caller.open and not talk.caller.told:
            self.tell_caller_started()

    def _restore(self, _now: Seconds) -> None:
        self._talk.stage = self._talk.overlapped

    def _resume(self, now: Seconds) -> None:
        """The turn had no words: a reply it cut goes on where it was heard; what it kept from being answered is answered."""
        talk = self._talk
        cut, talk.cut = talk.cut, None
        if cut is None:
            return
        old = cut.reply
        again = cut.generating and cut.heard <= old.rounds[-1].start
        reply = self._new_reply(old.origin)
        reply.go_on(old, cut.heard, again=again)
        talk.toolbox.adopt(old.number, reply.number)
        if again:
            self._thinking.ask(reply, now)
        elif not old.utterance.closed and old.rounds[-1].line.calls and not cut.generating:
            self._thinking.advance(reply, now)
        elif reply.utterance.empty:
            talk.reply = None  # all of it had been heard
            return
        else:
            self._thinking.close(reply)
        reply.protected = old.protected
        talk.unanswered = False
        talk.stage = Stage.THINKING

    def abandon(self, now: Seconds) -> None:
        """The session ends: stop the reply at hand, whatever it is; the history keeps what was heard."""
        talk = self._talk
        if talk.stage is Stage.DRAFTING:
            self._discard(now)
        else:
            self._end_reply(now)
        talk.stage = Stage.IDLE

    # Replies fail.

    def _fail(self, now: Seconds) -> Reply | None:
        talk = self._talk
        reply = talk.reply
        if reply is None:
            return None
        talk.reply = None
        samples = reply.utterance.playback.clear(now)
        reply.cut_to(len(reply.utterance.text_heard(samples)) if reply.started else 0)
        self._speaking.stop(reply)
        self._thinking.stop(reply)
        talk.watchdog.clear()
        talk.unanswered = False
        if reply.announced and not reply.finished:
            reply.finished = True
            talk.tell(AgentFinishedSpeaking(reply.number))
        return reply

    def _warn(self, now: Seconds) -> None:
        self._fail(now)
        self._talk.tell(Warned(*self.failure))

    def _fall_back(self, now: Seconds) -> None:
        """Never silence: a line that says so where there is a voice to say it, else an error."""
        talk = self._talk
        reply = self._fail(now)
        code, message = self.failure
        line = talk.settings.fallback_line
        if code == "speak_failed" or not line or reply is None or reply.origin is Origin.FALLBACK:
            talk.tell(Failed(code, message))
            return
        talk.tell(Warned(code, message))
        talk.owed_line = line
