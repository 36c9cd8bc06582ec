"""Planted mistakes: does the simulation find them? Each is put into the running program for a while and must be caught by the audit.

A simulation that finds nothing proves nothing; one that finds every planted mistake within a few seeds is worth believing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from duologue.agent.commands import ClearAudio
from duologue.agent.endings import Endings
from duologue.agent.listening import Listening
from duologue.agent.notices import AgentFinishedSpeaking, AgentHeard, AgentSaid, CallerStartedSpeaking, ToolAnswered
from duologue.agent.phrase import Remainder
from duologue.agent.playback import Playback
from duologue.agent.reply import Reply
from duologue.agent.replying import Replying
from duologue.agent.speaking import Speaking
from duologue.agent.talk import Talk
from duologue.agent.thinking import Thinking
from duologue.agent.toolbox import Toolbox
from duologue.agent.turntaking import Stage
from duologue.agent.utterance import Utterance
from duologue.agent.watchdog import Watchdog
from duologue.listen.channel import ListenChannel
from duologue.protocols.cartesia.line_stream import LineStreamDialect
from duologue.protocols.cartesia.line_turns import LineTurns
from duologue.protocols.deepgram.agent_frames import AgentFrames
from duologue.server.sent_audio import SentAudio
from duologue.sim.audit import audit
from duologue.sim.breach import Breach
from duologue.sim.draw import draw
from duologue.sim.world import simulate
from duologue.speak.alignment import WordAlignment


@dataclass(frozen=True, slots=True)
class Mutant:
    """A mistake: what it is called, where it sits, and what stands there instead. `wrong` is given the right function."""

    name: str
    owner: type
    attribute: str
    wrong: Callable[[Any], Any]

    @contextmanager
    def planted(self) -> Iterator[None]:
        """The mistake is in the program inside this block."""
        right = self.owner.__dict__[self.attribute]
        setattr(self.owner, self.attribute, self.wrong(right))
        try:
            yield
        finally:
            setattr(self.owner, self.attribute, right)


@dataclass(frozen=True, slots=True)
class Catch:
    """How a mutant was caught: by which seed, the how manieth tried, and by which rule."""

    mutant: str
    seed: int | None
    """`None`: it got away."""
    tried: int
    breach: Breach | None = None


def hunt(mutant: Mutant, seeds: Sequence[int]) -> Catch:
    """Try seeds until one catches the mutant."""
    with mutant.planted():
        for tried, seed in enumerate(seeds, 1):
            breaches = audit(simulate(draw(seed)))
            if breaches:
                return Catch(mutant.name, seed, tried, breaches[0])
    return Catch(mutant.name, None, len(seeds))


# What is wrong, one by one.


def _keep_late_facts(right: Any) -> Any:
    def current(self: Any, number: int, round_: int | None = None) -> Reply | None:
        return self._talk.reply or right(self, number, round_)  # type: ignore[no-any-return]

    return current


def _silent(*kinds: type, when: Callable[[Any], bool] = lambda _: True) -> Callable[[Any], Any]:
    """These things are not told."""

    def wrong(right: Any) -> Any:
        return lambda self, out, *more: [] if isinstance(out, kinds) and when(out) else right(self, out, *more)

    return wrong


def _twice(right: Any) -> Any:
    return lambda self, out: right(self, out) * (2 if isinstance(out, AgentFinishedSpeaking) else 1)


def _history_first(right: Any) -> Any:
    return lambda self, role, text: list(reversed(right(self, role, text)))


def _nothing(_: Any) -> Any:
    return lambda *_args, **_kwargs: None


def _play_drafts(right: property) -> property:
    return property(lambda self: right.__get__(self) or self.stage is Stage.DRAFTING)


def _lose_tool_result(right: Any) -> Any:
    def settle(self: Any, result: Any, state: Any = None) -> Any:
        return right(self, replace(result, content=""), state)

    return settle


def _heard_is_sent(_: Any) -> Any:
    return lambda self, _now: self.sent


def _forget_queue(_: Any) -> Any:
    def send(self: Any, samples: int, now: float) -> None:
        self._sent += samples
        self._silent_at = now + samples / self._rate

    return send


def _next_reply_number(right: Any) -> Any:
    def receive(self: Any, reply: Any, outgoing: Any, now: float) -> None:
        reply.number += 1
        right(self, reply, outgoing, now)
        reply.number -= 1

    return receive


def _resume_from_the_start(right: Any) -> Any:
    def remainder(self: Any, text_heard: int, until: int | None = None) -> Remainder:
        del text_heard
        return right(self, 0, until)  # type: ignore[no-any-return]

    return remainder


def _count_begun_words(_: Any) -> Any:
    return lambda self, heard: sum(word.start < heard for word in self._words)


def _all_sent_is_heard(_: Any) -> Any:
    return lambda self, _now: self.all_sent


def _keep_watching(right: Any) -> Any:
    def end(self: Any, failure: Any) -> None:
        self._watch = None
        right(self, failure)

    return end


def _replace_without_clear(right: Any) -> Any:
    def end_reply(self: Any, now: float, *, announce: bool = False) -> Any:
        ended = right(self, now, announce=announce)
        if not announce:
            self._talk.out[:] = [command for command in self._talk.out if not isinstance(command, ClearAudio)]
        return ended

    return end_reply


def _announce_late(right: Any) -> Any:
    """A phrase is told after its audio."""

    def send(self: Any, reply: Any, outgoing: Any, now: float) -> None:
        text = outgoing.text
        right(self, reply, replace(outgoing, text=None), now)
        if text is not None:
            right(self, reply, replace(outgoing, pcm=None), now)

    return send


def _dropped_is_heard(right: Any) -> Any:
    def locate(self: Any, position: int) -> Any:
        over = [(each.reply, each.end - each.start) for each in self._stretches if each.end <= position]
        return [*over, *right(self, position)]

    return locate


MUTANTS: tuple[Mutant, ...] = (
    Mutant("late facts are kept", Replying, "_current", _keep_late_facts),
    Mutant("nobody is told to clear", AgentFrames, "_messages", _silent(ClearAudio, CallerStartedSpeaking)),
    Mutant("a line that replaces clears nothing", Endings, "end_reply", _replace_without_clear),
    Mutant("the history is not cut", Reply, "cut_to", _nothing),
    Mutant(
        "no AgentAudioDone for the interrupted",
        AgentFrames,
        "_messages",
        _silent(AgentFinishedSpeaking, when=lambda out: out.interrupted),
    ),
    Mutant("AgentAudioDone comes twice", AgentFrames, "_messages", _twice),
    Mutant("a draft is played", Talk, "sounding", _play_drafts),
    Mutant("tool results are lost", Toolbox, "settle", _lose_tool_result),
    Mutant("tool results are not told", AgentFrames, "_messages", _silent(ToolAnswered)),
    Mutant("nobody watches what is owed", Watchdog, "owe", _nothing),
    Mutant("sent counts as heard", Playback, "heard", _heard_is_sent),
    Mutant("playback forgets its queue", Playback, "send", _forget_queue),
    Mutant("audio under another reply's number", Speaking, "_send", _next_reply_number),
    Mutant("History before its text", AgentFrames, "_said", _history_first),
    Mutant("words after their audio", Speaking, "_send", _announce_late),
    Mutant("a cut reply goes on from its start", Utterance, "remainder", _resume_from_the_start),
    Mutant("a word counts as soon as it begins", WordAlignment, "_count", _count_begun_words),
    Mutant("a reply is over when it is sent", Utterance, "drained", _all_sent_is_heard),
    Mutant("a timer outlives its call", ListenChannel, "_end", _keep_watching),
    Mutant("the agent's words are not told", AgentFrames, "_messages", _silent(AgentSaid)),
    Mutant("discarded calls are not withdrawn", Thinking, "withdraw", _nothing),
    Mutant("the call stream clears nothing", LineStreamDialect, "_messages", _silent(ClearAudio)),
    Mutant("turns of the agent do not end on the call stream", LineTurns, "render", _silent(AgentHeard)),
    Mutant("what a clear dropped counts as heard", SentAudio, "locate", _dropped_is_heard),
    Mutant("a loudspeaker's report corrects nothing", Replying, "_correct", _nothing),
    Mutant("our own voice is anybody's", Listening, "_is_own", lambda _right: lambda _self, _position: False),
)
"""The planted mistakes."""
