"""Does the agent interrupt itself? Real voices over lines with echo, in virtual time: the embedded voice speaks, comes back through a
simulated path, and real callers talk over it.

    python bench/echo.py                 about ten minutes
    python bench/echo.py --quick         about two
    python bench/echo.py --json out/echo.json

Needs a folder of recordings with a `manifest.jsonl` beside the repository (`../speech`, or `DUOLOGUE_SPEECH`). What the rows mean stands in
`docs/echo.md`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import random
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from statistics import median
from typing import Any, Self

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path[0] = str(ROOT)

from bench.echo_path import PATHS, EchoPath, Microphone  # noqa: E402 - found through the path set above
from duologue.agent.commands import ClearAudio, Command, PlayAudio  # noqa: E402
from duologue.agent.events import EchoHeard, Event  # noqa: E402
from duologue.agent.notices import CallerSaid, Notice  # noqa: E402
from duologue.agent.own_voice import OwnVoice  # noqa: E402
from duologue.agent.responder import ModelResponder  # noqa: E402
from duologue.agent.runner import AgentParts, SessionRunner  # noqa: E402
from duologue.agent.session import Session  # noqa: E402
from duologue.agent.settings import AgentSettings, InterruptionPolicy  # noqa: E402
from duologue.audio.containers import read_audio  # noqa: E402
from duologue.audio.formats import LISTEN_RATE, Pcm, Samples  # noqa: E402
from duologue.audio.input import AudioInput  # noqa: E402
from duologue.audio.spans import AudioSpan, TimedWord  # noqa: E402
from duologue.ids import SeededIds  # noqa: E402
from duologue.listen.channel import ListenEngines  # noqa: E402
from duologue.listen.engines.silero import SileroDetector  # noqa: E402
from duologue.listen.hypothesis import EndSegment, Hypothesis, ListenOptions  # noqa: E402
from duologue.runtime.driver import Timers  # noqa: E402
from duologue.runtime.engines import EngineInfo, Role  # noqa: E402
from duologue.runtime.forms import command_form, form_of  # noqa: E402
from duologue.runtime.inline import InlineHost  # noqa: E402
from duologue.sim import clock  # noqa: E402
from duologue.sim.hostile import HostileHost, Temper  # noqa: E402
from duologue.speak.channel import SpeakEngines  # noqa: E402
from duologue.speak.engines.espeak import EspeakEngine  # noqa: E402
from duologue.speak.speech import SpeakOptions, SpeechChunk  # noqa: E402
from duologue.think.scripted_model import ScriptedAnswer, ScriptedModel  # noqa: E402

FRAME_S = 0.02
WORD_S = 0.3
SPOKEN = (
    "Good morning, and thank you for calling. We have small, medium and large. A large one is one dollar more than a medium one. "
    "Your order so far is a latte with oat milk, to take away. We are open from nine to five, every day but Sunday. "
    "The next train to Leiden leaves at noon from platform four, and it takes about twenty minutes. "
    "I can also look up your account number, or tell you when your parcel will arrive. Which of these would you like to hear about first?"
)
"""About half a minute of speech."""


class Counting:
    """A recogniser that hears a word every 0.3 s, whatever is said: what it is given matters here, not what it makes of it."""

    def __init__(self) -> None:
        self.info = EngineInfo("counting", Role.RECOGNIZER, "1", "Apache-2.0", LISTEN_RATE, word_times=True)

    def open(self, options: ListenOptions) -> CountingStream:
        """A stream."""
        del options
        return CountingStream()


class CountingStream:
    """One segment after the other."""

    def __init__(self) -> None:
        self._start: Samples | None = None
        self._end: Samples = 0

    def feed(self, item: AudioSpan | EndSegment) -> Iterator[Hypothesis]:
        """The words so far, at the end of a segment."""
        if isinstance(item, AudioSpan):
            self._start = item.start if self._start is None else self._start
            self._end = item.end
            return
        length, start = round(WORD_S * LISTEN_RATE), self._start or 0
        # The gate's pre-roll and hang-over hold no words.
        places = range(start + round(0.3 * LISTEN_RATE), self._end - round(0.25 * LISTEN_RATE), length)
        words = tuple(TimedWord("word", at, at + length) for at in places)
        yield Hypothesis(item.segment, self._end, " ".join(word.text for word in words), words, final=True)
        self._start = None

    def flush(self) -> Iterator[Hypothesis]:
        """Nothing is held back."""
        return iter(())

    def close(self) -> None:
        """Nothing is held."""


@dataclass(slots=True)
class Told:
    """What came of one call."""

    began: float = 0.0
    spoke_from: float | None = None
    """When the caller began to speak, and was done."""
    spoke_until: float = 0.0
    agent_s: float = 0.0
    """How long the agent was heard."""
    cuts: list[float] = field(default_factory=list)
    turns: list[tuple[float, str]] = field(default_factory=list)
    shares: list[tuple[float, float]] = field(default_factory=list)
    steps: list[str] = field(default_factory=list)
    """The session's log, byte for byte."""
    cost_s: float = 0.0
    """Processor time of looking for our own voice."""


