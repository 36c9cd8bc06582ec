from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from duologue.bridge.call import Call
from duologue.bridge.errors import ClientClosed
from duologue.bridge.events import CallEvents, SessionEvents
from duologue.bridge.scenario import (
    AFTER_CALL_S,
    ALERTING_S,
    LAST_WORDS_S,
    MAX_CALL_S,
    MAX_TIMERS,
    ScenarioSession,
    load_scenario,
)
from duologue.bridge.session_events import HttpRequest
from duologue.errors import Refused, Violation
from duologue.sim.clock import run
from tests.bridge.handset import Handset, reception_for


def test_a_call_alerts_until_it_is_answered() -> None:
    async def scenario(call: Call, session: ScenarioSession) -> None:
        assert call.state == "ALERTING"
        await call.answer()
        assert call.state == "CONNECTED"
        await call.hangup("enough")

    async def main() -> None:
        reception = reception_for(scenario)
        caller = Handset().call(reception)
        await asyncio.sleep(1)
        assert caller.told == ["hang up: enough"]
        assert reception.calls == 0

    run(main())


def test_listeners_go_on_when_the_function_has_returned_and_the_session_ends_with_the_call() -> None:
    heard: list[str] = []

    async def scenario(call: Call, session: ScenarioSession) -> None:
        call.handle_tones()
        call.on(CallEvents.ToneReceived, lambda tone: heard.append(tone.tone))
        session.on(SessionEvents.Terminating, lambda event: heard.append("terminating"))
        call.answer()

    async def main() -> None:
        reception = reception_for(scenario)
        caller = Handset().call(reception)
        await asyncio.sleep(5)
        assert caller.far is not None
        caller.far.dtmf_in("7")
        assert reception.calls == 1
        caller.hang_up()
        await asyncio.sleep(1)
        assert (heard, reception.calls, caller.told) == (["7", "terminating"], 0, [])

    run(main())


def test_a_call_that_nobody_answers_is_rejected_after_a_minute() -> None:
    async def scenario(call: Call, session: ScenarioSession) -> None:
        await call.ended()

    async def main() -> None:
        reception = reception_for(scenario)
        caller = Handset().call(reception)
        await asyncio.sleep(ALERTING_S - 1)
        assert caller.told == []
        await asyncio.sleep(2)
        assert caller.told == ["hang up: rejected with 480"]
        assert reception.calls == 0

    run(main())


@pytest.mark.parametrize("error", [RuntimeError("a mistake in a script"), ClientClosed("the agent")])
def test_a_failing_scenario_ends_its_own_call_only(error: Exception) -> None:
    async def scenario(call: Call, session: ScenarioSession) -> None:
        call.answer()
        if call.facts.call_id == "bad":
            raise error

    async def main() -> None:
        reception = reception_for(scenario)
        bad, good = Handset().call(reception, "bad"), Handset().call(reception, "good")
        await asyncio.sleep(1)
        assert (bad.told, good.told, reception.calls) == (["hang up: the session is over"], [], 1)
        await reception.close()
        assert good.told == ["hang up: the session is over"]

    run(main())


@pytest.mark.parametrize("way", ["scenario", "listener", "coroutine", "timer", "lost task"])
def test_whatever_ends_a_scenario_ends_its_own_call_and_never_the_server(way: str) -> None:
    def leave(*_: object) -> None:
        sys.exit(3)

    async def leave_later(*_: object) -> None:
        await asyncio.sleep(0.1)
        sys.exit(3)

    async def scenario(call: Call, session: ScenarioSession) -> None:
        call.answer()
        if call.facts.call_id == "good":
            return
        call.handle_tones()
        if way in ("listener", "coroutine"):
            call.on(CallEvents.ToneReceived, leave if way == "listener" else leave_later)
        elif way == "timer":
            session.after(0.5, leave)
        elif way == "scenario":
            leave()
        else:
            lost = asyncio.ensure_future(asyncio.sleep(10))
            lost.cancel()
            await lost

    async def main() -> None:
        reception = reception_for(scenario)
        bad, good = Handset().call(reception, "bad"), Handset().call(reception, "good")
        await asyncio.sleep(0.2)
        if way in ("listener", "coroutine"):
            assert bad.far is not None
            bad.far.dtmf_in("1")
        await asyncio.sleep(1)
        assert (bad.told, good.told, reception.calls) == (["hang up: the session is over"], [], 1)
        await reception.close()

    run(main())


