"""Twilio's paths and the control URLs, asked in memory and in virtual time."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import parse_qsl, unquote_plus, urlsplit
from xml.etree import ElementTree

import pytest

from duologue.bridge.call import Call
from duologue.bridge.events import CallEvents, SessionEvents
from duologue.bridge.ingress.twilio import Twilio, TwilioAccount
from duologue.bridge.reception import Reception
from duologue.bridge.scenario import Scenario, ScenarioSession
from duologue.bridge.ways_in import MAX_BODY, WaysIn
from duologue.errors import Violation
from duologue.server.asgi import AsgiMessage, Receive, Scope, Send
from duologue.server.socket import SocketBounds
from duologue.sim.wire import MemorySocket, Rejected
from tests.bridge.handset import Handset, reception_for
from tests.bridge.loopback import run
from tests.bridge.twilio_peer import PUBLIC, TOKEN, TwilioPeer, signature, webhook

SECRET = "a secret of sufficient length"
NOW = 1_800_000_000.0


@dataclass
class Answer:
    """Of an HTTP request."""

    status: int
    body: bytes
    kind: str


class House:
    """The ways in, without a server around them."""

    def __init__(self, scenario: Scenario, **account: Any) -> None:
        self.reception: Reception = reception_for(scenario)
        self.wall = NOW
        twilio = Twilio(TwilioAccount(PUBLIC, TOKEN, **account), self.reception.take, lambda: self.wall)
        self.ways = WaysIn(self.reception, twilio, None, SocketBounds(), SECRET)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        serve = self.ways.find(scope)
        assert serve is not None
        await serve(scope, receive, send)

    async def ask(
        self, method: str, target: str, body: bytes = b"", headers: list[tuple[bytes, bytes]] | None = None
    ) -> Answer:
        path, _, query = target.partition("?")
        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "query_string": query.encode(),
            "headers": headers or [],
        }
        answered: list[AsgiMessage] = []
        halves = [body[: len(body) // 2], body[len(body) // 2 :]]

        async def receive() -> AsgiMessage:
            return {"type": "http.request", "body": halves.pop(0), "more_body": bool(halves)}

        async def send(message: AsgiMessage) -> None:
            answered.append(message)

        await self(scope, receive, send)
        headers_out = dict(answered[0]["headers"])
        assert headers_out[b"content-length"] == str(len(answered[1]["body"])).encode()
        kind = headers_out.get(b"content-type", b"").decode()
        return Answer(answered[0]["status"], answered[1]["body"], kind)

    async def stream_url(self, call: str = "CA33") -> str:
        """What the webhook tells Twilio to connect to."""
        answer = await self.ask("POST", "/twilio/voice", *webhook(call))
        stream = ElementTree.fromstring(answer.body).find("Connect/Stream")
        assert stream is not None
        return stream.attrib["url"]

    async def connect(self, url: str, signed: str | None = None, **peer: Any) -> tuple[TwilioPeer, MemorySocket]:
        """Open the media socket, as Twilio does."""
        peers: list[TwilioPeer] = []

        def take(frame: str | bytes) -> None:
            peers[0].take(frame)

        header = (b"x-twilio-signature", (signature(url) if signed is None else signed).encode())
        socket = MemorySocket(self, urlsplit(url).path, take, headers=[header])
        twilio = TwilioPeer(socket.send, **peer)
        peers.append(twilio)
        await socket.connect()
        return twilio, socket


async def answer_it(call: Call, session: ScenarioSession) -> None:
    await call.answer()


def in_house(scenario: Scenario = answer_it, **account: Any) -> Callable[[Callable[[House], Awaitable[None]]], None]:
    """Run a test in virtual time; nothing may be left when it ends."""

    def play(main: Callable[[House], Awaitable[None]]) -> None:
        async def whole() -> None:
            house = House(scenario, **account)
            try:
                await main(house)
            finally:
                await house.ways.stop()

        run(whole())

    return play


def test_the_webhook_tells_twilio_to_connect_the_call_to_an_address_of_its_own() -> None:
    @in_house()
    async def _(house: House) -> None:
        answer = await house.ask("POST", "/twilio/voice", *webhook(CallerName="O'Brien & <sons>"))
        assert (answer.status, answer.kind) == (200, "text/xml; charset=utf-8")
        root = ElementTree.fromstring(answer.body)
        stream = root.find("Connect/Stream")
        assert stream is not None
        url = urlsplit(stream.attrib["url"])
        assert (url.scheme, url.netloc, url.query) == ("wss", "voice.example.org", "")
        assert url.path.startswith("/twilio/media/CA33/")
        assert stream.attrib["statusCallback"] == f"{PUBLIC}/twilio/status"
        parameters = {each.attrib["name"]: each.attrib["value"] for each in stream}
        assert parameters == {"from": "+14155550100", "to": "+14155550199", "name": "O'Brien & <sons>"}
        assert await house.stream_url("CA1") != await house.stream_url("CA2")


def test_a_get_webhook_is_signed_by_its_query() -> None:
    @in_house()
    async def _(house: House) -> None:
        query = "CallSid=CA33&From=%2B1&lang=en"
        good = (b"x-twilio-signature", signature(f"{PUBLIC}/twilio/voice?{query}").encode())
        assert (await house.ask("GET", f"/twilio/voice?{query}", b"", [good])).status == 200
        assert (await house.ask("GET", f"/twilio/voice?{query}x", b"", [good])).status == 403


def test_a_number_chooses_its_agent_by_the_query_of_its_webhook() -> None:
    @in_house()
    async def _(house: House) -> None:
        body, headers = webhook()
        form = dict(parse_qsl(body.decode()))
        signed = (b"x-twilio-signature", signature(f"{PUBLIC}/twilio/voice?agent=pizza", form).encode())
        answer = await house.ask("POST", "/twilio/voice?agent=pizza", body, [headers[0], signed])
        assert b'<Parameter name="agent" value="pizza" />' in answer.body
        assert (await house.ask("POST", "/twilio/voice?agent=other", body, [headers[0], signed])).status == 403


def test_who_is_not_twilio_gets_403() -> None:
    @in_house(sid="AC22")
    async def _(house: House) -> None:
        body, headers = webhook()
        for wrong in (headers[:1], webhook(token="another")[1], [headers[0], (b"x-twilio-signature", b"")]):
            answer = await house.ask("POST", "/twilio/voice", body, wrong)
            assert (answer.status, json.loads(answer.body)["error"]) == (403, "forbidden")
        assert (await house.ask("POST", "/twilio/voice", body + b"&More=1", headers)).status == 403
        assert (await house.ask("POST", "/twilio/voice", *webhook(AccountSid="AC99"))).status == 403
        assert (await house.ask("POST", "/twilio/status", body, headers)).status == 403
        assert (await house.ask("PUT", "/twilio/voice", body, headers)).status == 405
        assert (await house.ask("POST", "/twilio/voice", b"x" * (MAX_BODY + 1), headers)).status == 413


def test_a_status_callback_is_noted() -> None:
    @in_house()
    async def _(house: House) -> None:
        body = b"CallSid=CA33&StreamEvent=stream-error&StreamError=31921"
        form = {"CallSid": "CA33", "StreamEvent": "stream-error", "StreamError": "31921"}
        headers = [
            (b"content-type", b"application/x-www-form-urlencoded"),
            (b"x-twilio-signature", signature(f"{PUBLIC}/twilio/status", form).encode()),
        ]
        assert (await house.ask("POST", "/twilio/status", body, headers)).status == 204


def test_a_busy_line_is_told_before_the_call_is_answered() -> None:
    @in_house()
    async def _(house: House) -> None:
        callers = [Handset().call(house.reception, str(number)) for number in range(100)]
        answer = await house.ask("POST", "/twilio/voice", *webhook())
        assert b'<Reject reason="busy" />' in answer.body
        callers[0].hang_up()


def test_a_call_from_webhook_to_hang_up() -> None:
    seen: list[str] = []

    async def scenario(call: Call, session: ScenarioSession) -> None:
        call.handle_tones()
        call.on(CallEvents.ToneReceived, lambda tone: seen.append(f"key {tone.tone}"))
        call.on(CallEvents.Disconnected, lambda over: seen.append(over.reason))
        facts = call.facts
        seen.append(f"{facts.ingress} {facts.call_id} {facts.from_} {facts.to} {dict(facts.custom)}")
        await call.answer()

    @in_house(scenario)
    async def _(house: House) -> None:
        url = await house.stream_url()
        twilio, socket = await house.connect(url)
        assert house.reception.calls == 0
        twilio.start(**{"from": "+1", "to": "+2", "vip": "yes"})
        await asyncio.sleep(0.1)
        assert house.reception.calls == 1
        for digit in "1#":
            twilio.press(digit)
        twilio.media(b"\xff" * 160)
        await asyncio.sleep(0.1)
        twilio.stop()
        await socket.wait_closed()
        await asyncio.sleep(0.1)
        assert seen == ["twilio CA33 +1 +2 {'vip': 'yes'}", "key 1", "key #", "the caller hung up"]
        assert (house.reception.calls, socket.closed) == (0, (1000, "call ended"))


@pytest.mark.parametrize("way", ["late", "twice", "another call", "unsigned", "wrong scheme", "no ticket"])
def test_a_media_socket_opens_for_an_expected_call_only(way: str) -> None:
    @in_house()
    async def _(house: House) -> None:
        url = await house.stream_url()
        signed: str | None = None
        if way == "late":
            house.wall += 200
        elif way == "twice":
            _, socket = await house.connect(url)
            await socket.close()
        elif way == "another call":
            url = url.replace("CA33", "CA34")
        elif way == "unsigned":
            signed = ""
        elif way == "wrong scheme":
            signed = signature("https" + url.removeprefix("wss"))
        else:
            url = f"{url.rpartition('/')[0]}/x"
        with pytest.raises(Rejected) as caught:
            await house.connect(url, signed)
        assert caught.value.status == 403


def test_a_stream_that_starts_as_another_call_is_closed() -> None:
    @in_house()
    async def _(house: House) -> None:
        twilio, socket = await house.connect(await house.stream_url(), call="CA99")
        twilio.start()
        await socket.wait_closed()
        assert socket.closed == (1008, "the stream is another call's")


def test_a_socket_that_never_starts_is_closed() -> None:
    @in_house()
    async def _(house: House) -> None:
        _, socket = await house.connect(await house.stream_url())
        await socket.wait_closed()
        assert (socket.closed, socket.closed_at) == ((1008, "no start"), pytest.approx(10, abs=0.1))


def test_a_stream_that_falls_silent_for_two_minutes_is_over() -> None:
    @in_house()
    async def _(house: House) -> None:
        twilio, socket = await house.connect(await house.stream_url())
        twilio.start()
        await asyncio.sleep(100)
        twilio.media(b"\xff" * 160)
        await asyncio.sleep(119)
        assert house.reception.calls == 1
        await socket.wait_closed()
        assert (socket.closed, socket.closed_at) == ((1000, "call ended"), pytest.approx(220, abs=0.1))


def test_keys_are_pressed_as_tones_and_a_hang_up_closes_the_socket() -> None:
    async def scenario(call: Call, session: ScenarioSession) -> None:
        await call.answer()
        call.send_digits("4#")
        session.after(1, lambda: call.hangup("goodbye"))

    @in_house(scenario)
    async def _(house: House) -> None:
        twilio, socket = await house.connect(await house.stream_url())
        twilio.start()
        await socket.wait_closed()
        assert twilio.kinds == ["media", "media"]
        assert socket.closed == (1000, "call ended")
        assert len(twilio.ear.heard(5.0)) == 2 * round(0.18 * 8_000)


def test_a_transfer_without_an_account_fails_and_the_call_goes_on() -> None:
    failed: list[str] = []

    async def scenario(call: Call, session: ScenarioSession) -> None:
        await call.answer()
        call.on(CallEvents.TransferFailed, lambda event: failed.append(event.reason))
        call.transfer_to("+14155550123")

    @in_house(scenario)
    async def _(house: House) -> None:
        twilio, socket = await house.connect(await house.stream_url())
        twilio.start()
        await asyncio.sleep(1)
        assert len(failed) == 1
        assert "no account is configured" in failed[0]
        assert house.reception.calls == 1
        await socket.close()


def test_the_control_url_takes_what_is_asked_and_gives_headers_that_begin_with_x() -> None:
    asked: list[tuple[str, str, dict[str, str]]] = []
    urls: list[str] = []

    async def scenario(call: Call, session: ScenarioSession) -> None:
        urls.append(session.control_url)
        session.on(
            SessionEvents.HttpRequest, lambda event: asked.append((event.method, event.content, dict(event.headers)))
        )
        await call.answer()

    @in_house(scenario)
    async def _(house: House) -> None:
        caller = Handset().call(house.reception)
        await asyncio.sleep(0.1)
        path = urlsplit(urls[0]).path
        headers = [(b"x-reason", b"r"), (b"authorization", b"secret")]
        answer = await house.ask("POST", f"/prefix{path}/", b'{"action":"end_call"}', headers)
        assert (answer.status, json.loads(answer.body)) == (200, {"status": "ok"})
        assert asked == [("POST", '{"action":"end_call"}', {"x-reason": "r"})]
        assert (await house.ask("GET", path)).status == 200
        assert (await house.ask("POST", f"/sessions/{'0' * 32}")).status == 404
        assert (await house.ask("POST", path, b"x" * (MAX_BODY + 1))).status == 413
        caller.hang_up()
        await asyncio.sleep(0.1)
        assert (await house.ask("POST", path)).status == 404


def test_other_paths_are_the_servers_own() -> None:
    @in_house()
    async def _(house: House) -> None:
        for kind, path in [
            ("http", "/twilio/media/CA33/x"),
            ("websocket", "/twilio/voice"),
            ("websocket", "/sessions/x"),
            ("http", "/healthz"),
            ("http", "/twilio/voice/more"),
        ]:
            assert house.ways.find({"type": kind, "path": path}) is None


@pytest.mark.parametrize("url", ["voice.example.org", "ftp://x", "https://x?y=z", "https://"])
def test_a_public_url_must_be_one(url: str) -> None:
    with pytest.raises(Violation) as caught:
        Twilio(TwilioAccount(url, TOKEN), None, lambda: 0.0)  # type: ignore[arg-type]
    assert caught.value.path == "bridge.twilio.public_url"


class TwilioApi:
    """Twilio's REST interface: answers one status to everything, and remembers what was asked."""

    def __init__(self, status: int, before: Callable[[], Awaitable[None]] | None = None) -> None:
        """`before` is what happens to the call before its answer is sent."""
        self.asked: list[str] = []
        self._before = before
        self._status = status
        self._server: asyncio.Server

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._answer, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        await self._server.wait_closed()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        size = int(head.lower().partition("content-length: ")[2].split()[0])
        body = (await reader.readexactly(size)).decode()
        authorization = next(line for line in head.splitlines() if line.lower().startswith("authorization:"))
        self.asked.append(f"{head.splitlines()[0]} {authorization.split()[-1]} {body}")
        if self._before is not None:
            await self._before()
        writer.write(f"HTTP/1.1 {self._status} X\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{{}}".encode())
        await writer.drain()
        writer.close()
        await writer.wait_closed()


