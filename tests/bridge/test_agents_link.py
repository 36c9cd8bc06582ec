from __future__ import annotations

import base64
import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from duologue.audio.formats import AudioFormat, Encoding, Pcm
from duologue.bridge.agents_link import AgentsLink, LinkPolicy
from duologue.bridge.events import AgentsEvents, CloseReason
from duologue.bridge.linking import (
    AudioGiven,
    BufferCleared,
    CloseAsked,
    CloseSocket,
    DataAsked,
    GiveAudio,
    KeysAsked,
    Leave,
    LinkCommand,
    LinkEvent,
    PlayedTo,
    Received,
    RunChanged,
    Send,
    SetFormat,
    SocketLost,
    StartAsked,
    StoppedAt,
    Tell,
    TellClosed,
)
from duologue.protocols.cartesia.line_peer import CallStart, read_line


def frame(value: float = 0.0, rate: int = 8_000) -> AudioGiven:
    pcm: Pcm = np.full(rate // 50, value, np.float32)
    return AudioGiven(pcm, rate)


def said(message: dict[str, Any]) -> Received:
    return Received(read_line(json.dumps(message)))


ACK = {"event": "ack", "stream_id": "sid_1", "config": {"input_format": "mulaw_8000"}, "playback_reports": True}


class Wire:
    """A link, and what it sent."""

    def __init__(self, policy: LinkPolicy | None = None) -> None:
        self.link = AgentsLink(policy)
        self.now = 0.0
        self.commands: list[LinkCommand] = []

    def tell(self, *events: LinkEvent, at: float | None = None) -> Wire:
        self.now = self.now if at is None else at
        for event in events:
            self.commands += self.link.handle(event, self.now)
        return self

    def until(self, then: float) -> Wire:
        while (at := self.link.wake_at()) is not None and at <= then:
            self.now = max(self.now, at)
            self.commands += self.link.wake(self.now)
        self.now = then
        return self

    def started(self) -> Wire:
        return self.tell(StartAsked(CallStart(input_format="mulaw_8000")), said(ACK))

    @property
    def sent(self) -> list[dict[str, Any]]:
        return [json.loads(command.frame) for command in self.commands if isinstance(command, Send)]

    @property
    def kinds(self) -> list[str]:
        return [message["event"] for message in self.sent]

    @property
    def told(self) -> list[AgentsEvents]:
        return [command.name for command in self.commands if isinstance(command, Tell)]

    @property
    def reports(self) -> list[int]:
        return [message["playback"]["position"] for message in self.sent if message["event"] == "playback"]

    def of(self, kind: type[LinkCommand]) -> list[LinkCommand]:
        return [command for command in self.commands if isinstance(command, kind)]


def test_nothing_but_start_goes_out_before_the_ack_and_what_waited_follows_it_in_order() -> None:
    wire = Wire().tell(frame(0.1), KeysAsked("1"), StartAsked(CallStart(input_format="mulaw_8000")))
    wire.tell(frame(0.2), DataAsked({"a": 1}), KeysAsked("23"))
    assert wire.kinds == ["start"]
    wire.tell(said(ACK), frame(0.3))
    assert wire.kinds == ["start", "dtmf", "custom", "dtmf", "dtmf", "media_input", "media_input", "media_input"]
    assert [message["dtmf"] for message in wire.sent if message["event"] == "dtmf"] == ["1", "2", "3"]
    assert {message.get("stream_id") for message in wire.sent[1:]} == {"sid_1"}
    assert wire.told == [AgentsEvents.ACK]


def test_audio_before_the_ack_is_held_for_two_seconds_and_the_oldest_goes_first() -> None:
    wire = Wire().tell(StartAsked(CallStart(input_format="mulaw_8000")))
    for step in range(150):
        wire.tell(frame(step / 1000))
    wire.tell(said(ACK))
    media = [message["media"]["payload"] for message in wire.sent if message["event"] == "media_input"]
    assert len(media) == 100
    loudest = Wire().started().tell(frame(0.149))
    assert media[-1] == loudest.sent[-1]["media"]["payload"]


def test_a_policy_may_drop_audio_before_the_ack() -> None:
    wire = Wire(LinkPolicy(hold_s=0.0)).tell(frame(), StartAsked(CallStart()), frame(), said(ACK))
    assert "media_input" not in wire.kinds


def test_audio_is_written_in_the_acknowledged_format_also_what_was_held_in_another() -> None:
    wire = Wire().tell(StartAsked(CallStart(input_format="mulaw_8000")), frame())
    wire.tell(said({**ACK, "config": {"input_format": "pcm_16000"}}), frame(rate=16_000))
    assert wire.of(SetFormat) == [
        SetFormat(AudioFormat(Encoding.MULAW, 8_000)),
        SetFormat(AudioFormat(Encoding.PCM_S16LE, 16_000)),
    ]
    sizes = [len(base64.b64decode(message["media"]["payload"])) for message in wire.sent if "media" in message]
    assert sizes == [640, 640]


def test_a_second_start_is_not_sent() -> None:
    assert Wire().started().tell(StartAsked(CallStart())).kinds == ["start"]


def test_messages_that_may_wait_have_a_bound() -> None:
    wire = Wire(LinkPolicy(hold_messages=2)).tell(KeysAsked("1"), KeysAsked("2"))
    assert wire.link.full
    wire.tell(KeysAsked("3"), StartAsked(CallStart()), said(ACK))
    assert wire.kinds == ["start", "dtmf", "dtmf"]
    assert not wire.link.full


def test_an_ack_that_does_not_come_ends_the_attempt() -> None:
    wire = Wire().tell(StartAsked(CallStart())).until(9.9)
    assert wire.told == []
    wire.until(10.0)
    assert wire.told == [AgentsEvents.WebSocketError]
    assert wire.of(CloseSocket) == [CloseSocket(1000, "no ack")]
    wire.tell(said(ACK), SocketLost(1000, "no ack", was_clean=True))
    assert wire.told == [AgentsEvents.WebSocketError]
    assert wire.of(TellClosed) == [TellClosed(1000, "no ack", was_clean=True, why=CloseReason.ERROR, text="no ack")]


def test_what_the_agent_says_is_told_under_its_name_with_the_message_as_it_came() -> None:
    wire = Wire().started()
    strange = {"event": "turn_started", "stream_id": "sid_1", "turn_started": {"id": "1", "role": "user"}}
    wire.tell(said({"event": "clear", "stream_id": "sid_1"}), said({"event": "dtmf", "dtmf": "5"}), said(strange))
    wire.tell(said({"event": "custom", "metadata": {"x": 1}}), Received(read_line("no json")))
    wire.tell(
        said({"event": "transfer_call", "transfer": {"target_phone_number": "+15550100"}}),
        said({**ACK, "stream_id": "2"}),
    )
    names = [name.name for name in wire.told]
    assert names == ["ACK", "Clear", "DTMF", "Unknown", "Custom", "Unknown", "TransferCall", "ACK"]
    assert wire.of(Tell)[3] == Tell(AgentsEvents.Unknown, strange)
    assert wire.link.stream_id == "sid_1", "a second ack opens nothing"


def test_the_agents_audio_is_given_on_after_the_ack_only() -> None:
    audio = {"event": "media_output", "media": {"payload": base64.b64encode(b"\xff\xff").decode()}}
    wire = Wire().tell(said(audio)).started().tell(said(audio))
    assert wire.of(GiveAudio) == [GiveAudio(b"\xff\xff")]


@pytest.mark.parametrize(
    ("code", "reason", "why", "text"),
    [
        (1000, "call ended by agent", CloseReason.AGENT_ENDED, ""),
        (1000, "call ended by agent, reason: order placed", CloseReason.AGENT_ENDED, "order placed"),
        (1000, "connection idle timeout", CloseReason.IDLE_TIMEOUT, "connection idle timeout"),
        (1000, "", CloseReason.AGENT_ENDED, ""),
        (1008, "start must come first", CloseReason.ERROR, "start must come first"),
        (1006, "the connection was lost", CloseReason.ERROR, "the connection was lost"),
    ],
)
def test_what_a_close_of_the_servers_means(code: int, reason: str, why: CloseReason, text: str) -> None:
    wire = Wire().started().tell(SocketLost(code, reason, was_clean=code != 1006))
    assert wire.commands[-2:] == [TellClosed(code, reason, code != 1006, why, text), Leave()]
    assert (AgentsEvents.WebSocketError in wire.told) is (why is CloseReason.ERROR)


@pytest.mark.parametrize("key", ["A", "", "12", "press one", 12])
def test_what_is_no_key_is_not_told_as_one(key: object) -> None:
    pressed = {"event": "dtmf", "stream_id": "sid_1", "dtmf": key}
    assert Wire().started().tell(said(pressed)).commands[-1] == Tell(AgentsEvents.Unknown, pressed)
    assert Wire().started().tell(said({**pressed, "dtmf": "#"})).commands[-1].name is AgentsEvents.DTMF  # type: ignore[union-attr]


def test_a_close_by_the_agent_lets_its_audio_play_out() -> None:
    wire = Wire().started().tell(RunChanged(sounding=True), SocketLost(1000, "call ended by agent", was_clean=True))
    assert Leave() not in wire.commands
    wire.tell(RunChanged(sounding=False))
    assert wire.commands[-1] == Leave()


def test_a_close_by_us_stops_its_audio_and_everything_it_would_still_say() -> None:
    wire = Wire().started().tell(RunChanged(sounding=True), CloseAsked(1000, "bye"))
    assert wire.commands[-2:] == [CloseSocket(1000, "bye"), Leave()]
    before = len(wire.commands)
    wire.tell(said({"event": "clear"}), frame(), KeysAsked("1"), CloseAsked(1000, "again"))
    assert len(wire.commands) == before
    wire.tell(SocketLost(1000, "", was_clean=True))
    assert wire.commands[-1] == TellClosed(1000, "", was_clean=True, why=CloseReason.CLOSED_BY_US, text="")
    wire.tell(SocketLost(1000, "", was_clean=True), frame())
    assert len(wire.of(TellClosed)) == 1
    assert wire.link.wake_at() is None
    assert wire.link.wake(99.0) == ()


def test_playback_is_reported_every_tenth_of_a_second_at_most_and_to_the_last_sample() -> None:
    wire = Wire().started()
    for step in range(1, 31):
        wire.until(step * 0.02).tell(PlayedTo(step * 160))
    wire.until(2.0)
    assert (wire.reports[0], wire.reports[-1], len(wire.reports)) == (160, 4_800, 7)
    assert wire.reports == sorted(wire.reports)


def test_a_clear_is_reported_at_once_with_the_place_where_the_loudspeaker_stopped() -> None:
    wire = Wire().started().tell(PlayedTo(160), PlayedTo(320), BufferCleared(), PlayedTo(320))
    assert wire.reports == [160, 320]
    wire.until(1.0).tell(BufferCleared(), PlayedTo(200))
    assert wire.reports == [160, 320, 320], "said again, because the server asks by its clear; and never back"


def test_where_the_loudspeaker_stopped_takes_the_place_of_what_was_said() -> None:
    wire = Wire().started().tell(PlayedTo(4_000), BufferCleared(), at=1.0)
    wire.tell(StoppedAt(3_600), at=1.05).until(2.0)
    assert wire.reports == [4_000, 4_000, 3_600]
    wire.tell(StoppedAt(3_600)).until(3.0)
    assert wire.reports == [4_000, 4_000, 3_600], "nothing new"


def test_the_last_report_is_sent_before_the_hang_up() -> None:
    wire = Wire().started().tell(PlayedTo(160), PlayedTo(320), CloseAsked(1000, "bye"))
    assert wire.reports == [160, 320]
    assert wire.commands[-2:] == [CloseSocket(1000, "bye"), Leave()]
    assert Wire().started().tell(PlayedTo(160), SocketLost(1006, "", was_clean=False)).reports == [160]


def test_nothing_is_reported_to_a_server_that_did_not_announce_it() -> None:
    wire = Wire().tell(StartAsked(CallStart()), said({**ACK, "playback_reports": None}), PlayedTo(500), BufferCleared())
    wire.tell(StoppedAt(400), CloseAsked())
    assert wire.until(5.0).reports == []


events = st.one_of(
    st.just(StartAsked(CallStart(input_format="mulaw_8000"))),
    st.just(frame()),
    st.just(KeysAsked("12")),
    st.just(DataAsked({"a": 1})),
    st.builds(PlayedTo, st.integers(0, 10_000)),
    st.just(BufferCleared()),
    st.builds(StoppedAt, st.integers(0, 10_000)),
    st.builds(RunChanged, st.booleans()),
    st.just(CloseAsked()),
    st.builds(SocketLost, st.sampled_from([1000, 1006]), st.sampled_from(["", "call ended by agent"]), st.booleans()),
    st.sampled_from(
        [said(ACK), said({"event": "clear"}), said({"event": "media_output", "media": {"payload": "/w=="}}), said({})]
    ),
)


@given(st.lists(st.tuples(events, st.floats(0, 3)), max_size=40))
def test_whatever_happens_the_wires_rules_hold(steps: list[tuple[LinkEvent, float]]) -> None:
    wire = Wire()
    acked_at: int | None = None
    for event, then in steps:
        wire.tell(event).until(wire.now + then)
        if acked_at is None and wire.link.stream_id is not None:
            acked_at = len(wire.sent)
    kinds = wire.kinds
    assert kinds.count("start") <= 1
    assert kinds[:1] in ([], ["start"])
    assert acked_at is not None or kinds in ([], ["start"])
    assert all(message["stream_id"] == "sid_1" for message in wire.sent[1:])
    assert wire.reports == sorted(wire.reports)
    assert len(wire.of(TellClosed)) <= 1
    if wire.of(TellClosed):
        closed = wire.commands.index(wire.of(TellClosed)[0])
        assert all(isinstance(command, Leave) for command in wire.commands[closed + 1 :])
