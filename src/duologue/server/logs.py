"""Log lines: structured, and never a secret. Query strings, headers and message bodies are not logged at all."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

_SECRET_NAMES = re.compile(r"(?i)(authorization|api[-_]?key|access[-_]?token|password|secret|cookie|credential)")
_SECRET_TEXT = re.compile(
    r"(?i)(bearer|token)\s+[\w.\-~+/=]{8,}|duo_[0-9a-f]+_[\w-]+|[?&](api_key|access_token)=[^&\s\"']+"
)
HIDDEN = "(hidden)"


def hide_secrets(_: Any, __: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """The last line of defence: members with telling names, and texts that look like credentials."""
    for name, value in entry.items():
        if _SECRET_NAMES.search(name):
            entry[name] = HIDDEN
        elif isinstance(value, str):
            entry[name] = _SECRET_TEXT.sub(HIDDEN, value)
    return entry


def configure_logs(level: str = "info", *, json: bool = False) -> None:
    """Set up logging for the process: one line per fact, on standard error."""
    number = logging.getLevelNamesMapping()[level.upper()]
    # Tracebacks are plain: the fancy ones print local variables, and so whatever a client sent.
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer()
        if json
        else structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            hide_secrets,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    # uvicorn would log every handshake with its query string, and so with keys: only its warnings pass, through our filter.
    logging.basicConfig(level=logging.WARNING, handlers=[_Forward()], force=True)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access", "websockets"):
        logging.getLogger(name).setLevel(logging.WARNING)


class _Forward(logging.Handler):
    """Libraries' log records into ours."""

    def emit(self, record: logging.LogRecord) -> None:
        entry: dict[str, Any] = {"logger": record.name}
        if record.exc_info:
            entry["exc_info"] = record.exc_info
        structlog.get_logger().log(record.levelno, record.getMessage(), **entry)