def test_no_call_lasts_for_ever() -> None:
    async def scenario(call: Call, session: ScenarioSession) -> None:
        await call.answer()

    async def main() -> None:
        reception = reception_for(scenario)
        caller = Handset().call(reception)
        await asyncio.sleep(MAX_CALL_S - 1)
        assert caller.told == []
        await asyncio.sleep(2)
        assert caller.told == ["hang up: the session is over"]

    run(main())


def test_a_failing_listener_and_a_failing_timer_end_their_session() -> None:
    failed: list[str] = []

    def fail() -> None:
        raise RuntimeError("a mistake in a timer")

    async def fail_later(tone: object) -> None:
        await asyncio.sleep(1)
        raise RuntimeError("a mistake in a listener")

    async def scenario(call: Call, session: ScenarioSession) -> None:
        call.handle_tones()
        call.answer()
        session.on(SessionEvents.ListenerFailed, lambda event: failed.append(f"{event.event}: {event.error}"))
        call.on(CallEvents.ToneReceived, fail_later)
        if call.facts.call_id == "timer":
            session.after(2, fail)

    async def main() -> None:
        reception = reception_for(scenario)
        Handset().call(reception, "timer")
        caller = Handset().call(reception, "listener")
        await asyncio.sleep(1)
        assert caller.far is not None
        caller.far.dtmf_in("1")
        await asyncio.sleep(0.5)
        assert reception.calls == 2
        await asyncio.sleep(2)
        assert reception.calls == 0
        assert sorted(failed) == ["Call.ToneReceived: a mistake in a listener", "timer: a mistake in a timer"]

    run(main())


def test_a_session_tells_its_life_to_listeners_registered_at_once() -> None:
    told: list[str] = []

    async def scenario(call: Call, session: ScenarioSession) -> None:
        for event in (SessionEvents.Started, SessionEvents.Terminating, SessionEvents.Terminated):
            session.on(event, lambda event: told.append(f"{event.name} {event.access_secure_url}".strip()))
        session.on(SessionEvents.CallAlerting, lambda event: event.call.answer())

    async def main() -> None:
        reception = reception_for(scenario)
        caller = Handset().call(reception)
        await asyncio.sleep(1)
        [token] = reception._sessions
        caller.hang_up()
        await asyncio.sleep(1)
        assert told == [
            f"Session.Started https://here/sessions/{token}",
            "Session.Terminating",
            "Session.Terminated",
        ]

    run(main())


def test_timers_fire_once_may_be_cancelled_and_end_with_the_session() -> None:
    fired: list[float] = []

    async def scenario(call: Call, session: ScenarioSession) -> None:
        loop = asyncio.get_running_loop()

        async def note() -> None:
            fired.append(loop.time())

        call.answer()
        session.after(1, note)
        session.after(2, lambda: fired.append(loop.time()))
        session.after(3, note).cancel()
        session.after(100, note)
        session.after(10, session.terminate)

    async def main() -> None:
        reception = reception_for(scenario)
        caller = Handset().call(reception)
        await asyncio.sleep(200)
        assert fired == pytest.approx([1, 2])
        assert caller.told == ["hang up: the session is over"]

    run(main())


def test_a_session_has_a_hundred_timers_at_most() -> None:
    refused: list[str] = []

    async def scenario(call: Call, session: ScenarioSession) -> None:
        for _ in range(MAX_TIMERS):
            session.after(1, int)
        try:
            session.after(1, int)
        except Refused as error:
            refused.append(error.code)
        session.terminate()

    async def main() -> None:
        Handset().call(reception_for(scenario))
        await asyncio.sleep(1)
        assert refused == ["too_many_timers"]

    run(main())


def test_what_a_scenario_does_after_the_call_has_a_minute() -> None:
    done: list[str] = []

    async def scenario(call: Call, session: ScenarioSession) -> None:
        call.answer()
        await call.ended()
        await asyncio.sleep(AFTER_CALL_S - 10 if call.facts.call_id == "swift" else 10_000)
        done.append(call.facts.call_id)

    async def main() -> None:
        reception = reception_for(scenario)
        callers = [Handset().call(reception, name) for name in ("swift", "slow")]
        await asyncio.sleep(1)
        for caller in callers:
            caller.hang_up()
        await asyncio.sleep(AFTER_CALL_S - 5)
        assert (done, reception.calls) == (["swift"], 1)
        await asyncio.sleep(10)
        assert (done, reception.calls) == (["swift"], 0)

    run(main())


