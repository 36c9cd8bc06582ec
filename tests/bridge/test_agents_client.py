"""The agents' client against this very server, in memory and virtual time; its rules one by one are in `test_conformance`."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from duologue.audio.formats import AudioFormat, Encoding
from duologue.bridge import (
    AgentNotFound,
    AgentsClient,
    AgentsEvents,
    Call,
    CloseReason,
    ConnectionFailed,
    Events,
    create_agents_client,
    send_media_between,
)
from duologue.bridge.agent_events import AgentEvent, ClientClosing
from duologue.bridge.context import ScenarioContext
from duologue.bridge.ingress.ingress import CallFacts
from duologue.bridge.media import MediaEnded
from duologue.bridge.playout import MarkedPlayout
from duologue.errors import Violation
from duologue.sim.clock import run
from tests.bridge.memory_network import MemoryNetwork
from tests.bridge.stage import Ear, ScriptedNetwork, ScriptedPeer, stage
from tests.server.driving import application
from tests.server.test_call_stream import desk

TELEPHONE = AudioFormat(Encoding.MULAW, 8_000)
LONG = "One two three four five six seven eight nine ten eleven twelve."


class FarTelephone:
    """A telephone whose loudspeaker plays everything `late_s` after it was sent, and answers marks when it has."""

    def __init__(self, context: ScenarioContext, late_s: float) -> None:
        self._context = context
        self._late_s = late_s
        self._silent_at = 0.0
        self._epoch = 0
        self.call: Call | None = None
        self.cleared_at: list[float] = []
        self.heard_s = 0.0
        """Seconds that came out of the loudspeaker before the first clear."""

    def audio_out(self, payload: bytes) -> None:
        now = self._context.now()
        began = max(now + self._late_s, self._silent_at)
        self._silent_at = began + len(payload) / 8_000
        asyncio.get_running_loop().call_at(self._silent_at, self._sounded, self._epoch, len(payload) / 8_000)

    def _sounded(self, epoch: int, seconds: float) -> None:
        if epoch == self._epoch and not self.cleared_at:
            self.heard_s += seconds

    def mark(self, name: str) -> None:
        asyncio.get_running_loop().call_at(self._silent_at, self._answer, self._epoch, name)

    def _answer(self, epoch: int, name: str) -> None:
        if epoch == self._epoch and self.call is not None:
            self.call.played(name)

    def clear(self) -> None:
        self.cleared_at.append(self._context.now())
        self._epoch += 1
        self._silent_at = 0.0

    def dtmf_out(self, digits: str) -> None:
        """Nobody listens."""

    def hangup(self, reason: str = "") -> None:
        if self.call is not None:
            self.call.hangup_in(reason)

    def transfer(self, target: str) -> None:
        """Nowhere to."""


async def talk(call: Call, seconds: float) -> None:
    """The caller's line is open: 20 ms frames of its background."""
    for _ in range(round(seconds * 50)):
        call.audio_in(b"\xff" * 160)
        await asyncio.sleep(0.02)


def watching(sessions: list[Any]) -> Callable[[Any], None]:
    def watch(session: Any) -> Any:
        sessions.append(session)
        return lambda *_: None

    return lambda services: setattr(services, "watch", watch)


def test_a_call_is_held_with_an_agent_of_this_server() -> None:
    async def main() -> None:
        async with application(desk("2.0-3.0 good morning")) as app:
            context = stage(network=MemoryNetwork(app))
            phone = Ear(context)
            async with AgentsClient.session(agent_id="desk", api_key="key", context=context) as client:
                ended: list[MediaEnded] = []
                client.on(Events.WebSocketMediaEnded, ended.append)
                send_media_between(phone, client)
                ack = await client.start(metadata={"from": "+15550100"})
                assert ack.config["input_format"] == "mulaw_8000"
                assert ack.agent["id"] == "desk"
                assert ack.call_id
                for _ in range(400):
                    phone.give(np.zeros(160, np.float32))
                    await asyncio.sleep(0.02)
                assert len(ended) == 2, "the introduction and one answer"
                assert len(phone.heard) * 0.02 == pytest.approx(
                    sum(run.media_info.duration for run in ended) / 1000, abs=0.05
                )
            assert client.closed
            await context.close()

    run(main())


def test_an_agent_there_is_not_is_said_when_connecting() -> None:
    async def main() -> None:
        async with application(desk()) as app:
            with pytest.raises(AgentNotFound, match="Did you mean 'desk'"):
                await create_agents_client(agent_id="desc", api_key="key", context=stage(network=MemoryNetwork(app)))

    run(main())