@pytest.mark.parametrize("status", [200, 404])
def test_a_transfer_asks_twilio_to_dial_and_ends_our_part_only_when_it_worked(status: int) -> None:
    told: list[str] = []

    async def scenario(call: Call, session: ScenarioSession) -> None:
        await call.answer()
        call.on(CallEvents.TransferComplete, lambda _: told.append("complete"))
        call.on(CallEvents.TransferFailed, lambda event: told.append(event.reason))
        call.on(CallEvents.Disconnected, lambda event: told.append(event.reason))
        call.transfer_to("+14155550123")

    async def main() -> None:
        async with TwilioApi(status) as api:
            house = House(scenario, sid="AC22", api_url=api.url)
            twilio, socket = await house.connect(await house.stream_url())
            twilio.start()
            await asyncio.sleep(1)
            [asked] = api.asked
            assert asked.startswith("POST /2010-04-01/Accounts/AC22/Calls/CA33.json HTTP/1.1 ")
            assert base64.b64encode(f"AC22:{TOKEN}".encode()).decode() in asked
            assert unquote_plus(asked.split("Twiml=")[1]).endswith("<Response><Dial>+14155550123</Dial></Response>")
            if status == 200:
                await socket.wait_closed()
                assert told == ["complete", "transferred"]
            else:
                assert told == ["Twilio answered 404: {}"]
                assert house.reception.calls == 1
                await socket.close()
            await house.ways.stop()

    run(main())