def test_the_control_url_reaches_its_own_session() -> None:
    asked: list[str] = []

    async def scenario(call: Call, session: ScenarioSession) -> None:
        call.answer()
        assert session.control_url == f"https://here/sessions/{session.token}"
        session.on(SessionEvents.HttpRequest, lambda request: asked.append(f"{call.facts.call_id} {request.content}"))

    async def main() -> None:
        reception = reception_for(scenario)
        Handset().call(reception, "one")
        Handset().call(reception, "two")
        await asyncio.sleep(1)
        first, second = reception._sessions
        assert first != second
        assert len(first) == 32
        reception.request(second, HttpRequest("POST", "/", "hello"))
        assert asked == ["two hello"]
        for wrong in ("", first[:-1], "0" * 32):
            with pytest.raises(Refused) as caught:
                reception.request(wrong, HttpRequest("POST", "/", "hello"))
            assert caught.value.code == "not_found"
        await reception.close()
        with pytest.raises(Refused):
            reception.request(second, HttpRequest("POST", "/", "hello"))

    run(main())


SCRIPT = """
from __future__ import annotations

from dataclasses import dataclass

from beside_it import GREETING

@dataclass
class Order:
    what: str = GREETING

async def scenario(call, session):
    await call.answer()

async def other(call, session):
    await call.reject()

def plain(call, session):
    pass
"""


def test_a_scenario_is_loaded_from_a_file_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "mine.py"
    file.write_text(SCRIPT)
    (tmp_path / "beside_it.py").write_text("GREETING = 'hello'")
    monkeypatch.setattr("sys.path", list(sys.path))
    assert load_scenario(str(file)).__name__ == "scenario"
    assert load_scenario(f"{file}:other").__name__ == "other"


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("{}/none.py", "there is no file"),
        ("{}/mine.py:plain", "is not a coroutine function"),
        ("{}/mine.py:nothing", "does not exist"),
        ("nonsense", "there is no file"),
        ("{}/mine.txt:scenario", "is not a Python file"),
        ("{}/typo.py", "line 2 of "),
        ("{}/lost.py", "No module named 'not_installed_here'"),
    ],
)
def test_what_is_no_scenario_is_refused_with_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str, said: str
) -> None:
    monkeypatch.setattr("sys.path", list(sys.path))
    (tmp_path / "beside_it.py").write_text("GREETING = 'hello'")
    (tmp_path / "mine.py").write_text(SCRIPT)
    (tmp_path / "mine.txt").write_text(SCRIPT)
    (tmp_path / "typo.py").write_text("import asyncio\nasync def scenario(call, session)\n    pass\n")
    (tmp_path / "lost.py").write_text("import not_installed_here\n")
    with pytest.raises(Violation) as caught:
        load_scenario(place.format(tmp_path))
    assert said in caught.value.message
    assert caught.value.path == "bridge.scenario"


def test_a_mistake_in_a_file_comes_out_with_its_own_trace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.path", list(sys.path))
    (tmp_path / "broken.py").write_text("1 / 0\n")
    with pytest.raises(ZeroDivisionError):
        load_scenario(str(tmp_path / "broken.py"))


def test_coroutines_that_listen_to_the_end_have_some_seconds_for_it_and_those_that_come_later_none() -> None:
    did: list[str] = []

    async def scenario(call: Call, session: ScenarioSession) -> None:
        async def report(_: object) -> None:
            did.append("begun")
            await asyncio.sleep(LAST_WORDS_S - 1)
            did.append("reported")
            session.on(SessionEvents.Terminated, too_late)
            await asyncio.sleep(1_000)
            did.append("never")

        async def too_late(_: object) -> None:
            did.append("never")

        async def linger() -> None:
            try:
                await session.over
            finally:
                with pytest.raises(ClientClosed):
                    session.after(1, lambda: did.append("never"))
                did.append("no timer")

        session.on(SessionEvents.Terminating, report)
        call.answer()
        session.context.spawn(linger(), "a listener of the scenario")
        await asyncio.sleep(1_000)

    async def main() -> None:
        reception = reception_for(scenario)
        caller = Handset().call(reception)
        await asyncio.sleep(1)
        caller.hang_up()
        await asyncio.sleep(AFTER_CALL_S + LAST_WORDS_S + 1)
        assert reception.calls == 0
        assert did == ["begun", "reported", "no timer"]

    run(main())
