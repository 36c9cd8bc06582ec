"""Telephone calls from the ways in to the agent and back, over real sockets on loopback, in virtual time."""

from __future__ import annotations

import asyncio
import itertools
import json
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from websockets.exceptions import ConnectionClosed

from duologue.audio.g711 import decode_mulaw
from tests.bridge.audiosocket_peer import AudioSocketPeer
from tests.bridge.loopback import run
from tests.bridge.phone_server import PhoneServer, phone_config, phone_server
from tests.bridge.tones import keys_in
from tests.bridge.twilio_call import QUIET, TwilioCall

EXAMPLE = Path(__file__).parent.parent.parent / "examples" / "phone" / "coffee_line.py"


class Callers:
    """Whoever calls a server in a test; all have hung up when it ends, also when it fails."""

    def __init__(self, phones: PhoneServer) -> None:
        self.phones = phones
        self._there: list[TwilioCall | AudioSocketPeer] = []
        self._names = itertools.count(1)

    async def twilio(self, delay_s: float = 0.0) -> TwilioCall:
        """A call over Twilio, behind a network of that delay each way."""
        call = await TwilioCall(f"http://127.0.0.1:{self.phones.port}", delay_s).dial(f"CA{next(self._names)}")
        self._there.append(call)
        return call

    async def asterisk(self) -> AudioSocketPeer:
        """A call over AudioSocket."""
        peer = await AudioSocketPeer(self.phones.audiosocket_port).dial()
        self._there.append(peer)
        return peer

    async def leave(self) -> None:
        """Everybody hangs up."""
        for call in self._there:
            await call.hang_up()


def calling(**config: Any) -> Callable[[Callable[[PhoneServer, Callers], Awaitable[None]]], None]:
    """Run a test against a server of its own; nothing may be left when it ends."""

    def play(main: Callable[[PhoneServer, Callers], Awaitable[None]]) -> None:
        async def whole() -> None:
            async with phone_server(phone_config(**config)) as phones:
                callers = Callers(phones)
                try:
                    await main(phones, callers)
                finally:
                    await callers.leave()
                await asyncio.sleep(0.5)
                assert phones.calls == 0

        run(whole())

    return play


def words_in(mulaw: bytes) -> int:
    """Words of the tone voice that were heard for more than half: each is one tone of 160 ms behind a gap."""
    loud = np.abs(decode_mulaw(np.frombuffer(mulaw, np.uint8))) > 0.01
    words, run_, quiet = 0, 0, 1_000
    half = 632  # of 1,280; a tone rises for a few samples before it is loud
    for sample in loud:
        if sample:
            run_ = run_ + quiet + 1 if quiet < 200 else 1
            words += int(run_ == half)
            quiet = 0
        else:
            quiet += 1
            if quiet == 200:
                run_ = 0
    return words


def test_a_twilio_call_is_greeted_understood_and_answered() -> None:
    @calling(script="2.0-3.0 a table for two", agent={"introduction": "Desk here."}, answers=[{"text": "Of course."}])
    async def _(phones: PhoneServer, callers: Callers) -> None:
        call = await callers.twilio()
        await call.stay(6.0)
        assert phones.history() == ["assistant: Desk here.", "user: a table for two", "assistant: Of course."]
        assert words_in(call.peer.ear.heard(asyncio.get_running_loop().time())) == 4
        assert call.peer.kinds.count("mark") == len(call.peer.marks_returned) > 5


def test_an_audiosocket_call_is_greeted_understood_and_answered() -> None:
    @calling(script="2.0-3.0 a table for two", agent={"introduction": "Desk here."}, answers=[{"text": "Of course."}])
    async def _(phones: PhoneServer, callers: Callers) -> None:
        asterisk = await callers.asterisk()
        await asterisk.speak(bytes(320) * 300)
        assert phones.history() == ["assistant: Desk here.", "user: a table for two", "assistant: Of course."]
        loud = np.abs(asterisk.samples) > 500
        assert loud.sum() > 4_000


EVEN = " ".join(("two", "four", "six", "ten") * 9)
"""The tone voice says each of these words in 160 ms and a gap."""
ONE_SYLLABLE = ("one", "two", "three", "four", "five", "six", "eight", "nine", "ten")