def test_a_transfer_that_ends_the_stream_before_it_is_answered_has_worked() -> None:
    told: list[str] = []
    peers: list[tuple[TwilioPeer, MemorySocket]] = []
    leaving: list[asyncio.Future[None]] = []

    async def scenario(call: Call, session: ScenarioSession) -> None:
        await call.answer()
        call.on(CallEvents.TransferComplete, lambda _: told.append("complete"))
        call.on(CallEvents.Disconnected, lambda event: told.append(event.reason))
        call.transfer_to("+14155550123")

    async def end_stream() -> None:
        twilio, socket = peers[0]
        twilio.stop()
        leaving.append(asyncio.ensure_future(socket.close()))
        await asyncio.sleep(1)
        assert told == []

    async def main() -> None:
        async with TwilioApi(200, end_stream) as api:
            house = House(scenario, sid="AC22", api_url=api.url)
            peers.append(await house.connect(await house.stream_url()))
            peers[0][0].start()
            await asyncio.sleep(5)
            await leaving[0]
            assert told == ["complete", "transferred"]
            await house.ways.stop()

    run(main())


def test_a_transfer_to_nobody_or_to_a_twilio_that_is_away_fails() -> None:
    told: list[str] = []

    async def scenario(call: Call, session: ScenarioSession) -> None:
        await call.answer()
        call.on(CallEvents.TransferFailed, lambda event: told.append(event.reason))
        call.transfer_to("")
        call.transfer_to("x" * 256)
        call.transfer_to("+1")

    @in_house(scenario, sid="AC22", api_url="http://127.0.0.1:9")
    async def _(house: House) -> None:
        twilio, socket = await house.connect(await house.stream_url())
        twilio.start()
        await asyncio.sleep(1)
        assert ["nobody" in reason for reason in told] == [True, True, False]
        assert told[-1] == "Twilio could not be asked: ConnectError"
        await socket.close()


