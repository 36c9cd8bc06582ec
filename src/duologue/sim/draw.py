"""Random callers by seed: hesitant, overlapping, impatient, silent, gone in the middle of a word.

`draw(seed)` gives a whole call: what the caller does, how unkind each engine is, what the model answers. The same seed gives the same call.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from duologue.audio.formats import LISTEN_RATE
from duologue.runtime.machine import Seconds
from duologue.sim.hostile import Temper
from duologue.sim.plan import Answering, Plan, Step, Wait, Wire

CALLER_WORDS = (
    "I want a large coffee please with some milk and no sugar can you make it two no three of them to go "
    "what time do you open my number is five five one two"
).split()
AGENT_WORDS = (
    "Sure one large latte coming up anything else today your total is four dollars thank you and goodbye then".split()
)
BACKCHANNELS = ("mhm", "yeah", "okay")
FUNCTIONS = ("look_up", "order")
ACTIONS: Mapping[str, dict[str, Any]] = {
    "end_call": {"reason": "done", "say": "goodbye then"},
    "transfer_call": {"destination": "desk", "say": "thank you"},
    "send_dtmf": {"keys": "12#"},
    "send_custom": {"metadata": {"total": 4}},
}
"""What an agent of the call stream may do itself, and with which arguments its model asks for it."""
URL = "https://tools.example/order"
"""Where a server-side function is said to be; the simulated world answers for it."""
AUDIO = {
    "input": {"encoding": "linear16", "sample_rate": LISTEN_RATE},
    "output": {"encoding": "linear16", "sample_rate": LISTEN_RATE, "container": "none"},
}

Draw: TypeAlias = Callable[[random.Random], dict[str, Any]]
"""Draws a message of a wire."""


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
    wire = chance.choice((Wire.DEEPGRAM, Wire.DEEPGRAM, Wire.EARLY_ACCESS, Wire.CALL_STREAM, Wire.CALL_STREAM))
    steps = tuple(_step(chance, MESSAGES[wire]) for _ in range(chance.randint(1, 5)))
    reports = chance.choice((0.0, 0.1, 0.2)) if wire is Wire.CALL_STREAM else 0.0
    plan = Plan(
        settings=SETTINGS[wire](chance),
        steps=steps,
        wire=wire,
        agent="drawn" if wire is Wire.CALL_STREAM else "",
        definition=_definition(chance) if wire is Wire.CALL_STREAM else {},
        reports_every=reports,
        loudspeaker_late=chance.choice((0.0, 0.1, 0.3)) if reports else 0.0,
        answering=Answering(after=chance.choice((0.05, 0.3, 1.5, 6.0)), never=chance.random() < 0.05),
        **_echo(seed),
        frame_s=chance.choice((0.1, 0.1, 0.06, 0.02)),
        hangs_up=chance.random() < 0.2,
        seed=seed,
    )
    return Case(
        seed=seed,
        plan=plan,
        answers=tuple(_answer(chance, (*FUNCTIONS, *_allowed(plan.definition))) for _ in range(12)),
        recognizer=_temper(chance),
        synthesizer=_temper(chance),
        late_facts=chance.choice((0.0, 0.0, 0.05, 0.3, 2.0, 4.0)),
    )


def _echo(seed: int) -> dict[str, Any]:
    """Every fifth caller has a loudspeaker that their microphone hears."""
    chance = random.Random(f"echo {seed}")
    if chance.random() >= 0.2:
        return {}
    return {"echo": chance.choice((0.1, 0.2, 0.3)), "echo_late": chance.choice((0.02, 0.1, 0.3))}


def _words(chance: random.Random, words: list[str], least: int, most: int) -> list[str]:
    return [chance.choice(words) for _ in range(chance.randint(least, most))]


def _step(chance: random.Random, message: Draw) -> Step:
    kind = chance.random()
    if kind < 0.47:
        wait = chance.choice((Wait.AGENT_SILENT, Wait.ANSWERED))
        return Step(wait, chance.uniform(0.0, 1.5), line=_line(chance), hesitation=chance.uniform(0.2, 1.2))
    if kind < 0.7:  # barge-in, at any moment of a reply
        return Step(
            Wait.AGENT_SPEAKS, chance.uniform(0.0, 2.5), line=_line(chance), hesitation=chance.uniform(0.2, 1.2)
        )
    if kind < 0.77:
        return Step(Wait.AGENT_SPEAKS, chance.uniform(0.1, 1.5), line=chance.choice(BACKCHANNELS))
    if kind < 0.8:  # a silent caller
        return Step(Wait.NOTHING, chance.uniform(1.0, 6.0))
    wait = chance.choice((*Wait, Wait.AGENT_SPEAKS))
    return Step(wait, chance.uniform(0.0, 1.0), message=message(chance))


def _line(chance: random.Random) -> str:
    parts = [" ".join(_words(chance, CALLER_WORDS, 1, 5)) for _ in range(chance.choice((1, 1, 2, 3)))]
    return " / ".join(parts)


def _deepgram_message(chance: random.Random) -> dict[str, Any]:
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


def _allowed(definition: Mapping[str, Any]) -> list[str]:
    """The agent's own actions that a definition offers the model."""
    switches = {"transfer_call": "transfer_to"}
    actions = definition.get("actions", {})
    return [name for name in ACTIONS if actions.get(switches.get(name, name))]


