"""The clients against a server of its own, with keys, over loopback sockets and in real time: a few seconds of it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from duologue.auth.keys import KeyStore
from duologue.bridge import (
    AgentNotFound,
    AuthenticationError,
    ConnectionFailed,
    Events,
    PlayerEvents,
    create_agents_client,
    create_realtime_tts_player,
    current_context,
    send_media_between,
)
from duologue.bridge.media import MediaEnded
from duologue.bridge.player_events import PlayerEvent
from duologue.storage import Database
from tests.bridge.stage import Ear
from tests.running_server import RunningServer, running_server
from tests.server.test_call_stream import desk

CONFIG = desk(introduction="Hello.") | {"auth": {"mode": "keys"}}


@pytest.fixture(scope="module")
def server() -> Iterator[RunningServer]:
    with running_server(CONFIG) as running:
        yield running


@pytest.fixture(scope="module")
def key(server: RunningServer) -> str:
    database = Database.open(folder=server.folder)
    try:
        return KeyStore(database).create("bridge", 0.0).text
    finally:
        database.close()


def test_a_key_opens_a_call_and_the_agents_greeting_is_heard_in_real_time(server: RunningServer, key: str) -> None:
    async def main() -> None:
        context = current_context()
        client = await create_agents_client(agent_id="desk", api_key=key, base_url=server.http)
        try:
            phone = Ear(context)
            send_media_between(phone, client)
            ended = asyncio.ensure_future(client.wait_for(Events.WebSocketMediaEnded, timeout=100))
            ack = await client.start(metadata={"from": "+15550100"})
            assert ack.config["input_format"] == "mulaw_8000"
            assert client.web_socket_id
            run = await ended
            assert isinstance(run, MediaEnded)
            assert run.media_info.duration == pytest.approx(len(phone.sound) / 8, abs=20)
            sounding = phone.times[-1] - phone.times[0]
            assert sounding > run.media_info.duration / 1000 - 0.15, "never faster than it sounds"
            with pytest.raises(ConnectionFailed, match="429") as refused:
                await create_agents_client(agent_id="desk", api_key=key, base_url=server.http)
            assert refused.value.retry_after_s is not None
        finally:
            await client.close()

    asyncio.run(main())


def test_a_wrong_key_and_an_unknown_agent_are_told_apart(server: RunningServer, key: str) -> None:
    async def main() -> None:
        with pytest.raises(AuthenticationError, match="does not accept the API key"):
            await create_agents_client(agent_id="desk", api_key="wrong", base_url=server.http)
        with pytest.raises(AgentNotFound, match="Did you mean 'desk'"):
            await create_agents_client(agent_id="desc", api_key=key, base_url=server.http)

    asyncio.run(main())


def test_a_player_speaks_over_the_speech_socket(server: RunningServer, key: str) -> None:
    async def main() -> None:
        player = create_realtime_tts_player("Hello there.", api_key=key, base_url=server.http)
        try:
            phone = Ear(current_context(), rate=16_000)
            player.send_media_to(phone)
            event = await player.wait_for(PlayerEvents.PlaybackFinished, timeout=100)
            assert isinstance(event, PlayerEvent)
            assert len(phone.sound) > 4_000
            assert float(abs(phone.sound).max()) > 0.01
        finally:
            await player.stop()
        wrong = create_realtime_tts_player("Hello there.", api_key="wrong", base_url=server.http)
        event = await wrong.wait_for(PlayerEvents.Error, timeout=100)
        assert isinstance(event, PlayerEvent)
        assert "does not accept the API key" in event.error

    asyncio.run(main())
