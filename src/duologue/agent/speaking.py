"""The spoken side of the reply at hand: what is synthesised, sent and told, and the cues that follow from audio.

Order towards the client (rule 19): the words of a phrase, once per reply that speech begins, then audio; when everything is sent,
`AgentFinishedSpeaking` once; when everything is heard, the reply is over.
"""

from __future__ import annotations

from duologue.agent.commands import FinishSynthesis, PlayAudio, StopSynthesis
from duologue.agent.notices import AgentFinishedSpeaking, AgentSaid, AgentStartedSpeaking
from duologue.agent.reply import Reply
from duologue.agent.talk import Talk
from duologue.agent.turntaking import Cue, Stage
from duologue.agent.utterance import Outgoing
from duologue.agent.watchdog import Owed
from duologue.runtime.machine import Seconds
from duologue.speak.speech import SpeechChunk


class Speaking:
    """Moves text to the synthesiser and audio to the client."""

    def __init__(self, talk: Talk) -> None:
        self._talk = talk

    def receive(self, reply: Reply, chunk: SpeechChunk, now: Seconds) -> None:
        """Audio came from the synthesiser."""
        if not reply.utterance.receive(chunk):
            self._talk.late_facts += 1
            return
        if reply.latencies.first_audio is None and len(chunk.pcm):
            reply.latencies.first_audio = now
        self._watch(reply, now)

    def stop(self, reply: Reply) -> None:
        """The synthesiser need not go on."""
        if reply.synthesis_open:
            reply.synthesis_open = False
            self._talk.out.append(StopSynthesis(reply.number))
        self._talk.watchdog.settle(Owed.VOICE)

    def _watch(self, reply: Reply, now: Seconds) -> None:
        if reply.utterance.owes_audio:
            self._talk.watchdog.owe(Owed.VOICE, now)
        else:
            self._talk.watchdog.settle(Owed.VOICE)

    def go_on(self, now: Seconds) -> Cue | None:
        """Do what can be done for the reply; the cue that follows from it, if any. To be called again until there is none."""
        talk = self._talk
        reply = talk.reply
        if reply is None:
            return None
        if reply.hurries_at is not None and now >= reply.hurries_at:
            reply.hurry()
        self._let_out(reply, now)
        if talk.stage is Stage.THINKING and reply.utterance.audible:
            return Cue.FIRST_AUDIO
        speech = reply.utterance
        inaudible = talk.stage is Stage.THINKING and speech.closed and not speech.owes_audio and speech.all_asked
        if talk.sounding or inaudible:
            for outgoing in speech.send(now):
                self._send(reply, outgoing, now)
            if speech.all_sent and not reply.finished:
                self.finish_sending(reply)
            if speech.drained(now):
                return Cue.AUDIO_DRAINED
        return None

    def _let_out(self, reply: Reply, now: Seconds) -> None:
        talk = self._talk
        speech = reply.utterance
        if not speech.all_asked:
            orders = speech.let_out(reply.number, talk.settings.speak.choices, now, most=1 if reply.draft else None)
            if orders:
                if reply.latencies.spoken is None:
                    reply.latencies.spoken = now
                reply.synthesis_open = True
                talk.out.extend(orders)
                talk.watchdog.owe(Owed.VOICE, now)
        if speech.closed and speech.all_asked and reply.synthesis_open and not reply.synthesis_finishing:
            reply.synthesis_finishing = True
            talk.out.append(FinishSynthesis(reply.number))

    def _send(self, reply: Reply, outgoing: Outgoing, now: Seconds) -> None:
        talk = self._talk
        if outgoing.text is not None:
            reply.announced = True
            talk.tell(AgentSaid(reply.number, outgoing.text, reply.origin))
        if outgoing.pcm is None:
            return
        first = not reply.started
        if first:
            reply.started = True
            talk.speaking_since = now
            spent = reply.latencies
            spent.sent = now
            talk.tell(AgentStartedSpeaking(reply.number, reply.origin, spent.total, spent.think, spent.speak))
        talk.out.append(PlayAudio(reply.number, outgoing.pcm, outgoing.phrase, first))

    def finish_sending(self, reply: Reply, *, interrupted: bool = False) -> None:
        """Nothing of the reply will be sent any more."""
        reply.finished = True
        if reply.announced:
            self._talk.tell(AgentFinishedSpeaking(reply.number, interrupted))
            if reply.latencies.asked is not None and reply.started:
                self._talk.tell(reply.latencies.measured(reply.number))

    def wake_at(self, now: Seconds) -> Seconds | None:
        """When time alone lets the reply go on."""
        reply = self._talk.reply
        if reply is None:
            return None
        hurry = reply.hurries_at
        due = [] if hurry is None or hurry <= now else [hurry]
        if not reply.draft:
            go_on = reply.utterance.wake_at(now, sending=self._talk.sounding)
            due += [] if go_on is None else [go_on]
        return min(due, default=None)
