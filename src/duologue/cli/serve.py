"""`duologue serve`."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console

from duologue import __version__
from duologue.audio.library_notes import move_standard_error
from duologue.cli.lifeline import stop_when_input_ends
from duologue.config import AuthMode, Config, load_config
from duologue.server.extension import Extension
from duologue.server.logs import configure_logs
from duologue.server.run import run_in_loop
from duologue.server.run import serve as run_server
from duologue.server.services import Services, is_loopback
from duologue.server.tls import Certificate

READY_EVERY_S = 0.1
"""How often the engines are asked while they load."""


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on. Others than loopback need keys.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; 0 takes a free one.", min=0, max=65535)] = None,
    tls: Annotated[
        tuple[Path, Path] | None, typer.Option(metavar="CERT KEY", help="Serve https and wss with this certificate.")
    ] = None,
    *,
    self_signed: Annotated[
        bool, typer.Option("--self-signed", help="Serve https and wss with a certificate made here.")
    ] = False,
    config: Annotated[Path | None, typer.Option(help="TOML file; see docs/configuration.md.")] = None,
    audiosocket: Annotated[
        str | None, typer.Option(metavar="HOST:PORT", help="Take Asterisk's calls here; see docs/telephony.md.")
    ] = None,
    agent: Annotated[
        str | None, typer.Option(metavar="ID", help="The agent that telephone calls are connected to.")
    ] = None,
    scenario: Annotated[
        str | None, typer.Option(metavar="FILE.py[:FUNCTION]", help="Your own program for telephone calls instead.")
    ] = None,
    until_eof: Annotated[
        bool, typer.Option("--until-eof", help="Stop when standard input ends: for programs that start a server.")
    ] = False,
) -> None:
    """Start the server.

    Without options: on loopback, with the embedded engines, no key needed, nothing downloaded. Stop it with Ctrl-C: conversations may
    finish first; a second Ctrl-C ends them.

    \b
    Examples:
      duologue serve
      duologue serve --port 9000
      duologue serve --config duologue.toml
      duologue serve --self-signed              some SDK sockets always use wss
      duologue keys create --name phone && duologue serve --host 0.0.0.0
      duologue serve --audiosocket 127.0.0.1:9092 --agent coffee      telephone calls from Asterisk
      duologue serve --audiosocket 127.0.0.1:9092 --scenario examples/phone/coffee_line.py
    """
    configuration = with_options(load_config(config), host=host, port=port, tls=tls, self_signed=self_signed)
    configuration = with_calls(configuration, audiosocket=audiosocket, agent=agent, scenario=scenario)
    move_standard_error()  # before anybody keeps it
    configure_logs(configuration.logs.level, json=configuration.logs.json)
    if until_eof:
        stop_when_input_ends()
    banner = Banner(Console(stderr=True, highlight=False, soft_wrap=True))
    run_in_loop(_serve(configuration, banner))


def with_options(
    config: Config,
    *,
    host: str | None = None,
    port: int | None = None,
    tls: tuple[Path, Path] | None = None,
    self_signed: bool = False,
) -> Config:
    """The configuration with what the command line says instead."""
    server = config.server
    if host is not None:
        server = msgspec.structs.replace(server, host=host)
    if port is not None:
        server = msgspec.structs.replace(server, port=port)
    section = config.tls
    if tls is not None:
        section = msgspec.structs.replace(section, cert=str(tls[0]), key=str(tls[1]), self_signed=self_signed)
    elif self_signed:
        section = msgspec.structs.replace(section, cert="", key="", self_signed=True)
    return msgspec.structs.replace(config, server=server, tls=section)


def with_calls(config: Config, *, audiosocket: str | None, agent: str | None, scenario: str | None) -> Config:
    """The configuration with what the command line says about telephone calls instead."""
    bridge = config.bridge
    if audiosocket is not None:
        listening = msgspec.structs.replace(bridge.audiosocket, listen=audiosocket)
        bridge = msgspec.structs.replace(bridge, audiosocket=listening)
    if agent is not None:
        bridge = msgspec.structs.replace(bridge, agent=agent, scenario="")
    if scenario is not None:
        bridge = msgspec.structs.replace(bridge, scenario=scenario)
    return msgspec.structs.replace(config, bridge=bridge)


def ways_in(services: Services) -> Extension | None:
    """Telephone calls, where the configuration asks for them. Raises `Violation`."""
    bridge = services.config.bridge
    if not bridge.audiosocket.listen and not bridge.twilio.public_url and not bridge.stream_secret_env:
        return None
    from duologue.bridge.telephony import build_ways_in

    return build_ways_in(services, os.environ)


async def _serve(config: Config, banner: Banner) -> None:
    waiting: set[asyncio.Task[None]] = set()

    def listening(services: Services, host: str, port: int, certificate: Certificate | None) -> None:
        banner.listening(services.config, host, port, certificate)
        waiting.add(asyncio.get_running_loop().create_task(announce(services, banner), name="banner"))

    try:
        await run_server(
            config, listening=listening, progress=banner.progress, draining=banner.draining, extend=ways_in
        )
    finally:
        for task in waiting:
            task.cancel()
    banner.stopped()


async def announce(services: Services, banner: Banner) -> None:
    """Wait until every engine has answered, and say so."""
    started = services.timers.now()
    while await services.missing():  # noqa: ASYNC110 - a probe is a question; there is nothing to be woken by
        await asyncio.sleep(READY_EVERY_S)
    banner.ready(services.timers.now() - started)


@dataclass(slots=True)
class Banner:
    """What a person sees who starts the server."""

    console: Console
    address: str = field(default="", init=False)
    url: str = field(default="", init=False)

    def listening(self, config: Config, host: str, port: int, certificate: Certificate | None) -> None:
        """The port is open."""
        secure = "s" if certificate else ""
        shown = "localhost" if host in ("0.0.0.0", "::") else host  # noqa: S104 - compared, not bound
        shown = f"[{shown}]" if ":" in shown else shown
        self.address = f"{shown}:{port}"
        self.console.print(f"[bold]duologue {__version__}[/bold] listens on [bold]http{secure}://{self.address}[/bold]")
        self.url = f"http{secure}://{self.address}"
        self.console.print(f"  Cartesia  base URL  {self.url}")
        self.console.print(f"            sockets   ws{secure}://{self.address}")
        self.console.print(f"            agents    ws{secure}://{self.address}/agents/stream/ID (duologue agents)")
        self.console.print(f"  Deepgram  agent     ws{secure}://{self.address}/v1/agent/converse")
        self.console.print(f"  browser   http{secure}://{self.address}/console")
        for line in self._calls(config):
            self.console.print(f"  calls     {line}")
        if config.calls.event_log:
            words = "no words of any call" if config.calls.redact else "the words of every agent's call"
            self.console.print(f"  call logs {config.calls.event_log}: {words} are kept")
        self.console.print(f"  keys      {self._keys(config, host)}")
        if certificate:
            self.console.print(f"  SHA-256   {certificate.fingerprint}")
            if config.tls.self_signed:
                self.console.print(f"  to trust  SSL_CERT_FILE={certificate.cert}        (Python)")
                self.console.print(f"            NODE_EXTRA_CA_CERTS={certificate.cert}  (Node)")

    def progress(self, text: str) -> None:
        """An engine loads, or is replaced."""
        self.console.print(f"  [dim]{text}[/dim]")

    def ready(self, seconds: float) -> None:
        """Every engine has answered."""
        self.console.print(f"[green]ready[/green] after {seconds:.1f} s. Try, in another terminal:")
        self.console.print(f"  duologue talk {self.url}")
        self.console.print(f"  duologue say 'Hello there.' --host {self.url}")
        self.console.print(f"  duologue listen FILE --host {self.url}")

    def draining(self, connections: int) -> None:
        """A signal has come."""
        waits = "nobody is connected"
        if connections:
            many = connections > 1
            waits = f"{connections} conversation{'s' * many} may finish; Ctrl-C again ends {'them' if many else 'it'}"
        self.console.print(f"stopping: {waits}")

    def stopped(self) -> None:
        """The end."""
        self.console.print("stopped")

    @staticmethod
    def _calls(config: Config) -> list[str]:
        """Where telephone calls come in, and whom they reach."""
        bridge = config.bridge
        whom = f"scenario {bridge.scenario}" if bridge.scenario else f"agent {bridge.agent}"
        if bridge.agents_url:
            whom += f", agents at {bridge.agents_url}" if bridge.scenario else f" at {bridge.agents_url}"
        ports = [f"AudioSocket {bridge.audiosocket.listen}"] if bridge.audiosocket.listen else []
        if bridge.twilio.public_url:
            ports.append(f"Twilio webhook {bridge.twilio.public_url.rstrip('/')}/twilio/voice")
        if bridge.stream_secret_env:
            ports.append(f"media streams /media/SERVICE/${bridge.stream_secret_env}")
        return [f"{port} to {whom}" for port in ports]

    @staticmethod
    def _keys(config: Config, host: str) -> str:
        if config.auth.mode is AuthMode.NONE:
            return "none needed (auth.mode)"
        if config.auth.mode is AuthMode.AUTO and is_loopback(host):
            return "none needed until you make one (duologue keys create); SDKs take any text"
        return "needed: duologue keys create"
