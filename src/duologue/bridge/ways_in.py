"""The ways in as an addition to the server: webhooks, media streams, the control URLs of sessions, the port for AudioSocket."""

from __future__ import annotations

import asyncio
import hmac
import json
import re
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, TypeAlias

import structlog

from duologue.bridge.ingress.audiosocket import AudioSocketServer
from duologue.bridge.ingress.ingress import CallFacts, FarEnd, Ingress
from duologue.bridge.ingress.json_dialects import DIALECTS, TWILIO, JsonDialect
from duologue.bridge.ingress.json_media import StreamStarted
from duologue.bridge.ingress.json_stream import JsonStream
from duologue.bridge.ingress.twilio import MEDIA, STATUS, VOICE, Asked, Twilio
from duologue.bridge.ingress.twiml import MEDIA_TYPE
from duologue.bridge.reception import Reception
from duologue.bridge.session_events import HttpRequest
from duologue.errors import DuologueError, Refused, Violation
from duologue.protocols.refusal import Refusal
from duologue.server.asgi import Receive, Scope, Send
from duologue.server.extension import Serve
from duologue.server.refusals import refuse_socket
from duologue.server.socket import FLUSH_S, LEFT, Socket, SocketBounds

SESSIONS = "/sessions"
STREAMS = "/media"
SERVICES = {dialect.name: dialect for dialect in DIALECTS if dialect is not TWILIO}
"""Whose media streams are let in by a secret in the path. Twilio's are signed."""
MAX_BODY = 64 * 1024
"""Bytes of a webhook, or of what is asked of a control URL."""
LEAVING_S = 10.0
"""How long a stream may take to end whose service has left."""
STATUSES = {"method_not_allowed": 405, "forbidden": 403, "not_found": 404, "busy": 503, "too_large": 413}

Converse: TypeAlias = Callable[[Socket], Coroutine[Any, Any, None]]
"""Serves an admitted media stream until it is over."""

_log = structlog.get_logger("duologue.bridge")
_PATH = re.compile(rf"(?P<path>{VOICE}|{STATUS}|{MEDIA}/[^/]+/[^/]+|{STREAMS}/[^/]+/[^/]+|{SESSIONS}/[^/]+)/?$")


