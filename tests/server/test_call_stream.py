"""Cartesia's call stream through the whole server, in memory and virtual time."""

from __future__ import annotations

import asyncio
import base64
import json
from pathlib import Path
from typing import Any

import pytest

from duologue.server.app import Application
from duologue.sim.clock import run
from duologue.sim.wire import Rejected
from tests.server.driving import Client, application, light

PATH = "/agents/stream/desk"
STEP_S = 0.1


class Caller(Client):
    """A client of the call stream. `rate` samples of `width` bytes a second, both ways."""

    rate, width = 16_000, 2

    async def start(self, form: str = "pcm_16000", **members: Any) -> dict[str, Any]:
        self.rate, self.width = int(form.partition("_")[2]), 1 if form.startswith("mulaw") else 2
        self.send({"event": "start", "config": {"input_format": form}, **members})
        return await self.heard("ack")

    def kinds(self) -> list[str]:
        return [str(message.get("event")) for message in self.messages]

    async def heard(self, kind: str, count: int = 1) -> dict[str, Any]:
        await self.until(lambda client: client.kinds().count(kind) >= count)
        return [message for message in self.messages if message["event"] == kind][count - 1]

    def say(self, payload: bytes) -> None:
        self.send({"event": "media_input", "media": {"payload": base64.b64encode(payload).decode()}})

    async def listen(self, seconds: float) -> None:
        """Keep the microphone open."""
        silence = bytes([255] if self.width == 1 else [0]) * int(self.rate * STEP_S) * self.width
        for _ in range(round(seconds / STEP_S)):
            self.say(silence)
            await asyncio.sleep(STEP_S)

    def audio(self) -> bytes:
        sent = [m["media"]["payload"] for m in self.messages if m["event"] == "media_output"]
        return b"".join(map(base64.b64decode, sent))

    @property
    def samples(self) -> int:
        return len(self.audio()) // self.width


def desk(script: str = "", answers: list[dict[str, Any]] | None = None, **agent: Any) -> dict[str, Any]:
    """A server whose agent `desk` is answered for by a script."""
    engine = {"engine": "scripted", "settings": {"script": script}}
    return light(
        listen={"voice_activity": engine, "recognizer": engine},
        think={
            "default": "scripted",
            "providers": {"scripted": {"client": "scripted", "answers": answers or [{"text": "Very well."}]}},
        },
        agents={"desk": {"introduction": "Hello there.", **agent}},
    )


async def call(app: Application, path: str = PATH, **options: Any) -> Caller:
    caller = Caller(app, path, **options)
    await caller.connect()
    return caller


@pytest.mark.parametrize("form", ["mulaw_8000", "pcm_16000", "pcm_24000", "pcm_44100"])
def test_an_agent_speaks_and_hears_in_each_format(form: str) -> None:
    async def main() -> None:
        async with application(desk("2.0-3.0 good morning")) as app:
            caller = await call(app)
            ack = await caller.start(form)
            assert ack["config"]["input_format"] == form
            await caller.listen(7.0)
            ended = [m["turn_ended"] for m in caller.messages if m["event"] == "turn_ended"]
            assert [(turn["role"], turn["text"]) for turn in ended[:3]] == [
                ("assistant", "Hello there."),
                ("user", "good morning"),
                ("assistant", "Very well."),
            ]
            words = 4
            assert 0.1 * words < caller.samples / caller.rate < words
            await caller.socket.close()

    run(main())


def test_the_path_may_have_a_prefix_and_a_slash_at_its_end() -> None:
    async def main() -> None:
        async with application(desk()) as app:
            caller = await call(app, f"/voice{PATH}/?cartesia_version=2025-04-16")
            await caller.start()
            await caller.socket.close()

    run(main())


def test_an_unknown_agent_is_a_404_with_the_nearest_id() -> None:
    async def main() -> None:
        async with application(desk()) as app:
            with pytest.raises(Rejected) as refused:
                await call(app, "/agents/stream/desc")
            assert refused.value.status == 404
            body = json.loads(refused.value.body)
            assert "Did you mean 'desk'?" in body["message"]
            assert {"error_code", "title", "request_id"} <= body.keys()
            with pytest.raises(Rejected) as nothing:
                await call(app, "/agents/stream/")
            assert nothing.value.status == 404

    run(main())


def test_a_barge_in_clears_what_was_not_played() -> None:
    async def main() -> None:
        text = "One two three four five six seven eight nine ten eleven twelve."
        async with application(
            desk("1.5-2.5 stop please", introduction=text, output_audio_delivery="as_available")
        ) as app:
            caller = await call(app)
            await caller.start()
            await caller.listen(6.0)
            kinds = caller.kinds()
            cut = next(
                m["turn_ended"] for m in caller.messages if m["event"] == "turn_ended" and m["turn_ended"]["id"] == "1"
            )
            assert cut["was_interrupted"]
            assert text.startswith(cut["text"])
            assert 0 < len(cut["text"]) < len(text)
            assert kinds.index("clear") > kinds.index("media_output")
            assert kinds.count("clear") == 1
            await caller.socket.close()

    run(main())


def test_anything_before_start_is_told_and_closes() -> None:
    async def main() -> None:
        async with application(desk()) as app:
            caller = await call(app)
            caller.say(b"\x00\x00")
            assert await caller.closed() == (1008, "start expected")
            assert caller.kinds() == ["error"]

    run(main())


