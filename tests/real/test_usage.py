"""The ledger of a server that is killed: `duologue serve` as a process, ten calls, SIGKILL, another start, `duologue usage`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import RowMapping, select
from websockets.sync.client import ClientConnection, connect

from duologue.storage import USAGE, Database
from tests.running_server import RunningServer, running_server

pytestmark = pytest.mark.real

CALLS = 10
LIMIT_S = 100.0
LIGHT: dict[str, Any] = {
    "listen": {"voice_activity": {"engine": "energy"}, "recognizer": {"engine": "scripted"}},
    "speak": {"synthesizer": {"engine": "tone"}},
    "usage": {"checkpoint_s": 0.05, "prices": {"always": {"agent": 3_600.0, "agent_own_model": 36.0}}},
}
AUDIO = {
    "input": {"encoding": "linear16", "sample_rate": 16_000},
    "output": {"encoding": "linear16", "sample_rate": 16_000},
}
OURS = {"provider": {"type": "open_ai", "model": "gpt-4o-mini"}}
OWN = {
    "provider": {"type": "custom", "model": "mine"},
    "endpoint": {"url": "https://models.example/v1/chat/completions"},
}


def begin(client: ClientConnection, think: Mapping[str, Any]) -> None:
    """Settings, and half a second of silence from the microphone."""
    client.send(json.dumps({"type": "Settings", "audio": AUDIO, "agent": {"think": think}}))
    while json.loads(client.recv(timeout=LIMIT_S))["type"] != "SettingsApplied":
        pass
    client.send(bytes(16_000))


def read(database: Database) -> list[RowMapping]:
    with database.transaction() as connection:
        return list(connection.execute(select(USAGE).order_by(USAGE.c.id)).mappings().all())


def keep_alive(calls: Iterable[ClientConnection]) -> None:
    """As clients do that have no audio to send."""
    for call in calls:
        call.send('{"type":"KeepAlive"}')


def until(database: Database, wanted: Callable[[RowMapping], bool], meanwhile: Callable[[], None]) -> list[RowMapping]:
    """The rows, once there are as many as calls and all are as wanted."""
    deadline = time.monotonic() + LIMIT_S
    while True:
        rows = read(database)
        if len(rows) == CALLS and all(map(wanted, rows)):
            return rows
        assert time.monotonic() < deadline, rows
        meanwhile()
        time.sleep(0.1)  # the server needs the machine, too


def told(config: Path) -> dict[str, Any]:
    """What `duologue usage` says."""
    command = [sys.executable, "-m", "duologue.cli.main", "usage", "--json", "--by", "kind", "--config", str(config)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=200, check=True, env=os.environ)
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def kill_with_calls(server: RunningServer, database: Database) -> list[RowMapping]:
    """Ten calls, of which two bring their own model; SIGKILL in the middle. Returns the rows as the last checkpoint left them."""
    with ExitStack() as stack:
        calls: list[ClientConnection] = []

        def written(row: RowMapping) -> bool:
            return bool(row["audio_in_s"] >= 0.5 and row["connection_s"] > 0)

        for number in range(CALLS):
            calls.append(stack.enter_context(connect(f"{server.ws}/v1/agent/converse", close_timeout=0.1)))
            begin(calls[-1], OWN if number < 2 else OURS)
            keep_alive(calls)
        until(database, written, lambda: keep_alive(calls))
        server.process.kill()
        server.process.wait(LIMIT_S)
    return read(database)


def test_ten_calls_of_a_killed_server_are_all_in_the_ledger(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with running_server(LIGHT, folder=data) as killed:
        database = Database.open(folder=data)
        left = kill_with_calls(killed, database)
    assert [row["status"] for row in left] == ["open"] * CALLS
    with running_server(LIGHT, folder=data) as again:
        recovered = read(database)
        assert f"rows={CALLS}" in again.log
        assert [{**row, "status": "open"} for row in recovered] == left, "each is as its last checkpoint left it"
        assert [row["status"] for row in recovered] == ["recovered"] * CALLS
        with connect(f"{again.ws}/v1/agent/converse") as client:
            begin(client, OURS)
    database.close()
    config = tmp_path / "priced.toml"
    config.write_text(f'[server]\ndata_dir = "{data}"\n[usage.prices.always]\nagent = 3600.0\nagent_own_model = 36.0\n')
    total = told(config)["total"]
    assert (total["connections"], total["recovered"], total["open"], total["own_model"]) == (CALLS + 1, CALLS, 0, 2)
    own = sum(row["connection_s"] for row in left if row["own"] == "model")
    assert total["price"] == pytest.approx(total["connection_s"] - own + own / 100)
