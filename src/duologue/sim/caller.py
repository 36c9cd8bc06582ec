"""A simulated caller: a mouth, an ear, patience, and a plan.

The caller speaks marked speech (`marked.py`) in frames on the virtual clock, plays what comes back through its ear, forgets it when the
wire says so, answers function calls as late as its plan says, and keeps every frame with its time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias, assert_never

import numpy as np
from numpy.typing import NDArray

from duologue.audio.formats import LISTEN_RATE, Samples
from duologue.runtime.machine import Seconds
from duologue.sim.ear import Ear
from duologue.sim.marked import Lexicon, find_words, say
from duologue.sim.plan import Answering, Plan, Step, Wait
from duologue.sim.wire import AsgiApp, MemorySocket
from duologue.sim.wires import AskedCall, CallerWire, Received, Sign, wire_of

AGENT_RATE = LISTEN_RATE
"""The rate the caller asks the agent's speech in; that of the marked synthesiser, so that nothing is resampled."""


@dataclass(slots=True)
class StepDone:
    """When a step of the plan was carried out."""

    began: Seconds
    """Its line began to sound, or its message was sent."""
    ended: Seconds
    """Its line was over."""


@dataclass(slots=True)
class Call:
    """Everything that came of a call, for the audit."""

    plan: Plan
    lexicon: Lexicon
    ear: Ear
    received: list[Received] = field(default_factory=list)
    clears: list[Seconds] = field(default_factory=list)
    steps: list[StepDone] = field(default_factory=list)
    """Of the plan, as far as they were reached."""
    tool_answers: dict[str, tuple[Seconds, str]] = field(default_factory=dict)
    """By the call's id: when it was answered, and with what."""
    began: Seconds = 0.0
    ended: Seconds = 0.0
    close: tuple[int, str] | None = None
    hung_up: bool = False

    def signs(self, *signs: Sign) -> list[Received]:
        """All frames with one of these meanings, in order."""
        return [received for received in self.received if received.sign in signs]


Mouth: TypeAlias = Callable[[Step], list[NDArray[np.int16]]]
"""Makes the sounds of a step's line, at `LISTEN_RATE`."""


def marked_mouth(lexicon: Lexicon) -> Mouth:
    """Speaks marked speech; ` / ` in a line is a hesitation."""

    def speak(step: Step) -> list[NDArray[np.int16]]:
        sounds: list[NDArray[np.int16]] = []
        for place, part in enumerate(step.line.split(" / ")):
            if place:
                sounds.append(np.zeros(round(step.hesitation * LISTEN_RATE), dtype=np.int16))
            sounds.append(say(part, lexicon))
        return sounds

    return speak