def test_what_a_stream_says_that_is_wrong_costs_a_log_line_and_not_the_call() -> None:
    @in_house()
    async def _(house: House) -> None:
        twilio, socket = await house.connect(await house.stream_url())
        twilio.start()
        await asyncio.sleep(0.1)
        for wrong in (
            "nonsense",
            '{"event":"media","media":{"payload":"?"}}',
            '{"event":"error","payload":{"code":1}}',
        ):
            socket.send(wrong)
        await asyncio.sleep(0.1)
        assert (house.reception.calls, socket.closed) == (1, None)
        socket.send("x" * 600_000)
        await socket.wait_closed()
        assert socket.closed is not None
        assert socket.closed[0] == 1008


STARTS = {
    "telnyx": {
        "event": "start",
        "stream_id": "st-1",
        "start": {
            "call_control_id": "v3:abc",
            "from": "+1",
            "to": "+2",
            "media_format": {"encoding": "PCMA", "sample_rate": 8000, "channels": 1},
        },
    },
    "plivo": {
        "event": "start",
        "start": {
            "callId": "c-1",
            "streamId": "s-1",
            "mediaFormat": {"encoding": "audio/x-l16", "sampleRate": 16000},
        },
        "extra_headers": '{"from":"+1","to":"+2","vip":"yes"}',
    },
    "voxengine": {
        "event": "start",
        "sequenceNumber": "0",
        "start": {
            "tag": "caller",
            "mediaFormat": {"encoding": "ULAW", "sampleRate": 8000},
            "customParameters": '{"from":"+1","to":"+2"}',
        },
    },
}


