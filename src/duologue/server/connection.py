"""One connection from handshake to goodbye: admitted or refused, counted, run in one task group, closed with one code.

No task outlives the connection: reader, writer and endpoint share the group, and what an endpoint starts it starts inside its `run`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack, suppress
from typing import Protocol, assert_never

from duologue.agent.commands import EndReason
from duologue.auth.concurrency import Kind, Lease
from duologue.auth.credentials import read_credentials
from duologue.errors import DuologueError
from duologue.protocols.dialect import Deadlines, Frame
from duologue.protocols.query import Handshake, Query, read_headers, read_query
from duologue.runtime.deadlines import DeadlineEvent, DeadlineKeeper, DeadlinePolicy, Due, Excused, MessageReceived
from duologue.runtime.driver import Driver
from duologue.server.asgi import Receive, Scope, Send
from duologue.server.lifecycle import Going
from duologue.server.refusals import Vendor, refusal_of, refuse_socket
from duologue.server.services import Services
from duologue.server.socket import FLUSH_S, LEFT, Socket
from duologue.usage.meter import UsageMeter

GOING_AWAY = (1012, "server going away")
"""Close code and reason for what a drain could not wait for."""
BROKEN = (1011, "internal error")
"""Close code and reason after a bug of ours."""


UNSEEN_PINGS = 5.0
"""A transport that hides pings makes an idle rule that counts them so many times longer: 15 minutes for 3."""
SIGN_EVERY_S = 0.25
"""Signs of life nearer to each other than this count as one; idle rules are longer by as much, so that none strikes early."""


class Endpoint(Protocol):
    """A vendor's socket: dialect plus shell. `prepare` happens before the upgrade, `run` after it."""

    request_id: str

    @property
    def deadlines(self) -> Deadlines:
        """What the vendor's socket does when nothing happens."""
        ...

    async def prepare(self) -> None:
        """Take what can be refused with HTTP: engine streams. Raises `Refused`, `EngineFailure`."""
        ...

    async def run(self, socket: Socket, life: Life) -> None:
        """Serve until the client leaves or the end is decided; returning is a normal end."""
        ...

    async def release(self) -> None:
        """Give back what `prepare` took; always called, also when `run` never was."""
        ...

    def drain(self) -> None:
        """The server is going: finish what is being done, then end."""
        ...

    def expire(self, reason: EndReason) -> None:
        """Time is up: say so in the vendor's words and end the socket."""
        ...

    def warn_of_end(self, remaining_s: float) -> None:
        """Time will be up soon."""
        ...

    def apologies(self) -> Sequence[Frame]:
        """What is said when this program broke."""
        ...


class Route(Protocol):
    """A WebSocket route, as far as a connection must know it; see `routes.py`."""

    @property
    def path(self) -> str:
        """As documented by the vendor."""
        ...

    @property
    def vendor(self) -> Vendor:
        """Whose shape refusals wear."""
        ...

    @property
    def kind(self) -> Kind:
        """What a lease is taken for."""
        ...

    def endpoint(self, services: Services, handshake: Handshake, meter: UsageMeter) -> Endpoint:
        """A new endpoint. Raises `Violation` for a handshake that is refused with HTTP."""
        ...


class Life:
    """Signs of life of one connection, for its deadlines."""

    def __init__(self, endpoint: Endpoint, services: Services, *, sees_pings: bool = True) -> None:
        given = endpoint.deadlines
        idle = None if given.idle is None else given.idle + SIGN_EVERY_S
        if idle is not None and given.pings_count and not sees_pings:
            idle *= UNSEEN_PINGS
        policy = DeadlinePolicy(given.first_message, idle, given.session, given.warn_before)
        self._now = services.timers.now
        self._signed = self._now()
        self._warn_before = given.warn_before or 0.0
        self._endpoint = endpoint
        keeper = DeadlineKeeper(policy, self._signed)
        self._driver: Driver[DeadlineEvent, Due] = Driver(keeper, self._perform, services.timers)

    def start(self) -> None:
        """Begin to watch."""
        self._driver.start()

    def sign(self) -> None:
        """The client is alive. Fifty frames a second need not all be told."""
        now = self._now()
        if now - self._signed >= SIGN_EVERY_S:
            self._signed = now
            self._driver.feed(MessageReceived())

    def opened(self) -> None:
        """The message that had to come has come."""
        self._driver.feed(MessageReceived(opening=True))

    def excuse(self, *, silence: bool) -> None:
        """The client may be silent, from now on or no more."""
        self._driver.feed(Excused(until_further_notice=silence))

    def stop(self) -> None:
        """The connection is ending; its time does not matter any more."""
        self._driver.close()

    def _perform(self, due: Due) -> None:
        match due:
            case Due.SESSION_WARNING:
                self._endpoint.warn_of_end(self._warn_before)
            case Due.SESSION:
                self._endpoint.expire(EndReason.TOO_LONG)
            case Due.IDLE | Due.FIRST_MESSAGE:
                self._endpoint.expire(EndReason.IDLE)
            case _:
                assert_never(due)