def test_a_second_start_and_a_bad_message_are_told_and_the_call_goes_on() -> None:
    async def main() -> None:
        async with application(desk("1.0-2.0 good morning", introduction="")) as app:
            caller = await call(app)
            await caller.start()
            caller.send({"event": "start"})
            caller.send("{")
            await caller.listen(5.0)
            assert caller.kinds().count("error") == 2
            assert [m["title"] for m in caller.messages if m["event"] == "error"] == ["Already started", "Invalid JSON"]
            assert caller.samples > 0
            await caller.socket.close()

    run(main())


def test_an_agent_with_an_empty_introduction_waits() -> None:
    async def main() -> None:
        async with application(desk()) as app:
            caller = await call(app)
            ack = await caller.start(agent={"introduction": ""})
            assert ack["agent"]["introduction"] == ""
            await caller.listen(3.0)
            assert caller.kinds() == ["ack"]
            await caller.socket.close()

    run(main())


def test_three_minutes_without_a_message_or_a_ping_end_the_call() -> None:
    async def main() -> None:
        async with application(desk()) as app:
            caller = await call(app)
            await caller.start()
            await asyncio.sleep(170.0)
            caller.socket.ping()
            await asyncio.sleep(170.0)
            assert caller.socket.closed is None
            assert await caller.closed() == (1000, "connection idle timeout")
            assert 350.0 <= asyncio.get_running_loop().time() < 352.0
            assert caller.kinds()[-1] != "error"

    run(main())


def test_a_call_that_has_lasted_as_long_as_it_may_is_ended_by_the_agent() -> None:
    async def main() -> None:
        async with application(desk(max_duration=20.0)) as app:
            caller = await call(app)
            await caller.start()
            for _ in range(3):
                await caller.listen(7.0)
            assert await caller.closed() == (1000, "call ended by agent, reason: maximum duration")
            assert asyncio.get_running_loop().time() >= 20.0

    run(main())


def test_a_server_that_goes_away_lets_the_agent_finish() -> None:
    async def main() -> None:
        async with application(desk(introduction="One two three four five six.")) as app:
            caller = await call(app)
            await caller.start()
            await caller.heard("media_output")
            await app.services.lifecycle.drain()
            assert await caller.closed() == (1001, "server going away")
            ended = next(m["turn_ended"] for m in caller.messages if m["event"] == "turn_ended")
            assert ended["text"] == "One two three four five six."
            assert not ended["was_interrupted"]
            assert caller.messages[-1]["event"] == "error"

    run(main())


def test_playback_reports_are_the_history() -> None:
    """The loudspeaker is half a second behind what the server believes; the line holds what it says."""

    async def main() -> None:
        text = "One two three four five six seven eight nine ten eleven twelve."
        sessions = []

        def watch(session: Any) -> Any:
            sessions.append(session)
            return lambda *_: None

        async with application(
            desk("1.5-2.5 stop please", introduction=text, output_audio_delivery="as_available"),
            lambda services: setattr(services, "watch", watch),
        ) as app:
            caller = await call(app)
            await caller.start()
            for _ in range(60):
                await caller.listen(STEP_S)
                if caller.kinds().count("clear"):
                    break
                played = max(0.0, asyncio.get_running_loop().time() - 1.0)
                caller.send({"event": "playback", "playback": {"position": round(played * caller.rate)}})
            estimated = sessions[0].history.lines[0].text
            caller.send({"event": "playback", "playback": {"position": round(0.4 * caller.rate)}})
            await caller.listen(0.2)
            reported = sessions[0].history.lines[0].text
            assert text.startswith(reported)
            assert len(reported) < len(estimated), "the loudspeaker stopped earlier than believed"
            caller.send({"event": "playback", "playback": {"position": 0}})
            caller.send({"event": "playback", "playback": {"position": 10**9}})
            await caller.listen(0.2)
            assert len(sessions[0].history.lines[0].text) > len(estimated), "no more than was sent"
            await caller.socket.close()

    run(main())


def test_rules_take_keys_for_answers_and_put_the_caller_through() -> None:
    async def main() -> None:
        engine = {
            "engine": "scripted",
            "settings": {"script": "4.0-5.0 the matinee please; 13.0-14.0 talk to the manager"},
        }
        folder = str(Path(__file__).parents[2] / "examples" / "agents")
        values = light(
            listen={"voice_activity": engine, "recognizer": engine},
            agent={"folder": folder},
            think={"providers": {"open_ai": {}}},
        )
        async with application(values) as app:
            caller = await call(app, "/agents/stream/box-office")
            await caller.start()
            await caller.listen(8.0)
            caller.send({"event": "dtmf", "dtmf": "2#"})
            await caller.listen(10.0)
            said = [m["turn_ended"]["text"] for m in caller.messages if m["event"] == "turn_ended"]
            assert said == [
                "This is the box office. Which show would you like to see?",
                "the matinee please",
                "How many tickets?",
                "2",
                "So that is two tickets for the matinee. Is that right?",
                "talk to the manager",
                "I will put you through to the manager.",
            ]
            assert caller.messages[-1]["event"] == "transfer_call"
            assert caller.messages[-1]["transfer"] == {"target_phone_number": "+15550123"}
            await caller.socket.close()

    run(main())
