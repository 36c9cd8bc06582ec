"""Deepgram's listening sockets, whole: `/v1/listen` and `/v2/listen`."""

from __future__ import annotations

import asyncio
import hashlib
import json
from typing import Any

import pytest

from duologue.audio.formats import AudioFormat, Encoding
from duologue.audio.wav import wav_header
from duologue.errors import Refused
from duologue.runtime.engines import Role
from duologue.sim.clock import run
from duologue.sim.wire import Rejected
from tests.server.driving import Client, application
from tests.server.test_listen_endpoint import STEP, scripted

LIVE = "/v1/listen?model=nova-3&encoding=linear16&sample_rate=16000"
FLUX = "/v2/listen?model=flux-general-en&encoding=linear16&sample_rate=16000"
TEXTS = ["hello there", "a large latte please"]


def transcripts(client: Client, **members: Any) -> list[str]:
    """Of the results with these members."""
    return [
        message["channel"]["alternatives"][0]["transcript"]
        for message in client.messages
        if message["type"] == "Results" and members.items() <= message.items()
    ]


def turns(client: Client) -> list[dict[str, Any]]:
    """The turn events but for updates."""
    return [message for message in client.messages if message.get("event", "Update") != "Update"]


async def push(client: Client, steps: int) -> None:
    """Audio in real time."""
    for _ in range(steps):
        client.send(STEP)
        await asyncio.sleep(0.1)


def test_a_live_stream_gives_results_and_ends_with_metadata() -> None:
    async def main() -> None:
        async with application(scripted()) as app:
            client = await Client(app, f"{LIVE}&interim_results=true&vad_events=true").connect()
            await push(client, 60)
            client.send({"type": "CloseStream"})
            assert await client.closed() == (1000, "")
            assert transcripts(client, is_final=True) == TEXTS
            assert transcripts(client, is_final=True, speech_final=True, from_finalize=False) == TEXTS
            assert len(transcripts(client, is_final=False)) >= 3
            starts = [message["timestamp"] for message in client.messages if message["type"] == "SpeechStarted"]
            assert starts == pytest.approx([0.5, 3.0], abs=0.1)
            last = client.messages[-1]
            assert (last["type"], last["duration"], last["channels"]) == ("Metadata", 6.0, 1)
            assert last["sha256"] == hashlib.sha256(STEP * 60).hexdigest()
            assert last["created"] == "2001-09-09T01:46:40.000Z"

    run(main())


def test_finals_follow_each_other_without_a_gap() -> None:
    async def main() -> None:
        async with application(scripted()) as app:
            client = await Client(app, LIVE).connect()
            await push(client, 60)
            client.send({"type": "CloseStream"})
            await client.closed()
            finals = [message for message in client.messages if message["type"] == "Results"]
            assert finals[0]["start"] == 0.0
            assert finals[1]["start"] == pytest.approx(finals[0]["start"] + finals[0]["duration"])
            for final in finals:
                for word in final["channel"]["alternatives"][0]["words"]:
                    assert final["start"] <= word["start"] < word["end"] <= final["start"] + final["duration"]

    run(main())


def test_without_endpointing_only_finalize_and_the_end_say_that_speech_is_over() -> None:
    async def main() -> None:
        async with application(scripted()) as app:
            client = await Client(app, f"{LIVE}&endpointing=false").connect()
            await push(client, 46)
            client.send({"type": "Finalize"})
            client.send({"type": "CloseStream"})
            await client.closed()
            assert transcripts(client, is_final=True, speech_final=False) == ["hello there"]
            assert transcripts(client, from_finalize=True, speech_final=True) == ["a large latte please"]

    run(main())


def test_a_finalize_is_always_answered() -> None:
    async def main() -> None:
        async with application(scripted()) as app:
            client = await Client(app, LIVE).connect()
            client.send({"type": "Finalize"})
            for _ in range(12):
                client.send(STEP)
            client.send({"type": "Finalize"})
            client.send({"type": "Finalize"})
            client.send({"type": "CloseStream"})
            await client.closed()
            assert transcripts(client, from_finalize=True) == ["", "hello", ""]
            assert client.kinds()[-1] == "Metadata"

    run(main())


@pytest.mark.parametrize("hurried", [False, True])
def test_utterance_ends_come_a_gap_after_the_last_word_however_fast_the_audio(hurried: bool) -> None:
    async def main() -> None:
        script = "0.5-1.0 one\n1.6-2.0 two\n4.0-4.5 three"
        async with application(scripted(script)) as app:
            client = await Client(app, f"{LIVE}&interim_results=true&utterance_end_ms=1000").connect()
            if hurried:
                for _ in range(70):
                    client.send(STEP)
            else:
                await push(client, 70)
            client.send({"type": "CloseStream"})
            await client.closed()
            ends = [message["last_word_end"] for message in client.messages if message["type"] == "UtteranceEnd"]
            assert ends == [2.0, 4.5]

    run(main())