def read_handshake(scope: Scope) -> Handshake:
    """What dialects may know of a request. Raises `Violation("bad_query")`."""
    return Handshake(scope["path"], read_query(scope.get("query_string", b"")), read_headers(scope["headers"]))


async def serve_connection(services: Services, route: Route, scope: Scope, receive: Receive, send: Send) -> None:
    """Admit or refuse one handshake, and serve the connection."""
    async with AsyncExitStack() as held:
        try:
            endpoint, subprotocol, lease = await _admit(services, route, scope, held)
            await endpoint.prepare()
        except DuologueError as error:
            request_id = services.ids.uuid()
            refusal = refusal_of(route.vendor, error, request_id)
            services.metrics.refused.labels(route.path, str(refusal.status)).inc()
            services.log.info("refused", route=route.path, status=refusal.status, why=str(error), request_id=request_id)
            await refuse_socket(scope, receive, send, refusal)
            return
        services.metrics.admitted.labels(route.path).inc()
        held.enter_context(services.metrics.connections.labels(route.path).track_inprogress())
        socket = Socket(scope, receive, send, services.bounds)
        # Deepgram's name for it, and the one that plugins look for on Cartesia's sockets.
        name = endpoint.request_id.encode()
        await socket.accept(subprotocol, [(b"dg-request-id", name), (b"x-request-id", name)])
        going = Going(endpoint.drain, lambda: socket.end(*GOING_AWAY))
        services.lifecycle.enter(going)
        held.callback(services.lifecycle.leave, going)
        await _converse(services, endpoint, socket, lease, route.path)


async def _admit(
    services: Services, route: Route, scope: Scope, held: AsyncExitStack
) -> tuple[Endpoint, str | None, Lease]:
    """The endpoint, the subprotocol to select and the place taken; what must be given back is put into `held`. Raises `DuologueError`."""
    handshake = read_handshake(scope)
    credentials = read_credentials(handshake)
    await services.admit()
    identity = await services.identify(credentials)
    lease = held.enter_context(services.lease(identity, route.kind))
    meter = services.ledger.open(services.ids.uuid(), identity.key, route.kind.value, route.path)
    held.callback(services.ledger.close, meter)
    endpoint = route.endpoint(services, _without_secrets(handshake), meter)
    held.push_async_callback(endpoint.release)
    return endpoint, credentials.subprotocol, lease


def _without_secrets(handshake: Handshake) -> Handshake:
    """Dialects need no credentials, so they get none."""
    query = {name: value for name, value in handshake.query.values.items() if name not in ("api_key", "access_token")}
    hidden = ("authorization", "x-api-key", "sec-websocket-protocol", "cookie")
    headers = tuple(header for header in handshake.headers if header[0] not in hidden)
    return Handshake(handshake.path, Query(query, handshake.query.members), headers)


async def _converse(services: Services, endpoint: Endpoint, socket: Socket, lease: Lease, path: str) -> None:
    """Run an accepted connection to its goodbye."""
    life = Life(endpoint, services, sees_pings=socket.sees_pings)
    if endpoint.deadlines.pings_count:
        socket.tell_of_pings(life.sign)
    try:
        life.start()
        await _run(endpoint, socket, lease, life)
    except Exception:
        # A bug of ours must cost its own connection and no other: it is told, logged with its trace, and closed.
        services.log.exception("connection_broke", route=path, request_id=endpoint.request_id)
        if socket.ending is None:
            for frame in endpoint.apologies():
                socket.tell(frame)
        socket.end(*BROKEN)
        with suppress(TimeoutError):
            async with asyncio.timeout(FLUSH_S):
                await socket.write()
    finally:
        life.stop()
    lease.release()  # before the goodbye: a client that has read it may connect again at once
    await socket.close()
    code, _ = socket.ending or (1000, "")
    services.metrics.closed.labels(path, str(code)).inc()


async def _run(endpoint: Endpoint, socket: Socket, lease: Lease, life: Life) -> None:
    async with asyncio.TaskGroup() as tasks:
        writer = tasks.create_task(socket.write())
        work = tasks.create_task(endpoint.run(socket, life))
        work.add_done_callback(lambda done: _ended(done, socket))
        await socket.ended()
        if socket.ending == LEFT:
            lease.release()  # nobody is connected any more; what is still to be put away here is no concern of the next one
        work.cancel()
        await asyncio.wait([writer], timeout=FLUSH_S)
        writer.cancel()


def _ended(work: asyncio.Task[None], socket: Socket) -> None:
    """An endpoint that returns has nothing more to say; one that raised is dealt with by `_converse`."""
    if not work.cancelled() and work.exception() is None:
        socket.end(1000, "")