@pytest.mark.parametrize("delay_s", [0.0, 0.05, 0.15, 0.3])
@pytest.mark.parametrize("interrupted_at", [4.0, 4.37, 5.52])
def test_after_an_interruption_the_history_is_what_the_marks_say_was_heard(
    delay_s: float, interrupted_at: float
) -> None:
    @calling(
        script=f"1.0-1.8 count; {interrupted_at}-{interrupted_at + 0.8} stop that", answers=[{"text": EVEN, "turn": 1}]
    )
    async def _(phones: PhoneServer, callers: Callers) -> None:
        call = await callers.twilio(delay_s)
        await call.stay(interrupted_at + 0.75 + delay_s)
        assert "clear" in call.peer.kinds
        heard = words_in(call.peer.ear.heard(asyncio.get_running_loop().time()))
        line = phones.history()[1]
        assert line.startswith("assistant: two four")
        assert len(line.removeprefix("assistant: ").split()) == heard
        assert 0 < heard < 30


def test_a_reply_over_a_slow_line_is_heard_without_a_gap() -> None:
    @calling(script="1.0-1.8 count", answers=[{"text": EVEN, "turn": 1}])
    async def _(phones: PhoneServer, callers: Callers) -> None:
        call = await callers.twilio(0.3)
        await call.stay(7.0)
        sounds = call.peer.ear.sounds
        ends = [begins + len(payload) / 8_000 for begins, payload in sounds]
        assert [begins for end, (begins, _) in zip(ends, sounds[1:], strict=False) if begins - end > 0.001] == []
        assert len(sounds) > 150


@pytest.mark.parametrize("delay_s", [0.0, 0.15])
def test_when_the_caller_hangs_up_the_history_is_what_was_heard_until_then(delay_s: float) -> None:
    @calling(script="1.0-1.8 count", answers=[{"text": EVEN, "turn": 1}])
    async def _(phones: PhoneServer, callers: Callers) -> None:
        call = await callers.twilio(delay_s)
        await call.stay(5.0)
        heard = words_in(call.peer.ear.heard(asyncio.get_running_loop().time()))
        await asyncio.sleep(delay_s)  # news of the hang-up takes as long as all others
        call.peer.stop()
        await asyncio.sleep(0.5)
        assert len(phones.history()[1].removeprefix("assistant: ").split()) == heard > 3


def test_a_clear_reaches_the_far_end_before_the_next_frame_and_nothing_old_comes_behind_it() -> None:
    told = " ".join(ONE_SYLLABLE * 4)

    @calling(script="1.0-1.8 count; 4.0-4.8 stop that", answers=[{"text": told, "turn": 1}, {"text": "Well."}])
    async def _(phones: PhoneServer, callers: Callers) -> None:
        call = await callers.twilio()
        await call.stay(8.0)
        cleared = [at for at, message in call.peer.received if message["event"] == "clear"]
        assert len(cleared) == 1
        [ordered] = phones.cleared_at
        assert cleared[0] - ordered < 0.02
        media = [at for at, message in call.peer.received if message["event"] == "media"]
        before = max(at for at in media if at < cleared[0])
        after = min(at for at in media if at > cleared[0])
        assert cleared[0] - before <= 0.021
        assert after - cleared[0] > 0.5, "the next reply begins when the caller's turn has ended"
        # Every mark is answered, those of dropped audio too, and counted once.
        assert call.peer.kinds.count("mark") == len(call.peer.marks_returned)
        assert phones.history()[-1] == "assistant: Well."


def test_a_clear_on_audiosocket_is_silence_from_the_next_frame_on() -> None:
    @calling(script="1.0-1.8 count; 4.0-4.8 stop that", answers=[{"text": EVEN, "turn": 1}])
    async def _(phones: PhoneServer, callers: Callers) -> None:
        asterisk = await callers.asterisk()
        await asterisk.speak(bytes(320) * 240)
        [ordered] = phones.cleared_at
        late = [payload for at, payload in asterisk.frames if ordered + 0.02 < at < ordered + 0.5]
        assert late
        assert not any(any(payload) for payload in late)
        heard = b"".join(payload for at, payload in asterisk.frames if at <= ordered + 0.02)
        runs = np.flatnonzero(np.abs(np.frombuffer(heard, "<i2")) > 300)
        words = sum(run[-1] - run[0] >= 630 for run in np.split(runs, np.flatnonzero(np.diff(runs) > 200) + 1))
        assert len(phones.history()[1].removeprefix("assistant: ").split()) == words > 5