class Caller:
    """Carries out a plan against an application."""

    def __init__(
        self,
        app: AsgiApp,
        plan: Plan,
        lexicon: Lexicon,
        mouth: Mouth | None = None,
    ) -> None:
        loop = asyncio.get_running_loop()
        self._now: Callable[[], Seconds] = loop.time
        self._plan = plan
        self._lexicon = lexicon
        self._speak = mouth or marked_mouth(lexicon)
        self.call = Call(plan, lexicon, Ear(AGENT_RATE, plan.loudspeaker_late))
        """What has come of the call so far."""
        self._wire: CallerWire = wire_of(plan)
        self._socket = MemorySocket(app, self._wire.path, self._take)
        self._mouth: list[NDArray[np.int16]] = []
        self._ready = False
        self._replies = 0
        self._spoke_until: Seconds = 0.0
        self._thinking = False
        self._late_answers: list[asyncio.TimerHandle] = []
        self._reported: Samples = 0

    async def run(self) -> Call:
        """The whole call. Raises what the application raised, and `Rejected` when it does not answer."""
        await self._socket.connect()
        self.call.began = self._now()
        self._socket.send(self._wire.opening())
        loop = asyncio.get_running_loop()
        devices = [loop.create_task(self._microphone(), name="caller's microphone")]
        if self._plan.reports_every:
            devices.append(loop.create_task(self._loudspeaker(), name="caller's loudspeaker"))
        try:
            while not self._ready and self._socket.closed is None:  # noqa: ASYNC110 - as below
                await asyncio.sleep(self._plan.frame_s)
            for step in self._plan.steps:
                if self._socket.closed is not None:
                    break
                await self._carry_out(step)
            if not self._plan.hangs_up:
                await self._listen_to_the_end()
        finally:
            for device in devices:
                device.cancel()
            for answer in self._late_answers:
                answer.cancel()
        self.call.hung_up = self._socket.closed is None
        if self.call.hung_up and self._plan.reports_every:
            self._report()
        self.call.ended = self._now() if self._socket.closed_at is None else self._socket.closed_at
        await self._socket.close()
        self.call.close = self._socket.closed
        return self.call

    async def _carry_out(self, step: Step) -> None:
        await self._wait(step)
        done = StepDone(self._now(), self._now())
        self.call.steps.append(done)
        if step.line or step.wav:
            self._mouth += self._speak(step)
            done.ended += sum(len(sound) for sound in self._mouth) / LISTEN_RATE
            self._spoke_until = done.ended
            while self._mouth and self._socket.closed is None:  # noqa: ASYNC110 - a caller listens in frames; nobody tells it when its breath is out
                await asyncio.sleep(self._plan.frame_s)
        if step.message is not None:
            self._socket.send(self._wire.tell(step.message))

    async def _wait(self, step: Step) -> None:
        """Until the moment the plan names, or until patience ends."""
        until = self._now() + step.patience
        while self._now() < until and self._socket.closed is None:
            if self._has_come(step):
                break
            await asyncio.sleep(self._plan.frame_s)
        await asyncio.sleep(step.then)

    def _has_come(self, step: Step) -> bool:
        """What the step waits for."""
        ear, now = self.call.ear, self._now()
        match step.wait:
            case Wait.NOTHING:
                return True
            case Wait.AGENT_SPEAKS:
                return self._hears_agent(step.after_words)
            case Wait.AGENT_SILENT:
                return not self._thinking and ear.silent_at <= now
            case Wait.ANSWERED:
                spoke = bool(ear.sounds) and ear.sounds[-1].arrived >= self._spoke_until
                return spoke and not self._thinking and ear.silent_at <= now
            case _:
                assert_never(step.wait)

    def _hears_agent(self, words: int) -> bool:
        now = self._now()
        if not words:
            return self.call.ear.sounding(now)
        sounds = self.call.ear.sounds
        if not sounds or sounds[-1].arrived < self._spoke_until:
            return False  # what was said before the caller's last line does not count
        return len(find_words(self.call.ear.heard(now, sounds[-1].label), self._lexicon)) >= words

    async def _microphone(self) -> None:
        """One frame after the other, silence when there is nothing to say."""
        length = round(self._plan.frame_s * LISTEN_RATE)
        due = self._now()
        while self._socket.closed is None:
            frame = np.zeros(length, dtype=np.int16)
            at = 0
            while self._mouth and at < length:
                piece = self._mouth[0][: length - at]
                frame[at : at + len(piece)] = piece
                at += len(piece)
                self._mouth[0] = self._mouth[0][len(piece) :]
                if not len(self._mouth[0]):
                    self._mouth.pop(0)
            if self._plan.echo:
                frame = self._with_echo(frame, due)
            self._socket.send(self._wire.audio(frame.tobytes()))
            due += self._plan.frame_s
            await asyncio.sleep(max(0.0, due - self._now()))

    def _with_echo(self, frame: NDArray[np.int16], now: Seconds) -> NDArray[np.int16]:
        """What the microphone hears beside the caller."""
        since = now - self._plan.echo_late - len(frame) / LISTEN_RATE
        echo = self.call.ear.sounded(since, len(frame)) * self._plan.echo
        mixed: NDArray[np.int16] = np.clip(frame + np.rint(echo), -32768, 32767).astype(np.int16)
        return mixed

    async def _loudspeaker(self) -> None:
        """Tell what has been played while something plays, and once when it falls silent."""
        while self._socket.closed is None:
            if self.call.ear.position(self._now()) != self._reported:
                self._report()
            await asyncio.sleep(self._plan.reports_every)

    def _report(self) -> None:
        self._reported = self.call.ear.position(self._now())
        self._socket.send(self._wire.played(self._reported))

    async def _listen_to_the_end(self) -> None:
        """Stay until the agent has been silent for a while."""
        quiet_since = self._now()
        until = self._now() + self._plan.patience
        while self._socket.closed is None and self._now() < until:
            if self._thinking or self.call.ear.silent_at > self._now():
                quiet_since = self._now()
            elif self._now() - quiet_since >= self._plan.lingers:
                return
            await asyncio.sleep(0.1)

    def _take(self, frame: str | bytes) -> None:
        now = self._now()
        received, audio = self._wire.read(frame, now)
        self.call.received.append(received)
        if audio:
            self.call.ear.receive(audio, now, self._replies)
        if received.sign is self._wire.clears:
            self.call.clears.append(now)
            self.call.ear.clear(now)
            if self._plan.reports_every:
                self._report()
        if received.sign is self._wire.parts:
            self._replies += 1
        match received.sign:
            case Sign.READY:
                self._ready = True
            case Sign.CALLER_SAID:
                self._thinking = True
            case Sign.AGENT_SAID | Sign.REPLY_OVER | Sign.TROUBLE:
                self._thinking = False
            case Sign.TOOLS_ASKED:
                for asked in received.calls:
                    self._answer(asked)

    def _answer(self, asked: AskedCall) -> None:
        """Answer a call when the plan says, or never."""
        answering: Answering = self._plan.answering
        if not asked.client_side or answering.never:
            return
        content = f"result of {asked.id}"
        self.call.tool_answers[asked.id] = (self._now() + answering.after, content)
        reply = self._wire.answer(asked, content)
        loop = asyncio.get_running_loop()
        self._late_answers.append(loop.call_later(answering.after, self._socket.send, reply))
