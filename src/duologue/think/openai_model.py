"""Language models behind the official `openai` library: OpenAI, Ollama, vLLM, llama.cpp, Groq, Google's and Anthropic's compatible
endpoints, and whatever else answers chat completions under some base URL."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import AsyncIterator, Mapping
from typing import Any

import httpx

from duologue.errors import EngineFailure, Refused
from duologue.runtime.machine import Seconds
from duologue.think.chat_wire import ChunkReader, chat_body
from duologue.think.completion import CompletionEvent, CompletionRequest, ModelChoice, TextDelta
from duologue.think.outbound import OutboundRules
from duologue.think.pinned_client import PinnedTransport

CONNECT: Seconds = 3.0
FIRST_TOKEN: Seconds = 10.0
BETWEEN_TOKENS: Seconds = 15.0
COMPLETIONS = "/chat/completions"

_NEVER_SENT = ("OpenAI-Organization", "OpenAI-Project")
"""The library would read these from the environment and send them to whatever server is asked."""


class OpenAIModel:
    """A `LanguageModel` at one base URL, with one connection pool. Nothing is tried twice: the router has other entries to try."""

    def __init__(
        self,
        base_url: str = "",
        api_key: str = "",
        *,
        name: str = "openai",
        headers: Mapping[str, str] | None = None,
        connect: Seconds = CONNECT,
        first_token: Seconds = FIRST_TOKEN,
        between_tokens: Seconds = BETWEEN_TOKENS,
    ) -> None:
        """An empty `base_url` is OpenAI's own; local servers need no key."""
        self._base_url = base_url or "https://api.openai.com/v1"
        self._api_key = api_key
        self._name = name
        self._headers = dict(headers or {})
        self._connect = connect
        self._first_token = first_token
        self._between_tokens = between_tokens
        self._client: Any = None

    async def respond(self, request: CompletionRequest) -> AsyncIterator[CompletionEvent]:
        """Stream one completion for the first choice of the request. Raises `EngineFailure`."""
        choice = request.choices[0]
        body = chat_body(request, choice) | {"stream_options": {"include_usage": True}}
        async for event in self._stream(COMPLETIONS, body, self._headers, self._name):
            yield event

    async def prepare(self) -> None:
        """Load the library and open the pool, so that the first caller does not wait for it (1.6 s were measured)."""
        if self._client is None:
            library = await asyncio.to_thread(importlib.import_module, "openai")
            # Two first calls may have waited for the import side by side.
            if self._client is None:
                self._client = self._open(library)

    async def close(self) -> None:
        """Close the connections. The model can be used again, with new ones."""
        client, self._client = self._client, None
        if client is not None:
            await client.close()

    def _open(self, library: Any) -> Any:
        return library.AsyncOpenAI(
            api_key=self._api_key or "none",
            base_url=self._base_url,
            max_retries=0,
            timeout=self._timeout(),
            default_headers=dict.fromkeys(_NEVER_SENT, library.Omit()),
            http_client=self._http_client(),
        )

    def _http_client(self) -> httpx.AsyncClient:
        # Proxies of the environment are honoured: the address is the operator's own.
        return httpx.AsyncClient(timeout=self._timeout())

    def _timeout(self) -> httpx.Timeout:
        # Reading is bounded below, by what a caller waits for: the first token, then the next one.
        return httpx.Timeout(connect=self._connect, read=None, write=self._first_token, pool=self._connect)

    async def _stream(
        self, url: str, body: Mapping[str, Any], headers: Mapping[str, Any], provider: str
    ) -> AsyncIterator[CompletionEvent]:
        await self.prepare()
        reader = ChunkReader(provider)
        stream: Any = None
        lost = "the answer"
        try:
            async with asyncio.timeout(self._first_token):
                stream = await self._ask(url, body, headers)
                chunks = aiter(stream)
                deltas = await _first_deltas(chunks, reader)
            while deltas is not None:
                for delta in deltas:
                    lost = "the rest of the answer"
                    yield delta
                async with asyncio.timeout(self._between_tokens):
                    deltas = await _next_deltas(chunks, reader)
            for event in reader.finish():
                yield event
        except TimeoutError as error:
            waited = self._between_tokens if reader.begun else self._first_token
            raise EngineFailure(provider, f"said nothing for {waited:g} s", lost=lost) from error
        except (self._library_error(), httpx.HTTPError, OSError, ValueError, Refused) as error:
            raise EngineFailure(provider, _describe(error), lost=lost) from error
        finally:
            if stream is not None:
                await stream.close()

    async def _ask(self, url: str, body: Mapping[str, Any], headers: Mapping[str, Any]) -> Any:
        """Post and return the library's stream of plain chunks. An absolute URL is taken as it is."""
        import openai

        sent: dict[str, Any] = dict(headers)
        if not self._api_key and not any(name.lower() == "authorization" for name in sent):
            sent["Authorization"] = openai.Omit()
        return await self._client.post(
            url,
            cast_to=object,
            body=dict(body),
            options={"headers": sent},
            stream=True,
            stream_cls=openai.AsyncStream[object],
        )

    @staticmethod
    def _library_error() -> type[Exception]:
        import openai

        return openai.OpenAIError


