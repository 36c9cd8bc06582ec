"""The caller's end of a call as a machine: what is played, when it is dropped, what the agent hears, when the call is over.

It is told what the server says (`call_facts.py`), what the microphone recorded and what was typed, each with its time, and answers with
what is to be sent, played and shown.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import assert_never

import numpy as np

from duologue.audio.formats import Pcm, Samples
from duologue.cli.call_facts import (
    AgentAudio,
    AgentText,
    CallerStarted,
    CallerText,
    CallSurface,
    Fact,
    FunctionAsked,
    FunctionWithdrawn,
    Latencies,
    Ready,
    ReplyBegins,
    ReplySent,
    Told,
)
from duologue.cli.loudspeaker import Loudspeaker
from duologue.cli.microphone import FRAME_S, MicrophoneTape
from duologue.cli.talk_events import (
    Arrived,
    Drop,
    HangUp,
    Play,
    Recorded,
    RecordingOver,
    Send,
    Show,
    TalkCommand,
    TalkEvent,
    Typed,
)
from duologue.errors import Violation
from duologue.runtime.machine import Seconds

MAX_CAPTION = 400
"""Characters of a sentence that does not end."""
MAX_ASKED = 64
"""Functions that may wait for an answer; the server's own limit is lower."""


@dataclass(frozen=True, slots=True)
class TalkPolicy:
    """How a call is held."""

    barge_in: bool = True
    """The agent hears the caller while it speaks. Without, it hears silence meanwhile: for loudspeakers that reach the microphone."""
    tail_s: Seconds = 0.35
    """Without barge-in: how long after the agent's last sound the room and the sound card may still ring."""
    ask: bool = False
    """A person answers the agent's functions; else each gets its own arguments back."""
    loud: float = 0.02
    """Peak from which a frame counts as the caller's voice, of full scale. For figures and for the end of a recording only."""
    quiet_s: Seconds = 2.0
    """After a recording: how long both sides are silent before the call is over."""
    answer_s: Seconds = 12.0
    """After a recording: how long an answer is waited for."""
    report_s: Seconds = 0.2
    """How often the server is told what was heard, where it wants to know."""
    muted_s: Seconds | None = 4.0
    """A microphone that gives nothing but zeros for so long is probably muted; `None` for a recording."""