def test_keys_reach_the_agent_from_both_ways_in() -> None:
    @calling(answers=[{"text": "Thank you."}])
    async def _(phones: PhoneServer, callers: Callers) -> None:
        call = await callers.twilio()
        await call.stay(0.5)
        for digit in "42#":
            call.peer.press(digit)
        await call.stay(3.0)
        asterisk = await callers.asterisk()
        await asterisk.speak(bytes(320) * 25)
        for digit in "17#":
            asterisk.press(digit)
        await asterisk.speak(bytes(320) * 150)
        assert phones.history(0) == ["user: (The caller pressed 42 on the keypad.)", "assistant: Thank you."]
        assert phones.history(1) == ["user: (The caller pressed 17 on the keypad.)", "assistant: Thank you."]


def test_the_agents_keys_are_heard_on_both_ways_in() -> None:
    press = {"id": "c1", "name": "send_dtmf", "arguments": json.dumps({"keys": "19"})}

    @calling(
        agent={"actions": {"send_dtmf": True}},
        answers=[{"calls": [press], "after_tool": False}, {"text": "Done.", "after_tool": True}],
    )
    async def _(phones: PhoneServer, callers: Callers) -> None:
        call = await callers.twilio()
        await call.stay(0.5)
        call.peer.press("#")
        await call.stay(3.0)
        heard = call.peer.ear.heard(asyncio.get_running_loop().time())
        assert keys_in((decode_mulaw(np.frombuffer(heard, np.uint8)) * 32767).astype(np.int16), 8_000) == "19"
        asterisk = await callers.asterisk()
        await asterisk.speak(bytes(320) * 25)
        asterisk.press("#")
        await asterisk.speak(bytes(320) * 150)
        assert keys_in(asterisk.samples, 8_000) == "19"


SPEAKER = """
from duologue.bridge import PlayerEvents


async def scenario(call, session):
    call.answer()
    player = session.create_realtime_tts_player("two four six")
    player.send_media_to(call)
    await player.wait_for(PlayerEvents.PlaybackFinished, timeout=20)
    session.after(1, call.hangup)
"""


def test_a_scenario_speaks_to_a_caller_without_an_agent_and_without_a_key(tmp_path: Path) -> None:
    (tmp_path / "speaker.py").write_text(SPEAKER)

    @calling(bridge={"scenario": str(tmp_path / "speaker.py"), "agent": ""})
    async def _(phones: PhoneServer, callers: Callers) -> None:
        call = await callers.twilio()
        await call.stay(3.0)
        assert words_in(call.peer.ear.heard(asyncio.get_running_loop().time())) == 3
        assert await call.over() == (1000, "call ended")
        assert phones.sessions == []


END_CALL = {"id": "c1", "name": "end_call", "arguments": "{}"}


def test_when_the_agent_hangs_up_it_is_heard_to_the_end_first() -> None:
    @calling(
        script="1.0-1.8 goodbye",
        agent={"actions": {"end_call": True}},
        answers=[{"text": "one two three", "calls": [END_CALL]}],
    )
    async def _(phones: PhoneServer, callers: Callers) -> None:
        call = await callers.twilio()
        await call.stay(6.0)
        assert await call.over() == (1000, "call ended")
        assert words_in(call.peer.ear.heard(asyncio.get_running_loop().time())) == 3


@pytest.mark.parametrize("how", ["stop", "network", "asterisk", "terminated", "server"])
def test_whoever_ends_a_call_nothing_is_left_of_it(how: str) -> None:
    @calling(script="1.0-1.8 count", answers=[{"text": " ".join(ONE_SYLLABLE * 4)}])
    async def _(phones: PhoneServer, callers: Callers) -> None:
        if how == "asterisk":
            asterisk = await callers.asterisk()
            await asterisk.speak(bytes(320) * 150)
            await asterisk.hang_up()
            return
        call = await callers.twilio()
        await call.stay(3.0)
        assert phones.services.limiter.held == 1
        if how == "terminated":
            next(iter(phones.ways._reception._sessions.values())).terminate()
            assert await call.over() == (1000, "call ended")
        elif how == "server":
            drained = asyncio.ensure_future(phones.services.lifecycle.drain())
            await call.stay(10.0)
            await drained
            assert (await call.over())[0] == 1000
        else:
            await call.hang_up(stop=how == "stop")
        await asyncio.sleep(0.5)
        assert (phones.calls, phones.services.limiter.held) == (0, 0)