@pytest.mark.parametrize("service", STARTS)
def test_streams_of_other_services_come_in_by_a_secret_in_their_path(service: str) -> None:
    seen: list[str] = []
    sent: list[dict[str, Any]] = []

    async def scenario(call: Call, session: ScenarioSession) -> None:
        await call.answer()
        seen.append(f"{call.facts.ingress} {call.facts.from_} {call.facts.to} {call.rate}")
        call.send_digits("7")

    @in_house(scenario)
    async def _(house: House) -> None:
        socket = MemorySocket(house, f"/prefix/media/{service}/{SECRET}/", lambda frame: sent.append(json.loads(frame)))
        await socket.connect()
        socket.send(json.dumps(STARTS[service]))
        await asyncio.sleep(0.1)
        assert house.reception.calls == 1
        assert [message["event"] for message in sent] == {
            "telnyx": ["media"],
            "plivo": ["sendDTMF"],
            "voxengine": ["start", "media"],
        }[service]
        assert seen == [f"{service} +1 +2 {16000 if service == 'plivo' else 8000}"]
        await socket.close()
        await asyncio.sleep(0.1)
        assert house.reception.calls == 0


@pytest.mark.parametrize("path", ["telnyx/another secret of this length", "telnyx/x"])
def test_a_wrong_secret_is_403(path: str) -> None:
    @in_house()
    async def _(house: House) -> None:
        with pytest.raises(Rejected) as caught:
            await MemorySocket(house, f"/media/{path}", lambda _: None).connect()
        assert caught.value.status == 403