class EndpointModel(OpenAIModel):
    """A `LanguageModel` at complete URLs named by clients: their headers verbatim, none of our keys, and only where the rules permit."""

    def __init__(
        self,
        outbound: OutboundRules,
        *,
        connect: Seconds = CONNECT,
        first_token: Seconds = FIRST_TOKEN,
        between_tokens: Seconds = BETWEEN_TOKENS,
    ) -> None:
        super().__init__(
            "https://endpoint.invalid",
            name="endpoint",
            connect=connect,
            first_token=first_token,
            between_tokens=between_tokens,
        )
        self._outbound = outbound

    async def respond(self, request: CompletionRequest) -> AsyncIterator[CompletionEvent]:
        """Stream one completion from the endpoint of the request's first choice. Raises `EngineFailure`."""
        choice: ModelChoice = request.choices[0]
        if choice.endpoint is None:
            raise EngineFailure("endpoint", "the choice names no endpoint", lost="the answer")
        provider = choice.provider or "endpoint"
        # No `stream_options`: what stands behind a client's URL may refuse members it does not know.
        async for event in self._stream(
            choice.endpoint.url, chat_body(request, choice), choice.endpoint.headers, provider
        ):
            yield event

    def _http_client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            transport=PinnedTransport(self._outbound), timeout=self._timeout(), follow_redirects=False, trust_env=False
        )


async def _first_deltas(chunks: AsyncIterator[object], reader: ChunkReader) -> list[TextDelta] | None:
    """Reads over the empty chunks many servers begin with, up to the first token or call; `None` at the end."""
    while True:
        deltas = await _next_deltas(chunks, reader)
        if deltas is None or reader.begun:
            return deltas


async def _next_deltas(chunks: AsyncIterator[object], reader: ChunkReader) -> list[TextDelta] | None:
    try:
        return reader.read(await anext(chunks))
    except StopAsyncIteration:
        return None


def _describe(error: BaseException) -> str:
    """What went wrong, for the client too: so without the provider's text, which may quote keys or the conversation."""
    if isinstance(error, Refused):
        return error.message
    status = getattr(error, "status_code", None)
    if isinstance(status, int):
        code = getattr(error, "code", None) or getattr(error, "type", None)
        return f"answered {status}" + (f" ({str(code)[:80]})" if code else "")
    if isinstance(error, ValueError):
        return "sent something that is no completion stream"
    # The library wraps what happened below it.
    if isinstance(error.__cause__, Refused):
        return error.__cause__.message
    return f"cannot be reached ({type(error.__cause__ or error).__name__})"
