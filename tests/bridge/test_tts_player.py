from __future__ import annotations

import asyncio
import base64
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from duologue.bridge.context import ScenarioContext
from duologue.bridge.errors import AuthenticationError, ClientClosed
from duologue.bridge.events import PlayerEvents
from duologue.bridge.player_events import PlayerEvent
from duologue.bridge.speech_link import MAX_WAITING
from duologue.bridge.tts_player import AHEAD_S, RealtimeTTSPlayer, create_realtime_tts_player
from duologue.errors import Refused, Violation
from duologue.sim.clock import run
from tests.bridge.stage import Ear, ScriptedNetwork, ScriptedPeer, stage


def chunk(peer: ScriptedPeer, context_id: str, seconds: float) -> None:
    data = base64.b64encode(b"\x00\x40" * round(seconds * 16_000)).decode()
    peer.say({"type": "chunk", "context_id": context_id, "data": data, "done": False})


def speaking(peer: ScriptedPeer, message: dict[str, Any]) -> None:
    """A tenth of a second for each character; done when the text is."""
    if message.get("cancel"):
        return
    if message["transcript"]:
        chunk(peer, message["context_id"], len(message["transcript"]) / 10)
    if not message["continue"]:
        peer.say({"type": "done", "context_id": message["context_id"], "done": True})


class Speech:
    """A player, the service behind it, and somebody who hears it."""

    def __init__(self, context: ScenarioContext, peer: ScriptedPeer, player: RealtimeTTSPlayer) -> None:
        self.context, self.peer, self.player = context, peer, player
        self.phone = Ear(context, rate=16_000)
        self.told: list[PlayerEvent] = []
        for event in PlayerEvents:
            player.on(event, self.told.append)
        player.send_media_to(self.phone)

    @property
    def names(self) -> list[str]:
        return [event.name.name for event in self.told]


def speech(
    story: Callable[[Speech], Awaitable[None]],
    text: str = "Hello",
    script: Callable[[ScriptedPeer, dict[str, Any]], None] = speaking,
    peers: int = 1,
    refusal: Exception | None = None,
    **parameters: Any,
) -> None:
    async def main() -> None:
        all_peers = [ScriptedPeer(script) for _ in range(peers)]
        context = stage(network=ScriptedNetwork(*all_peers, refusal=refusal))
        player = create_realtime_tts_player(text, api_key="key", context=context, **parameters)
        await story(Speech(context, all_peers[-1], player))
        await context.close()
        await asyncio.sleep(1)

    run(main())


def test_the_first_text_is_spoken_in_real_time_and_its_end_is_told() -> None:
    async def story(it: Speech) -> None:
        await asyncio.sleep(3)
        (request,) = it.peer.received
        assert request == {
            "model_id": "sonic-latest",
            "voice": {"mode": "id", "id": "6ccbfb76-1fc6-48f7-b71d-91ac6298247b"},
            "transcript": "Hello",
            "continue": False,
            "context_id": it.player.context_id,
            "output_format": {"container": "raw", "encoding": "pcm_s16le", "sample_rate": 16_000},
        }
        assert len(it.phone.sound) == 8_000
        assert it.names == ["Created", "PlaybackReady", "Started", "PlaybackFinished"]

    speech(story)


def test_text_that_comes_in_pieces_is_one_context_and_repeats_what_the_first_request_said() -> None:
    async def story(it: Speech) -> None:
        await it.player.append(" and")
        await it.player.append(" more")
        await it.player.flush()
        await it.player.finish()
        await it.player.finish()
        await it.player.flush()
        await asyncio.sleep(1)
        first, *rest = it.peer.received
        assert [(m["transcript"], m["continue"], m.get("flush")) for m in (first, *rest)] == [
            ("Hello", True, None),
            (" and", True, None),
            (" more", True, None),
            ("", True, True),
            ("", False, None),
        ]
        assert {m["context_id"] for m in it.peer.received} == {"ctx-1"}
        assert all(m["voice"] == "clara" and m["language"] == "en" for m in it.peer.received)

    speech(
        story,
        generation_request_parameters={"continue": True, "context_id": "ctx-1", "voice": "clara", "language": "en"},
    )


def test_text_after_the_last_of_a_context_begins_another() -> None:
    async def story(it: Speech) -> None:
        first = it.player.context_id
        it.player.append("Again")
        assert it.player.context_id != first
        it.player.generation_request({"transcript": "More", "context_id": "mine", "continue": True})
        it.player.append("!")
        await asyncio.sleep(0.1)
        assert [m["context_id"] for m in it.peer.received][2:] == ["mine", "mine"]

    speech(story)


def test_text_for_a_context_that_the_service_has_ended_begins_another() -> None:
    async def story(it: Speech) -> None:
        await asyncio.sleep(2)
        it.peer.say({"type": "done", "context_id": "ctx-1", "done": True})
        assert it.names[-1] == "PlaybackFinished"
        it.player.flush()
        it.player.finish()
        it.player.append("Again")
        await asyncio.sleep(1)
        (first, second) = it.peer.received
        assert first["context_id"] == "ctx-1" != second["context_id"] == it.player.context_id

    speech(story, generation_request_parameters={"continue": True, "context_id": "ctx-1"})


