"""Random callers by seed: hesitant, overlapping, impatient, silent, gone in the middle of a word.

`draw(seed)` gives a whole call: what the caller does, how unkind each engine is, what the model answers. The same seed gives the same call.
"""

from __future__ import annotations

import itertools
import random
from dataclasses import dataclass
from typing import Any

from duologue.audio.formats import LISTEN_RATE
from duologue.runtime.machine import Seconds
from duologue.sim.hostile import Temper
from duologue.sim.plan import Answering, Plan, Step, Wait

CALLER_WORDS = (
    "I want a large coffee please with some milk and no sugar can you make it two no three of them to go "
    "what time do you open my number is five five one two"
).split()
AGENT_WORDS = (
    "Sure one large latte coming up anything else today your total is four dollars thank you and goodbye then".split()
)
BACKCHANNELS = ("mhm", "yeah", "okay")


@dataclass(frozen=True, slots=True)
class Answer:
    """What the scripted model says to one request: text in deltas, or tools, or nothing at all."""

    deltas: tuple[str, ...] = ()
    tools: tuple[str, ...] = ()
    first_after: Seconds = 0.1
    each_after: Seconds = 0.02
    fails: bool = False
    hangs: bool = False


@dataclass(frozen=True, slots=True)
class Case:
    """One random call: the caller, the model and the tempers of the engines."""

    seed: int
    plan: Plan
    answers: tuple[Answer, ...]
    recognizer: Temper
    synthesizer: Temper
    late_facts: Seconds
    """Facts reach the session up to this much late, in order within a kind of work."""


def draw(seed: int) -> Case:
    """The call of a seed."""
    chance = random.Random(seed)
    eager = chance.random() < 0.5
    steps = tuple(_step(chance) for _ in range(chance.randint(1, 5)))
    plan = Plan(
        settings=_settings(chance, eager=eager),
        steps=steps,
        answering=Answering(after=chance.choice((0.05, 0.3, 1.5, 6.0)), never=chance.random() < 0.05),
        frame_s=chance.choice((0.1, 0.1, 0.06, 0.02)),
        hangs_up=chance.random() < 0.2,
        seed=seed,
    )
    return Case(
        seed=seed,
        plan=plan,
        answers=tuple(_answer(chance) for _ in range(12)),
        recognizer=_temper(chance),
        synthesizer=_temper(chance),
        late_facts=chance.choice((0.0, 0.0, 0.05, 0.3, 2.0, 4.0)),
    )


def _words(chance: random.Random, words: list[str], least: int, most: int) -> list[str]:
    return [chance.choice(words) for _ in range(chance.randint(least, most))]


def _step(chance: random.Random) -> Step:
    kind = chance.random()
    if kind < 0.5:
        wait = chance.choice((Wait.AGENT_SILENT, Wait.ANSWERED))
        return Step(wait, chance.uniform(0.0, 1.5), line=_line(chance), hesitation=chance.uniform(0.2, 1.2))
    if kind < 0.75:  # barge-in, at any moment of a reply
        return Step(
            Wait.AGENT_SPEAKS, chance.uniform(0.0, 2.5), line=_line(chance), hesitation=chance.uniform(0.2, 1.2)
        )
    if kind < 0.83:
        return Step(Wait.AGENT_SPEAKS, chance.uniform(0.1, 1.5), line=chance.choice(BACKCHANNELS))
    if kind < 0.86:  # a silent caller
        return Step(Wait.NOTHING, chance.uniform(1.0, 6.0))
    wait = chance.choice(tuple(Wait))
    return Step(wait, chance.uniform(0.0, 1.0), message=_message(chance))


def _line(chance: random.Random) -> str:
    parts = [" ".join(_words(chance, CALLER_WORDS, 1, 5)) for _ in range(chance.choice((1, 1, 2, 3)))]
    return " / ".join(parts)


def _message(chance: random.Random) -> dict[str, Any]:
    text = " ".join(_words(chance, AGENT_WORDS, 2, 8))
    return chance.choice(
        (
            {"type": "InjectAgentMessage", "message": text + "."},
            {"type": "InjectAgentMessage", "message": text + ".", "behavior": "queue"},
            {"type": "InjectAgentMessage", "message": text + ".", "behavior": "interrupt"},
            {"type": "InjectUserMessage", "content": text},
            {"type": "UpdatePrompt", "prompt": text},
            {"type": "UpdateSpeak", "speak": {"provider": {"type": "deepgram", "model": "aura-2-thalia-en"}}},
            {"type": "ForceEndTurn"},
            {"type": "KeepAlive"},
        )
    )


def _answer(chance: random.Random) -> Answer:
    kind = chance.random()
    first_after = chance.choice((0.02, 0.1, 0.4, 2.0))
    if kind < 0.04:
        return Answer(fails=True, first_after=first_after)
    if kind < 0.07:
        return Answer(hangs=True)
    if kind < 0.2:
        names = tuple(chance.choice(("look_up", "order")) for _ in range(chance.choice((1, 1, 2))))
        return Answer(tools=names, first_after=first_after)
    sentences = [
        " ".join(_words(chance, AGENT_WORDS, 1, 9)) + chance.choice((".", ".", "?", "!"))
        for _ in range(chance.randint(1, 4))
    ]
    text = " ".join(sentences)
    cuts = sorted(chance.sample(range(1, len(text)), min(len(text) - 1, chance.randint(1, 6)))) if len(text) > 1 else []
    edges = [0, *cuts, len(text)]
    deltas = tuple(text[start:end] for start, end in itertools.pairwise(edges))
    return Answer(deltas, first_after=first_after, each_after=chance.choice((0.0, 0.02, 0.2)))


def _temper(chance: random.Random) -> Temper:
    kind = chance.random()
    if kind < 0.5:
        return Temper()
    if kind < 0.8:
        return Temper(delay=(0.0, chance.choice((0.05, 0.3))))
    if kind < 0.9:
        return Temper(delay=(0.1, 0.6))
    if kind < 0.96:
        return Temper(dies=0.3)
    return Temper(falls_silent=0.2)


def _settings(chance: random.Random, *, eager: bool) -> dict[str, Any]:
    listen: dict[str, Any] = {"type": "deepgram", "version": "v2", "model": "flux-general-en"}
    if eager:
        listen["eager_eot_threshold"] = 0.4
    functions = [
        {"name": name, "description": name, "parameters": {"type": "object", "properties": {}}}
        for name in ("look_up", "order")
    ]
    agent: dict[str, Any] = {
        "listen": {"provider": listen},
        "think": {"provider": {"type": "open_ai", "model": "scripted"}, "prompt": "Be brief.", "functions": functions},
        "speak": {"provider": {"type": "deepgram", "model": "aura-2-thalia-en"}},
    }
    if chance.random() < 0.5:
        agent["greeting"] = " ".join(_words(chance, AGENT_WORDS, 2, 6)) + "."
    return {
        "type": "Settings",
        "audio": {
            "input": {"encoding": "linear16", "sample_rate": LISTEN_RATE},
            "output": {"encoding": "linear16", "sample_rate": LISTEN_RATE, "container": "none"},
        },
        "agent": agent,
    }