def _answer(chance: random.Random, tools: Sequence[str]) -> Answer:
    kind = chance.random()
    first_after = chance.choice((0.02, 0.1, 0.4, 2.0))
    if kind < 0.04:
        return Answer(fails=True, first_after=first_after)
    if kind < 0.07:
        return Answer(hangs=True)
    if kind < 0.2:
        names = tuple(chance.choice(tools) for _ in range(chance.choice((1, 1, 2))))
        said = " ".join(_words(chance, AGENT_WORDS, 1, 6)) + "." if chance.random() < 0.3 else ""
        return Answer((said,) if said else (), tools=names, first_after=first_after)
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


def _functions(chance: random.Random) -> list[dict[str, Any]]:
    """`look_up` runs at the client, `order` sometimes on the server."""
    on_server = chance.random() < 0.3
    functions = [
        {"name": name, "description": name, "parameters": {"type": "object", "properties": {}}} for name in FUNCTIONS
    ]
    return [functions[0], {**functions[1], "endpoint": {"url": URL}} if on_server else functions[1]]


def _greeting(chance: random.Random) -> str:
    return " ".join(_words(chance, AGENT_WORDS, 2, 6)) + "." if chance.random() < 0.5 else ""


def _deepgram_settings(chance: random.Random) -> dict[str, Any]:
    listen: dict[str, Any] = {"type": "deepgram", "version": "v2", "model": "flux-general-en"}
    if chance.random() < 0.5:
        listen["eager_eot_threshold"] = 0.4
    think = {"provider": {"type": "open_ai", "model": "scripted"}, "prompt": "Be brief."}
    agent: dict[str, Any] = {
        "listen": {"provider": listen},
        "think": {**think, "functions": _functions(chance)},
        "speak": {"provider": {"type": "deepgram", "model": "aura-2-thalia-en"}},
    }
    if greeting := _greeting(chance):
        agent["greeting"] = greeting
    return {"type": "Settings", "audio": AUDIO, "agent": agent}


def _early_settings(chance: random.Random) -> dict[str, Any]:
    functions = [{**function, "url": function.pop("endpoint", {"url": ""})["url"]} for function in _functions(chance)]
    think = {"provider": {"type": "open_ai"}, "model": "scripted", "instructions": "Be brief."}
    settings: dict[str, Any] = {
        "type": "SettingsConfiguration",
        "audio": AUDIO,
        "agent": {"think": {**think, "functions": functions}, "speak": {"model": "aura-asteria-en"}},
    }
    if greeting := _greeting(chance):
        settings["context"] = {"messages": [{"role": "assistant", "content": greeting}], "replay": True}
    return settings


def _early_message(chance: random.Random) -> dict[str, Any]:
    text = " ".join(_words(chance, AGENT_WORDS, 2, 8))
    return chance.choice(
        (
            {"type": "InjectAgentMessage", "message": text + "."},
            {"type": "UpdateInstructions", "instructions": text},
            {"type": "UpdateSpeak", "model": "aura-luna-en"},
            {"type": "KeepAlive"},
        )
    )


def _definition(chance: random.Random) -> dict[str, Any]:
    """An agent of the configuration."""
    return {
        "prompt": "Be brief.",
        "introduction": _greeting(chance),
        "speculate": chance.random() < 0.5,
        "output_audio_delivery": chance.choice(DELIVERIES),
        "custom": chance.choice(("note", "turn", "ignore")),
        "tools": [{"name": name, "url": URL} for name in FUNCTIONS],
        "actions": {
            "end_call": chance.random() < 0.5,
            "send_dtmf": chance.random() < 0.5,
            "send_custom": chance.random() < 0.5,
            **({"transfer_to": {"desk": "+15550142"}} if chance.random() < 0.5 else {}),
        },
        "keypad": {"pause": chance.choice((0.5, 2.0)), "interrupts": chance.random() < 0.5},
    }


def _start(chance: random.Random) -> dict[str, Any]:
    config = {"input_format": f"pcm_{LISTEN_RATE}"}
    if chance.random() < 0.3:
        config["output_audio_delivery"] = chance.choice(DELIVERIES)
    return {"event": "start", "config": config, "metadata": {"from": "+15550100", "plan": "gold"}}


def _call_stream_message(chance: random.Random) -> dict[str, Any]:
    text = " ".join(_words(chance, AGENT_WORDS, 2, 8))
    return chance.choice(
        (
            {"event": "dtmf", "dtmf": chance.choice("0123456789*#")},
            {"event": "dtmf", "dtmf": "".join(chance.choices("0123456789", k=4)) + "#"},
            {"event": "custom", "metadata": {"case": text}},
            {"event": "newer_than_this_server"},
        )
    )


DELIVERIES = ("speaking_pace", "as_available")
SETTINGS: Mapping[Wire, Draw] = {
    Wire.DEEPGRAM: _deepgram_settings,
    Wire.EARLY_ACCESS: _early_settings,
    Wire.CALL_STREAM: _start,
}
MESSAGES: Mapping[Wire, Draw] = {
    Wire.DEEPGRAM: _deepgram_message,
    Wire.EARLY_ACCESS: _early_message,
    Wire.CALL_STREAM: _call_stream_message,
}
