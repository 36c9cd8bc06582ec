"""The facts of listening, turned into cues: policy decides here what the caller's noises mean for the agent's side."""

from __future__ import annotations

from duologue.agent.events import EchoHeard
from duologue.agent.interruption import insists, is_backchannel, is_echo, is_own, same_words
from duologue.agent.moves import Moves
from duologue.agent.notices import CallerSaid
from duologue.agent.talk import Said, Talk
from duologue.agent.turntaking import Cue, Stage
from duologue.audio.formats import LISTEN_RATE, Samples
from duologue.listen.events import (
    Progressed,
    TurnEagerEnded,
    TurnEnded,
    TurnEvent,
    TurnResumed,
    TurnStarted,
    TurnUpdated,
)
from duologue.runtime.machine import Seconds

_BUSY = frozenset({Stage.THINKING, Stage.SPEAKING, Stage.OVERLAP})
_AWARE = frozenset({Stage.OVERLAP, Stage.DRAFTING})
"""Somebody speaks, or did: it need not be said again. Of a turn that begins neither is true."""


class Listening:
    """Judges turn events and progress."""

    def __init__(self, talk: Talk, moves: Moves) -> None:
        self._talk = talk
        self._moves = moves
        self._heard_before = 0
        """Characters of the reply that had been heard when the caller began to speak over it."""

    def follow(self, event: Progressed | EchoHeard, now: Seconds) -> None:
        """More audio was heard; or what is about to be told of it holds our own voice."""
        talk = self._talk
        if isinstance(event, EchoHeard):
            talk.caller.echo = event
            return
        talk.caller.hears_from = now - event.position / LISTEN_RATE
        if not talk.caller.open:
            talk.caller.heard_until = event.position
            return
        own = self._is_own(event.position)
        talk.caller.progress(event, own=own)
        if own and self._is_echo():
            talk.caller.note_echo(talk.caller.speech_start, event.position)
            talk.caller.withheld = True
            self._moves.cue(Cue.OWN_VOICE, now)
        elif talk.caller.withheld and not self._is_echo():
            talk.caller.withheld = False
            self._begin(now)
        self._judge(now)

    def take(self, event: TurnEvent, now: Seconds) -> None:
        """A turn event came, perhaps late or out of order."""
        admitted = self._talk.caller.admit(event)
        if not admitted:
            self._talk.late_facts += 1
        for fact in admitted:
            self._talk.caller.note(fact)
            match fact:
                case TurnStarted():
                    self._started(fact, now)
                case TurnUpdated():
                    self._judge(now)
                case TurnEagerEnded():
                    self._may_be_done(now)
                case TurnResumed():
                    self._resumed(now)
                case TurnEnded():
                    self._done(fact, now)

    def look_at_clock(self, now: Seconds) -> None:
        """An overlap may have gone on for too long."""
        if self._talk.overlap_since is not None:
            self._judge(now)

    def _judge(self, now: Seconds) -> None:
        """Whether the caller, who talks while a reply is being made or spoken, must be given way."""
        talk = self._talk
        if talk.stage not in _BUSY:
            return
        if self._protected(now):
            talk.caller.forgive()
        elif insists(talk.caller, talk.settings.interruption, talk.overlap_since, now):
            self._moves.cue(Cue.CALLER_INSISTS, now)

    def _protected(self, now: Seconds) -> bool:
        """What is being said now must not be interrupted."""
        talk = self._talk
        reply = talk.reply
        if reply is None:
            return False
        return reply.protected or (
            reply.started and now < talk.speaking_since + talk.settings.interruption.ignore_first
        )

    def _is_own(self, position: Samples) -> bool:
        return is_own(self._talk.caller.share_at(position), self._talk.settings.interruption)

    def _is_echo(self) -> bool:
        return is_echo(self._talk.caller, self._talk.settings.interruption)

    def _started(self, event: TurnStarted, now: Seconds) -> None:
        """A turn began: the caller's, unless it is our own voice."""
        caller = self._talk.caller
        if self._is_own(event.position):
            caller.note_echo(caller.speech_start, event.position)
            caller.withheld = True
        else:
            self._begin(now)

    def _begin(self, now: Seconds) -> None:
        """The caller begins to speak."""
        talk = self._talk
        reply = talk.reply
        talk.caller.over_reply = reply is not None and reply.started
        if reply is not None and reply.started:
            speech = reply.utterance
            self._heard_before = len(speech.alignment.text_before(speech.playback.heard(now)))
        if talk.stage in _BUSY and self._protected(now):
            return  # if the turn outlasts the protection, the caller will insist
        if talk.stage not in _AWARE:
            self._moves.cue(Cue.CALLER_STARTS, now)
        if not talk.caller.told and (talk.reply is None or not talk.reply.started):
            self._moves.endings.tell_caller_started()

    def _may_be_done(self, now: Seconds) -> None:
        talk = self._talk
        text = talk.caller.text
        if talk.stage is Stage.IDLE and not self._worth_a_draft(text):
            return
        self._talk.said = Said(text)
        self._moves.cue(Cue.CALLER_MAY_BE_DONE, now)

    def _worth_a_draft(self, text: str) -> bool:
        talk = self._talk
        return (
            talk.settings.speculate
            and not talk.draining
            and talk.caller.drafts < talk.settings.limits.drafts_per_turn
            and bool(text.strip())
            and not self._is_echo()
            and not self._is_listening_sign(text)
        )

    def _resumed(self, now: Seconds) -> None:
        drafting = self._talk.stage is Stage.DRAFTING
        self._moves.cue(Cue.CALLER_RESUMES, now)
        if drafting:
            self._moves.endings.tell_caller_started()  # with speculative replies the client is told again (D§5.9)

    def _done(self, event: TurnEnded, now: Seconds) -> None:
        talk = self._talk
        text = "" if self._is_echo() else talk.caller.text.strip()
        sign = bool(text) and self._is_listening_sign(text)
        if sign:
            talk.tell(CallerSaid(text, backchannel=True))
        if not text or sign:
            self._moves.cue(Cue.NOTHING_TO_ANSWER, now)
            return
        if talk.draining and talk.stage is Stage.IDLE:
            return  # the session ends in this step
        self._talk.said = Said(text, event)
        drafted = talk.reply.draft_for if talk.stage is Stage.DRAFTING and talk.reply is not None else None
        as_drafted = drafted is not None and same_words(drafted, text)
        self._moves.cue(Cue.CALLER_DONE_AS_DRAFTED if as_drafted else Cue.CALLER_DONE, now)

    def _is_listening_sign(self, text: str) -> bool:
        """A backchannel: said over our speech, while something was left to hear that the words are no answer to."""
        talk = self._talk
        if not talk.caller.over_reply or not is_backchannel(text, talk.settings.interruption):
            return False
        if talk.cut is not None:
            reply, heard = talk.cut.reply, talk.cut.heard
        elif talk.stage in {Stage.SPEAKING, Stage.OVERLAP} and talk.reply is not None:
            reply, heard = talk.reply, self._heard_before
        else:
            return False
        left = reply.text[heard:]
        asked = reply.text[:heard].rstrip().endswith("?")
        return bool(left.strip()) and not asked