class TalkSession:
    """One call."""

    def __init__(self, surface: CallSurface, policy: TalkPolicy, *, kept_s: Seconds = math.inf) -> None:
        """`kept_s`: how long what was heard is kept; less than all of it leaves no recording of the call."""
        self.surface = surface
        self.loudspeaker = Loudspeaker(surface.rate_out, kept_s)
        """What was played when; a sound card only follows it."""
        self.tape = MicrophoneTape(keep=kept_s == math.inf)
        self.ready = False
        self.dropped: list[Seconds] = []
        """Seconds of speech that were never heard, per interruption."""
        self.waits: list[Seconds] = []
        """From the caller's last sound to the reply's first."""
        self.replies = 0
        """Replies that could be heard."""
        self._policy = policy
        self._asked: list[FunctionAsked] = []
        self._replying = False
        """Between the first audio of a reply and `ReplySent`."""
        self._sounding = False
        """Audio of the reply at hand has come."""
        self._trailing = False
        """What comes now belongs to a reply that was cut."""
        self._latencies: tuple[tuple[str, Seconds], ...] = ()
        self._figures_told = False
        self._caption = ""
        self._voice_at: Seconds | None = None
        """When the caller's last sound was; `None` once it has been answered."""
        self._over_at: Seconds | None = None
        self._hung_up = False
        self._reported: Samples = 0
        self._report_at: Seconds = 0.0
        self._zeros = 0
        self._cut_in_vain = 0

    def handle(self, event: TalkEvent, now: Seconds) -> Sequence[TalkCommand]:
        """What follows."""
        match event:
            case Arrived(frame):
                return [command for fact in self.surface.read(frame) for command in self._take(fact, now)]
            case Recorded(pcm):
                return self._record(pcm, now)
            case Typed(line):
                return self._type(line.strip(), now)
            case RecordingOver():
                self._over_at = now
                return []
            case _:
                assert_never(event)

    def wake(self, now: Seconds) -> Sequence[TalkCommand]:
        """Nothing more will be said."""
        due = self.wake_at()
        if due is None or now < due:
            return []
        self._hung_up = True
        unanswered = self._voice_at is not None
        remark = [Show("", f"no answer in {self._policy.answer_s:g} s", "yellow")] if unanswered else []
        return [*remark, HangUp()]

    def wake_at(self) -> Seconds | None:
        """When a recorded caller has heard everything there is to hear."""
        if self._over_at is None or self._asked or self._hung_up:
            return None
        if self._voice_at is not None:
            return max(self._over_at, self._voice_at, self.loudspeaker.silent_at) + self._policy.answer_s
        return max(self._over_at, self.loudspeaker.silent_at) + self._policy.quiet_s

    def _take(self, fact: Fact, now: Seconds) -> Sequence[TalkCommand]:
        match fact:
            case Ready():
                self.ready = True
                return []
            case AgentAudio(payload):
                return [] if self._trailing else self._play(payload, now)
            case CallerStarted():
                return self._drop(now, trails=fact.trails)
            case ReplySent():
                self._trailing = self._replying = self._sounding = False
                return self._flush_caption()
            case ReplyBegins(latencies):
                self._trailing = False
                self._latencies = latencies
                return []
            case AgentText():
                return self._caption_agent(fact)
            case CallerText(text):
                self._cut_in_vain = 0
                return [*self._flush_caption(), Show("caller", f"“{text}”", "bold")]
            case Latencies(seconds):
                told, self._figures_told = self._figures_told, False
                return [] if told or not seconds else [Show("", f"server: {_figures(seconds)}", "bright_black")]
            case FunctionAsked():
                return self._ask(fact)
            case FunctionWithdrawn():
                self._asked = [each for each in self._asked if each.id != fact.id]
                return [Show("function", f"{fact.name} is not wanted any more")]
            case Told():
                return [Show(fact.what, fact.text, "red" if fact.bad else "")]
            case _:
                assert_never(fact)

    def _play(self, payload: bytes, now: Seconds) -> Sequence[TalkCommand]:
        begins = self.loudspeaker.play(payload, now)
        commands: list[TalkCommand] = [Play(payload)]
        self._replying = True
        if not self._sounding:
            self._sounding = True
            self.replies += 1
            if self._voice_at is not None:
                waited = begins - self._voice_at
                self.waits.append(waited)
                server = f" (server: {_figures(self._latencies)})" if self._latencies else ""
                self._figures_told = bool(server)
                commands.append(Show("", f"{waited:.2f} s after your last sound{server}", "green"))
            self._voice_at = None
            self._latencies = ()
        return commands

    def _drop(self, now: Seconds, *, trails: bool) -> Sequence[TalkCommand]:
        """An interruption at the caller's end: nothing of the old reply sounds from this moment on."""
        unheard = self.loudspeaker.clear(now)
        report = self._report(now)
        self._trailing = trails and self._replying
        self._sounding = False
        if not trails:
            self._replying = False
        commands: list[TalkCommand] = [Drop(), *report, *self._flush_caption()]
        if unheard > 0:
            self.dropped.append(unheard)
            self._cut_in_vain += 1
            commands.append(Show("", f"you talk over the agent: {unheard:.1f} s of its speech dropped", "yellow"))
            if self._cut_in_vain == 2:
                hint = "twice nobody was understood: if the agent hears itself, wear headphones or use --no-barge-in"
                commands.append(Show("", hint, "yellow"))
        return commands

    def _caption_agent(self, said: AgentText) -> Sequence[TalkCommand]:
        """Sentences as they are announced; parts are put together until the sentence ends."""
        self._trailing = False
        if not said.part:
            return [*self._flush_caption(), Show("agent", said.text)]
        self._caption += said.text
        whole = self._caption.rstrip().endswith((".", "?", "!")) or len(self._caption) > MAX_CAPTION
        return self._flush_caption() if whole else []

    def _flush_caption(self) -> list[TalkCommand]:
        caption, self._caption = self._caption.strip(), ""
        return [Show("agent", caption)] if caption else []

    def _record(self, pcm: Pcm, now: Seconds) -> Sequence[TalkCommand]:
        if not self.ready:
            return []
        if not self.tape.count:
            self.tape.began = now - FRAME_S
        commands: list[TalkCommand] = []
        deaf = not self._policy.barge_in and now < self.loudspeaker.silent_at + self._policy.tail_s
        self.tape.record(pcm)
        if self.tape.level() > self._policy.loud and not deaf:
            self._voice_at = now
        self._zeros = 0 if pcm.any() else self._zeros + 1
        if self._policy.muted_s is not None and self._zeros == round(self._policy.muted_s / FRAME_S):
            commands.append(Show("", "the microphone gives nothing at all: is it muted?", "yellow"))
        position = self.loudspeaker.position(now)
        if position != self._reported and (now >= self._report_at or now >= self.loudspeaker.silent_at):
            commands += self._report(now)
        # Silence and not a gap: the agent's clock is the audio it gets.
        return [*commands, Send(self.surface.hear(np.zeros_like(pcm) if deaf else pcm))]

    def _report(self, now: Seconds) -> list[TalkCommand]:
        """While something plays, when it has fallen silent, and at a clear whatever the position is (docs/agents.md, rules 3 and 5)."""
        self._reported, self._report_at = self.loudspeaker.position(now), now + self._policy.report_s
        return [Send(frame) for frame in self.surface.heard(self._reported)]

    def _ask(self, asked: FunctionAsked) -> Sequence[TalkCommand]:
        call = f"{asked.name}({asked.arguments})"
        if not self._policy.ask or len(self._asked) >= MAX_ASKED:
            sent = self.surface.answer(asked, asked.arguments)
            return [Show("function", f"{call}, answered with its arguments"), *map(Send, sent)]
        self._asked.append(asked)
        return [Show("function", f"{call} — type its result and press return; nothing gives back the arguments")]

    def _type(self, line: str, now: Seconds) -> Sequence[TalkCommand]:
        if self._asked:
            asked = self._asked.pop(0)
            return [*map(Send, self.surface.answer(asked, line or asked.arguments))]
        if not line or not self.ready:
            return []
        try:
            frames = self.surface.say(line)
        except Violation as violation:
            return [Show("", str(violation), "yellow")]
        self._voice_at = now
        return [*map(Send, frames)]


def _figures(latencies: Sequence[tuple[str, Seconds]]) -> str:
    return ", ".join(f"{name} {seconds:.2f}" for name, seconds in latencies)
