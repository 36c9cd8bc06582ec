from __future__ import annotations

import asyncio
from collections.abc import Mapping

import pytest

from duologue.audio.formats import AudioFormat, Encoding, Samples
from duologue.audio.pcm import encode
from duologue.bridge.call import Call, CallDisconnected, CallEvent, CallState, ToneReceived, TransferFailed
from duologue.bridge.context import ScenarioContext
from duologue.bridge.events import CallEvents
from duologue.bridge.ingress.ingress import CallFacts, ToneKind
from duologue.bridge.routing import SourceKind
from duologue.errors import Violation
from duologue.runtime.machine import Seconds
from duologue.sim.clock import run
from tests.bridge.stage import Ear, stage, tone

TELEPHONE = AudioFormat(Encoding.MULAW, 8_000)


class Telephone:
    """A way in that keeps its orders."""

    def __init__(self) -> None:
        self.orders: list[str] = []
        self.frames: list[bytes] = []

    def audio_out(self, payload: bytes) -> None:
        self.frames.append(payload)

    def mark(self, name: str) -> None:
        self.orders.append(f"mark {name}")

    def clear(self) -> None:
        self.orders.append("clear")

    def dtmf_out(self, digits: str) -> None:
        self.orders.append(f"keys {digits}")

    def hangup(self, reason: str = "") -> None:
        self.orders.append(f"hangup {reason}")

    def transfer(self, target: str) -> None:
        self.orders.append(f"transfer {target}")


class Ledger:
    """A loudspeaker whose position a test sets; it wants a mark behind every third frame."""

    def __init__(self) -> None:
        self.handed: Samples = 0
        self.position: Samples = 0

    def begins(self, now: Seconds) -> str | None:
        return None if self.handed else "m0"

    def sent(self, samples: Samples, now: Seconds) -> str | None:
        self.handed += samples
        return f"m{self.handed}" if self.handed % 480 == 0 else None

    def played(self, name: str, now: Seconds) -> Samples | None:
        if name == "behind":
            return self.position
        self.position = int(name[1:])
        return None

    def cleared(self, now: Seconds) -> str | None:
        """Where it stopped is what the test set."""
        return "behind"

    def heard(self, now: Seconds) -> Samples:
        return self.position

    def proven(self, now: Seconds) -> Samples:
        return self.position


def ringing(context: ScenarioContext, **facts: object) -> tuple[Call, Telephone, Ledger]:
    telephone, ledger = Telephone(), Ledger()
    call = Call(telephone, CallFacts("test", "call-1", **facts), TELEPHONE, ledger, context)  # type: ignore[arg-type]
    return call, telephone, ledger


def test_audio_flows_from_the_answer_on() -> None:
    async def main() -> None:
        context = stage()
        call, telephone, _ = ringing(context, headers={"X-Case": "7"})
        other = Ear(context)
        answered: list[Mapping[str, str]] = []

        @call.on(CallEvents.Connected)
        def note(event: CallEvent) -> None:
            answered.append(event.headers)

        call.send_media_to(other)
        other.send_media_to(call)
        frame = encode(tone(0.02), TELEPHONE.encoding)
        call.audio_in(frame)
        other.give(tone(0.02))
        assert (other.heard, telephone.frames, call.state, call.duration) == ([], [], CallState.ALERTING, 0.0)
        await call.answer()
        await call.answer()
        call.audio_in(frame)
        other.give(tone(0.02))
        assert encode(other.sound, TELEPHONE.encoding) == frame == telephone.frames[0]
        await asyncio.sleep(2)
        assert (call.state, call.duration, answered) == (CallState.CONNECTED, 2.0, [{"X-Case": "7"}])
        assert call.audio == TELEPHONE

    run(main())


def test_orders_reach_the_way_in_and_none_after_the_end() -> None:
    async def main() -> None:
        call, telephone, _ = ringing(stage())
        call.answer()
        call.send_digits("12p#")
        call.transfer_to("+15550123")
        waiting = call.hangup("bye")
        assert telephone.orders == ["keys 12p#", "transfer +15550123", "hangup bye"]
        call.hangup_in("bye")
        await waiting
        await call.ended()
        for order in call.hangup, call.reject, lambda: call.send_digits("1"), lambda: call.transfer_to("x"):
            order()
        call.drop_audio()
        assert len(telephone.orders) == 3
        for wrong in "A", "", "1" * 101, 5:
            with pytest.raises(Violation, match="are no keys"):
                call.send_digits(wrong)  # type: ignore[arg-type]  # as a script may

    run(main())