class WaysIn:
    """An `Extension` of the server."""

    def __init__(
        self,
        reception: Reception,
        twilio: Twilio | None,
        audiosocket: AudioSocketServer | None,
        bounds: SocketBounds,
        stream_secret: str = "",
    ) -> None:
        """`stream_secret` lets other services' media streams in; without one nobody's."""
        self._reception = reception
        self._twilio = twilio
        self._audiosocket = audiosocket
        self._bounds = bounds
        self._stream_secret = stream_secret
        self.address = ""
        """Where this very server is, once it listens."""

    def find(self, scope: Scope) -> Serve | None:
        """See `Extension`. A path prefix in front and a trailing slash are accepted."""
        found = _PATH.search(scope["path"])
        if found is None:
            return None
        path, shown = found["path"], found[0]
        if scope["type"] == "websocket":
            if self._twilio is not None and path.startswith(MEDIA):
                return partial(self._serve_stream, partial(self._admit_twilio, self._twilio, shown, scope))
            service = SERVICES.get(path.split("/")[2]) if path.startswith(STREAMS) and self._stream_secret else None
            return None if service is None else partial(self._serve_stream, partial(self._admit, service, path))
        if path.startswith(SESSIONS):
            return _answering(lambda body: self._control(scope, path, body))
        if self._twilio is not None and path in (VOICE, STATUS):
            twilio = self._twilio
            return _answering(lambda body: self._webhook(twilio, scope, path, shown, body))
        return None

    async def start(self, address: str) -> None:
        """See `Extension`."""
        self.address = address
        if self._audiosocket is not None:
            await self._audiosocket.start()

    async def stop(self) -> None:
        """See `Extension`."""
        await self._reception.close()
        if self._audiosocket is not None:
            await self._audiosocket.close()

    # HTTP.

    def _control(self, scope: Scope, path: str, body: bytes) -> Refusal:
        headers = {name: value for name, value in _headers(scope).items() if name.startswith("x-")}
        text = body.decode("utf-8", "replace")
        self._reception.request(path.removeprefix(f"{SESSIONS}/"), HttpRequest(scope["method"], path, text, headers))
        return _json(200, {"status": "ok"})

    def _webhook(self, twilio: Twilio, scope: Scope, path: str, shown: str, body: bytes) -> Refusal:
        headers = _headers(scope)
        form = headers.get("content-type", "").partition(";")[0].strip().lower() == "application/x-www-form-urlencoded"
        query = scope.get("query_string", b"").decode("latin-1")
        asked = Asked(shown, query, headers, body, is_form=form and scope["method"] == "POST")
        if path == STATUS:
            twilio.note(asked)
            return Refusal(204, (), b"")
        answer = twilio.answer(asked, busy=self._reception.is_busy)
        return Refusal(200, (("content-type", f"{MEDIA_TYPE}; charset=utf-8"),), answer.encode())

    # Sockets.

    def _admit_twilio(self, twilio: Twilio, shown: str, scope: Scope) -> Converse:
        """Raises `Refused("forbidden")`."""
        query = scope.get("query_string", b"").decode("latin-1")
        call = twilio.admit(Asked(shown, query, _headers(scope)))
        return lambda socket: twilio.converse(socket, call)

    def _admit(self, service: JsonDialect, path: str) -> Converse:
        """Raises `Refused("forbidden")`."""
        if not hmac.compare_digest(path.rpartition("/")[2].encode(), self._stream_secret.encode()):
            raise Refused("forbidden", "this address was not given out here")

        def take(stream: Ingress, started: StreamStarted) -> FarEnd:
            parameters = dict(started.parameters)
            caller, called = parameters.pop("from", started.caller), parameters.pop("to", started.called)
            facts = CallFacts(service.name, started.call, caller, called, custom=parameters)
            return self._reception.take(stream, facts, started.audio)

        return lambda socket: JsonStream(socket, service, take).run()

    async def _serve_stream(self, admit: Callable[[], Converse], scope: Scope, receive: Receive, send: Send) -> None:
        try:
            if self._reception.is_busy:
                raise Refused("busy", "no call is taken now")
            converse = admit()
        except DuologueError as error:
            _log.info("refused", path="media stream", why=str(error))
            await refuse_socket(scope, receive, send, _refusal(error))
            return
        socket = Socket(scope, receive, send, self._bounds)
        await socket.accept(None, [])
        async with asyncio.TaskGroup() as tasks:
            writer = tasks.create_task(socket.write())
            work = tasks.create_task(converse(socket))
            await socket.ended()
            if socket.ending == LEFT:
                await asyncio.wait(
                    [work], timeout=LEAVING_S
                )  # it ends by itself, once it knows what it still waits for
            work.cancel()
            await asyncio.wait([work])
            await asyncio.wait([writer], timeout=FLUSH_S)
            writer.cancel()
        await socket.close()


def _answering(answer: Callable[[bytes], Refusal]) -> Serve:
    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            if scope["method"] not in ("GET", "POST"):
                raise Violation("method_not_allowed", "ask with GET or POST")
            reply = answer(await _body(receive))
        except DuologueError as error:
            _log.info("refused", path=scope["path"].rpartition("/")[0], why=str(error))
            reply = _refusal(error)
        await _respond(send, reply)

    return serve


def _headers(scope: Scope) -> dict[str, str]:
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}


async def _body(receive: Receive) -> bytes:
    """The whole body. Raises `Violation("too_large")`."""
    parts, size, more = [], 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Violation("gone", "the client left")
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > MAX_BODY:
            raise Violation("too_large", f"more than {MAX_BODY} bytes")
        more = message.get("more_body", False)
    return b"".join(parts)


def _refusal(error: DuologueError) -> Refusal:
    code = getattr(error, "code", "failed")
    return _json(STATUSES.get(code, 400), {"error": code, "message": str(error)})


def _json(status: int, value: object) -> Refusal:
    return Refusal(status, (("content-type", "application/json"),), json.dumps(value).encode())


async def _respond(send: Send, answer: Refusal) -> None:
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers]
    headers.append((b"content-length", str(len(answer.body)).encode()))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})
