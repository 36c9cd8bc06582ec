"""A server in a process of its own, on a free loopback port, for tests that need a real socket.

    with running_server({"speak": {"synthesizer": {"engine": "tone"}}}) as server:
        client = Client(server.http)

Reused by `tests/server`, `tests/real`, `tests/sdk` and the benches.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

READY_S = 120.0
"""Until every engine has answered its probe."""
STOP_S = 60.0
"""Until the process has gone after SIGTERM."""
GAP_PATIENCE_S = 3.0
"""Without audio, until an agent takes the caller to be silent."""


@dataclass
class RunningServer:
    """One server."""

    port: int
    process: subprocess.Popen[bytes]
    folder: Path
    """Its data folder: database, certificate, event logs."""
    secure: bool
    log_file: Path = field(repr=False)

    @property
    def authority(self) -> str:
        """Host and port."""
        return f"127.0.0.1:{self.port}"

    @property
    def http(self) -> str:
        """Base URL for HTTP."""
        return f"http{'s' if self.secure else ''}://{self.authority}"

    @property
    def ws(self) -> str:
        """Base URL for WebSockets."""
        return f"ws{'s' if self.secure else ''}://{self.authority}"

    @property
    def certificate(self) -> Path:
        """The self-signed certificate, where one was asked for."""
        return self.folder / "tls" / "self-signed.pem"

    @property
    def log(self) -> str:
        """What it printed so far."""
        return self.log_file.read_text(encoding="utf-8", errors="replace")

    def terminate(self) -> None:
        """SIGTERM: drain."""
        self.process.send_signal(signal.SIGTERM)

    def wait(self, limit_s: float = STOP_S) -> int:
        """The exit code, once it has gone."""
        return self.process.wait(limit_s)

    def workers(self) -> dict[int, str]:
        """The engine workers of this server: process id and command line."""
        import psutil

        found = {}
        for child in psutil.Process(self.process.pid).children(recursive=True):
            with suppress(psutil.NoSuchProcess):  # one that has just ended, or whose end nobody has asked for yet
                found[child.pid] = " ".join(child.cmdline())
        return found


@contextmanager
def running_server(
    config: Mapping[str, Any] | None = None,
    *,
    arguments: Sequence[str] = (),
    secure: bool = False,
    folder: Path | None = None,
) -> Iterator[RunningServer]:
    """Start `duologue serve` with these sections of the configuration; stop it in the end, whatever happened.

    Keys are not needed unless the configuration says so. `folder` keeps the data of several starts. Raises `AssertionError` with the
    server's own words when it does not become ready.
    """
    with tempfile.TemporaryDirectory(prefix="duologue-") as temporary:
        data = folder or Path(temporary)
        sections = {"auth": {"mode": "none"}, **(config or {})}
        # Clients of tests never stop sending; what a busy machine holds up must not become silence in the middle of a word.
        sections["agent"] = {"gap_patience_s": GAP_PATIENCE_S, **sections.get("agent", {})}
        sections["server"] = {"host": "127.0.0.1", "port": 0, "data_dir": str(data), **sections.get("server", {})}
        file = Path(temporary) / "duologue.toml"
        file.write_text(to_toml(sections), encoding="utf-8")
        log_file = Path(temporary) / "server.log"
        command = [sys.executable, "-m", "duologue.cli.main", "serve", "--config", str(file), *arguments]
        if secure:
            command.append("--self-signed")
        with log_file.open("wb") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log, env={**os.environ, "COLUMNS": "200"})
        server = RunningServer(0, process, data, secure or "--tls" in arguments, log_file)
        try:
            _wait_ready(server)
            yield server
        finally:
            _stop(server)


def _wait_ready(server: RunningServer) -> None:
    deadline = time.monotonic() + READY_S
    while time.monotonic() < deadline:
        if server.process.poll() is not None:
            raise AssertionError(f"the server ended with {server.process.returncode}:\n{server.log}")
        if server.port == 0:
            server.port = _port_in(server.log)
        if server.port and is_ready(server):
            return
        time.sleep(0.05)
    raise AssertionError(f"the server did not become ready:\n{server.log}")


def is_ready(server: RunningServer) -> bool:
    """`/readyz` answers 200."""
    return get(server, "/readyz")[0] == 200


def get(server: RunningServer, path: str) -> tuple[int, Any]:
    """Status and body, parsed where it is JSON; status 0 when nobody answers."""
    import ssl

    trust = (
        ssl.create_default_context(cafile=server.certificate) if server.secure and server.certificate.exists() else None
    )
    try:
        with urllib.request.urlopen(f"{server.http}{path}", timeout=30, context=trust) as response:
            status, body = response.status, response.read()
    except urllib.error.HTTPError as error:
        with error:
            status, body = error.code, error.read()
    except OSError:
        return 0, None
    try:
        return status, json.loads(body)
    except ValueError:
        return status, body.decode(errors="replace")


def _port_in(log: str) -> int:
    """The port of the banner's first line."""
    for line in log.splitlines():
        if " listens on " in line:
            return int(line.rsplit(":", 1)[1].split()[0])
    return 0


def _stop(server: RunningServer) -> None:
    if server.process.poll() is None:
        server.terminate()
        try:
            server.wait(1.0 if server.process.poll() is None else STOP_S)
        except subprocess.TimeoutExpired:
            server.terminate()  # twice is now
            try:
                server.wait()
            except subprocess.TimeoutExpired:
                server.process.kill()
                server.wait()


def to_toml(sections: Mapping[str, Any]) -> str:
    """Plain values as TOML: enough for configurations."""
    lines = []
    for name, section in sections.items():
        if isinstance(section, Mapping):
            lines += [f"[{name}]", *(f"{_key(key)} = {_value(value)}" for key, value in section.items())]
        else:
            lines.insert(0, f"{name} = {_value(section)}")
    return "\n".join(lines) + "\n"


def _value(value: object) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_key(key)} = {_value(each)}" for key, each in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_value(each) for each in value) + "]"
    return json.dumps(value)


def _key(key: str) -> str:
    return json.dumps(key)
