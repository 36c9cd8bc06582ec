"""Tools at a URL: the server posts the arguments and hands the answer to the model."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import httpx

from duologue.errors import Refused
from duologue.runtime.machine import Seconds
from duologue.think.messages import Endpoint, ToolCall, ToolResult, ToolSpec, read_arguments
from duologue.think.outbound import OutboundRules
from duologue.think.pinned_client import PinnedTransport, Resolve, resolve
from duologue.think.tools import failed_call

MAX_ANSWER = 64 * 1024
"""Bytes of an answer that are read; the rest is cut off."""


class WebhookRunner:
    """A `ToolRunner` for tools with an endpoint: arguments as JSON in the body, or in the query for GET; headers verbatim.

    Redirects are not followed, a status other than 2xx is an error result, and so is whatever the outbound rules forbid.
    """

    def __init__(
        self,
        outbound: OutboundRules,
        *,
        time_limit: Seconds = 30.0,
        connect: Seconds = 3.0,
        resolve: Resolve = resolve,
    ) -> None:
        self._time_limit = time_limit
        self._client = httpx.AsyncClient(
            transport=PinnedTransport(outbound, resolve),
            timeout=httpx.Timeout(time_limit, connect=connect),
            # Unpacked here, a small answer could grow without bound.
            headers={"accept-encoding": "identity"},
            follow_redirects=False,
            trust_env=False,
        )

    async def run(self, call: ToolCall, spec: ToolSpec) -> ToolResult:
        """The answer of the tool's endpoint. Never raises for a tool that fails."""
        if spec.endpoint is None:
            return failed_call(call, f"{call.name} is a tool of the client; the server cannot run it")
        arguments = read_arguments(call.arguments)
        if arguments is None:
            return failed_call(call, f"the arguments of {call.name} are no JSON object")
        try:
            async with asyncio.timeout(self._time_limit):
                status, text = await self._fetch(spec.endpoint, arguments)
        except Refused as refusal:
            return failed_call(call, f"{call.name} was not called: {refusal.message}")
        except TimeoutError:
            return failed_call(call, f"{call.name} did not answer within {self._time_limit:g} s")
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
            return failed_call(call, f"{call.name} could not be reached ({type(error).__name__})")
        if not 200 <= status < 300:
            return failed_call(call, f"{call.name} answered {status}: {text}")
        return ToolResult(call.id, call.name, text)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _fetch(self, endpoint: Endpoint, arguments: Mapping[str, Any]) -> tuple[int, str]:
        method = endpoint.method.upper()
        if method == "GET":
            url = httpx.URL(endpoint.url).copy_merge_params({name: _query(value) for name, value in arguments.items()})
            request = self._client.build_request("GET", url, headers=endpoint.headers)
        else:
            request = self._client.build_request(method, endpoint.url, json=arguments, headers=endpoint.headers)
        answer = await self._client.send(request, stream=True)
        try:
            body = bytearray()
            async for piece in answer.aiter_raw():
                body += piece
                if len(body) > MAX_ANSWER:
                    break
        finally:
            await answer.aclose()
        return answer.status_code, bytes(body[:MAX_ANSWER]).decode("utf-8", "replace")


def _query(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)
