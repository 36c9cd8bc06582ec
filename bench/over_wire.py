"""Calls over WebSockets: a server in its own process, callers in another, the server's CPU read from outside."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil
from tests.running_server import RunningServer, running_server

from bench.caller import Mix
from bench.feeder import CoreTime
from bench.in_process import run
from bench.stacks import MODEL_S
from bench.wire_callers import connect

ROOT = Path(__file__).resolve().parents[1]
AGENT = "/v1/agent/converse"


@dataclass(frozen=True, slots=True)
class WireOutcome:
    """Of one run."""

    answers: list[float]
    """From the end of the caller's speech (when it was due) to the agent's first audio, end of turn included; seconds."""
    missed: int
    server_percent: float
    """Of a core, per call, of the server process."""
    worker_percent: float
    """The same of its engine workers."""
    late_p95_ms: float
    waited: float
    """Seconds the server wanted a core and had none, for each second it had one."""


@contextmanager
def agent_server(mix: Mix, turns: int, voice_activity: str = "energy") -> Iterator[RunningServer]:
    """A server whose recogniser hears what the callers of `mix` say, and whose model answers after the injected delay."""
    answer = {"text": mix.reply, "first_after": MODEL_S, "whole": True}
    config: dict[str, Any] = {
        "listen": {
            "voice_activity": {"engine": voice_activity},
            "recognizer": {"engine": "scripted", "settings": {"script": mix.script(turns)}},
        },
        "speak": {"synthesizer": {"engine": "tone"}},
        "think": {"default": "scripted"},
        "think.providers.scripted": {"client": "scripted", "answers": [answer]},
        "logs": {"level": "warning"},
        "auth": {"mode": "none", "keyless_connections": 1000},
        "server": {"max_connections": 1000},
    }
    with running_server(config) as server:
        yield server


def calls(server: RunningServer, count: int, mix: Mix, turns: int, spread_s: float = 1.0) -> WireOutcome:
    """`count` calls of `turns` turns, that begin spread over `spread_s`."""
    return _calls(server.ws + AGENT, server.process.pid, count, mix, turns, spread_s)


def floor_calls(count: int, mix: Mix, turns: int) -> WireOutcome:
    """The same callers at a server that throws their audio away; nothing is answered."""
    command = [sys.executable, "-m", "bench.floor_server"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            port = int(server.stdout.readline())
            return _calls(f"ws://127.0.0.1:{port}{AGENT}", server.pid, count, mix, turns, 1.0)
        finally:
            server.kill()


def _calls(url: str, pid: int, count: int, mix: Mix, turns: int, spread_s: float) -> WireOutcome:
    asked = json.dumps({"count": count, "mix": asdict(mix), "turns": turns, "spread_s": spread_s})
    command = [sys.executable, "-m", "bench.wire_callers", url, asked]
    spent: dict[str, list[float]] = {}
    core: dict[str, CoreTime] = {}
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as callers:
        assert callers.stdout is not None
        result: dict[str, Any] = {}
        for said in callers.stdout:
            if said.strip() in ("begin", "end"):
                spent[said.strip()] = _cpu(pid)
                core[said.strip()] = CoreTime.of(pid)
            else:
                result = json.loads(said)
    if not result:
        raise RuntimeError("the callers ended without a result")
    own, workers = (after - before for before, after in zip(spent["begin"], spent["end"], strict=True))
    per_call = 100 / result["audio_s"]
    waited = core["end"].waited_since(core["begin"])
    return WireOutcome(
        result["answers"], result["missed"], own * per_call, workers * per_call, result["late_p95_ms"], waited
    )


def _cpu(pid: int) -> list[float]:
    """Seconds so far: of the server's own process, of its workers."""
    process = psutil.Process(pid)
    workers = sum(sum(child.cpu_times()[:2]) for child in process.children(recursive=True))
    return [sum(process.cpu_times()[:2]), workers]


def round_trips(server: RunningServer, count: int) -> tuple[list[float], list[float]]:
    """Seconds of a message answered by the session (`UpdatePrompt`), and of a ping answered by the WebSocket library alone."""
    return run(_round_trips(server.ws + AGENT, count))


async def _round_trips(url: str, count: int) -> tuple[list[float], list[float]]:
    call = await connect(url)
    answered, ponged = [], []
    for number in range(count):
        began = time.perf_counter()
        call.tell({"type": "UpdatePrompt", "prompt": f"You take order {number}."})
        while (await call.answers.get())["type"] != "PromptUpdated":
            pass
        answered.append(time.perf_counter() - began)
        call.ponged = asyncio.get_running_loop().create_future()
        began = time.perf_counter()
        call.ping()
        await call.ponged
        ponged.append(time.perf_counter() - began)
    call.close()
    return answered, ponged
