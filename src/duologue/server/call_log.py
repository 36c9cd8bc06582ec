"""The event log of an agent call, where the configuration names a folder. Opt-in: the words of the conversation are in it."""

from __future__ import annotations

import os
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from duologue import __version__
from duologue.agent.settings import AgentSettings
from duologue.config import Config
from duologue.errors import DuologueError, Violation
from duologue.listen.hypothesis import ListenOptions
from duologue.runtime.event_log import EventLogWriter, LogHeader
from duologue.runtime.redaction import WordMask
from duologue.server.services import Services
from duologue.speak.phrases import ABBREVIATIONS


@dataclass(frozen=True, slots=True)
class LoggedCall:
    """What a session was made of: the settings of an agent call's log."""

    agent: AgentSettings
    rate: int
    """Of all speech, in hertz."""
    asked: ListenOptions
    """What the client wanted to be heard, before the rules narrowed it."""


def prepare_folder(config: Config) -> None:
    """Make the folder of the logs, where one is named. Raises `Violation("call_logs")` for one that cannot be written: who asked for logs
    should learn at the start that there will be none.
    """
    if not config.calls.event_log:
        return
    folder = Path(config.calls.event_log).expanduser()
    why = ""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        why = error.strerror or str(error)
    if why or not os.access(folder, os.W_OK):
        raise Violation(
            "call_logs",
            f"cannot write into {folder}: {why or 'no permission'}",
            path="calls.event_log",
            expected="a folder",
        )


def open_call_log(
    services: Services, request_id: str, call: LoggedCall, seed: int, held: ExitStack
) -> EventLogWriter | None:
    """The log of one call, named after its request id; closed with `held`. `None` when calls are not logged, or the folder cannot be
    written, which costs the log and not the call.
    """
    folder = services.config.calls.event_log
    if not folder:
        return None
    path = Path(folder).expanduser() / f"{request_id}.jsonl"
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        file = held.enter_context(path.open("x", encoding="utf-8", buffering=1))
    except OSError as error:
        services.log.warning("call_not_logged", why=error.strerror, request_id=request_id)
        return None
    versions = {"duologue": __version__}
    for engine in services.engines:
        try:
            info = engine.host.info
        except DuologueError:
            continue  # it is being replaced
        versions[f"{engine.role.value} {info.name}"] = info.version
    started = datetime.fromtimestamp(services.wall(), UTC).isoformat(timespec="seconds")
    redact = WordMask(telling_words(call.agent)) if services.config.calls.redact else None
    return EventLogWriter(file.write, LogHeader(versions, call, seed, started), redact=redact)


def telling_words(settings: AgentSettings) -> frozenset[str]:
    """The words by which a session decides: they stand in its settings, or in this program, and say nothing of anybody."""
    return frozenset((*settings.interruption.backchannels, *settings.actions.transfer_to, *ABBREVIATIONS, "i", "spell"))