def test_a_wav_file_needs_no_encoding_and_other_bytes_are_no_audio() -> None:
    async def main() -> None:
        async with application(scripted()) as app:
            client = await Client(app, "/v1/listen?model=nova-3").connect()
            client.send(wav_header(AudioFormat(Encoding.PCM_S16LE, 16_000))[:3])
            client.send(wav_header(AudioFormat(Encoding.PCM_S16LE, 16_000))[3:])
            for _ in range(60):
                client.send(STEP)
            client.send(b"")
            assert await client.closed() == (1000, "")
            assert transcripts(client) == TEXTS
            client = await Client(app, "/v1/listen?model=nova-3").connect()
            client.send(b"OggS and so on")
            code, reason = await client.closed()
            assert (code, reason[:9]) == (1008, "DATA-0000")

    run(main())


def test_what_is_counted_is_what_a_wav_header_says() -> None:
    async def main() -> None:
        async with application(scripted()) as app:
            client = await Client(app, "/v1/listen?model=nova-3").connect()
            (connection,) = app.services.lifecycle._connections
            meter = connection.drain.__self__._meter  # type: ignore[attr-defined]
            client.send(wav_header(AudioFormat(Encoding.PCM_S16LE, 48_000)))
            for _ in range(20):
                client.send(bytes(9_600))
            client.send({"type": "CloseStream"})
            await client.closed()
            assert meter.audio_in_s == pytest.approx(2.0, abs=0.05)

    run(main())


def test_a_live_stream_without_audio_or_signs_of_life_is_closed() -> None:
    async def main() -> None:
        async with application(scripted()) as app:
            clock = asyncio.get_running_loop().time
            began = clock()
            client = await Client(app, LIVE).connect()
            for _ in range(4):
                client.send({"type": "KeepAlive"})
                await asyncio.sleep(3.0)
            code, reason = await client.closed()
            assert (code, reason[:8]) == (1011, "NET-0001")
            assert clock() - began < 13.0, "keep-alives alone do not keep a stream open"
            client = await Client(app, LIVE).connect()
            client.send(STEP)
            for _ in range(6):
                await asyncio.sleep(5.0)
                client.send({"type": "KeepAlive"})
            assert client.socket.closed is None
            assert (await client.closed())[1].startswith("NET-0001")

    run(main())


def test_other_terms_that_cannot_be_had_change_nothing() -> None:
    async def main() -> None:
        async with application(scripted()) as app:
            for path, kind in ((LIVE, "ConfigureFailure"), (FLUX, "Warning")):
                client = await Client(app, path).connect()
                await push(client, 5)
                host: Any = app.services.engines.require(Role.RECOGNIZER).host
                opened = host.open

                async def fail(*_: object) -> None:
                    raise Refused("engine_full", "no place")

                host.open = fail
                client.send({"type": "Configure", "keyterms": ["latte"]})
                await client.heard(kind)
                host.open = opened
                await push(client, 60)
                client.send({"type": "CloseStream"})
                assert await client.closed() == (1000, "")
                assert any("hello there" in json.dumps(message) for message in client.messages)

    run(main())


def test_a_client_whose_words_take_long_is_not_idle() -> None:
    async def main() -> None:
        async with application(scripted()) as app:
            client = await Client(app, LIVE).connect()
            await push(client, 12)
            (connection,) = app.services.lifecycle._connections
            channel = connection.drain.__self__._channel  # type: ignore[attr-defined]
            settle = channel.settle

            async def slow() -> None:
                await asyncio.sleep(30.0)
                await settle()

            channel.settle = slow
            client.send({"type": "Finalize"})
            await client.heard("Results")
            await asyncio.sleep(9.0)
            assert client.socket.closed is None
            assert (await client.closed())[1].startswith("NET-0001")

    run(main())


@pytest.mark.parametrize(
    "path",
    [
        "/v1/listen?model=flux-general-en",
        "/v1/listen?model=gpt",
        "/v1/listen?model=nova-3&encoding=linear16",
        "/v1/listen?model=nova-3&encoding=opus&sample_rate=16000",
        "/v1/listen?model=nova-3&utterance_end_ms=1000",
        "/v1/listen?model=nova-3&channels=2&multichannel=true",
        "/v1/listen?model=nova-3&redact=numbers",
        "/v1/listen?model=nova-3&callback=http%3A%2F%2Fhost",
        "/v1/listen?model=nova-3&keywords=a%3A2",
        "/v2/listen?model=nova-3&encoding=linear16&sample_rate=16000",
        "/v2/listen?model=flux-general-en&eager_eot_threshold=0.9&eot_threshold=0.6",
        "/v2/listen?model=flux-general-en&eot_timeout_ms=1",
    ],
)
def test_wrong_queries_are_refused_with_http(path: str) -> None:
    async def main() -> None:
        async with application(scripted()) as app:
            with pytest.raises(Rejected) as refused:
                await Client(app, path).connect()
            assert refused.value.status == 400
            body = json.loads(refused.value.body)
            assert {"err_code", "err_msg", "category", "message", "request_id"} <= body.keys()
            assert b"dg-error" in dict(refused.value.headers)
            assert app.services.limiter.held == 0

    run(main())


