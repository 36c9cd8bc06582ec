"""The checklist of the media model a scenario relies on, item by item, over a service whose answers the tests write.

All in virtual time: the agent's client, its router and its listeners are the real ones; the telephone is a unit that remembers what it
was given and when.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from structlog.testing import capture_logs

from duologue.bridge import (
    AgentEvent,
    AgentsClient,
    AgentsEvents,
    ClientClosed,
    ClientClosing,
    CloseReason,
    Events,
    create_agents_client,
    send_media_between,
)
from duologue.bridge.agents_connection import AgentsClientParameters
from duologue.bridge.context import ScenarioContext
from duologue.bridge.media import MediaEnded, MediaStarted
from duologue.bridge.service_client import ServiceOptions
from duologue.errors import Refused, Violation
from duologue.sim.clock import run
from tests.bridge.stage import Ear, ScriptedNetwork, ScriptedPeer, stage, tone

ACK = {"event": "ack", "stream_id": "sid_9", "config": {"input_format": "mulaw_8000"}}


def acknowledging(peer: ScriptedPeer, message: dict[str, Any]) -> None:
    """A server that answers `start` a tenth of a second later."""
    if message["event"] == "start":
        asyncio.get_running_loop().call_later(0.1, peer.say, ACK)


class Talk:
    """A client, the service behind it, and a telephone beside it."""

    def __init__(self, context: ScenarioContext, peer: ScriptedPeer, client: AgentsClient) -> None:
        self.context, self.peer, self.client = context, peer, client
        self.phone = Ear(context)
        self.media: list[tuple[float, MediaStarted | MediaEnded]] = []
        for event in Events.WebSocketMediaStarted, Events.WebSocketMediaEnded:
            client.on(event, lambda event: self.media.append((context.now(), event)))

    def agent_says(self, seconds: float) -> None:
        payload = base64.b64encode(b"\x80" * round(seconds * 8_000)).decode()
        self.peer.say({"event": "media_output", "stream_id": "sid_9", "media": {"payload": payload}})

    @property
    def durations(self) -> list[float]:
        return [event.media_info.duration for _, event in self.media if isinstance(event, MediaEnded)]


def talk(
    story: Callable[[Talk], Awaitable[None]],
    script: Callable[[ScriptedPeer, dict[str, Any]], None] = acknowledging,
    **options: Any,
) -> None:
    """Run a story with a connected client, and leave nothing behind."""

    async def main() -> None:
        peer = ScriptedPeer(script)
        context = stage(network=ScriptedNetwork(peer), **options)
        client = await create_agents_client(agent_id="coffee", api_key="key", context=context)
        await story(Talk(context, peer, client))
        await context.close()
        await asyncio.sleep(1)

    run(main())


class TestStart:
    def test_is_the_first_message_on_the_wire_even_when_media_is_already_bridged(self) -> None:
        async def story(talk: Talk) -> None:
            send_media_between(talk.phone, talk.client)
            for _ in range(10):
                talk.phone.give(tone(0.02))
                await asyncio.sleep(0.02)
            assert talk.peer.kinds == []
            ack = await talk.client.start(metadata={"from": "+15550100"})
            assert talk.peer.kinds == ["start"] + ["media_input"] * 10
            assert (ack.stream_id, ack.config) == ("sid_9", {"input_format": "mulaw_8000"})
            assert talk.peer.received[0] == {
                "event": "start",
                "config": {"input_format": "mulaw_8000", "output_audio_delivery": "speaking_pace"},
                "metadata": {"from": "+15550100"},
            }

        talk(story)

    def test_no_media_goes_out_before_the_ack_and_everything_after_carries_its_stream_id(self) -> None:
        async def story(talk: Talk) -> None:
            send_media_between(talk.phone, talk.client)
            talk.client.start()
            talk.client.dtmf("5")
            talk.client.custom({"case": "C-1029"})
            for _ in range(200):  # four seconds, of which two are held
                talk.phone.give(tone(0.02))
            assert talk.peer.kinds == ["start"]
            await asyncio.sleep(0.2)
            assert talk.peer.kinds == ["start", "dtmf", "custom"] + ["media_input"] * 100
            assert {message["stream_id"] for message in talk.peer.received[1:]} == {"sid_9"}

        talk(story)

    def test_needs_a_connection(self) -> None:
        async def main() -> None:
            context = stage(network=ScriptedNetwork(ScriptedPeer()))
            client = AgentsClient(AgentsClientParameters("a", ServiceOptions("key", "2025-04-16")), context)
            with pytest.raises(Violation, match="not connected yet"):
                client.start()
            await client.open()
            with pytest.raises(ClientClosed):
                await client.open()
            await context.close()
            await asyncio.sleep(1)

        run(main())

    def test_is_waited_for_by_a_hundred_messages_at_most(self) -> None:
        async def story(talk: Talk) -> None:
            for _ in range(100):
                talk.client.dtmf("1")
            with pytest.raises(Refused, match="wait for the ack"):
                talk.client.dtmf("1")

        talk(story)

    def test_can_only_be_done_once(self) -> None:
        async def story(talk: Talk) -> None:
            await talk.client.start()
            with pytest.raises(Violation, match="started already"):
                talk.client.start()

        talk(story)


class TestClear:
    def test_drops_what_is_buffered_before_the_next_frame(self) -> None:
        async def story(talk: Talk) -> None:
            dropped: list[float] = []
            talk.client.on(AgentsEvents.Clear, lambda _: dropped.append(talk.client.clear_media_buffer()))
            send_media_between(talk.phone, talk.client)
            await talk.client.start()
            began = talk.context.now()
            talk.agent_says(5.0)
            await asyncio.sleep(1.005)
            talk.peer.say({"event": "clear", "stream_id": "sid_9"})
            await asyncio.sleep(3)
            assert dropped == [pytest.approx(5000 - 51 * 20)]
            assert talk.phone.dropped == [pytest.approx(began + 1.005)]
            assert max(talk.phone.times) <= began + 1.005
            assert talk.durations == [pytest.approx(1020)]

        talk(story)

    def test_in_a_coroutine_is_as_quick(self) -> None:
        async def story(talk: Talk) -> None:
            @talk.client.on(AgentsEvents.Clear)
            async def clear(event: AgentEvent) -> None:
                talk.client.clear_media_buffer()

            send_media_between(talk.phone, talk.client)
            await talk.client.start()
            talk.agent_says(5.0)
            await asyncio.sleep(1.019)
            talk.peer.say({"event": "clear", "stream_id": "sid_9"})
            heard = len(talk.phone.heard)
            await asyncio.sleep(3)
            assert len(talk.phone.heard) == heard

        talk(story)

    def test_with_an_empty_buffer_drops_nothing_and_still_reaches_the_far_end(self) -> None:
        async def story(talk: Talk) -> None:
            send_media_between(talk.phone, talk.client)
            await talk.client.start()
            assert talk.client.clear_media_buffer() == 0.0
            assert len(talk.phone.dropped) == 1
            assert talk.media == []

        talk(story)

    def test_that_nobody_listens_to_is_logged_with_the_remedy(self) -> None:
        async def story(talk: Talk) -> None:
            await talk.client.start()
            with capture_logs() as logs:
                talk.peer.say({"event": "clear", "stream_id": "sid_9"})
                waiting = asyncio.ensure_future(talk.client.wait_for(AgentsEvents.Clear))
                await asyncio.sleep(0)
                talk.peer.say({"event": "clear", "stream_id": "sid_9"})
                await waiting
            assert [line["event"] for line in logs] == ["clear_unheard"]

        talk(story)

    def test_does_not_reach_the_agents_server(self) -> None:
        async def story(talk: Talk) -> None:
            send_media_between(talk.phone, talk.client)
            await talk.client.start()
            talk.agent_says(1.0)
            talk.client.clear_media_buffer()
            await asyncio.sleep(1)
            assert talk.peer.kinds == ["start"]

        talk(story)

    def test_while_paused_empties_what_waits(self) -> None:
        async def story(talk: Talk) -> None:
            send_media_between(talk.phone, talk.client)
            await talk.client.start()
            talk.agent_says(1.0)
            talk.context.pump.pause(talk.client, paused=True)
            await asyncio.sleep(2)
            assert talk.client.clear_media_buffer() == pytest.approx(980)
            talk.context.pump.pause(talk.client, paused=False)
            await asyncio.sleep(2)
            assert (len(talk.phone.heard), talk.durations) == (1, [pytest.approx(20)])

        talk(story)


class TestRuns:
    def test_ended_comes_once_a_second_after_the_last_frame_with_the_duration(self) -> None:
        async def story(talk: Talk) -> None:
            send_media_between(talk.phone, talk.client)
            await talk.client.start()
            talk.agent_says(0.5)
            await asyncio.sleep(5)
            (started, _), (ended, _) = talk.media
            assert started == talk.phone.times[0]
            assert ended - talk.phone.times[-1] == pytest.approx(1.0, abs=0.05)
            assert talk.durations == [pytest.approx(500)]

        talk(story)

    @pytest.mark.parametrize(("gap", "durations"), [(0.9, [1000]), (1.1, [500, 500])])
    def test_a_gap_under_a_second_is_one_run_and_a_longer_one_two(self, gap: float, durations: list[float]) -> None:
        async def story(talk: Talk) -> None:
            send_media_between(talk.phone, talk.client)
            await talk.client.start()
            talk.agent_says(0.5)
            await asyncio.sleep(0.5 + gap)
            talk.agent_says(0.5)
            await asyncio.sleep(3)
            assert talk.durations == [pytest.approx(duration) for duration in durations]
            assert len(talk.media) == 2 * len(durations)

        talk(story)

    def test_more_than_ten_seconds_are_dropped_from_the_newest_with_one_warning(self) -> None:
        async def story(talk: Talk) -> None:
            warnings: list[object] = []
            talk.client.on(Events.MediaOverflow, warnings.append)
            send_media_between(talk.phone, talk.client)
            await talk.client.start()
            for _ in range(15):
                talk.agent_says(1.0)
            await asyncio.sleep(20)
            assert len(warnings) == 1
            assert talk.durations == [pytest.approx(10_020)]

        talk(story)


class TestListeners:
    def test_one_that_cannot_be_called_is_accepted_and_ends_the_scenario_when_it_is_to_be_called(self) -> None:
        failures: list[str] = []

        async def story(talk: Talk) -> None:
            with capture_logs():
                talk.client.add_event_listener(AgentsEvents.ACK, "not a function")  # type: ignore[arg-type]
                assert failures == []
                await talk.client.start()
                assert failures == ["Cartesia.Agents.ACK"]

        talk(story, failed=lambda event, error: failures.append(event))

    def test_one_that_raises_ends_its_scenario_only(self) -> None:
        async def main() -> None:
            peers = [ScriptedPeer(acknowledging), ScriptedPeer(acknowledging)]
            contexts = [stage(network=ScriptedNetwork(peer)) for peer in peers]
            clients = [await create_agents_client(agent_id="a", api_key="k", context=context) for context in contexts]
            clients[0].on(AgentsEvents.ACK, lambda event: 1 / 0)
            with capture_logs():
                for client in clients:
                    await client.start()
                await asyncio.sleep(1)
            assert isinstance(contexts[0].failure, ZeroDivisionError)
            assert (clients[0].closed, clients[1].closed) == (True, False)
            assert contexts[1].failure is None
            await contexts[1].close()
            await asyncio.sleep(1)

        run(main())

    def test_off_without_a_listener_forgets_all_of_the_event(self) -> None:
        async def story(talk: Talk) -> None:
            heard: list[str] = []
            talk.client.on(AgentsEvents.ACK, lambda event: heard.append("one"))
            talk.client.on(AgentsEvents.ACK, lambda event: heard.append("two"))
            talk.client.on(AgentsEvents.Custom, lambda event: heard.append("custom"))
            talk.client.off(AgentsEvents.ACK)
            await talk.client.start()
            talk.peer.say({"event": "custom", "stream_id": "sid_9", "metadata": {}})
            assert heard == ["custom"]

        talk(story)

    def test_a_slow_one_does_not_stall_media(self) -> None:
        async def story(talk: Talk) -> None:
            async def slow(event: AgentEvent) -> None:
                await asyncio.sleep(5)

            talk.client.on(AgentsEvents.ACK, slow)
            send_media_between(talk.phone, talk.client)
            await talk.client.start()
            talk.agent_says(1.0)
            with capture_logs() as logs:
                await asyncio.sleep(6)
            assert talk.phone.times[-1] - talk.phone.times[0] == pytest.approx(0.98)
            assert [line["event"] for line in logs] == ["slow_listener"]

        talk(story)

    def test_those_registered_right_after_connecting_hear_of_the_connection(self) -> None:
        async def story(talk: Talk) -> None:
            told: list[AgentEvent] = []
            talk.client.on(AgentsEvents.HTTPResponse, told.append)
            talk.client.on(AgentsEvents.ConnectorInformation, told.append)
            await asyncio.sleep(0.1)
            assert told[0].payload == {"status": 200, "url": "https://api.cartesia.ai/access-token"}
            assert told[1].payload == {"web_socket_id": "socket-1", "base_url": "https://api.cartesia.ai"}
            assert "a-token" not in repr(told)

        talk(story)


class TestFanIn:
    def test_a_second_source_replaces_the_first_and_removing_it_does_not_bring_the_first_back(self) -> None:
        async def story(talk: Talk) -> None:
            replaced: list[object] = []
            talk.client.on(Events.MediaReplaced, replaced.append)
            other = Ear(talk.context)
            talk.client.send_media_to(talk.phone)
            await talk.client.start(input_format="mulaw_8000")
            other.send_media_to(talk.phone)
            assert len(replaced) == 1
            talk.agent_says(1.0)
            await asyncio.sleep(1)
            assert talk.phone.heard == []
            other.give(tone(0.02))
            other.stop_media_to(talk.phone)
            talk.agent_says(1.0)
            await asyncio.sleep(1)
            assert len(talk.phone.heard) == 1

        talk(story)

    def test_one_source_may_be_heard_by_many(self) -> None:
        async def story(talk: Talk) -> None:
            second = Ear(talk.context)
            talk.client.send_media_to(talk.phone)
            talk.client.send_media_to(second)
            await talk.client.start(input_format="mulaw_8000")
            talk.agent_says(0.2)
            await asyncio.sleep(1)
            assert len(talk.phone.heard) == len(second.heard) == 10

        talk(story)


class TestClose:
    def test_during_connect_ends_the_attempt(self) -> None:
        async def main() -> None:
            context = stage(network=ScriptedNetwork(ScriptedPeer(), delay_s=5))
            client = AgentsClient(AgentsClientParameters("a", ServiceOptions("key", "2025-04-16")), context)
            opening = asyncio.ensure_future(client.open())
            await asyncio.sleep(7)
            await client.close()
            with pytest.raises(ClientClosed):
                await opening
            assert context.now() == 7.0

        run(main())

    def test_a_cancelled_connect_leaves_nothing(self) -> None:
        async def main() -> None:
            context = stage(network=ScriptedNetwork(ScriptedPeer(), delay_s=5))
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(6):
                    await create_agents_client(agent_id="a", api_key="k", context=context)

        run(main())

    def test_twice_is_once(self) -> None:
        async def story(talk: Talk) -> None:
            closings: list[ClientClosing] = []
            talk.client.on(AgentsEvents.WebSocketClosed, closings.append)
            first, second = talk.client.close(1000, "bye"), talk.client.close()
            await first
            await second
            assert talk.peer.closed == (1000, "bye")
            assert [closing.why for closing in closings] == [CloseReason.CLOSED_BY_US]

        talk(story)

    def test_makes_later_orders_raise(self) -> None:
        async def story(talk: Talk) -> None:
            await talk.client.close()
            for order in (
                talk.client.start,
                lambda: talk.client.dtmf("1"),
                lambda: talk.client.custom({}),
                lambda: talk.client.send_media_to(talk.phone),
            ):
                with pytest.raises(ClientClosed, match="the client is closed"):
                    order()
            assert talk.client.clear_media_buffer() == 0.0
            talk.client.stop_media_to(talk.phone)

        talk(story)

    def test_ends_what_the_provider_still_says_and_what_still_plays(self) -> None:
        async def story(talk: Talk) -> None:
            told: list[object] = []
            talk.client.on(AgentsEvents.Custom, told.append)
            send_media_between(talk.phone, talk.client)
            await talk.client.start()
            talk.agent_says(5.0)
            await asyncio.sleep(1)
            talk.client.close()
            talk.peer.say({"event": "custom", "metadata": {}})
            played = len(talk.phone.heard)
            await asyncio.sleep(5)
            assert (told, len(talk.phone.heard)) == ([], played)

        talk(story)

    @pytest.mark.parametrize(
        ("code", "reason", "why"),
        [
            (1000, "call ended by agent, reason: done", CloseReason.AGENT_ENDED),
            (1000, "connection idle timeout", CloseReason.IDLE_TIMEOUT),
            (1011, "internal error", CloseReason.ERROR),
        ],
    )
    def test_by_the_agent_says_why(self, code: int, reason: str, why: CloseReason) -> None:
        async def story(talk: Talk) -> None:
            told: list[AgentEvent | ClientClosing] = []
            talk.client.on(AgentsEvents.WebSocketClosed, told.append)
            talk.client.on(AgentsEvents.WebSocketError, told.append)
            await talk.client.start()
            talk.peer.hang_up(code, reason)
            closing = told[-1]
            assert isinstance(closing, ClientClosing)
            assert (closing.code, closing.reason, closing.was_clean, closing.why) == (code, reason, True, why)
            assert (len(told) == 2) is (why is CloseReason.ERROR)

        talk(story)

    def test_by_the_agent_lets_its_farewell_play_out(self) -> None:
        async def story(talk: Talk) -> None:
            send_media_between(talk.phone, talk.client)
            await talk.client.start()
            talk.agent_says(2.0)
            talk.peer.hang_up(1000, "call ended by agent")
            names = [event.name async for event in talk.client.events()]
            assert names == [Events.WebSocketMediaEnded]
            assert len(talk.phone.heard) == 100
            assert talk.context.pump.hears(talk.phone) == []

        talk(story)

    def test_by_us_after_the_agents_ends_its_farewell(self) -> None:
        async def story(talk: Talk) -> None:
            send_media_between(talk.phone, talk.client)
            await talk.client.start()
            talk.agent_says(2.0)
            talk.peer.hang_up(1000, "call ended by agent")
            await asyncio.sleep(0.5)
            await talk.client.close()
            await asyncio.sleep(3)
            assert len(talk.phone.heard) == 26

        talk(story)

    def test_by_us_in_the_close_callback_ends_its_farewell_too(self) -> None:
        async def story(talk: Talk) -> None:
            talk.client.on(AgentsEvents.WebSocketClosed, lambda _: talk.client.close())
            send_media_between(talk.phone, talk.client)
            await talk.client.start()
            talk.agent_says(2.0)
            await asyncio.sleep(0.5)
            talk.peer.hang_up(1000, "call ended by agent")
            await asyncio.sleep(3)
            assert len(talk.phone.heard) == 26

        talk(story)


class TestMessages:
    def test_an_unknown_one_is_told_with_its_raw_payload(self) -> None:
        async def story(talk: Talk) -> None:
            told: list[AgentEvent] = []
            talk.client.on(AgentsEvents.Unknown, told.append)
            await talk.client.start()
            strange = {"event": "mood", "stream_id": "sid_9", "mood": {"joy": 0.7}}
            talk.peer.say(strange)
            talk.peer.say({"event": "transfer_call", "transfer": {"target_phone_number": "+15550123"}})
            assert told[0].data == {"payload": strange}
            assert told[1].payload["event"] == "transfer_call", "nobody listens to TransferCall"

        talk(story)

    def test_a_transfer_is_told_to_whoever_listens_to_it(self) -> None:
        async def story(talk: Talk) -> None:
            told: list[AgentEvent] = []
            talk.client.on(AgentsEvents.TransferCall, told.append)
            talk.client.on(AgentsEvents.Unknown, told.append)
            await talk.client.start()
            talk.peer.say({"event": "transfer_call", "transfer": {"target_phone_number": "+15550123"}})
            assert [event.target for event in told] == ["+15550123"]

        talk(story)

    def test_keys_go_both_ways_one_in_each_message(self) -> None:
        async def story(talk: Talk) -> None:
            pressed: list[str] = []
            talk.client.on(AgentsEvents.DTMF, lambda event: pressed.append(event.digit))
            await talk.client.start()
            await talk.client.dtmf("12#")
            assert talk.peer.of("dtmf") == [{"event": "dtmf", "stream_id": "sid_9", "dtmf": digit} for digit in "12#"]
            talk.peer.say({"event": "dtmf", "stream_id": "sid_9", "dtmf": "7"})
            assert pressed == ["7"]
            for wrong in "", "a", "1 2":
                with pytest.raises(Violation, match="are no keys"):
                    talk.client.dtmf(wrong)

        talk(story)

    def test_data_goes_both_ways(self) -> None:
        async def story(talk: Talk) -> None:
            told: list[AgentEvent] = []
            talk.client.on(AgentsEvents.Custom, told.append)
            await talk.client.start()
            await talk.client.custom({"case": 7})
            talk.peer.say({"event": "custom", "stream_id": "sid_9", "metadata": {"ok": True}})
            assert talk.peer.of("custom")[0]["metadata"] == {"case": 7}
            assert told[0].metadata == {"ok": True}
            with pytest.raises(Violation, match="cannot be written as JSON"):
                talk.client.custom({"thing": object()})

        talk(story)