@pytest.mark.parametrize("late_s", [0.05, 0.4])
def test_the_history_after_a_barge_in_is_what_the_telephone_played(late_s: float) -> None:
    async def main() -> None:
        sessions: list[Any] = []
        values = desk("1.5-2.5 stop please", introduction=LONG)
        async with application(values, watching(sessions)) as app:
            context = stage(network=MemoryNetwork(app))
            telephone = FarTelephone(context, late_s)
            call = Call(telephone, CallFacts("test", "c"), TELEPHONE, MarkedPlayout(8_000), context)
            telephone.call = call
            call.answer()
            client = await create_agents_client(agent_id="desk", api_key="key", context=context)
            client.on(AgentsEvents.Clear, lambda _: client.clear_media_buffer())
            send_media_between(call, client)
            await client.start()
            await talk(call, 4.0)
            assert len(telephone.cleared_at) == 1
            (line, *_) = sessions[0].history.lines
            assert LONG.startswith(line.text)
            words = len(line.text.split())
            # The tone voice says a word every quarter of a second or so; the ear is the loudspeaker.
            rate = len(LONG.split()) / whole
            assert words == pytest.approx(telephone.heard_s * rate, abs=1.0)
            await context.close()

    whole = spoken_seconds(LONG)
    run(main())


def spoken_seconds(text: str) -> float:
    """How long this server takes to say a text."""

    async def main() -> float:
        async with application(desk(introduction=text)) as app:
            context = stage(network=MemoryNetwork(app))
            phone = Ear(context)
            client = await create_agents_client(agent_id="desk", api_key="key", context=context)
            client.send_media_to(phone)
            await client.start(input_format="mulaw_8000")
            await client.wait_for(Events.WebSocketMediaEnded)
            await context.close()
            return len(phone.sound) / 8_000

    return run(main())


def test_reports_follow_marks_and_stop_where_the_loudspeaker_stopped() -> None:
    async def main() -> None:
        peer = ScriptedPeer(acknowledging)
        context = stage(network=ScriptedNetwork(peer))
        telephone = FarTelephone(context, 0.2)
        call = Call(telephone, CallFacts("test", "c"), TELEPHONE, MarkedPlayout(8_000), context)
        telephone.call = call
        call.answer()
        client = await create_agents_client(agent_id="a", api_key="key", context=context)
        send_media_between(call, client)
        await client.start()
        for _ in range(50):
            peer.say(AUDIO)
        await asyncio.sleep(0.6)
        client.clear_media_buffer()
        peer.say(AUDIO)
        await asyncio.sleep(1)
        positions = [message["playback"]["position"] for message in peer.of("playback")]
        cleared = 0.4 * 8_000
        assert positions == sorted(positions)
        stop = next(at for at, position in enumerate(positions) if position > cleared + 200)
        assert positions[stop - 1] == pytest.approx(cleared, abs=200), "heard for 0.4 s when it was cleared"
        assert positions[-1] == 51 * 160, "what was dropped is over once the next audio sounds"
        assert peer.of("playback")[0]["stream_id"] == "sid_9"
        await context.close()
        await asyncio.sleep(1)

    run(main())


AUDIO = {
    "event": "media_output",
    "stream_id": "sid_9",
    "media": {"payload": base64.b64encode(b"\x80" * 160).decode()},
}


def acknowledging(peer: ScriptedPeer, message: dict[str, Any]) -> None:
    if message["event"] == "start":
        ack = {"event": "ack", "stream_id": "sid_9", "config": {"input_format": "mulaw_8000"}, "playback_reports": True}
        asyncio.get_running_loop().call_later(0.01, peer.say, ack)


def test_a_plain_unit_counts_as_heard_what_it_was_given() -> None:
    async def main() -> None:
        peer = ScriptedPeer(acknowledging)
        context = stage(network=ScriptedNetwork(peer))
        client = await create_agents_client(agent_id="a", api_key="key", context=context)
        phone = Ear(context)
        client.send_media_to(phone)
        await client.start(input_format="mulaw_8000")
        for _ in range(10):
            peer.say(AUDIO)
        await asyncio.sleep(1)
        positions = [message["playback"]["position"] for message in peer.of("playback")]
        assert (positions[-1], len(positions)) == (1_600, 3)
        client.stop_media_to(phone)
        peer.say(AUDIO)
        await asyncio.sleep(1)
        assert peer.of("playback")[-1]["playback"] == {"position": 1_600}, "nobody heard it"
        client.send_media_to(phone)
        peer.say(AUDIO)
        await asyncio.sleep(1)
        assert peer.of("playback")[-1]["playback"] == {"position": 1_920}, "it is over with the next that is heard"
        await context.close()
        await asyncio.sleep(1)

    run(main())


