"""The XML that tells Twilio what to do with a call. Pure; the same documents Twilio's own package writes."""

from __future__ import annotations

from collections.abc import Mapping
from xml.sax.saxutils import escape, quoteattr

DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>'
MEDIA_TYPE = "text/xml"
MAX_PARAMETER = 499
"""Characters of a parameter's name and value together."""


def connect_stream(url: str, parameters: Mapping[str, str], status_callback: str = "") -> str:
    """Connect the call's audio to our socket, both ways, until the socket closes."""
    callback = f" statusCallback={quoteattr(status_callback)}" if status_callback else ""
    named = "".join(
        f"<Parameter name={quoteattr(name)} value={quoteattr(_plain(value)[: MAX_PARAMETER - len(name)])} />"
        for name, value in parameters.items()
        if value
    )
    return _response(f"<Connect><Stream url={quoteattr(url)}{callback}>{named}</Stream></Connect>")


def reject(*, busy: bool = False) -> str:
    """Refuse a call that rings; it costs its caller nothing."""
    return _response('<Reject reason="busy" />' if busy else "<Reject />")


def dial(target: str) -> str:
    """Connect the call to a number or a SIP address."""
    inner = f"<Sip>{escape(target)}</Sip>" if target.lower().startswith(("sip:", "sips:")) else escape(target)
    return _response(f"<Dial>{inner}</Dial>")


def _plain(text: str) -> str:
    """Without signs that XML has no place for; a caller chooses the name that is shown."""
    return "".join(sign for sign in text if sign.isprintable())


def _response(inner: str) -> str:
    return f"{DECLARATION}<Response>{inner}</Response>"
