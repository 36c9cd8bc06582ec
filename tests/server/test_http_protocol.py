"""How long a client may do nothing over HTTP, in virtual time; `test_hostile_clients.py` has it on real sockets."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import uvicorn
from uvicorn.server import ServerState

from duologue.server.http_protocol import PORTION_EVENTS, HttpPatience, HttpProtocol, http_protocol
from duologue.sim.clock import run

REQUEST = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n"


class Wire(asyncio.Transport):
    """A client's connection: what was written to it, and how it ended."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.end = ""
        self.ended_at = 0.0
        self.reading = True

    def write(self, data: Any) -> None:
        self.written += bytes(data)

    def close(self) -> None:
        self._end("closed")

    def abort(self) -> None:
        self._end("aborted")

    def is_closing(self) -> bool:
        return bool(self.end)

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True

    def _end(self, how: str) -> None:
        if not self.end:
            self.end, self.ended_at = how, asyncio.get_running_loop().time()


async def answer(scope: Any, receive: Any, send: Any) -> None:
    """An application that reads what there is and says hello."""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect" or not message.get("more_body"):
            break
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"5")]})
    await send({"type": "http.response.body", "body": b"hello"})


def connection(
    client: Callable[[HttpProtocol, Wire], Awaitable[None]], app: Any = answer, reader_s: float = 300.0
) -> tuple[str, float, bytes]:
    """How a connection with this client ends, when, and what was written to it. `""` when it does not within ten minutes."""

    async def main() -> tuple[str, float, bytes]:
        config = uvicorn.Config(app, http=http_protocol(reader_s), log_config=None, lifespan="off")
        config.load()
        protocol = http_protocol(reader_s)(config=config, server_state=ServerState(), app_state={})
        wire = Wire()
        protocol.connection_made(wire)
        await client(protocol, wire)
        await asyncio.sleep(600.0 - asyncio.get_running_loop().time())
        protocol.connection_lost(None)
        await asyncio.sleep(1.0)
        return wire.end, wire.ended_at, wire.written

    return run(main())


def sends(*said: tuple[float, bytes]) -> Callable[[HttpProtocol, Wire], Awaitable[None]]:
    """A client that says this, each after so many seconds."""

    async def client(protocol: HttpProtocol, wire: Wire) -> None:
        for after, data in said:
            await asyncio.sleep(after)
            if not wire.end:
                protocol.data_received(data)

    return client


def test_a_client_that_says_nothing_is_sent_away() -> None:
    assert connection(sends()) == (
        "closed",
        20.0,
        b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n",
    )


def test_a_head_that_comes_a_byte_at_a_time_is_no_sign_of_life() -> None:
    end, at, _ = connection(sends(*((1.0, bytes([byte])) for byte in REQUEST * 5)))
    assert (end, at) == ("closed", 20.0)


def test_between_two_requests_uvicorns_own_rule_holds_and_a_second_head_has_its_own_time() -> None:
    end, at, written = connection(sends((0.0, REQUEST)))
    assert (end, at, written[-5:]) == ("closed", 5.0, b"hello")
    end, at, written = connection(sends((0.0, REQUEST), (4.0, b"GET")))
    assert (end, at) == ("closed", 25.0)
    assert b"hello" in written


def test_a_body_may_take_its_time_as_long_as_it_comes() -> None:
    end, at, written = connection(sends((0.0, POST), *((50.0, b"x") for _ in range(10))))
    assert (end, at, written[-5:]) == ("closed", 505.0, b"hello")


def test_a_body_that_stops_coming_ends_the_connection_and_the_application_is_told() -> None:
    told: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        while (message := await receive())["type"] != "http.disconnect":
            told.append(message["type"])
        told.append("left")

    async def client(protocol: HttpProtocol, wire: Wire) -> None:
        protocol.data_received(POST + b"abc")
        await asyncio.sleep(70.0)
        protocol.connection_lost(None)

    assert connection(client, app)[:2] == ("aborted", 60.0)
    assert told[-1] == "left"