def test_start_fails_when_the_server_hangs_up_instead_of_acknowledging() -> None:
    async def main() -> None:
        def refusing(peer: ScriptedPeer, message: dict[str, Any]) -> None:
            peer.say({"event": "error", "message": "no such voice"})
            asyncio.get_running_loop().call_soon(peer.hang_up, 1008, "no such voice")

        context = stage(network=ScriptedNetwork(ScriptedPeer(refusing)))
        client = await create_agents_client(agent_id="a", api_key="key", context=context)
        told: list[AgentEvent | ClientClosing] = []
        client.on(AgentsEvents.Unknown, told.append)
        client.on(AgentsEvents.WebSocketClosed, told.append)
        with pytest.raises(ConnectionFailed, match="closed before the ack: 1008 no such voice"):
            await client.start()
        assert isinstance(told[0], AgentEvent)
        assert told[0].payload["message"] == "no such voice"
        assert isinstance(told[1], ClientClosing)
        assert told[1].why is CloseReason.ERROR

    run(main())


def test_an_ack_of_nothing_is_told_and_is_not_the_ack_of_start() -> None:
    async def main() -> None:
        peer = ScriptedPeer(acknowledging)
        client = await create_agents_client(agent_id="a", api_key="key", context=stage(network=ScriptedNetwork(peer)))
        told: list[AgentEvent] = []
        client.on(AgentsEvents.ACK, told.append)
        peer.say({"event": "ack", "stream_id": "too early"})
        await asyncio.sleep(0.1)
        assert [event.payload["stream_id"] for event in told] == ["too early"]
        assert (await client.start()).stream_id == "sid_9"
        await client.close()

    run(main())


def test_the_format_is_the_cheapest_that_loses_nothing_of_what_is_bridged() -> None:
    async def main() -> None:
        for rate, form in ((8_000, "mulaw_8000"), (16_000, "pcm_16000"), (22_050, "pcm_24000"), (48_000, "pcm_16000")):
            peer = ScriptedPeer(acknowledging)
            context = stage(network=ScriptedNetwork(peer))
            client = await create_agents_client(agent_id="a", api_key="key", context=context)
            send_media_between(Ear(context, rate), client)
            client.start()
            assert peer.received[0]["config"]["input_format"] == form
            await context.close()
            await asyncio.sleep(1)

    run(main())


def test_statistics_and_the_close_callback_come_at_the_end() -> None:
    async def main() -> None:
        context = stage(network=ScriptedNetwork(ScriptedPeer(acknowledging)))
        told: list[Any] = []
        client = await create_agents_client(
            agent_id="a", api_key="key", context=context, statistics=True, on_web_socket_close=told.append
        )
        client.on(AgentsEvents.ConnectorInformation, told.append)
        await client.start()
        await client.close()
        assert told[-2].payload["statistics"].keys() == {
            "frames_sent",
            "bytes_sent",
            "frames_received",
            "bytes_received",
        }
        assert isinstance(told[-1], ClientClosing)

    run(main())


@pytest.mark.parametrize(("code", "reason"), [(999, ""), (1005, ""), (5000, ""), (1000, "\N{BELL}" * 42)])
def test_a_close_that_cannot_be_written_is_refused_and_closes_nothing(code: int, reason: str) -> None:
    async def main() -> None:
        peer = ScriptedPeer(acknowledging)
        context = stage(network=ScriptedNetwork(peer))
        client = await create_agents_client(agent_id="a", api_key="key", context=context)
        with pytest.raises(Violation, match="1000 or 3000 to 4999"):
            client.close(code, reason)
        assert (client.closed, peer.closed) == (False, None)
        await client.close(4_321, "done")
        assert peer.closed == (4_321, "done")
        await context.close()

    run(main())


def test_what_cannot_be_sent_is_refused_and_changes_nothing() -> None:
    async def main() -> None:
        context = stage(network=ScriptedNetwork(ScriptedPeer(acknowledging)))
        client = await create_agents_client(agent_id="a", api_key="key", context=context)
        for data in ("text", ["a"], None):
            with pytest.raises(Violation, match="not an object"):
                client.custom(data)  # type: ignore[arg-type]
        for wrong in ({"agent": "text"}, {"metadata": ["a"]}, {"extra": "ab"}, {"extra": {"event": "stop"}}):
            with pytest.raises(Violation, match=r"not an object|no other event"):
                client.start(**wrong)  # type: ignore[arg-type]
        for keys in (5, ["1"], "1" * 65, "", "A"):
            with pytest.raises(Violation, match="are no keys"):
                client.dtmf(keys)  # type: ignore[arg-type]
        await client.start()
        await context.close()

    run(main())
