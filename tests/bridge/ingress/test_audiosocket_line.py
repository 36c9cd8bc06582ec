from __future__ import annotations

from collections.abc import Sequence

import pytest

from duologue.audio.formats import AudioFormat, Encoding
from duologue.bridge.ingress.audiosocket_frames import Tlv
from duologue.bridge.ingress.audiosocket_line import (
    Answer,
    AudioSocketLine,
    Begin,
    BytesReceived,
    ClearGiven,
    ConnectionLost,
    End,
    FrameGiven,
    HangUpGiven,
    Hear,
    KeysGiven,
    LineCommand,
    LineEvent,
    MarkGiven,
    Press,
    Write,
)

UUID = "40325ec2-5efd-4bd3-805f-53576e581d13"
NAMED = Tlv(1, bytes.fromhex(UUID.replace("-", ""))).to_bytes()
QUIET = b"\0" * 320
HANG_UP = Write(b"\0\0\0")


def audio(fill: bytes = b"\1", kind: int = 0x10, size: int = 320) -> bytes:
    return Tlv(kind, fill * size).to_bytes()


class Line:
    """A line with a clock of its own."""

    def __init__(self, *received: bytes) -> None:
        self.machine = AudioSocketLine(0.0, identify_s=5.0)
        self.now = 0.0
        self.done: list[LineCommand] = []
        for data in received:
            self.tell(BytesReceived(data))

    def tell(self, *events: LineEvent) -> list[LineCommand]:
        before = len(self.done)
        for event in events:
            self.done += self.machine.handle(event, self.now)
        return self.done[before:]

    def until(self, at: float) -> list[LineCommand]:
        before = len(self.done)
        while (wake := self.machine.wake_at()) is not None and wake <= at + 1e-9:
            self.now = max(self.now, wake)
            self.done += self.machine.wake(self.now)
        self.now = at
        return self.done[before:]


def written(commands: Sequence[LineCommand]) -> list[bytes]:
    return [command.data[3:] for command in commands if isinstance(command, Write)]


def test_a_call_begins_when_it_is_named_and_its_audio_shows_the_rate() -> None:
    line = Line()
    assert line.tell(BytesReceived(NAMED)) == []
    assert line.tell(BytesReceived(audio(kind=0x12, size=640))) == [
        Begin(UUID, AudioFormat(Encoding.PCM_S16LE, 16_000)),
        Hear(b"\1" * 640),
    ]
    assert line.until(0.02) == [Write(Tlv(0x12, b"\0" * 640).to_bytes())]


def test_a_call_that_is_silent_from_the_start_is_one_of_8_khz() -> None:
    line = Line(NAMED)
    assert line.until(0.5) == [Begin(UUID, AudioFormat(Encoding.PCM_S16LE, 8_000))]
    assert line.tell(BytesReceived(audio())) == [Hear(b"\1" * 320)]


def test_one_frame_leaves_every_20_ms_of_what_is_said_or_of_silence() -> None:
    line = Line(NAMED, audio())
    line.tell(FrameGiven(b"a" * 320), FrameGiven(b"b" * 320))
    assert written(line.until(0.1)) == [b"a" * 320, b"b" * 320, QUIET, QUIET, QUIET]


def test_a_loop_that_was_held_up_sends_no_burst() -> None:
    line = Line(NAMED, audio())
    line.tell(*(FrameGiven(bytes([number]) * 320) for number in range(9)))
    assert len(line.machine.wake(1.0)) == 1
    assert line.machine.wake_at() == pytest.approx(1.02)


def test_a_mark_is_answered_when_the_frame_before_it_has_sounded() -> None:
    line = Line(NAMED, audio())
    line.tell(FrameGiven(b"a" * 320), MarkGiven("m1"), FrameGiven(b"b" * 320), MarkGiven("m2"), MarkGiven("m3"))
    assert written(line.until(0.02)) == [b"a" * 320]
    assert line.until(0.04) == [Answer("m1"), Write(Tlv(0x10, b"b" * 320).to_bytes())]
    assert line.until(0.06) == [Answer("m2"), Answer("m3"), Write(Tlv(0x10, QUIET).to_bytes())]


def test_a_clear_leaves_nothing_to_be_heard_and_answers_its_marks_with_the_next_frame() -> None:
    line = Line(NAMED, audio())
    line.tell(FrameGiven(b"a" * 320), MarkGiven("m1"), FrameGiven(b"b" * 320), MarkGiven("m2"))
    line.until(0.02)
    assert line.tell(ClearGiven()) == []
    line.tell(FrameGiven(b"c" * 320))
    assert line.until(0.04) == [Answer("m1"), Answer("m2"), Write(Tlv(0x10, b"c" * 320).to_bytes())]


def test_ten_seconds_may_wait_and_no_more() -> None:
    line = Line(NAMED, audio())
    line.tell(*(FrameGiven(b"a" * 320) for _ in range(501)))
    assert written(line.until(20.0)).count(b"a" * 320) == 500
    line.tell(*(FrameGiven(b"a" * 320) for _ in range(501)))
    line.tell(ClearGiven())
    line.tell(*(FrameGiven(b"b" * 320) for _ in range(501)))
    assert written(line.until(40.0)).count(b"b" * 320) == 500


