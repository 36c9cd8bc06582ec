from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duologue.bridge.ingress.audiosocket_frames import MAX_PAYLOAD, FrameReader, Tlv
from duologue.errors import Violation

UUID_FRAME = bytes.fromhex("010010 40325ec25efd4bd3805f53576e581d13")


def test_frames_as_documented() -> None:
    frames = FrameReader().push(UUID_FRAME + b"\x10\x01\x40" + b"\x01" * 320 + bytes.fromhex("03000135 000000"))
    assert [(frame.kind, len(frame.payload)) for frame in frames] == [(1, 16), (0x10, 320), (3, 1), (0, 0)]
    assert b"".join(frame.to_bytes() for frame in frames).startswith(UUID_FRAME)


@given(st.lists(st.tuples(st.integers(0, 255), st.binary(max_size=400)), max_size=8), st.integers(1, 50))
def test_any_chunking_gives_the_same_frames(frames: list[tuple[int, bytes]], size: int) -> None:
    wire = b"".join(Tlv(kind, payload).to_bytes() for kind, payload in frames)
    reader = FrameReader()
    read = [frame for at in range(0, len(wire), size) for frame in reader.push(wire[at : at + size])]
    assert [(frame.kind, frame.payload) for frame in read] == frames


def test_a_frame_beyond_the_bound_is_refused_before_it_has_come() -> None:
    assert FrameReader().push(b"\x10" + MAX_PAYLOAD.to_bytes(2, "big")) == []
    with pytest.raises(Violation) as caught:
        FrameReader().push(b"\x10" + (MAX_PAYLOAD + 1).to_bytes(2, "big"))
    assert caught.value.code == "too_large"
