"""A recording at an address that a client names: fetched like everything clients have the server call, and no more of it than may be.

The allow-list `think.outbound` decides; the name is resolved once, no redirect is followed, and what comes is bounded in size and time.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import httpx

from duologue.errors import Refused, Violation
from duologue.think.outbound import OutboundRules
from duologue.think.pinned_client import PinnedTransport

FETCH_S = 300.0
"""All of a recording must be here by then."""
QUIET_S = 10.0
"""Longest silence of the other side."""


async def fetch(outbound: OutboundRules, url: str, limit: int) -> AsyncGenerator[bytes, None]:
    """The content at `url`, at most `limit` bytes. Raises `Violation`: `remote_content` for what cannot be had, `too_large`."""
    size = 0
    try:
        async with (
            asyncio.timeout(FETCH_S),
            httpx.AsyncClient(transport=PinnedTransport(outbound), timeout=QUIET_S) as client,
            client.stream("GET", url, headers={"accept-encoding": "identity"}) as response,
        ):
            if response.status_code != 200:
                raise _unavailable(f"it answered with status {response.status_code}")
            async for piece in response.aiter_raw():
                size += len(piece)
                if size > limit:
                    raise Violation(
                        "too_large", "the recording is too large", path="url", expected=f"at most {limit} bytes"
                    )
                yield piece
    except Refused as refused:
        raise _unavailable(refused.message) from None
    except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, ValueError) as error:
        raise _unavailable(type(error).__name__) from None


def _unavailable(why: str) -> Violation:
    return Violation("remote_content", f"the recording cannot be fetched: {why}", path="url")
