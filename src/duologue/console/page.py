"""The console: a page that captures the microphone, transcribes with turns, and talks to the agent. Plain files, no build step.

The page loads nothing from elsewhere, holds no key, and its content policy permits its own files and its own server only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

PAGE = "console.html"
SCRIPTS = ("console", "access", "agent", "transcription", "sound", "capture", "playback")
_MEDIA_TYPES: Mapping[str, str] = {
    PAGE: "text/html",
    "console.css": "text/css",
    **{f"{name}.js": "text/javascript" for name in SCRIPTS},
}

HEADERS: Mapping[str, str] = {
    "content-security-policy": "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src data:",
            "connect-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        )
    ),
    "permissions-policy": "microphone=(self)",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "cache-control": "no-cache",
}
"""Of every file. The page's styles are set by its scripts through the object model, which needs no permission for inline styles."""


@dataclass(frozen=True, slots=True)
class ConsoleFile:
    """One file of the page."""

    content: bytes
    media_type: str


@cache
def console_file(name: str) -> ConsoleFile | None:
    """A file by its name; `None` for what is not part of the page."""
    media_type = _MEDIA_TYPES.get(name)
    if media_type is None:
        return None
    return ConsoleFile(files("duologue.console").joinpath("static", name).read_bytes(), media_type)
