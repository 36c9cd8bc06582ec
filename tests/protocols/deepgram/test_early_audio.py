"""Audio that came before the settings."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from duologue.audio.formats import AudioFormat, Encoding
from duologue.protocols.deepgram.early_audio import MAX_EARLY_BYTES, EarlyAudio
from tests.protocols.frames import REPEATABLE

FORMAT = AudioFormat(Encoding.PCM_S16LE, 8000)
TEN_SECONDS = 160_000


def test_it_is_given_out_once_in_order() -> None:
    early = EarlyAudio()
    early.add(b"ab")
    early.add(b"c")
    assert early.take(FORMAT) == b"abc"
    assert early.take(FORMAT) == b""


def test_only_the_last_ten_seconds_are_kept() -> None:
    early = EarlyAudio()
    early.add(b"\1\1" + b"\0" * TEN_SECONDS)
    assert early.take(FORMAT) == b"\0" * TEN_SECONDS


def test_while_the_format_is_unknown_the_oldest_bytes_are_dropped() -> None:
    early = EarlyAudio()
    early.add(b"\1" * 3)
    for _ in range(4):
        early.add(bytes(MAX_EARLY_BYTES // 4))
    left = early.take(AudioFormat(Encoding.PCM_F32LE, 48000))
    assert left == bytes(MAX_EARLY_BYTES - 1)  # three bytes were dropped: the next sample begins one later


def test_messages_without_anything_in_them_are_not_kept() -> None:
    early = EarlyAudio()
    for _ in range(10_000):
        early.add(b"")
        early.add(b"x")
    assert early.take(AudioFormat(Encoding.MULAW, 8000)) == b"x" * 10_000


@REPEATABLE
@given(st.lists(st.integers(1, 500_001), min_size=1, max_size=12))
def test_what_is_left_begins_at_a_whole_sample(sizes: list[int]) -> None:
    early = EarlyAudio()
    sent = bytearray()
    for size in sizes:
        payload = bytes((len(sent) + i) % 2 for i in range(0, size, 50_000)) + b"\7" * (
            size - len(range(0, size, 50_000))
        )
        sent += payload
        early.add(payload)
        assert len(early._held) <= MAX_EARLY_BYTES
    left = early.take(FORMAT)
    assert sent.endswith(left)
    assert len(left) <= TEN_SECONDS
    assert (len(sent) - len(left)) % 2 == 0
