"""The TCP server, on loopback and in virtual time."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
from collections.abc import Awaitable, Callable
from typing import Any

import numpy as np
import pytest

from duologue.bridge.call import Call
from duologue.bridge.events import CallEvents
from duologue.bridge.ingress.audiosocket import GOODBYE_S, AudioSocketPolicy, AudioSocketServer
from duologue.bridge.reception import Reception
from duologue.bridge.scenario import Scenario, ScenarioSession
from duologue.errors import Violation
from duologue.runtime.driver import Timers
from tests.bridge.audiosocket_peer import DIALPLAN_UUID, AudioSocketPeer
from tests.bridge.handset import reception_for
from tests.bridge.loopback import run
from tests.bridge.tones import keys_in

Main = Callable[[AudioSocketServer, Reception], Awaitable[None]]


async def answer_it(call: Call, session: ScenarioSession) -> None:
    await call.answer()


def listening(scenario: Scenario = answer_it, **policy: Any) -> Callable[[Main], None]:
    """Run a test against a server; nothing may be left when it ends."""

    def play(main: Main) -> None:
        async def whole() -> None:
            reception = reception_for(scenario)
            server = AudioSocketServer(
                AudioSocketPolicy(port=0, **policy), reception.take, Timers(asyncio.get_running_loop())
            )
            await server.start()
            try:
                await main(server, reception)
            finally:
                await reception.close()
                await server.close()

        run(whole())

    return play


def test_a_call_comes_in_with_its_keys_and_ends_when_the_caller_hangs_up() -> None:
    seen: list[str] = []

    async def scenario(call: Call, session: ScenarioSession) -> None:
        seen.append(f"{call.facts.ingress} {call.facts.call_id} {call.rate}")
        call.handle_tones()
        call.on(CallEvents.ToneReceived, lambda tone: seen.append(tone.tone))
        call.on(CallEvents.Disconnected, lambda over: seen.append(over.reason))
        await call.answer()

    @listening(scenario)
    async def _(server: AudioSocketServer, reception: Reception) -> None:
        asterisk = await AudioSocketPeer(server.port).dial()
        await asterisk.speak(b"\1\0" * 1600)
        asterisk.press("5")
        asterisk.press("#")
        await asyncio.sleep(0.1)
        assert reception.calls == 1
        await asterisk.hang_up()
        await asyncio.sleep(0.1)
        assert seen == [f"audiosocket {DIALPLAN_UUID} 8000", "5", "#", "the caller hung up"]
        assert reception.calls == 0


def test_the_line_is_never_silent_for_more_than_a_frame() -> None:
    @listening()
    async def _(server: AudioSocketServer, reception: Reception) -> None:
        asterisk = await AudioSocketPeer(server.port).dial()
        await asterisk.speak(bytes(320))
        await asyncio.sleep(3.0)
        times = [at for at, _ in asterisk.frames]
        assert len(times) == pytest.approx(150, abs=2)
        assert max(np.diff(times)) < 0.021
        assert {len(payload) for _, payload in asterisk.frames} == {320}
        await asterisk.hang_up()


def test_our_keys_are_heard_as_tones_and_our_hang_up_as_a_frame() -> None:
    async def scenario(call: Call, session: ScenarioSession) -> None:
        await call.answer()
        call.send_digits("159p*0#")
        session.after(3, call.hangup)

    @listening(scenario)
    async def _(server: AudioSocketServer, reception: Reception) -> None:
        asterisk = await AudioSocketPeer(server.port).dial()
        await asterisk.speak(bytes(320))
        assert await asterisk.over() == "hang up"
        assert keys_in(asterisk.samples, 8_000) == "159*0#"
        await asterisk.hang_up()


def test_a_wideband_channel_is_heard_and_answered_at_its_own_rate() -> None:
    rates: list[int] = []

    async def scenario(call: Call, session: ScenarioSession) -> None:
        rates.append(call.rate)
        await call.answer()
        call.send_digits("7")

    @listening(scenario)
    async def _(server: AudioSocketServer, reception: Reception) -> None:
        asterisk = await AudioSocketPeer(server.port).dial()
        await asterisk.speak(bytes(6400), kind=0x12, frame=640)
        await asyncio.sleep(0.5)
        assert rates == [16_000]
        assert keys_in(asterisk.samples, 16_000) == "7"
        await asterisk.hang_up()


@pytest.mark.parametrize("said", [b"GET / HTTP/1.1\r\n\r\n", b"", b"\1\0"])
def test_strangers_are_hung_up_on_and_reach_nobody(said: bytes) -> None:
    @listening(identify_s=2.0)
    async def _(server: AudioSocketServer, reception: Reception) -> None:
        stranger = await AudioSocketPeer(server.port).dial(None)
        stranger.send_raw(said)
        await stranger.over()
        assert asyncio.get_running_loop().time() <= 2.1
        assert (reception.calls, stranger.frames) == (0, [])
        await stranger.hang_up()


def test_uuids_may_name_agents_and_others_may_be_refused() -> None:
    custom: list[dict[str, str]] = []

    async def scenario(call: Call, session: ScenarioSession) -> None:
        custom.append(dict(call.facts.custom))
        await call.answer()

    @listening(scenario, agents={str(DIALPLAN_UUID): "pizza"}, known_only=True)
    async def _(server: AudioSocketServer, reception: Reception) -> None:
        known = await AudioSocketPeer(server.port).dial()
        await known.speak(bytes(320))
        unknown = await AudioSocketPeer(server.port).dial(type(DIALPLAN_UUID)(int=7))
        await unknown.speak(bytes(320))
        assert await unknown.over() == "hang up"
        assert (custom, reception.calls) == ([{"agent": "pizza"}], 1)
        await known.hang_up()
        await unknown.hang_up()


def test_one_connection_too_many_is_hung_up_on() -> None:
    @listening(max_connections=1)
    async def _(server: AudioSocketServer, reception: Reception) -> None:
        first = await AudioSocketPeer(server.port).dial(None)
        await asyncio.sleep(0.1)
        second = await AudioSocketPeer(server.port).dial(None)
        assert await second.over() == "hang up"
        await first.hang_up()
        await second.hang_up()


def test_the_server_goes_and_every_call_ends() -> None:
    reasons: list[str] = []

    async def scenario(call: Call, session: ScenarioSession) -> None:
        call.on(CallEvents.Disconnected, lambda over: reasons.append(over.reason))
        await call.answer()

    async def main() -> None:
        reception = reception_for(scenario)
        server = AudioSocketServer(AudioSocketPolicy(port=0), reception.take, Timers(asyncio.get_running_loop()))
        await server.start()
        peers = [await AudioSocketPeer(server.port).dial() for _ in range(3)]
        for peer in peers:
            await peer.speak(bytes(320))
        await server.close()
        assert reasons == ["the server is going"] * 3
        for peer in peers:
            assert await peer.over() == "hang up"
            await peer.hang_up()
        await reception.close()

    run(main())


def test_a_peer_that_does_not_read_holds_neither_its_place_nor_the_end_of_the_server() -> None:
    @listening()
    async def _(server: AudioSocketServer, reception: Reception) -> None:
        assert server._server is not None
        server._server.sockets[0].setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        with socket.socket() as peer:
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
            peer.connect(("127.0.0.1", server.port))
            # Its audio is wide, so that what the kernel keeps for it is soon full.
            peer.sendall(b"\x01\x00\x10" + DIALPLAN_UUID.bytes + b"\x16\x07\x80" + bytes(1920))
            await asyncio.sleep(0.1)
            [call] = server._calls
            for _ in range(1_000):
                if call._writer.transport.get_write_buffer_size():
                    break
                await asyncio.sleep(0.02)
            assert call._writer.transport.get_write_buffer_size()
            call.hangup("enough")
            await asyncio.sleep(GOODBYE_S / 2)
            assert server._calls, "what is on the way may still be taken"
            await asyncio.sleep(GOODBYE_S)
            assert not server._calls


def test_a_transfer_is_not_for_this_wire() -> None:
    failed: list[str] = []

    async def scenario(call: Call, session: ScenarioSession) -> None:
        call.on(CallEvents.TransferFailed, lambda event: failed.append(event.reason))
        await call.answer()
        call.transfer_to("100")

    @listening(scenario)
    async def _(server: AudioSocketServer, reception: Reception) -> None:
        asterisk = await AudioSocketPeer(server.port).dial()
        await asterisk.speak(bytes(320))
        await asyncio.sleep(0.1)
        assert "dialplan" in failed[0]
        await asterisk.hang_up()


def test_a_port_that_is_taken_is_named() -> None:
    @listening()
    async def _(server: AudioSocketServer, reception: Reception) -> None:
        second = AudioSocketServer(
            AudioSocketPolicy(port=server.port), reception.take, Timers(asyncio.get_running_loop())
        )
        with pytest.raises(Violation) as caught:
            await second.start()
        assert caught.value.path == "bridge.audiosocket.listen"
        assert f"127.0.0.1:{server.port}: {os.strerror(errno.EADDRINUSE)}. Give another" in str(caught.value)
        await second.close()