def test_keys_come_and_keys_go_out_as_tones_that_a_clear_spares() -> None:
    line = Line(NAMED, audio())
    assert line.tell(BytesReceived(Tlv(3, b"5").to_bytes() + Tlv(3, b"a").to_bytes())) == [Press("5"), Press("A")]
    assert line.tell(BytesReceived(Tlv(3, b"x").to_bytes() + Tlv(3, b"").to_bytes())) == []
    line.tell(KeysGiven("1"), FrameGiven(b"a" * 320))
    first = written(line.until(0.02))
    line.tell(ClearGiven(), FrameGiven(b"b" * 320))
    rest = written(line.until(0.2))
    assert all(len(frame) == 320 for frame in (*first, *rest))
    assert [frame == QUIET for frame in (*first, *rest)] == [False] * 5 + [True] * 4 + [False]
    assert rest[-1] == b"b" * 320


def test_keys_beyond_the_bound_and_what_are_none_are_dropped() -> None:
    line = Line(NAMED, audio())
    line.tell(KeysGiven("x" * 9), *(KeysGiven("5" * 1_000) for _ in range(10)))
    sounded = [frame != QUIET for frame in written(line.until(60.0))]
    assert sum(sounded) == 64 * 5, "one string of at most 64 keys, five loud frames each"
    assert not any(sounded[round(12 / 0.02) :])


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (audio(), "not a UUID"),
        (Tlv(1, b"short").to_bytes(), "not a UUID"),
        (b"GET / HTTP/1.1\r\n\r\n", "bytes"),
        (NAMED + audio(kind=0x18, size=7_680), "192000 Hz"),
        (NAMED + audio() + audio(kind=0x12, size=640), "rate changed"),
    ],
)
def test_who_does_not_speak_audiosocket_is_hung_up_on(data: bytes, said: str) -> None:
    line = Line()
    *_, hang_up, end = line.tell(BytesReceived(data))
    assert hang_up == HANG_UP
    assert isinstance(end, End)
    assert said in end.reason
    assert line.machine.wake_at() is None
    assert line.tell(BytesReceived(NAMED), ConnectionLost()) == []
    assert list(line.machine.wake(9.0)) == []


def test_who_never_says_which_call_it_is_is_hung_up_on_after_five_seconds() -> None:
    line = Line()
    assert line.until(4.9) == []
    assert line.until(5.0) == [HANG_UP, End("did not say who calls", begun=False)]


def test_a_peer_that_falls_silent_for_two_minutes_is_gone() -> None:
    line = Line(NAMED, audio())
    line.until(100.0)
    line.tell(BytesReceived(audio()))
    line.until(219.0)
    assert not any(isinstance(command, End) for command in line.done)
    assert line.until(221.0)[-2:] == [HANG_UP, End("nothing came any more", begun=True)]


def test_the_caller_hangs_up_by_end_of_stream_or_by_frame() -> None:
    assert Line(NAMED, audio()).tell(ConnectionLost()) == [End("the caller hung up", begun=True)]
    assert Line(NAMED, audio()).tell(BytesReceived(b"\0\0\0" + audio())) == [End("the caller hung up", begun=True)]
    assert Line(NAMED).tell(ConnectionLost()) == [End("left without a name", begun=False)]


def test_asterisks_errors_are_told() -> None:
    told = Line(NAMED, audio()).tell(BytesReceived(Tlv(0xFF, b"\x06").to_bytes()))
    assert told == [End("Asterisk reports an error: frames could not be forwarded, out of memory", begun=True)]
    assert "of no kind" in str(Line(NAMED, audio()).tell(BytesReceived(Tlv(0xFF).to_bytes())))


def test_we_hang_up_with_a_frame_and_open_marks_are_answered() -> None:
    line = Line(NAMED, audio())
    line.tell(FrameGiven(b"a" * 320), MarkGiven("m1"))
    assert line.tell(HangUpGiven("done")) == [HANG_UP, Answer("m1"), End("done", begun=True)]
    assert line.tell(FrameGiven(b"a" * 320), HangUpGiven("again")) == []


def test_orders_before_the_call_has_begun_are_nothing() -> None:
    line = Line(NAMED)
    assert line.tell(FrameGiven(b"a" * 320), MarkGiven("m"), ClearGiven(), KeysGiven("1")) == []
    line.tell(BytesReceived(Tlv(3, b"5").to_bytes()))
    assert line.done == []


def test_kinds_of_later_releases_and_odd_bytes_are_harmless() -> None:
    line = Line(NAMED, audio())
    assert line.tell(BytesReceived(Tlv(0x42, b"?").to_bytes() + Tlv(0x10, b"\1\2\3").to_bytes())) == [Hear(b"\1\2")]
    assert line.tell(BytesReceived(Tlv(0x10).to_bytes())) == []
