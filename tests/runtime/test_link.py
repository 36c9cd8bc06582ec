"""Frames: any cutting gives the same ones; anything else is a broken link."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from duologue.audio.formats import Pcm
from duologue.errors import Bug
from duologue.runtime import link
from duologue.runtime.link import FIRST_ITEM, FrameParser, Kind, LinkBroken, Vocabulary, read_payload, write_frame


class Mood(StrEnum):
    GLAD = "glad"


@dataclass(frozen=True, slots=True)
class Inner:
    name: str
    at: int


@dataclass(frozen=True, slots=True, eq=False)
class Outer:
    """Everything that may cross."""

    pcm: Pcm
    inner: Inner
    inners: tuple[Inner, ...] = ()
    mood: Mood = Mood.GLAD
    maybe: float | None = None
    extras: Mapping[str, str | int | float | bool] | None = None


VOCABULARY = Vocabulary(Inner, Outer, str)


def crossed(value: Any) -> Any:
    out = bytearray()
    write_frame(out, 7, VOCABULARY.kind(value), value)
    ((stream, kind, payload),) = FrameParser().push(bytes(out))
    assert stream == 7
    return VOCABULARY.read(kind, payload)


def test_values_cross_with_everything_in_them() -> None:
    sent = Outer(
        np.arange(5, dtype=np.float32), Inner("a", 1), (Inner("b", 2),), Mood.GLAD, 0.1, {"x": True, "y": "z", "n": 1.5}
    )
    got = crossed(sent)
    np.testing.assert_array_equal(got.pcm, sent.pcm)
    assert got.pcm.dtype == np.float32
    assert (got.inner, got.inners, got.mood, got.maybe, got.extras) == (
        *(sent.inner, sent.inners, Mood.GLAD, 0.1),
        {"x": True, "y": "z", "n": 1.5},
    )
    assert crossed("words") == "words"
    assert len(crossed(Outer(np.zeros(0, np.float32), Inner("", 0))).pcm) == 0


def test_every_second_sample_of_an_array_crosses_too() -> None:
    got = crossed(Outer(np.arange(10, dtype=np.float32)[::2], Inner("", 0)))
    assert got.pcm.tolist() == [0, 2, 4, 6, 8]


@given(st.lists(st.tuples(st.integers(0, 1 << 40), st.integers(0, 22), st.binary(max_size=40)), max_size=8), st.data())
def test_any_cutting_of_the_stream_gives_the_same_frames(
    frames: list[tuple[int, int, bytes]], data: st.DataObject
) -> None:
    out = bytearray()
    sizes = [write_frame(out, *frame) for frame in frames]
    assert sum(sizes) == len(out)
    cuts = data.draw(st.lists(st.integers(0, len(out)), max_size=10))
    parser = FrameParser()
    got = [
        frame for start, end in pairwise([0, *sorted(cuts), len(out)]) for frame in parser.push(bytes(out[start:end]))
    ]
    assert [(stream, kind, read_payload(payload, bytes)) for stream, kind, payload in got] == frames


@given(st.binary(max_size=100))
def test_any_bytes_are_frames_or_a_broken_link(received: bytes) -> None:
    parser = FrameParser()
    try:
        frames = parser.push(received)
    except LinkBroken:
        return
    for _, kind, payload in frames:
        try:
            VOCABULARY.read(kind, payload)
        except LinkBroken:
            continue


def test_a_frame_that_claims_too_much_breaks_the_link_before_it_is_held() -> None:
    with pytest.raises(LinkBroken, match="claims 4294967295 bytes"):
        FrameParser().push(b"\xff\xff\xff\xff")


def test_a_frame_that_is_too_large_is_our_bug_and_leaves_nothing_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link, "MAX_FRAME_BYTES", 10)
    out = bytearray(b"before")
    with pytest.raises(Bug, match="engines must speak in smaller pieces"):
        write_frame(out, 1, Kind.PROBE, "more than ten bytes")
    assert out == b"before"


def payload_of(value: Any) -> msgspec.Raw:
    return msgspec.Raw(msgspec.msgpack.encode(value))


def test_values_are_checked_member_by_member() -> None:
    with pytest.raises(LinkBroken, match=r"Expected `int`, got `str`"):
        VOCABULARY.read(FIRST_ITEM, payload_of({"name": "a", "at": "b"}))
    with pytest.raises(LinkBroken, match="missing required field"):
        VOCABULARY.read(FIRST_ITEM, payload_of({"name": "a"}))
    with pytest.raises(LinkBroken):
        VOCABULARY.read(FIRST_ITEM + 1, payload_of({"pcm": 5, "inner": {"name": "a", "at": 1}}))
    with pytest.raises(LinkBroken):
        VOCABULARY.read(FIRST_ITEM + 1, payload_of({"pcm": b"odd", "inner": {"name": "a", "at": 1}}))
    with pytest.raises(LinkBroken, match="frame kind 99 is not in"):
        VOCABULARY.read(99, payload_of(1))
    with pytest.raises(LinkBroken, match="int"):
        read_payload(payload_of("text"), int)


def test_what_cannot_cross_is_refused_by_name() -> None:
    with pytest.raises(TypeError, match="ndarray cannot cross"):
        crossed(Outer(np.zeros(3), Inner("", 0)))  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"int is not in the engine's vocabulary \(Inner, Outer, str\)"):
        VOCABULARY.kind(5)


def test_text_that_is_none_and_endless_nesting_break_the_link_like_any_other_bytes() -> None:
    halved, deep = msgspec.Raw(b"\xa1\xda"), msgspec.Raw(b"\x91" * 100_000 + b"\xc0")
    for payload in (halved, deep):
        for kind in (str, list):
            with pytest.raises(LinkBroken):
                read_payload(payload, kind)
        with pytest.raises(LinkBroken):
            VOCABULARY.read(FIRST_ITEM, payload)
    with pytest.raises(LinkBroken):
        FrameParser().push(len(deep).to_bytes(4, "big") + bytes(deep))