def test_an_agent_that_cannot_be_reached_is_a_call_that_ends() -> None:
    @calling(bridge={"agents_url": "http://127.0.0.1:9", "api_key_env": "AGENTS_KEY"})
    async def _(phones: PhoneServer, callers: Callers) -> None:
        call = await callers.twilio()
        assert await call.over() == (1000, "call ended")
        asterisk = await callers.asterisk()
        await asterisk.speak(bytes(320))
        assert await asterisk.over() == "hang up"


@pytest.mark.parametrize(("action", "expected"), [("end_call", (1000, "call ended")), ("call_transfer", None)])
def test_the_control_url_ends_or_transfers_the_call(action: str, expected: tuple[int, str] | None) -> None:
    @calling()
    async def _(phones: PhoneServer, callers: Callers) -> None:
        call = await callers.twilio()
        await call.stay(0.5)
        [token] = phones.ways._reception._sessions
        async with httpx.AsyncClient(trust_env=False) as http:
            url = f"http://127.0.0.1:{phones.port}/sessions/{token}"
            answer = await http.post(url, json={"action": action, "target": "+14155550123"})
        assert answer.status_code == 200
        if expected is None:
            await call.stay(0.5)
            assert phones.calls == 1, "without an account a transfer fails, and the call goes on"
        else:
            assert await call.over() == expected


def test_two_callers_at_once_do_not_hear_each_other() -> None:
    @calling(script="1.0-1.8 hello", answers=[{"text": "one two three"}])
    async def _(phones: PhoneServer, callers: Callers) -> None:
        call = await callers.twilio()
        asterisk = await callers.asterisk()
        await asyncio.gather(call.stay(4.0), asterisk.speak(bytes(320) * 200))
        assert words_in(call.peer.ear.heard(asyncio.get_running_loop().time())) == 3
        assert phones.history(0) == phones.history(1) == ["user: hello", "assistant: one two three"]


def test_the_example_bridges_both_ways_in_to_the_coffee_agent() -> None:
    @calling(bridge={"scenario": str(EXAMPLE)}, script="6.0-7.5 a large latte please")
    async def _(phones: PhoneServer, callers: Callers) -> None:
        call = await callers.twilio()
        asterisk = await callers.asterisk()
        await asyncio.gather(call.stay(12.0), asterisk.speak(bytes(320) * 600))
        for session in range(2):
            greeting, order, answer = phones.history(session)[:3]
            assert greeting.startswith("assistant: Hi, welcome")
            assert order == "user: a large latte please"
            assert answer.startswith("assistant: ")


def test_many_calls_that_end_at_any_moment_in_any_way_leave_nothing() -> None:
    chance = random.Random(5)

    async def one(callers: Callers, phones: PhoneServer) -> None:
        await asyncio.sleep(chance.random() * 2)
        call = await (callers.twilio(chance.choice([0.0, 0.1])) if chance.random() < 0.5 else callers.asterisk())
        with suppress(ConnectionClosed, OSError):
            await call.speak(QUIET * round(chance.random() * 150))
        if chance.random() < 0.3 and phones.calls:
            next(iter(phones.ways._reception._sessions.values())).terminate()
        elif isinstance(call, TwilioCall):
            await call.hang_up(stop=chance.random() < 0.5)
        else:
            await call.hang_up()

    @calling(script="0.5-1.0 count; 2.0-2.5 stop", answers=[{"text": " ".join(ONE_SYLLABLE)}])
    async def _(phones: PhoneServer, callers: Callers) -> None:
        await asyncio.gather(*(one(callers, phones) for _ in range(14)))
        await callers.leave()
        await asyncio.sleep(2)
        assert len(phones.sessions) > 5
        assert (phones.calls, phones.services.limiter.held, phones.services.lifecycle.connections) == (0, 0, 0)


def test_an_agent_whose_transfer_fails_goes_on_and_knows_it() -> None:
    transfer = {"id": "c1", "name": "transfer_call", "arguments": json.dumps({"destination": "manager"})}

    @calling(
        script="1.0-1.8 the manager please; 6.0-6.8 hello",
        agent={"actions": {"transfer_to": {"manager": "+15550123"}}},
        answers=[{"text": "One moment.", "calls": [transfer], "turn": 1, "after_tool": False}, {"text": "Still here."}],
    )
    async def _(phones: PhoneServer, callers: Callers) -> None:
        call = await callers.twilio()
        await call.stay(9.0)
        assert phones.calls == 1
        note = next(line for line in phones.history() if "transfer_failed" in line)
        assert note.startswith("system: ")
        assert phones.history()[-1] == "assistant: Still here."
