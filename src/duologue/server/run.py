"""Running the application on uvicorn, with our own way to stop.

uvicorn would close every socket with 1012 at SIGTERM. So the signal is taken first: readiness goes off, new sockets are refused, sessions
finish; only then is uvicorn told to stop. A second signal makes it now.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import uvicorn

from duologue.config import Config, data_dir
from duologue.errors import Violation
from duologue.server.app import Application, create_app
from duologue.server.call_log import prepare_folder
from duologue.server.extension import Extension
from duologue.server.http_protocol import http_protocol
from duologue.server.protocol import SocketProtocol
from duologue.server.services import Services, build_services
from duologue.server.tls import Certificate, own_certificate, read_certificate

WS_MAX_BYTES = 16 * 1024 * 1024
"""Of one message; routes have smaller bounds of their own."""
PING_INTERVAL_S = 20.0
OWN_DOOR_S = 10.0
"""A port on loopback opens at once, or never."""


class Server(uvicorn.Server):
    """uvicorn without its signal handlers, and with something to do once it listens."""

    listens: Callable[[], Coroutine[Any, Any, None]] | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Open the ports; then whatever waits for them."""
        await super().startup(sockets)
        if self.listens is not None:
            await self.listens()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are `serve`'s business."""
        yield


def certificate_of(config: Config, now: float) -> Certificate | None:
    """The certificate the configuration asks for; `None` for plain HTTP. Raises `Violation("tls")`."""
    tls = config.tls
    if tls.cert or tls.key:
        if not (tls.cert and tls.key) or tls.self_signed:
            raise Violation("tls", "give a certificate and its key, or self_signed, not a mixture", path="tls")
        return read_certificate(Path(tls.cert).expanduser(), Path(tls.key).expanduser())
    if not tls.self_signed:
        return None
    host = config.server.host
    reachable = () if host in ("0.0.0.0", "::") else (host,)  # noqa: S104 - compared, not bound
    names = (*tls.names, *reachable, socket.gethostname())
    return own_certificate(data_dir(config) / "tls", names, now)


def bind(host: str, port: int) -> socket.socket:
    """A listening socket. Raises `Violation("address")` with the reason when it cannot be had."""
    bound: socket.socket | None = None
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        # Named TCP, so that asyncio sends small frames at once: it turns Nagle's waiting off for such sockets only.
        bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((host, port))
    except (OSError, OverflowError) as error:
        if bound is not None:
            bound.close()
        why = (getattr(error, "strerror", None) or str(error)).rstrip(".")
        raise Violation(
            "address", f"cannot listen on {host}:{port}: {why}", path="server.port", remedy="Give another --port."
        ) from None
    bound.setblocking(False)
    return bound


def run_in_loop(main: Coroutine[Any, Any, None]) -> None:
    """Run a program on uvloop, where there is one."""
    try:
        import uvloop
    except ImportError:
        factory = None
    else:
        factory = uvloop.new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(main)


async def serve(
    config: Config,
    *,
    listening: Callable[[Services, str, int, Certificate | None], None] = lambda *_: None,
    progress: Callable[[str], None] | None = None,
    draining: Callable[[int], None] = lambda _: None,
    extend: Callable[[Services], Extension | None] = lambda _: None,
) -> None:
    """Serve until a signal, then drain. `listening` is told once the port is open, while engines may still load.

    `extend` may add what stands above the server. Raises `Violation` for what the configuration asks and cannot be had.
    """
    prepare_folder(config)
    services = build_services(config, progress=progress)
    try:
        extension = extend(services)
        certificate = certificate_of(config, services.wall())
        bound = bind(config.server.host, config.server.port)
    except Violation:
        services.close()
        raise
    app = create_app(services, extension)
    server = Server(uvicorn_settings(app, certificate))
    await app.start()
    lag = asyncio.create_task(services.measure_lag(), name="loop lag")
    try:
        async with _own_door(app, bound, certificate, needed=extension is not None) as address:
            if extension is not None:
                server.listens = partial(extension.start, address)
            async with _signals(services, server, draining):
                listening(services, config.server.host, bound.getsockname()[1], certificate)
                await server.serve(sockets=[bound])
    finally:
        if extension is not None:
            await extension.stop()
        lag.cancel()
        await app.stop()
        bound.close()


def uvicorn_settings(app: Application, certificate: Certificate | None) -> uvicorn.Config:
    """How uvicorn serves this application."""
    return uvicorn.Config(
        app,
        http=http_protocol(app.services.bounds.slow_reader_s),
        ws=SocketProtocol,
        ws_max_size=WS_MAX_BYTES,
        ws_ping_interval=PING_INTERVAL_S,
        ws_ping_timeout=None,
        ws_per_message_deflate=False,
        ssl_certfile=str(certificate.cert) if certificate else None,
        ssl_keyfile=str(certificate.key) if certificate else None,
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=5,
    )


@contextlib.asynccontextmanager
async def _own_door(
    app: Application, bound: socket.socket, certificate: Certificate | None, *, needed: bool
) -> AsyncIterator[str]:
    """Where a program in this very process reaches the server. Its certificate names other hosts than loopback, or is nobody's, so a
    server with TLS gets a second, plain port on loopback.
    """
    host, port = bound.getsockname()[:2]
    if certificate is None or not needed:
        place = f"[{host}]" if ":" in host else host
        yield f"http://{'127.0.0.1' if host == '0.0.0.0' else '[::1]' if host == '::' else place}:{port}"  # noqa: S104 - compared
        return
    plain = bind("127.0.0.1", 0)
    door = Server(uvicorn_settings(app, None))
    opened = asyncio.Event()

    async def open_() -> None:
        opened.set()

    door.listens = open_
    serving = asyncio.create_task(door.serve(sockets=[plain]), name="own door")
    try:
        async with asyncio.timeout(OWN_DOOR_S):
            await opened.wait()
        yield f"http://127.0.0.1:{plain.getsockname()[1]}"
    finally:
        door.should_exit = True
        await serving
        plain.close()


@contextlib.asynccontextmanager
async def _signals(services: Services, server: uvicorn.Server, draining: Callable[[int], None]) -> AsyncIterator[None]:
    """Take SIGTERM and SIGINT while inside."""
    loop = asyncio.get_running_loop()
    stopping: set[asyncio.Task[None]] = set()

    async def stop() -> None:
        await services.lifecycle.drain()
        server.should_exit = True

    def on_signal() -> None:
        if stopping:
            services.lifecycle.hurry()
            return
        draining(services.lifecycle.connections)
        stopping.add(loop.create_task(stop(), name="drain"))

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, on_signal)
    try:
        yield
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)
        for task in stopping:
            task.cancel()
