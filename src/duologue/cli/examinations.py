"""What `duologue doctor` looks at. Each examination tells what it found and, where something is wrong, what to do."""

from __future__ import annotations

import os
import platform
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from rich.console import Console

from duologue import __version__
from duologue.cli.output import waiting
from duologue.config import AuthMode, Config, EngineSection, data_dir
from duologue.errors import DuologueError
from duologue.runtime.engines import Role
from duologue.server.engines import engine_table
from duologue.server.services import is_loopback

SLOW_PER_AUDIO = {Role.VOICE_ACTIVITY: 0.05, Role.RECOGNIZER: 0.7, Role.SYNTHESIZER: 0.5}
"""CPU seconds for a second of audio beyond which a conversation would stumble on one core."""
SLOW_FIRST_S = 0.3


class State(StrEnum):
    """How serious it is."""

    OK = "ok"
    ODD = "note"
    """It works; you may want to know."""
    BAD = "bad"
    """The server would not work."""


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one examination."""

    what: str
    state: State
    told: str
    remedy: str = ""


def examine(config: Config, notes: Console) -> Iterator[Finding]:
    """Everything, one after the other; whoever waits is told on `notes`."""
    yield examine_python()
    yield from examine_engines(config, notes)
    yield examine_port(config.server.host, config.server.port)
    yield from examine_database(config)
    yield examine_call_logs(config)
    yield from examine_models(config)
    yield examine_loudspeaker()


def examine_python() -> Finding:
    """Version and machine."""
    told = f"{platform.python_version()} on {platform.system()} {platform.machine()}, {os.cpu_count()} cores, duologue {__version__}"
    if (os.cpu_count() or 1) < 2:
        return Finding("python", State.ODD, told, "with one core, engines and conversations take turns")
    return Finding("python", State.OK, told)


def examine_engines(config: Config, notes: Console) -> Iterator[Finding]:
    """Load and time what the configuration names."""
    sections = (
        (Role.VOICE_ACTIVITY, config.listen.voice_activity),
        (Role.RECOGNIZER, config.listen.recognizer),
        (Role.END_OF_TURN, config.listen.end_of_turn),
        (Role.SYNTHESIZER, config.speak.synthesizer),
    )
    for role, section in sections:
        if section.engine:
            with waiting(notes, f"loading {section.engine}"):
                finding = examine_engine(role, section)
            yield finding


def examine_engine(role: Role, section: EngineSection) -> Finding:
    """One engine of the configuration."""
    from duologue.cli.measurements import measure

    what = role.value.replace("_", " ")
    try:
        spec = engine_table(role).spec(role, section.engine, section.settings)
        info, speed = measure(spec)
    except DuologueError as error:
        return Finding(what, State.BAD, f"{section.engine}: {error}", "duologue models lists the engines there are")
    except (ImportError, OSError, RuntimeError, ValueError) as error:
        remedy = "install duologue again (make install), or name another engine in the configuration"
        return Finding(what, State.BAD, f"{section.engine} cannot be loaded: {error}", remedy)
    told = f"{info.name} {info.version}: loaded in {speed.load_s:.1f} s, {speed.text()}"
    slow = speed.cpu_per_audio > SLOW_PER_AUDIO.get(role, 1.0) or (speed.first_s or 0.0) > SLOW_FIRST_S
    if slow:
        return Finding(
            what, State.ODD, told, "that is slow: is the machine busy? A lighter engine helps, see duologue models"
        )
    return Finding(what, State.OK, told)


def examine_port(host: str, port: int) -> Finding:
    """Whether the address can be listened on, and who is there otherwise."""
    what = f"port {port}"
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except OSError as error:
        if is_duologue(host, port):
            return Finding(what, State.OK, f"a duologue server answers on {host}:{port}")
        why = error.strerror or str(error)
        return Finding(what, State.BAD, f"cannot listen on {host}:{port}: {why}", f"duologue serve --port {port + 1}")
    return Finding(what, State.OK, f"{host}:{port} is free")


def is_duologue(host: str, port: int) -> bool:
    """Whether one of us answers there."""
    from http.client import HTTPConnection, HTTPException

    connection = HTTPConnection("127.0.0.1" if host in ("0.0.0.0", "::") else host, port, timeout=2)  # noqa: S104
    try:
        connection.request("GET", "/healthz")
        return b'"version"' in connection.getresponse().read(1000)
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def examine_database(config: Config) -> Iterator[Finding]:
    """Whether keys and usage can be written, and who may connect."""
    from sqlalchemy.exc import SQLAlchemyError

    from duologue.auth.keys import KeyStore
    from duologue.storage import Database

    folder = data_dir(config)
    place = "the configured URL" if config.storage.url else str(folder / "duologue.db")
    try:
        database = Database.open(config.storage.url, folder)
        with database.transaction():
            pass
        active = [record for record in KeyStore(database).records() if record.state(time.time()) == "active"]
        database.close()
    except (DuologueError, SQLAlchemyError, OSError) as error:
        remedy = "set server.data_dir or DUOLOGUE_DATA_DIR to a folder you may write"
        yield Finding("database", State.BAD, f"{place}: {error}", remedy)
        return
    writable = bool(config.storage.url) or os.access(folder, os.W_OK)
    if not writable:
        yield Finding(
            "database", State.BAD, f"{place} cannot be written", "set server.data_dir to a folder you may write"
        )
    else:
        yield Finding("database", State.OK, place)
    yield examine_exposure(config, len(active))


def examine_exposure(config: Config, keys: int) -> Finding:
    """Who may connect."""
    host, mode, secure = config.server.host, config.auth.mode, config.tls.self_signed or config.tls.cert
    have = "1 key" if keys == 1 else f"{keys} keys"
    if is_loopback(host):
        if mode is AuthMode.NONE or (mode is AuthMode.AUTO and not keys):
            return Finding("who may connect", State.OK, f"everybody on this machine, nobody else ({host}, no keys)")
        return Finding("who may connect", State.OK, f"who has a key ({have}), from this machine only")
    if mode is AuthMode.NONE:
        return Finding(
            "who may connect", State.BAD, f"everybody who can reach {host}; serve refuses that", 'auth.mode = "keys"'
        )
    if not keys:
        remedy = "duologue keys create --name NAME"
        return Finding(
            "who may connect", State.BAD, f"{host} is open to others and there is no key; serve refuses that", remedy
        )
    if not secure:
        told = f"who has a key ({have}); keys and voices cross the network in the clear"
        return Finding("who may connect", State.ODD, told, "duologue serve --tls CERT KEY, or a proxy that does TLS")
    return Finding("who may connect", State.OK, f"who has a key ({have}), over TLS")


def examine_call_logs(config: Config) -> Finding:
    """Whether words are kept, and whether they can be."""
    if not config.calls.event_log:
        return Finding("call logs", State.OK, "off: no words of any call are kept")
    folder = Path(config.calls.event_log).expanduser()
    nearest = next((each for each in (folder, *folder.parents) if each.exists()), Path())
    if not os.access(nearest, os.W_OK):
        return Finding("call logs", State.BAD, f"{folder} cannot be written", "change calls.event_log")
    if config.calls.redact:
        return Finding("call logs", State.OK, f"every call is logged in {folder}, without its words")
    return Finding(
        "call logs", State.ODD, f"the words of every call are kept in {folder}", "empty calls.event_log to keep none"
    )


def examine_models(config: Config) -> Iterator[Finding]:
    """Whether providers have what they need. None is called."""
    from duologue.server.models import build_routes

    try:
        build_routes(config.think)
    except DuologueError as error:
        yield Finding("language models", State.BAD, str(error), "correct the [think] section")
        return
    lacking = [
        f"{name} ({provider.key_env})"
        for name, provider in config.think.providers.items()
        if provider.key_env and not os.environ.get(provider.key_env)
    ]
    if lacking:
        yield Finding(
            "language models", State.ODD, f"no key for {', '.join(lacking)}", "set the environment variables named"
        )
        return
    names = ", ".join(["rules", *config.think.providers])
    yield Finding(
        "language models", State.OK, f"{names}; {config.think.default} answers when a client names none of them"
    )


def examine_loudspeaker() -> Finding:
    """Whether `duologue say` can be heard here."""
    from duologue.cli.player import find_players

    players = find_players()
    if not players:
        return Finding(
            "loudspeaker",
            State.ODD,
            "no program that plays sound; say and demo write files",
            "install one of pulseaudio-utils, alsa-utils, sox, ffmpeg",
        )
    return Finding("loudspeaker", State.OK, f"plays with {players[0][0]}")