def test_the_end_is_told_once_whoever_ends_it() -> None:
    async def main() -> None:
        context = stage()
        call, _, _ = ringing(context)
        told: list[CallDisconnected] = []
        call.on(CallEvents.Disconnected, told.append)
        call.answer()
        await asyncio.sleep(3)
        call.hangup_in("the caller hung up")
        call.hangup_in("again")
        assert [(event.reason, event.duration) for event in told] == [("the caller hung up", 3.0)]
        assert call.state is CallState.TERMINATED
        await asyncio.sleep(1)
        assert call.duration == 3.0, "it stops with the call"

    run(main())


def test_an_outgoing_call_that_nobody_took_has_failed() -> None:
    async def main() -> None:
        call, telephone, _ = ringing(stage(), incoming=False)
        told: list[CallDisconnected] = []
        call.on(CallEvents.Failed, told.append)
        call.reject(486)
        assert telephone.orders == ["hangup rejected with 486"]
        call.hangup_in("busy")
        assert [(event.reason, event.duration) for event in told] == [("busy", 0.0)]

    run(main())


def test_keys_are_reported_only_when_they_were_asked_for() -> None:
    async def main() -> None:
        call, _, _ = ringing(stage())
        told: list[ToneReceived] = []
        call.on(CallEvents.ToneReceived, told.append)
        call.answer()
        call.dtmf_in("1")
        call.handle_tones(True)
        call.dtmf_in("2")
        call.dtmf_in("3", ToneKind.IN_BAND)
        call.dtmf_in("4", ToneKind.INFO)
        call.handle_tones(False)
        call.dtmf_in("5")
        assert [(event.tone, event.type) for event in told] == [("2", 1), ("3", 2), ("4", 3)]

    run(main())


def test_how_a_transfer_went_is_told() -> None:
    async def main() -> None:
        call, _, _ = ringing(stage())
        told: list[CallEvent | TransferFailed] = []
        call.on(CallEvents.TransferComplete, told.append)
        call.on(CallEvents.TransferFailed, told.append)
        call.transferred("busy")
        call.transferred()
        assert told == [TransferFailed(call, "busy"), CallEvent(call, CallEvents.TransferComplete)]

    run(main())


def test_a_source_is_told_to_the_sample_what_the_caller_has_heard() -> None:
    async def main() -> None:
        context = stage()
        call, telephone, ledger = ringing(context)
        agent = Ear(context, rate=16_000, kind=SourceKind.STREAMED)
        call.answer()
        agent.send_media_to(call)
        agent.give(tone(0.2, 16_000))
        await asyncio.sleep(1)
        assert len(telephone.frames) == 10
        assert telephone.orders == ["mark m0", "mark m480", "mark m960", "mark m1440"]
        heard = lambda: [position for position, heard in agent.positions if heard]  # noqa: E731 - read three times below
        assert heard() == []
        call.played("m480")
        assert heard() == [960]
        ledger.position = 520
        context.pump.clear(agent)
        assert heard() == [960, 1_040]
        assert telephone.orders[-2:] == ["clear", "mark behind"]
        ledger.position = 540
        call.played("behind")
        assert agent.stopped_at == [1_080], "the answer of the clear knows better"
        ledger.position = 1_600
        call.played("m1440")
        assert heard() == [960, 1_040], "what a clear dropped is over with the next audio"
        agent.give(tone(0.02, 16_000))
        ledger.position = 1_760
        call.played("m1760")
        assert heard()[-1] == 3_520

    run(main())


def test_keys_that_no_telephone_has_end_no_scenario() -> None:
    async def main() -> None:
        context = stage()
        call, _, _ = ringing(context)
        call.answer()
        call.handle_tones()
        tones: list[str] = []
        call.on(CallEvents.ToneReceived, lambda event: tones.append(event.tone))
        for digit in "1AD#":
            call.dtmf_in(digit)
        assert tones == ["1", "#"]

    run(main())


def test_a_target_that_is_no_text_is_refused() -> None:
    async def main() -> None:
        call, telephone, _ = ringing(stage())
        with pytest.raises(Violation, match="is no text"):
            call.transfer_to(15550100)  # type: ignore[arg-type]
        assert telephone.orders == []

    run(main())