def test_services_that_are_signed_or_unknown_have_no_such_path() -> None:
    @in_house()
    async def _(house: House) -> None:
        for name in ("twilio", "vonage"):
            assert house.ways.find({"type": "websocket", "path": f"/media/{name}/{SECRET}"}) is None
        house.ways._stream_secret = ""
        assert house.ways.find({"type": "websocket", "path": "/media/telnyx/"}) is None
        assert house.ways.find({"type": "websocket", "path": f"/media/telnyx/{SECRET}"}) is None


def test_where_a_service_has_no_marks_our_clock_stands_for_them() -> None:
    played: list[tuple[str, float]] = []

    async def scenario(call: Call, session: ScenarioSession) -> None:
        await call.answer()
        await session.over

    @in_house(scenario)
    async def _(house: House) -> None:
        taken: list[Any] = []
        take = house.reception.take

        def watch(ingress: Any, facts: Any, audio: Any) -> Any:
            taken.append(ingress)
            call: Any = take(ingress, facts, audio)
            call.played = lambda name: played.append((name, round(asyncio.get_running_loop().time(), 3)))
            return call

        house.reception.take = watch  # type: ignore[method-assign]
        socket = MemorySocket(house, f"/media/voxengine/{SECRET}", lambda _: None)
        await socket.connect()
        socket.send(json.dumps(STARTS["voxengine"]))
        await asyncio.sleep(1)
        [stream] = taken
        for name in ("a", "b"):
            stream.audio_out(b"\x7e" * 800)
            stream.mark(name)
        await asyncio.sleep(1)
        assert played == [("a", 1.1), ("b", 1.2)]
        await socket.close()


def test_a_service_that_confirms_a_clear_answers_the_mark_behind_it() -> None:
    played: list[tuple[str, float]] = []

    async def scenario(call: Call, session: ScenarioSession) -> None:
        await call.answer()
        await session.over

    @in_house(scenario)
    async def _(house: House) -> None:
        taken: list[Any] = []
        take = house.reception.take

        def watch(ingress: Any, facts: Any, audio: Any) -> Any:
            taken.append(ingress)
            call: Any = take(ingress, facts, audio)
            call.played = lambda name: played.append((name, round(asyncio.get_running_loop().time(), 3)))
            return call

        house.reception.take = watch  # type: ignore[method-assign]
        socket = MemorySocket(house, f"/media/plivo/{SECRET}", lambda _: None)
        await socket.connect()
        socket.send(json.dumps(STARTS["plivo"]))
        cleared = json.dumps({"event": "clearedAudio", "streamId": "s-1"})
        socket.send(cleared)  # of nothing we asked for
        await asyncio.sleep(1)
        [stream] = taken
        stream.audio_out(b"\x7e" * 640)
        stream.mark("a")
        stream.clear()
        stream.mark("b")
        stream.audio_out(b"\x7e" * 640)
        stream.mark("c")
        await asyncio.sleep(0.1)
        socket.send(cleared)
        await asyncio.sleep(0.1)
        assert played == [("b", 1.1)]
        await socket.close()


@pytest.mark.parametrize("target", ["", "\ud800", "+1\x00", "1" * 256])
def test_a_transfer_to_nobody_fails_and_the_call_goes_on(target: str) -> None:
    told: list[str] = []

    async def scenario(call: Call, session: ScenarioSession) -> None:
        await call.answer()
        call.on(CallEvents.TransferFailed, lambda event: told.append(event.reason))
        call.transfer_to(target)

    async def main() -> None:
        house = House(scenario, sid="AC22", api_url="http://127.0.0.1:9")
        twilio, socket = await house.connect(await house.stream_url())
        twilio.start()
        await asyncio.sleep(1)
        assert told == ["target: nobody to transfer to; expected a number or sip: address"]
        assert house.reception.calls == 1
        await socket.close()
        await house.ways.stop()

    run(main())
