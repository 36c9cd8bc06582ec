"""The facts about replies: text, audio, tools and failures. What is about a reply, round or call that is over ends here.

A failure is a reply's failure only when nothing of it can be heard: what has begun to sound is finished with what there is.
"""

from __future__ import annotations

from dataclasses import replace

from duologue.agent.events import (
    CompletionFailed,
    CompletionReceived,
    Event,
    PlaybackReported,
    SpeechEnded,
    SpeechFailed,
    SpeechReceived,
    ToolReturned,
)
from duologue.agent.moves import Moves
from duologue.agent.notices import Warned
from duologue.agent.reply import Reply
from duologue.agent.speaking import Speaking
from duologue.agent.talk import Talk
from duologue.agent.thinking import Thinking
from duologue.agent.turntaking import Cue
from duologue.agent.watchdog import Owed
from duologue.audio.formats import Samples
from duologue.runtime.machine import Seconds


class Replying:
    """Hands facts to the reply they are about."""

    def __init__(self, talk: Talk, moves: Moves, thinking: Thinking, speaking: Speaking) -> None:
        self._talk = talk
        self._moves = moves
        self._thinking = thinking
        self._speaking = speaking

    def take(self, event: Event, now: Seconds) -> None:
        """A fact came, perhaps late."""
        match event:
            case ToolReturned(result):
                self._thinking.answer(result, now)
                self._check_words(self._talk.reply, now)
            case CompletionReceived(number, round_) | CompletionFailed(number, round_):
                reply = self._current(number, round_)
                if reply is not None:
                    self._written(reply, event, now)
            case PlaybackReported(number, position) if self._talk.stopped and self._talk.stopped.number == number:
                self._correct(self._talk.stopped, position)
            case SpeechReceived(number) | SpeechEnded(number) | SpeechFailed(number) | PlaybackReported(number):
                reply = self._current(number)
                if reply is not None:
                    self._spoken(reply, event, now)

    def _correct(self, reply: Reply, position: Samples) -> None:
        """Where the loudspeaker stopped, from the client itself: better than the estimate its lines were cut by."""
        talk = self._talk
        heard = len(reply.utterance.alignment.text_before(position))
        reply.cut_again(heard)
        if talk.cut is not None and talk.cut.reply is reply:
            talk.cut = replace(talk.cut, heard=heard)

    def _current(self, number: int, round_: int | None = None) -> Reply | None:
        """The reply a fact is about. Facts about things that are over are dropped here, and counted."""
        reply = self._talk.reply
        if reply is not None and reply.number == number:
            running = round_ is None or (reply.generating and reply.round == round_)
            if running:
                return reply
        self._talk.late_facts += 1
        return None

    def _written(self, reply: Reply, event: Event, now: Seconds) -> None:
        match event:
            case CompletionReceived():
                self._thinking.read(reply, event, now)
                self._check_words(reply, now)
            case CompletionFailed(message=message):
                reply.generating = False
                self._model_failed(reply, message, now)

    def _spoken(self, reply: Reply, event: Event, now: Seconds) -> None:
        match event:
            case SpeechReceived(chunk=chunk):
                self._speaking.receive(reply, chunk, now)
            case SpeechEnded():
                reply.synthesis_open = False
                if reply.utterance.owes_audio:
                    self._voice_failed(reply, "the voice ended before it had said what it was given", now)
            case SpeechFailed(message=message, fallback=True):
                if not reply.draft:
                    self._talk.tell(Warned("speak_request_failed", message))
            case SpeechFailed(message=message) if reply.synthesis_open:
                reply.synthesis_open = False
                self._voice_failed(reply, message, now)
            case SpeechFailed():
                self._talk.late_facts += 1  # a voice may be given up for two reasons; the first counts
            case PlaybackReported(position=position):
                reply.utterance.playback.report(position, now)

    # Failures.

    def _model_failed(self, reply: Reply, message: str, now: Seconds) -> None:
        """The model can give no more."""
        self._thinking.stop(reply)
        if self._talk.sounding:
            self._talk.tell(Warned("think_failed", message))
            self._thinking.close(reply)
        else:
            self._fail("think_failed", message, now)

    def _voice_failed(self, reply: Reply, message: str, now: Seconds) -> None:
        """The voice can give no more, and neither can another."""
        self._speaking.stop(reply)
        if self._talk.sounding and now < reply.utterance.playback.silent_at():
            self._thinking.stop(reply)
            reply.utterance.truncate()
            self._talk.tell(Warned("speak_failed", message))
        else:
            self._fail("speak_failed", message, now)

    def _check_words(self, reply: Reply | None, now: Seconds) -> None:
        """A reply that ends without a word would be silence."""
        if (
            reply is not None
            and reply.utterance.closed
            and reply.utterance.empty
            and not (reply.continues or reply.acted)
        ):
            self._fail("empty_reply", "the model ended its answer without a word", now)

    def _fail(self, code: str, message: str, now: Seconds) -> None:
        self._talk.failure = (code, message)
        self._moves.cue(Cue.REPLY_FAILED, now)

    def look_at_clocks(self, now: Seconds) -> None:
        """What was owed and has not come in time; calls that were not answered in time."""
        limits = self._talk.settings.limits
        patience = limits.patience
        for slow in self._talk.watchdog.take_slow(now):
            if self._talk.reply is not None and not self._talk.reply.draft:
                code = "slow_think" if slow is Owed.MODEL else "slow_speak"
                self._talk.tell(Warned(code, f"the {slow} has given nothing for {limits.slow_after:g} seconds"))
        for owed in self._talk.watchdog.take_overdue(now):
            reply = self._talk.reply
            if reply is not None and owed is Owed.MODEL:
                self._model_failed(reply, f"the model gave nothing for {patience:g} seconds", now)
            elif reply is not None:
                self._voice_failed(reply, f"the voice gave nothing for {patience:g} seconds", now)
        self._thinking.expire(now)
        self._check_words(self._talk.reply, now)
