"""Deepgram's speaking socket, whole: `/v1/speak`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from duologue.errors import EngineFailure
from duologue.runtime.engines import Role
from duologue.server.app import Application
from duologue.sim.clock import run
from duologue.sim.wire import Rejected
from tests.server.driving import Client, application, light

PATH = "/v1/speak?model=aura-2-thalia-en&encoding=linear16&sample_rate=16000"
LONG = "This is a long line of words that nobody wants to hear. " * 40
FLUSH, CLEAR, CLOSE = {"type": "Flush"}, {"type": "Clear"}, {"type": "Close"}


def speak(text: str) -> dict[str, Any]:
    return {"type": "Speak", "text": text}


def audio(client: Client) -> bytes:
    return b"".join(frame for frame in client.frames if isinstance(frame, bytes))


def order(client: Client) -> list[str]:
    """Types of the frames, audio in a row counted once."""
    kinds: list[str] = []
    told = iter(client.kinds())
    for frame in client.frames:
        kind = "audio" if isinstance(frame, bytes) else next(told)
        if [kind] != kinds[-1:] or kind != "audio":
            kinds.append(kind)
    return kinds


def conversation(act: Callable[[Client, Application], Any], path: str = PATH, **sections: Any) -> Client:
    """A connection from beginning to end."""

    async def main() -> Client:
        async with application(light(**sections)) as app:
            client = await Client(app, path).connect()
            await act(client, app)
            await client.closed()
            assert app.services.limiter.held == 0
            return client

    client: Client = run(main())
    return client


def test_text_in_pieces_is_spoken_and_flushed_and_the_connection_closed() -> None:
    async def act(client: Client, _: Application) -> None:
        for piece in ("Hello ", "there. ", "How are you?"):
            client.send(speak(piece))
        client.send(FLUSH)
        client.send(speak("And good bye."))
        client.send(FLUSH)
        client.send(CLOSE)

    client = conversation(act)
    assert order(client) == ["Metadata", "audio", "Flushed", "audio", "Flushed"]
    assert [message.get("sequence_id") for message in client.messages] == [None, 0, 1]
    assert client.socket.closed == (1000, "")
    metadata = client.messages[0]
    assert metadata["model_name"] == "aura-2-thalia-en"
    assert {"request_id", "model_version", "model_uuid"} <= metadata.keys()
    assert len(audio(client)) > 32_000
    assert all(len(frame) <= 3_200 for frame in client.frames if isinstance(frame, bytes))


def test_a_clear_silences_at_once_and_what_follows_is_heard() -> None:
    async def act(client: Client, _: Application) -> None:
        client.send(speak(LONG))
        client.send(FLUSH)
        await client.until(lambda client: len(audio(client)) > 0)
        client.send(CLEAR)
        await client.heard("Cleared")
        before = len(audio(client))
        await asyncio.sleep(5.0)
        assert len(audio(client)) == before
        client.send(speak("Short."))
        client.send(FLUSH)
        await client.heard("Flushed")
        client.send(CLEAR)
        client.send(CLOSE)

    client = conversation(act)
    assert order(client) == ["Metadata", "audio", "Cleared", "audio", "Flushed", "Cleared"]
    assert [message.get("sequence_id") for message in client.messages[1:]] == [0, 1, 1]


def test_close_gives_flushed_text_and_drops_the_rest() -> None:
    async def act(client: Client, _: Application) -> None:
        client.send(speak("Hello there."))
        client.send(FLUSH)
        client.send(speak(LONG))
        client.send(CLOSE)
        client.send(speak("Too late."))

    client = conversation(act)
    assert client.kinds() == ["Metadata", "Flushed"]
    assert len(audio(client)) < 10 * 32_000


def test_speech_begins_with_the_end_of_a_sentence_and_has_no_seam_inside() -> None:
    async def act(client: Client, _: Application) -> None:
        for word in "Hello there my good old friend".split():
            client.send(speak(f"{word} "))
        await asyncio.sleep(60.0)
        assert audio(client) == b""
        client.send(speak("of mine. And"))
        await client.until(lambda client: len(audio(client)) > 0)
        client.send(CLOSE)

    assert conversation(act).kinds() == ["Metadata"]


def test_text_that_is_never_flushed_waits_and_is_dropped() -> None:
    async def act(client: Client, _: Application) -> None:
        client.send(speak("Hello"))
        await asyncio.sleep(60.0)
        assert audio(client) == b""
        client.send(CLOSE)

    assert conversation(act).kinds() == ["Metadata"]


def test_flushing_nothing_is_acknowledged_also_after_a_long_pause() -> None:
    async def act(client: Client, _: Application) -> None:
        client.send(FLUSH)
        await asyncio.sleep(60.0)
        client.send({"type": "KeepAlive"})
        client.send(speak(""))
        client.send(FLUSH)
        client.send(speak("Hello."))
        client.send(FLUSH)
        client.send(CLOSE)

    client = conversation(act)
    assert order(client) == ["Metadata", "Flushed", "Flushed", "audio", "Flushed"]
    assert [message.get("sequence_id") for message in client.messages[1:]] == [0, 1, 2]


@pytest.mark.parametrize(
    ("message", "code", "word"),
    [
        ("not json", 1008, "DATA-0000"),
        ("[]", 1008, "DATA-0000"),
        ('{"type":"Sing"}', 1008, "DATA-0000"),
        ('{"type":"Speak"}', 1008, "DATA-0000"),
        ('{"type":"Speak","text":7}', 1008, "DATA-0000"),
        (b"\x00\x01", 1003, "MESSAGE-0000"),
        ('{"type":"Speak","text":"' + "x" * 600_000 + '"}', 1009, "BIG-0000"),
        ('{"type":"Speak","text":"' + "x" * 110_000 + '"}', 1008, "DATA-0001"),
    ],
)
def test_what_is_not_understood_closes_with_the_vendors_code(message: str | bytes, code: int, word: str) -> None:
    async def act(client: Client, _: Application) -> None:
        client.send(message)

    client = conversation(act)
    assert client.socket.closed is not None
    assert client.socket.closed[0] == code
    assert client.socket.closed[1].startswith(word)
    assert client.kinds() == ["Metadata", "Warning"]
    assert client.messages[-1]["warn_msg"] == client.messages[-1]["description"]


@pytest.mark.parametrize(
    "query",
    [
        "encoding=opus",
        "encoding=linear32",
        "sample_rate=11025",
        "sample_rate=many",
        "speed=3",
        "callback=http%3A%2F%2Fhost",
    ],
)
def test_wrong_queries_are_refused_with_http(query: str) -> None:
    async def main() -> None:
        async with application(light()) as app:
            with pytest.raises(Rejected) as refused:
                await Client(app, f"/v1/speak?{query}").connect()
            assert refused.value.status == 400
            assert app.services.limiter.held == 0

    run(main())


def test_an_unknown_voice_is_somebody_unless_the_server_is_strict() -> None:
    async def act(client: Client, _: Application) -> None:
        client.send(CLOSE)

    assert conversation(act, "/v1/speak?model=aura-9-nobody-en").messages[0]["model_name"] == "aura-9-nobody-en"
    with pytest.raises(Rejected):
        conversation(act, "/v1/speak?model=nobody", server={"strict": True})


@pytest.mark.parametrize(("encoding", "rate"), [("mulaw", 8_000), ("alaw", 8_000), ("linear16", 48_000)])
def test_speech_is_as_long_in_every_format(encoding: str, rate: int) -> None:
    async def act(client: Client, _: Application) -> None:
        client.send(speak("Hello there, how are you?"))
        client.send(FLUSH)
        client.send(CLOSE)

    plain = len(audio(conversation(act))) / 32_000
    width = 2 if encoding == "linear16" else 1
    other = len(audio(conversation(act, f"/v1/speak?encoding={encoding}&sample_rate={rate}"))) / rate / width
    assert other == pytest.approx(plain, abs=0.02)


def test_lost_speech_is_told_and_closes_with_1011() -> None:
    async def act(client: Client, app: Application) -> None:
        host: Any = app.services.engines.require(Role.SYNTHESIZER).host

        async def fail(*_: object) -> None:
            raise EngineFailure("tone", "broke")

        host.open = fail
        client.send(speak("Hello."))
        client.send(FLUSH)

    client = conversation(act)
    assert client.socket.closed == (1011, "NET-0000: speech could not be made")
    assert client.kinds() == ["Metadata", "Warning"]


def test_a_connection_lasts_an_hour() -> None:
    async def act(client: Client, _: Application) -> None:
        await asyncio.sleep(3_590.0)
        assert client.socket.closed is None

    client = conversation(act)
    assert client.socket.closed is not None
    assert client.socket.closed[1].startswith("NET-0003")


def test_a_drain_waits_for_what_was_flushed() -> None:
    async def act(client: Client, app: Application) -> None:
        client.send(speak("Hello there."))
        client.send(FLUSH)
        await client.until(lambda client: len(audio(client)) > 0)
        await app.services.lifecycle.drain()

    client = conversation(act)
    assert client.kinds() == ["Metadata", "Flushed"]
    assert client.socket.closed == (1001, "server going away")