async def call(path: EchoPath | None, caller: Pcm | None, seed: int, *, veto: bool, voice: Any, detector: Any) -> Told:
    """The agent says `SPOKEN` and the caller, if there is one, begins to talk somewhere in it."""
    chance = random.Random(seed)
    told = Told()
    loop = asyncio.get_running_loop()
    microphone = Microphone(path, np.random.default_rng(seed), voice.info.sample_rate)
    listen = ListenEngines(InlineHost(detector), InlineHost(Counting()))
    slowness = Temper() if path is None else Temper(delay=path.voice_late_s)
    speak = SpeakEngines({"espeak": HostileHost(InlineHost(voice), slowness, random.Random(seed))})
    settings = AgentSettings(greeting=SPOKEN, interruption=InterruptionPolicy(own_voice=0.75 if veto else 0.0))
    model = ScriptedModel([ScriptedAnswer(SPOKEN, first_after=0.3, whole=True)])

    def deliver(out: Notice | PlayAudio | ClearAudio) -> None:
        now = loop.time() - told.began
        if isinstance(out, PlayAudio):
            microphone.play(out.pcm, now)
        elif isinstance(out, ClearAudio):
            microphone.clear(now)
            told.cuts.append(now)
        elif isinstance(out, CallerSaid):
            told.turns.append((now, out.text))

    def observe(now: float, event: Event | None, commands: Sequence[Command]) -> None:
        if isinstance(event, EchoHeard):
            told.shares.append((now - told.began, event.share))
        told.steps.append(json.dumps([now, form_of(event), [command_form(command) for command in commands]]))

    session = Session(settings, ModelResponder(), SeededIds(seed), speak.rate)
    runner = SessionRunner(session, AgentParts(lambda _: listen, speak, model), deliver, Timers(loop), [observe])
    told.began = loop.time()
    running = loop.create_task(runner.run())
    audio = AudioInput(microphone.format)
    at = chance.uniform(2.0, 18.0)
    if caller is not None:
        told.spoke_from, told.spoke_until = at, at + len(caller) / LISTEN_RATE
    length = 24.0 if caller is None else told.spoke_until + 2.5
    while loop.time() - told.began < length:
        await asyncio.sleep(FRAME_S)
        audio_in = microphone.frame(FRAME_S, caller, at)
        runner.hear(audio.push(audio_in))
    told.agent_s = microphone.played_s(loop.time() - told.began)
    runner.leave()
    await running
    return told


class Remembering:
    """The embedded voice, saying a phrase the same way each time it is asked: its library goes on from what it said before."""

    def __init__(self) -> None:
        self._voice = EspeakEngine()
        self._said: dict[str, list[SpeechChunk]] = {}
        self.info = self._voice.info

    def open(self, options: SpeakOptions) -> RememberingStream:
        """A stream."""
        return RememberingStream(self, options)

    def say(self, phrase: str, options: SpeakOptions) -> list[SpeechChunk]:
        """A phrase."""
        if phrase not in self._said:
            stream = self._voice.open(options)
            self._said[phrase] = [*stream.feed(phrase), *stream.flush()]
        return self._said[phrase]


class RememberingStream:
    """Speaks phrase after phrase."""

    def __init__(self, voice: Remembering, options: SpeakOptions) -> None:
        self._voice = voice
        self._options = options
        self._phrase = 0

    def feed(self, item: str) -> Iterator[SpeechChunk]:
        """One phrase."""
        self._phrase += 1
        return (replace(chunk, phrase=self._phrase) for chunk in self._voice.say(item, self._options))

    def flush(self) -> Iterator[SpeechChunk]:
        """Nothing is held back."""
        return iter(())

    def close(self) -> None:
        """Nothing is held."""


