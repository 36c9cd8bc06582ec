"""A whole call as a script: literal times, facts in, and a readable log of everything that came of them.

The model and the voice are stand-ins with literal delays; nothing here shares code with what it tests, but for the vocabularies. The voice
speaks three words a second at 1,000 samples a second: a word is 300 samples, a millisecond is a sample.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from duologue.agent.commands import (
    Command,
    FinishSynthesis,
    Generate,
    Notify,
    StopGenerating,
    StopSynthesis,
    Synthesize,
)
from duologue.agent.events import (
    CompletionFailed,
    CompletionReceived,
    CustomReceived,
    EchoHeard,
    Event,
    KeyPressed,
    SpeechEnded,
    SpeechFailed,
    SpeechReceived,
    Started,
    ToolReturned,
)
from duologue.agent.notices import (
    Notice,
)
from duologue.agent.responder import ModelResponder, Responder
from duologue.agent.session import Session
from duologue.agent.settings import AgentSettings
from duologue.audio.spans import TimedWord
from duologue.ids import SeededIds
from duologue.listen.events import (
    Progressed,
    Trigger,
    TurnDecision,
    TurnEagerEnded,
    TurnEnded,
    TurnResumed,
    TurnStarted,
    TurnUpdated,
)
from duologue.speak.speech import SpeechChunk, SpokenWord
from duologue.think.completion import CompletionRequest, Finish, TextDelta
from duologue.think.messages import Speaker, ToolCall, ToolResult
from tests.conversations.log_lines import describe

RATE = 1000
"""Samples of speech a second: a sample is a millisecond."""

WORD = 300
"""Samples of one word."""

DECISION = TurnDecision(0.2, 0.3, 0.5, 0.5, Trigger.FLOOR, "by script")


@dataclass
class Answer:
    """What the model stand-in answers to one request."""

    text: str = ""
    calls: Sequence[ToolCall] = ()
    after: float = 0.1
    every: float = 0.0
    """Between words; 0 gives the text at once."""
    fails: str = ""
    """Fail with this message after the text."""
    hangs: bool = False
    """Never finish."""


@dataclass
class Voice:
    """What the voice stand-in does."""

    after: float = 0.1
    """From a phrase to its audio."""
    dies_at: int = 0
    """Fails at this phrase; 0 never."""
    hangs_at: int = 0
    """Gives nothing from this phrase on; 0 never."""


@dataclass(order=True)
class _Due:
    at: float
    order: int
    event: Event = field(compare=False)
    reply: int = field(compare=False, default=0)
    work: str = field(compare=False, default="")


class Call:
    """One call. `Call(...)` starts at 0; every method takes the time at which it happens; `log()` tells what came of it."""

    def __init__(
        self,
        settings: AgentSettings | None = None,
        answers: Sequence[Answer | str] = (),
        voice: Voice | None = None,
        responder: Responder | None = None,
        *,
        obedient: bool = True,
    ) -> None:
        """`obedient=False`: the stand-ins go on after they were told to stop."""
        self.began_with = (settings or AgentSettings(), responder or ModelResponder())
        self.session = Session(*self.began_with, SeededIds(1), RATE)
        self._answers = [Answer(answer) if isinstance(answer, str) else answer for answer in answers]
        self._voice = voice or Voice()
        self._obedient = obedient
        self._due: list[_Due] = []
        self._order = 0
        self._lines: list[str] = []
        self._voice_free = 0.0
        self._stuck = False
        self._turn = 0
        self.now = 0.0
        self.requests: list[CompletionRequest] = []
        self.commands: list[tuple[float, Command]] = []
        self.steps: list[tuple[float, Event | None, list[Command]]] = []
        self.feed(Started(), 0.0)

    # Facts.

    def feed(self, event: Event, at: float) -> None:
        """`event` happens at `at`, after everything due before it."""
        self.until(at)
        self._step(event)

    def until(self, at: float) -> None:
        """Let time pass."""
        while True:
            wake = self.session.wake_at()
            due = self._due[0].at if self._due else None
            if due is not None and due <= at and (wake is None or due <= wake):
                entry = heapq.heappop(self._due)
                self.now = max(self.now, entry.at)
                self._step(entry.event)
            elif wake is not None and wake <= at:
                self.now = max(self.now, wake)
                self._step(None)
            else:
                break
        self.now = max(self.now, at)

    def echo(self, at: float, share: float) -> None:
        """So much of what is heard up to `at` is the agent's own voice."""
        if share:
            self.feed(EchoHeard(round(at * 16_000), share), at)

    def starts(self, at: float, own: float = 0.0) -> None:
        """The caller starts a turn; or, by so much, the agent's own voice does."""
        self.echo(at, own)
        self._turn += 1
        self.feed(TurnStarted(self._turn, round(at * 16_000), round(at * 16_000), DECISION), at)

    def voice(self, at: float, voiced: float, own: float = 0.0) -> None:
        """Progress: so much speech in the turn; of the latest, this share is the agent's own."""
        self.echo(at, own)
        self.feed(Progressed(round(at * 16_000), 0.9, voiced), at)

    def words(self, at: float, text: str, times: Sequence[float] = ()) -> None:
        """The words of the turn so far."""
        self.feed(TurnUpdated(self._turn, round(at * 16_000), text, text, timed(text, times)), at)

    def eager(self, at: float, text: str, times: Sequence[float] = ()) -> None:
        """The caller has perhaps finished."""
        self.feed(TurnEagerEnded(self._turn, round(at * 16_000), text, text, timed(text, times), 0.5, DECISION), at)

    def resumes(self, at: float) -> None:
        """The caller had not."""
        self.feed(TurnResumed(self._turn, round(at * 16_000), DECISION), at)

    def ends(self, at: float, text: str, times: Sequence[float] = ()) -> None:
        """The turn ends, half a second after speech. `times`: when each word began."""
        position = round(at * 16_000)
        words = timed(text, times)
        self.feed(TurnEnded(self._turn, position, text, text, words, 0.8, position - 8000, DECISION), at)

    def says(self, at: float, text: str) -> None:
        """A whole short turn that ends at `at`."""
        self.starts(at - 1.0)
        self.ends(at, text)

    def presses(self, at: float, keys: str, every: float = 0.3) -> None:
        """The caller presses keys, one after the other; the first at `at`."""
        for place, key in enumerate(keys):
            self.feed(KeyPressed(key), at + place * every)

    def data(self, at: float, payload: str) -> None:
        """The application sends data."""
        self.feed(CustomReceived(payload), at)

    def tool(self, at: float, call_id: str, content: str) -> None:
        """A tool returns."""
        self.feed(ToolReturned(ToolResult(call_id, "", content)), at)

    # Stand-ins.

    def _later(self, at: float, event: Event, reply: int, work: str) -> None:
        self._order += 1
        heapq.heappush(self._due, _Due(at, self._order, event, reply, work))

    def _drop(self, reply: int, work: str) -> None:
        if self._obedient:
            self._due = [entry for entry in self._due if (entry.reply, entry.work) != (reply, work)]
            heapq.heapify(self._due)
            if work == "voice":
                self._voice_free = self.now

    def _step(self, event: Event | None) -> None:
        commands = list(self.session.wake(self.now) if event is None else self.session.handle(event, self.now))
        self.steps.append((self.now, event, commands))
        for command in commands:
            self.commands.append((self.now, command))
            self._note(command)
            self._perform(command)

    def _perform(self, command: Command) -> None:
        match command:
            case Generate(reply, round_, request):
                self.requests.append(request)
                self._generate(reply, round_)
            case StopGenerating(reply):
                self._drop(reply, "model")
            case Synthesize(reply, phrase, text):
                self._synthesize(reply, phrase, text)
            case FinishSynthesis(reply) if not self._stuck:
                self._later(max(self.now, self._voice_free), SpeechEnded(reply), reply, "voice")
            case StopSynthesis(reply):
                self._drop(reply, "voice")

    def _generate(self, reply: int, round_: int) -> None:
        answer = self._answers.pop(0) if self._answers else Answer("All right.")
        at = self.now + answer.after
        deltas = [answer.text] if not answer.every else [f"{word} " for word in answer.text.split()]
        for delta in deltas:
            if delta:
                self._later(at, CompletionReceived(reply, round_, TextDelta(delta)), reply, "model")
                at += answer.every
        if answer.fails:
            self._later(at, CompletionFailed(reply, round_, answer.fails), reply, "model")
        elif not answer.hangs:
            for call in answer.calls:
                self._later(at, CompletionReceived(reply, round_, call), reply, "model")
            self._later(at, CompletionReceived(reply, round_, Finish("stop")), reply, "model")

    def _synthesize(self, reply: int, phrase: int, text: str) -> None:
        if self._voice.hangs_at and phrase >= self._voice.hangs_at:
            self._stuck = True
            return
        at = max(self.now + self._voice.after, self._voice_free)
        if self._voice.dies_at and phrase >= self._voice.dies_at:
            self._stuck = True
            self._later(at, SpeechFailed(reply, "the voice died"), reply, "voice")
            return
        self._voice_free = at
        self._stuck = False
        self._later(at, SpeechReceived(reply, speak(text, phrase)), reply, "voice")

    # The log.

    def _note(self, command: Command) -> None:
        line = describe(command, RATE)
        if line:
            self._lines.append(f"{self.now:6.2f}  {line}")

    def log(self) -> str:
        """What was done and told, a line each."""
        return "\n".join(self._lines)

    def told(self) -> list[Notice]:
        """All notices."""
        return [command.notice for _, command in self.commands if isinstance(command, Notify)]

    def history(self) -> list[str]:
        """The conversation as the model would see it."""
        marks = {Speaker.USER: "caller", Speaker.ASSISTANT: "agent", Speaker.TOOL: "tool", Speaker.SYSTEM: "system"}
        return [f"{marks[message.speaker]}: {message.text}" for message in self.session.history.messages()]


def timed(text: str, times: Sequence[float]) -> tuple[TimedWord, ...]:
    """Words of 0.2 s each, where their times are given."""
    return tuple(
        TimedWord(word, round(at * 16_000), round((at + 0.2) * 16_000))
        for word, at in zip(text.split(), times, strict=bool(times))
    )


def speak(text: str, phrase: int) -> SpeechChunk:
    """A phrase in one chunk: `WORD` samples a word."""
    words, at = [], 0
    for word in text.split():
        start = text.index(word, words[-1].text_end if words else 0)
        words.append(SpokenWord(word, at, at + WORD, start, start + len(word)))
        at += WORD
    return SpeechChunk(np.zeros(at, np.float32), phrase, tuple(words), last=True)
