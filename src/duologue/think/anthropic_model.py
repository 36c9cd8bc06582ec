"""The Messages wire with the official `anthropic` library: Anthropic's own models, and whatever else answers it under some base URL."""

from __future__ import annotations

import os
from typing import Any

from duologue.think.hosted_model import Wire
from duologue.think.messages_wire import EventReader, messages_body


def _open(library: Any, base_url: str, api_key: str, http_client: Any) -> Any:
    # The library would take headers for whatever server is asked from this variable.
    lines = os.environ.get("ANTHROPIC_CUSTOM_HEADERS", "").split("\n")
    named = [name for line in lines if (name := line.partition(":")[0].strip())]
    return library.AsyncAnthropic(
        api_key=api_key or "none",  # without one, keys and profiles of the environment would be used
        base_url=base_url,
        max_retries=0,
        timeout=http_client.timeout,
        default_headers={name: library.Omit() for name in named},
        http_client=http_client,
        open_telemetry=False,
    )


ANTHROPIC = Wire(
    library="anthropic",
    http="httpx2",
    errors="AnthropicError",
    open=_open,
    url="https://api.anthropic.com",
    path="/v1/messages",
    body=messages_body,
    reader=EventReader,
)
