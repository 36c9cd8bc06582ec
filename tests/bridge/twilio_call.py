"""A whole call over Twilio, from the webhook to the hang-up, for tests: Twilio's side."""

from __future__ import annotations

import asyncio
import ssl
from contextlib import suppress
from urllib.parse import urlsplit
from xml.etree import ElementTree

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.bridge.twilio_peer import TOKEN, TwilioPeer, signature, webhook

QUIET = b"\xff" * 160


class TwilioCall:
    """One call of Twilio's, from the webhook on."""

    def __init__(
        self, server: str, delay_s: float = 0.0, trust: ssl.SSLContext | None = None, token: str = TOKEN
    ) -> None:
        """`server` is where Twilio's requests arrive, whatever public URL they are for."""
        self._server = server
        self._trust = trust
        self._token = token
        self._delay = delay_s
        self._tasks: list[asyncio.Task[None]] = []
        self.socket: ClientConnection
        self.peer: TwilioPeer

    async def dial(self, call: str = "CA33") -> TwilioCall:
        """Ask the webhook, connect as it says, start."""
        body, headers = webhook(call, self._token)
        async with httpx.AsyncClient(trust_env=False, verify=self._trust or True, timeout=60) as http:
            answer = await http.post(f"{self._server}/twilio/voice", content=body, headers=headers)
        assert answer.status_code == 200, answer.text
        stream = ElementTree.fromstring(answer.text).find("Connect/Stream")
        assert stream is not None
        url = stream.attrib["url"]
        self.socket = await connect(
            f"ws{self._server.removeprefix('http')}{urlsplit(url).path}",
            additional_headers={"X-Twilio-Signature": signature(url, token=self._token)},
            ssl=self._trust,
            compression=None,
            ping_interval=None,
            proxy=None,
        )
        unsent: asyncio.Queue[str] = asyncio.Queue()
        self.peer = TwilioPeer(unsent.put_nowait, call, delay_s=self._delay)
        self._tasks = [asyncio.create_task(self._write(unsent)), asyncio.create_task(self._read())]
        self.peer.start(**{each.attrib["name"]: each.attrib["value"] for each in stream})
        return self

    async def speak(self, mulaw: bytes) -> None:
        """A recording, in real time."""
        await self.peer.speak(mulaw)

    async def stay(self, seconds: float) -> None:
        """The caller's line sounds, in real time."""
        await self.peer.speak(QUIET * round(seconds / 0.02))

    async def hang_up(self, *, stop: bool = True) -> None:
        """The caller hangs up, if that has not happened; without `stop` the network breaks."""
        if stop and self.socket.close_code is None:
            self.peer.stop()
            await asyncio.sleep(0.1)
        await self.socket.close()
        self.peer.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def over(self) -> tuple[int | None, str | None]:
        """Wait for our side's end; how the socket closed."""
        await self._tasks[1]
        return self.socket.close_code, self.socket.close_reason

    async def _write(self, unsent: asyncio.Queue[str]) -> None:
        with suppress(ConnectionClosed):
            while True:
                await self.socket.send(await unsent.get())

    async def _read(self) -> None:
        with suppress(ConnectionClosed):
            while True:
                self.peer.take(await self.socket.recv())
