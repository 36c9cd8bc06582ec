"""The moves that end a reply: cut by the caller, discarded unheard, heard to its end, failed, or left with the session."""

from __future__ import annotations

from duologue.agent.commands import ClearAudio
from duologue.agent.notices import (
    AgentHeard,
    CallerStartedSpeaking,
    Failed,
    Interrupted,
    Origin,
    TransferRequested,
    Warned,
)
from duologue.agent.parting import DONE
from duologue.agent.reply import Reply
from duologue.agent.speaking import Speaking
from duologue.agent.talk import Cut, Talk
from duologue.agent.thinking import Thinking
from duologue.agent.turntaking import Stage
from duologue.runtime.machine import Seconds
from duologue.think.messages import ToolResult


class Endings:
    """Lets go of the reply at hand. The history keeps what was heard of it."""

    def __init__(self, talk: Talk, thinking: Thinking, speaking: Speaking) -> None:
        self._talk = talk
        self._thinking = thinking
        self._speaking = speaking

    def end_reply(self, now: Seconds, *, announce: bool = False) -> tuple[Reply, int] | None:
        """In one step: what was heard is settled first, then silence, then no more work, then the client is told (docs/agent.md)."""
        talk = self._talk
        reply = talk.reply
        if reply is None:
            return None
        talk.reply = None
        samples = reply.utterance.playback.clear(now)
        heard = reply.utterance.alignment.text_before(samples) if reply.started else ""
        reply.cut_to(len(heard))
        if reply.started:
            talk.stopped = reply
            talk.out.append(ClearAudio(reply.number))
        self._speaking.stop(reply)
        self._thinking.stop(reply)
        talk.watchdog.clear()
        if announce and (reply.started or not talk.caller.told):
            self.tell_caller_started()
        talk.tell(Interrupted(reply.number, reply.told(len(heard))))
        if reply.announced and not reply.finished:
            self._speaking.finish_sending(reply, interrupted=True)
        return reply, len(heard)

    def tell_caller_started(self) -> None:
        """The client hears that the caller speaks, and drops what it has not played."""
        self._talk.caller.told = True
        self._talk.tell(CallerStartedSpeaking())

    def interrupt(self, now: Seconds) -> None:
        """The caller is given way. What cut the reply is remembered: if no words follow, it goes on where it was heard."""
        talk = self._talk
        generating = talk.reply is not None and talk.reply.generating
        ended = self.end_reply(now, announce=True)
        if ended is None:
            return
        reply, heard = ended
        talk.cut = Cut(reply, heard, generating, talk.unanswered) if talk.by_voice else None
        if reply.origin is Origin.MODEL and not heard:
            talk.unanswered = True

    def finish(self, _now: Seconds) -> None:
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
        talk.parting.reply_over(reply.number)
        if reply.announced:
            talk.tell(AgentHeard(reply.number))
        if talk.caller_speaks and not talk.caller.told:
            self.tell_caller_started()

    def part(self, now: Seconds) -> bool:
        """Do what was to be done behind the last reply. Returns whether the call ends with it."""
        talk = self._talk
        planned = talk.parting.take()
        if planned is None:
            return False
        entry, target = planned
        if target:
            talk.tell(TransferRequested(target))
        self._thinking.answer(ToolResult(entry.call.id, entry.call.name, DONE), now)
        return not target

    def discard(self, _now: Seconds) -> None:
        """The draft at hand never was: its work is stopped, its calls are withdrawn, nobody is told."""
        talk = self._talk
        reply = talk.reply
        if reply is None:
            return
        talk.reply = None
        self._speaking.stop(reply)
        self._thinking.stop(reply)
        self._thinking.withdraw(talk.toolbox.of(reply.number))

    def abandon(self, now: Seconds) -> None:
        """The session ends: stop the reply at hand, whatever it is; the history keeps what was heard."""
        talk = self._talk
        if talk.stage is Stage.DRAFTING:
            self.discard(now)
        else:
            self.end_reply(now)
        talk.stage = Stage.IDLE

    def fail(self, now: Seconds) -> Reply | None:
        """The reply at hand ends where it was heard, because nothing more can come. Returns it."""
        talk = self._talk
        reply = talk.reply
        if reply is None:
            return None
        talk.reply = None
        samples = reply.utterance.playback.clear(now)
        heard = len(reply.utterance.alignment.text_before(samples)) if reply.started else 0
        reply.cut_to(heard)
        self._speaking.stop(reply)
        self._thinking.stop(reply)
        talk.watchdog.clear()
        talk.parting.reply_over(reply.number)
        if reply.announced and not reply.finished:
            self._speaking.finish_sending(reply)
        if reply.announced:
            talk.tell(AgentHeard(reply.number, reply.told(heard)))
        return reply

    def warn(self, now: Seconds) -> None:
        """The reply fails while it is being heard: the client is told, the caller is not."""
        self.fail(now)
        self._talk.tell(Warned(*self._talk.failure))

    def fall_back(self, now: Seconds) -> None:
        """Never silence: a line that says so where there is a voice to say it, else an error."""
        talk = self._talk
        reply = self.fail(now)
        code, message = talk.failure
        if talk.parting.due:
            talk.tell(Warned(code, message))  # nothing is owed to a caller who is being let go
            return
        line = talk.settings.fallback_line
        if code == "speak_failed" or not line or reply is None or reply.origin is Origin.FALLBACK:
            talk.tell(Failed(code, message))
            return
        talk.tell(Warned(code, message))
        talk.owed_line = line