def test_a_barge_in_drops_what_waits_and_what_still_comes_of_the_context() -> None:
    async def story(it: Speech) -> None:
        await asyncio.sleep(1)
        assert it.player.clear_buffer() == pytest.approx(2_000, abs=60)
        heard = len(it.phone.heard)
        it.player.cancel_context_request({"context_id": "ctx-1"})
        chunk(it.peer, "ctx-1", 1.0)
        await asyncio.sleep(1)
        assert it.peer.received[-1] == {"context_id": "ctx-1", "cancel": True}
        assert len(it.phone.heard) == heard
        it.player.append("New")
        assert it.player.context_id != "ctx-1"
        await asyncio.sleep(1)
        assert len(it.phone.heard) == heard + 15

    speech(
        story,
        "A" * 30,
        generation_request_parameters={"continue": True, "context_id": "ctx-1"},
    )


def test_cancelling_without_a_name_means_the_current_context() -> None:
    async def story(it: Speech) -> None:
        it.player.cancel_context_request()
        await asyncio.sleep(1)
        assert it.peer.received[-1] == {"context_id": "ctx-1", "cancel": True}

    speech(story, generation_request_parameters={"continue": True, "context_id": "ctx-1"})


def test_a_paused_player_holds_its_speech() -> None:
    async def story(it: Speech) -> None:
        it.player.pause()
        await asyncio.sleep(3)
        assert it.phone.heard == []
        it.player.resume()
        await asyncio.sleep(3)
        assert len(it.phone.sound) == 8_000

    speech(story)


def test_a_failed_context_is_told_and_the_player_goes_on() -> None:
    def failing(peer: ScriptedPeer, message: dict[str, Any]) -> None:
        if message["transcript"] == "Hello":
            peer.say({"type": "error", "context_id": message["context_id"], "message": "no such voice", "done": True})
        else:
            speaking(peer, message)

    async def story(it: Speech) -> None:
        await asyncio.sleep(1)
        it.player.append("Again")
        it.player.finish()
        await asyncio.sleep(2)
        assert [(event.name.name, event.error) for event in it.told if event.error] == [("Error", "no such voice")]
        assert len(it.phone.sound) == 8_000
        assert it.names[-1] == "PlaybackFinished"

    speech(story, script=failing)


def test_a_connection_that_ends_in_the_middle_is_an_error_and_the_next_text_opens_another() -> None:
    async def story(it: Speech) -> None:
        await asyncio.sleep(0.1)
        first.hang_up(1011, "restart")
        await asyncio.sleep(1)
        assert [event.error for event in it.told if event.error] == ["the connection ended: 1011 restart"]
        it.player.append("Hi")
        await asyncio.sleep(1)
        assert [message["transcript"] for message in it.peer.received] == ["Hi"]

    first: ScriptedPeer

    async def main() -> None:
        nonlocal first
        first, second = ScriptedPeer(), ScriptedPeer(speaking)
        context = stage(network=ScriptedNetwork(first, second))
        await story(Speech(context, second, create_realtime_tts_player("Hello", api_key="key", context=context)))
        await context.close()
        await asyncio.sleep(1)

    run(main())


def test_a_player_that_cannot_connect_says_why_and_is_over() -> None:
    async def story(it: Speech) -> None:
        await asyncio.sleep(1)
        assert [(event.name.name, event.error) for event in it.told][1:3] == [("Error", "wrong key"), ("Stopped", "")]
        with pytest.raises(ClientClosed, match="the player is closed"):
            it.player.append("more")

    speech(story, refusal=AuthenticationError("wrong key"))


def test_stopping_ends_it_at_once_also_while_it_connects() -> None:
    async def story(it: Speech) -> None:
        await it.player.stop()
        await it.player.stop()
        await asyncio.sleep(1)
        assert (it.names, it.phone.heard) == (["Stopped"], [])
        for order in it.player.flush, it.player.finish:
            await order()
        with pytest.raises(ClientClosed):
            it.player.cancel_context_request()

    speech(story)


def test_stopping_closes_the_socket() -> None:
    async def story(it: Speech) -> None:
        await asyncio.sleep(0.1)
        await it.player.stop()
        assert it.peer.closed == (1000, "")
        assert it.names[-1] == "Stopped"

    speech(story)


def test_a_blank_or_unwritable_first_text_is_refused_before_anything_begins() -> None:
    async def main() -> None:
        context = stage(network=ScriptedNetwork())
        with pytest.raises(Violation, match="something to say"):
            create_realtime_tts_player("  ", api_key="key", context=context)
        with pytest.raises(Violation, match="cannot be written as JSON"):
            create_realtime_tts_player(
                "Hi", api_key="key", context=context, generation_request_parameters={"x": object()}
            )

    run(main())


def test_requests_that_wait_for_the_connection_have_a_bound() -> None:
    async def story(it: Speech) -> None:
        for _ in range(MAX_WAITING - 1):  # the first text waits too
            it.player.append("x")
        with pytest.raises(Refused, match="too many requests wait"):
            it.player.append("x")

    speech(story)


def test_nothing_is_read_while_ten_seconds_wait() -> None:
    async def story(it: Speech) -> None:
        await asyncio.sleep(0.1)
        gate = it.peer.gate
        assert gate is not None
        it.player.pause()
        it.player.append("A" * 150)
        reading = asyncio.ensure_future(gate())  # type: ignore[arg-type]
        await asyncio.sleep(30)
        assert not reading.done()
        it.player.resume()
        began = it.context.now()
        await reading
        assert it.context.now() - began == pytest.approx(15.5 - AHEAD_S, abs=0.2)

    speech(story)