def test_a_body_that_the_application_does_not_want_yet_is_not_missed() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await asyncio.sleep(400.0)
        await answer(scope, receive, send)

    large = POST.replace(b"10", b"200000")

    async def client(protocol: HttpProtocol, wire: Wire) -> None:
        protocol.data_received(large + bytes(100_000))
        await asyncio.sleep(402.0)
        protocol.data_received(bytes(100_000))

    end, at, written = connection(client, app)
    assert (end, at, written[-5:]) == ("closed", 407.0, b"hello")


def test_an_answer_that_nobody_takes_ends_the_connection() -> None:
    async def client(protocol: HttpProtocol, wire: Wire) -> None:
        protocol.data_received(REQUEST)
        protocol.pause_writing()
        await asyncio.sleep(100.0)
        protocol.resume_writing()
        protocol.pause_writing()

    assert connection(client, reader_s=200.0)[:2] == ("aborted", 300.0)
    assert connection(client)[:2] == ("aborted", 400.0)


def test_an_answer_that_is_being_made_takes_as_long_as_it_takes() -> None:
    async def slow(scope: Any, receive: Any, send: Any) -> None:
        await asyncio.sleep(500.0)
        await answer(scope, receive, send)

    end, at, written = connection(sends((0.0, REQUEST)), slow)
    assert (end, at, written[-5:]) == ("closed", 505.0, b"hello")


def test_the_patience_is_that_of_the_configuration() -> None:
    assert http_protocol(7.0).patience == HttpPatience(reader_s=7.0)


CHUNKED = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"


def test_a_body_of_tiny_chunks_is_taken_apart_in_portions_between_which_others_have_their_turn() -> None:
    bodies: list[bytes] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        while (message := await receive()).get("more_body"):
            bodies.append(message["body"])
        bodies.append(message["body"])
        await answer(scope, receive_nothing, send)

    async def receive_nothing() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def client(protocol: HttpProtocol, wire: Wire) -> None:
        protocol.data_received(CHUNKED + b"1\r\na\r\n" * 5_000)
        assert not wire.reading, "nothing more is read before this is handled"
        turns = 1
        while not wire.reading:
            turns += 1
            await asyncio.sleep(0)
        assert turns >= 5_000 // PORTION_EVENTS
        protocol.data_received(b"2\r\nbc\r\n0\r\n\r\n")

    _, _, written = connection(client, app)
    assert written[-5:] == b"hello"
    assert b"".join(bodies) == b"a" * 5_000 + b"bc"
    assert max(len(body) for body in bodies) <= 2 * PORTION_EVENTS


def test_a_body_behind_which_nobody_waits_any_more_is_passed_over() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"5")]})
        await send({"type": "http.response.body", "body": b"early"})

    async def client(protocol: HttpProtocol, wire: Wire) -> None:
        protocol.data_received(CHUNKED + b"1\r\na\r\n" * 5_000 + b"0\r\n\r\n" + REQUEST)
        await asyncio.sleep(1.0)
        assert wire.reading

    _, _, written = connection(client, app)
    assert written.count(b"early") == 2


def test_a_connection_is_good_for_more_after_a_large_body_that_was_not_wanted() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        await answer(scope, nothing, send)

    async def nothing() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def client(protocol: HttpProtocol, wire: Wire) -> None:
        large = b"%x\r\n%s\r\n" % (70_000, b"x" * 70_000)
        protocol.data_received(CHUNKED + large + b"1\r\na\r\n" * 5_000)
        await asyncio.sleep(1.0)
        assert wire.reading, "the rest of the body has to be passed over"
        protocol.data_received(b"0\r\n\r\n" + REQUEST)

    assert connection(client, app)[2].count(b"hello") == 2


def test_nothing_more_is_handled_of_a_connection_that_is_closing() -> None:
    bodies: list[bytes] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        while (message := await receive())["type"] != "http.disconnect":
            bodies.append(message["body"])

    async def client(protocol: HttpProtocol, wire: Wire) -> None:
        protocol.data_received(CHUNKED + b"1\r\na\r\n" * 5_000)
        wire.close()

    connection(client, app)
    assert len(b"".join(bodies)) <= PORTION_EVENTS
