"""Recordings heard like callers, whoever sent them."""

from __future__ import annotations

import asyncio
import io
from typing import Any, cast

import pytest

from duologue.audio.formats import LISTEN_RATE, AudioFormat, Encoding
from duologue.errors import Violation
from duologue.listen.channel import Deliver, ListenChannel, ListenEngines
from duologue.listen.hypothesis import ListenOptions
from duologue.listen.policy import TurnPolicy
from duologue.server.recordings import Recording, hear_recording, while_wanted
from tests.server.driving import application
from tests.server.test_listen_endpoint import scripted

SAMPLES = AudioFormat(Encoding.PCM_S16LE, LISTEN_RATE)


def recording(content: bytes, audio: AudioFormat | None = SAMPLES) -> Recording:
    return Recording(io.BytesIO(content), audio, ListenOptions())


class Request:
    """A request whose client leaves when it is told to."""

    def __init__(self) -> None:
        self.left = asyncio.Event()

    async def receive(self) -> dict[str, Any]:
        await self.left.wait()
        return {"type": "http.disconnect"}


def test_turns_and_length_of_a_recording_and_what_it_counts() -> None:
    async def main() -> None:
        async with application(scripted()) as app:
            meter = app.services.ledger.open("1", "", "stt", "/x")
            heard = await hear_recording(app.services, recording(bytes(6 * 2 * LISTEN_RATE + 1)), meter, "/x")
            assert [end.text for end in heard.ends] == ["hello there", "a large latte please"]
            assert heard.duration == pytest.approx(6.0, abs=0.05)
            assert meter.audio_in_s == heard.duration
            assert all(not engine.host._open for engine in app.services.engines)  # type: ignore[union-attr]

    asyncio.run(main())


def test_everybody_in_a_recording_counts_not_the_nearest_voice_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    policies: list[TurnPolicy] = []
    opened = ListenChannel.open

    async def noting(
        engines: ListenEngines, options: ListenOptions, policy: TurnPolicy, deliver: Deliver
    ) -> ListenChannel:
        policies.append(policy)
        return await opened(engines, options, policy, deliver)

    async def main() -> None:
        async with application(scripted()) as app:
            meter = app.services.ledger.open("1", "", "stt", "/x")
            await hear_recording(app.services, recording(bytes(2 * LISTEN_RATE)), meter, "/x")
            assert app.services.config.listen.floor.foreground == 1.0

    monkeypatch.setattr(ListenChannel, "open", noting)
    asyncio.run(main())
    assert [policy.foreground for policy in policies] == [0.0]


def test_what_is_no_audio_or_too_long_gives_its_streams_back() -> None:
    async def main() -> None:
        async with application(scripted(limits={"upload_s": 1.0})) as app:
            meter = app.services.ledger.open("1", "", "stt", "/x")
            for wrong in (recording(b"no audio", None), recording(bytes(4 * LISTEN_RATE))):
                with pytest.raises(Violation):
                    await hear_recording(app.services, wrong, meter, "/x")
            assert all(not engine.host._open for engine in app.services.engines)  # type: ignore[union-attr]

    asyncio.run(main())


def test_work_ends_when_the_client_leaves() -> None:
    async def main() -> None:
        request, cancelled = Request(), False

        async def work() -> str:
            nonlocal cancelled
            try:
                await asyncio.get_running_loop().create_future()
            finally:
                cancelled = True
            return ""

        waiting = asyncio.create_task(while_wanted(cast("Any", request), work()))
        await asyncio.sleep(0)
        request.left.set()
        assert await waiting is None
        assert cancelled

    asyncio.run(main())


def test_what_the_work_gives_or_raises_is_passed_on() -> None:
    async def main() -> None:
        async def give() -> str:
            return "done"

        async def fail() -> str:
            raise Violation("x", "wrong")

        assert await while_wanted(cast("Any", Request()), give()) == "done"
        with pytest.raises(Violation):
            await while_wanted(cast("Any", Request()), fail())

    asyncio.run(main())
