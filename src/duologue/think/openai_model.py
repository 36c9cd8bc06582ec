"""The chat-completions wire with the official `openai` library: OpenAI, Ollama, vLLM, llama.cpp, Groq, Google's compatible endpoint, and
whatever else answers it under some base URL."""

from __future__ import annotations

from typing import Any

from duologue.think.chat_wire import ChunkReader, chat_body
from duologue.think.hosted_model import Wire

_NEVER_SENT = ("OpenAI-Organization", "OpenAI-Project")
"""The library would read these from the environment and send them to whatever server is asked."""


def _open(library: Any, base_url: str, api_key: str, http_client: Any) -> Any:
    return library.AsyncOpenAI(
        api_key=api_key or "none",
        base_url=base_url,
        max_retries=0,
        timeout=http_client.timeout,
        default_headers=dict.fromkeys(_NEVER_SENT, library.Omit()),
        http_client=http_client,
    )


OPENAI = Wire(
    library="openai",
    http="httpx",
    errors="OpenAIError",
    open=_open,
    url="https://api.openai.com/v1",
    path="/chat/completions",
    body=chat_body,
    reader=ChunkReader,
    more={"stream_options": {"include_usage": True}},
)
