"""Somebody's web server, scripted: tools that answer at once, late, never or badly, and language models that do. Real HTTP on loopback."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.think.local_server import delta, sse
from tests.think.messages_peer import answer

PATIENCE_S = 100.0


class WebhookPeer:
    """What was asked, and when late answers may go."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()
        self.bodies: dict[str, Any] = {}
        self.headers: dict[str, dict[str, str]] = {}
        self.release = threading.Event()
        """Set when `/late` may answer."""
        self.left = threading.Event()
        """Set when a client of `/never` has gone."""
        self._came = threading.Condition()
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def note(self, path: str, body: bytes, headers: dict[str, str]) -> None:
        with self._came:
            self.asked[path] += 1
            self.bodies[path] = json.loads(body) if body else None
            self.headers[path] = headers
            self._came.notify_all()

    def until(self, *paths: str) -> None:
        """All of these have been asked for."""
        with self._came:
            assert self._came.wait_for(lambda: all(self.asked[path] for path in paths), PATIENCE_S), self.asked


ANSWERS = {
    "/late": (200, b"late but here"),
    "/broken": (500, b"out of order"),
    "/elsewhere": (302, b"moved"),
    "/v1/messages": (200, b"".join(answer("It rains ", "in Delft."))),
    "/half/chat/completions": (
        200,
        b"".join(sse(delta(content="It rains"), {"error": {"code": "gone"}}, done=False)),
    ),
}
"""Status and body by path."""


def _handler(peer: WebhookPeer, elsewhere: str) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *args: object) -> None:
            """Nobody reads it."""

        def do_GET(self) -> None:
            self.do_POST()

        def do_POST(self) -> None:
            path = self.path.partition("?")[0]
            body = self.rfile.read(int(self.headers.get("content-length", "0")))
            peer.note(path, body, {name.lower(): value for name, value in self.headers.items()})
            if path.startswith("/never"):
                self.connection.settimeout(PATIENCE_S)
                if not self.connection.recv(1):
                    peer.left.set()
                self.close_connection = True
                return
            if path == "/late":
                peer.release.wait(PATIENCE_S)
            status, text = ANSWERS.get(path, (200, b"here you are"))
            self._answer(status, text, **({"location": elsewhere} if status == 302 else {}))

        def _answer(self, status: int, body: bytes, **headers: str) -> None:
            self.send_response(status)
            self.send_header(
                "content-type", "text/event-stream" if body.startswith((b"event:", b"data:")) else "text/plain"
            )
            self.send_header("content-length", str(len(body)))
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

    return Handler


@contextmanager
def webhook_peer(elsewhere: str = "") -> Iterator[WebhookPeer]:
    """A peer that runs; `/elsewhere` redirects to the URL given."""
    peer = WebhookPeer()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(peer, elsewhere))
    peer.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield peer
    finally:
        peer.release.set()
        server.shutdown()
        thread.join()
        server.server_close()
