"""What a scenario is told of its session."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from duologue.bridge.call import Call
from duologue.bridge.events import EventName, SessionEvents


@dataclass(frozen=True, slots=True)
class SessionEvent:
    """Something became of the session. `access_secure_url` is its control URL, `call` the call that alerts."""

    name: EventName
    access_secure_url: str = ""
    call: Call | None = None
    error: str = ""


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """Somebody asked the control URL. Only headers that begin with `X-` are passed on."""

    method: str
    path: str
    content: str
    headers: Mapping[str, str] = field(default_factory=dict)
    name: EventName = SessionEvents.HttpRequest


@dataclass(frozen=True, slots=True)
class ListenerFailed:
    """A listener of `event` failed with `error`; its scenario ends."""

    event: str
    error: BaseException
    name: EventName = SessionEvents.ListenerFailed