def test_bad_messages_are_told_and_the_stream_goes_on() -> None:
    async def main() -> None:
        async with application(scripted()) as app:
            for path, kind in ((LIVE, "Error"), (FLUX, "Warning")):
                client = await Client(app, path).connect()
                for number, message in enumerate(("not json", "[]", {"type": "Sing"}), 1):
                    client.send(message)
                    await client.heard(kind, number)
                for _ in range(60):
                    client.send(STEP)
                client.send({"type": "CloseStream"})
                assert await client.closed() == (1000, "")

    run(main())


def test_huge_frames_close_with_1009() -> None:
    async def main() -> None:
        async with application(scripted()) as app:
            for path in (LIVE, FLUX):
                client = await Client(app, path).connect()
                client.send(bytes(4 * 1024 * 1024 + 1))
                assert await client.closed() == (1009, "message too big")

    run(main())


def test_flux_tells_turns_in_sequence() -> None:
    async def main() -> None:
        async with application(scripted()) as app:
            client = await Client(app, f"{FLUX}&eager_eot_threshold=0.4").connect()
            await push(client, 70)
            client.send({"type": "KeepAlive"})
            client.send({"type": "CloseStream"})
            assert await client.closed() == (1000, "")
            assert [message["sequence_id"] for message in client.messages] == list(range(len(client.messages)))
            assert client.kinds()[0] == "Connected"
            events = [(message["event"], message["turn_index"], message["transcript"]) for message in turns(client)]
            ends = [event for event in events if event[0] == "EndOfTurn"]
            assert ends == [("EndOfTurn", 0, TEXTS[0]), ("EndOfTurn", 1, TEXTS[1])]
            assert [event[0] for event in events if event[1] == 0] == ["StartOfTurn", "EagerEndOfTurn", "EndOfTurn"]
            updates = [message for message in client.messages if message.get("event") == "Update"]
            assert len(updates) == pytest.approx(7.0 / 0.25, abs=3)

    run(main())


def test_flux_is_reconfigured_on_the_way() -> None:
    async def main() -> None:
        async with application(scripted()) as app:
            client = await Client(app, FLUX).connect()
            client.send({"type": "Configure", "thresholds": {"eager_eot_threshold": 0.9, "eot_threshold": 0.6}})
            assert (await client.heard("ConfigureFailure"))["code"] == "INVALID_THRESHOLD"
            client.send({"type": "Configure", "thresholds": {"eager_eot_threshold": 0.5}, "keyterms": ["latte"]})
            success = await client.heard("ConfigureSuccess")
            assert success["keyterms"] == ["latte"]
            assert success["thresholds"] == {
                "eager_eot_threshold": 0.5,
                "eot_threshold": 0.7,
                "eot_timeout_ms": 5000,
            }
            await push(client, 30)
            client.send({"type": "CloseStream"})
            await client.closed()
            assert [message["event"] for message in turns(client)] == ["StartOfTurn", "EagerEndOfTurn", "EndOfTurn"]

    run(main())


def test_flux_ends_a_turn_when_told_and_warns_when_there_is_none() -> None:
    async def main() -> None:
        async with application(scripted()) as app:
            client = await Client(app, FLUX).connect()
            client.send({"type": "ForceEndTurn"})
            assert (await client.heard("Warning"))["code"] == "FORCE_END_TURN_NO_ACTIVE_TURN"
            await push(client, 17)
            client.send({"type": "ForceEndTurn"})
            await client.until(lambda client: any(message["event"] == "EndOfTurn" for message in turns(client)))
            end = turns(client)[-1]
            assert (end["trigger"], end["transcript"]) == ("manual", "hello there")
            client.send({"type": "CloseStream"})
            await client.closed()

    run(main())


def test_flux_leaves_the_turn_open_when_the_stream_is_closed() -> None:
    async def main() -> None:
        async with application(scripted()) as app:
            client = await Client(app, FLUX).connect()
            await push(client, 15)
            client.send({"type": "CloseStream"})
            assert await client.closed() == (1000, "")
            assert [message["event"] for message in turns(client)] == ["StartOfTurn"]
            assert client.messages[-1]["transcript"] == "hello there"

    run(main())


def test_streams_are_given_back_when_the_client_leaves_at_any_time() -> None:
    async def main() -> None:
        async with application(scripted()) as app:
            for path in (LIVE, FLUX):
                for steps in (0, 1, 10, 40):
                    client = await Client(app, path).connect()
                    for _ in range(steps):
                        client.send(STEP)
                    await client.socket.close()
            assert all(not engine.host._open for engine in app.services.engines)  # type: ignore[union-attr]
            assert app.services.limiter.held == 0

    run(main())
