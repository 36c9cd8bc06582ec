"""The moves that begin a reply: to a turn, in case of one, to say a given line, or to go on with one that was cut in vain."""

from __future__ import annotations

from duologue.agent.history import Line
from duologue.agent.notices import AgentThinking, CallerSaid, Origin
from duologue.agent.parting import OFF
from duologue.agent.reply import Reply
from duologue.agent.talk import Talk
from duologue.agent.thinking import Thinking
from duologue.agent.turntaking import Stage
from duologue.runtime.machine import Seconds
from duologue.think.messages import Speaker, ToolResult

GO_ON = "A noise cut you off. Go on exactly where your last line ends, without repeating any of it."
"""Tells a model that was still writing when it was cut in vain to write the rest."""


class Beginnings:
    """Makes a reply the one at hand."""

    def __init__(self, talk: Talk, thinking: Thinking) -> None:
        self._talk = talk
        self._thinking = thinking

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
        if not talk.said.text:
            return
        talk.history.add(Line(Speaker.USER, talk.said.text))
        talk.tell(CallerSaid(talk.said.text, injected=talk.said.turn is None))
        talk.unanswered = True

    def begin(self, now: Seconds) -> None:
        """The turn at hand is answered."""
        self.take_turn()
        self._answer(now)

    def _answer(self, now: Seconds) -> None:
        """Begin a reply to all that is unanswered."""
        talk = self._talk
        self._stay(now)
        reply = self._new_reply(Origin.MODEL)
        talk.unanswered = False
        reply.latencies.end_turn(talk.said.turn, now, talk.caller.hears_from)
        talk.tell(AgentThinking())
        self._thinking.ask(reply, now)

    def answer_kept(self, now: Seconds) -> None:
        """A turn that ended while the agent had to go on is answered now."""
        self._talk.stage = Stage.THINKING
        self._answer(now)

    def keep(self, _now: Seconds) -> None:
        """The agent has to go on: the turn is remembered, and answered when it has finished."""
        self.take_turn()

    def _stay(self, now: Seconds) -> None:
        """The call goes on: an end that was planned is off."""
        planned = self._talk.parting.take()
        if planned is not None:
            call = planned[0].call
            self._thinking.answer(ToolResult(call.id, call.name, OFF, error=True), now)

    def speak(self, now: Seconds) -> None:
        """The line at hand is said, as a reply that no model writes."""
        talk = self._talk
        self._stay(now)
        text, origin = talk.line
        reply = self._new_reply(origin)
        talk.history.add(reply.open_round())
        reply.write(text)
        self._thinking.close(reply)

    def draft(self, now: Seconds) -> None:
        """The caller may be done: a reply is prepared, and nothing of it told, played or remembered."""
        self._stay(now)
        self._talk.caller.drafts += 1
        reply = self._new_reply(Origin.MODEL, draft_for=self._talk.said.text)
        self._thinking.ask(reply, now)

    def commit(self, now: Seconds) -> None:
        """The caller was done, and said what the draft was made for: it becomes the reply, with what it wrote and asked for."""
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
        reply.latencies.end_turn(talk.said.turn, now, talk.caller.hears_from)
        talk.tell(AgentThinking())
        self._thinking.start_held(reply, now)
        if reply.utterance.closed:
            self._thinking.expect()

    def resume(self, now: Seconds) -> None:
        """The turn had no words: a reply it cut goes on where it was heard; what it kept from being answered is answered."""
        talk = self._talk
        cut, talk.cut = talk.cut, None
        if cut is None:
            return
        old = cut.reply
        last = old.rounds[-1]
        again = cut.generating and cut.heard <= last.start
        reply = self._new_reply(old.origin)
        reply.go_on(old, cut.heard, again=again)
        talk.toolbox.adopt(old.number, reply.number)
        talk.stopped = None  # its lines are those of the new reply
        if cut.generating:
            self._thinking.ask(reply, now, "" if again else GO_ON)
        elif not old.utterance.closed and last.line.calls:
            self._thinking.advance(reply, now)
        elif reply.utterance.empty:
            talk.reply = None  # all of it had been heard
            talk.parting.reply_over(reply.number)
            return
        else:
            self._thinking.close(reply)
        reply.protected = old.protected
        talk.unanswered = cut.unanswered
        talk.stage = Stage.THINKING