class Timed:
    """Counts the processor time of `OwnVoice` while it stands."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._right: dict[str, Any] = {}

    def __enter__(self) -> Self:
        for name in ("note", "hear", "look"):
            right = self._right[name] = getattr(OwnVoice, name)

            def timed(*given: Any, right: Any = right) -> Any:
                began = time.process_time()
                try:
                    return right(*given)
                finally:
                    self.seconds += time.process_time() - began

            setattr(OwnVoice, name, timed)
        return self

    def __exit__(self, *_: object) -> None:
        for name, right in self._right.items():
            setattr(OwnVoice, name, right)


def callers(folder: Path) -> list[Pcm]:
    """Utterances of real callers without the silence around them, as loud as people are on the telephone."""
    found = []
    for text in (folder / "manifest.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(text)
        if row["kind"] in {"command", "digits", "spelling", "read"} and row.get("speech") and row["duration"] < 8.0:
            start, end = (round(each * LISTEN_RATE) for each in row["speech"])
            pcm = read_audio(folder / row["file"])[start:end]
            if len(pcm) > LISTEN_RATE // 3:
                found.append((pcm * (10 ** (-24 / 20) / np.sqrt(np.mean(pcm**2)))).astype(np.float32))
    return found


@dataclass(frozen=True, slots=True)
class Row:
    """One path, with the veto or without."""

    path: str
    veto: bool
    agent_minutes: float
    own_cuts_a_minute: float
    """Interruptions while the caller was silent, for each minute in which the agent spoke."""
    own_turns_a_minute: float
    """Turns answered of which the caller had said nothing."""
    barge_ins: int
    found: int
    """Replies that stopped while the caller talked."""
    delay_s: float | None
    """From the caller's first sound to the stop, median."""
    slowest_s: float | None
    cost: float
    """Processor seconds for each second in which the agent spoke."""


def measure(name: str, path: EchoPath | None, people: Sequence[Pcm], calls: int, *, veto: bool) -> Row:
    """`calls` with a silent caller, and as many with one who barges in."""
    voice, detector = Remembering(), SileroDetector()
    minutes = cost = 0.0
    cuts = turns = 0
    delays: list[float] = []
    with Timed() as timed:
        for number in range(calls if path is not None else 0):
            told = clock.run(call(path, None, number, veto=veto, voice=voice, detector=detector))
            minutes += told.agent_s / 60
            cuts += len(told.cuts) - 1  # the hang-up
            turns += len(told.turns)
        cost = timed.seconds / max(minutes * 60, 1e-9) if path is not None else 0.0
        spoke = 0.0
        for number in range(calls):
            person = people[random.Random(number).randrange(len(people))]
            told = clock.run(call(path, person, number, veto=veto, voice=voice, detector=detector))
            spoke += told.agent_s
            begins, ends = told.spoke_from or 0.0, told.spoke_until
            if any(at < begins for at in told.cuts):
                continue  # the agent had stopped already: nothing was left to interrupt
            stopped = [at - begins for at in told.cuts if begins <= at < ends + 0.3]
            delays.append(stopped[0] if stopped else float("inf"))
        if path is None:
            cost = timed.seconds / max(spoke, 1e-9)
    found = [each for each in delays if each != float("inf")]
    return Row(
        name, veto, round(minutes, 2),
        round(cuts / minutes, 2) if minutes else 0.0, round(turns / minutes, 2) if minutes else 0.0,
        len(delays), len(found), round(median(found), 3) if found else None, round(max(found), 3) if found else None,
        round(cost, 5),
    )  # fmt: skip


def differences(people: Sequence[Pcm], calls: int) -> int:
    """On lines without echo: how many calls were not the same, byte for byte, with the veto and without."""
    voice, detector = Remembering(), SileroDetector()
    different = 0
    for number in range(calls):
        person = people[random.Random(number).randrange(len(people))]
        logs = [
            clock.run(call(None, person, number, veto=veto, voice=voice, detector=detector)).steps
            for veto in (True, False)
        ]
        different += logs[0] != logs[1]
    return different


def main(arguments: Sequence[str]) -> int:
    """The program."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer calls")
    parser.add_argument("--calls", type=int, default=0, help="calls of each kind on each path")
    parser.add_argument("--only", action="append", default=[], help="a path, or 'differences'; may be given again")
    parser.add_argument("--json", type=Path, help="write the rows there as well")
    asked = parser.parse_args(arguments)
    logging.disable(logging.CRITICAL)
    folder = Path(os.environ.get("DUOLOGUE_SPEECH", ROOT.parent / "speech"))
    if not (folder / "manifest.jsonl").is_file():
        print(f"no recordings at {folder}: set DUOLOGUE_SPEECH", file=sys.stderr)
        return 2
    people = callers(folder)
    calls = asked.calls or (4 if asked.quick else 20)
    rows: list[Row] = []
    for name, path in PATHS.items():
        if asked.only and name not in asked.only:
            continue
        for veto in (False, True):
            rows.append(measure(name, path, people, calls, veto=veto))
            print(rows[-1], flush=True)
    if not asked.only or "differences" in asked.only:
        count = 5 * calls
        print(f"without echo: {differences(people, count)} of {count} calls differ with the veto", flush=True)
    if asked.json:
        asked.json.write_text(json.dumps([asdict(row) for row in rows], indent=1), encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
