"""Audio that says itself what it is, or not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duologue.audio.formats import AudioFormat, Encoding
from duologue.errors import Violation
from duologue.protocols.deepgram.containers import ContainerCheck
from tests.protocols.frames import REPEATABLE


@REPEATABLE
@given(st.lists(st.integers(0, 5), max_size=8))
def test_a_wav_file_passes_however_it_is_cut(cuts: list[int]) -> None:
    check = ContainerCheck(None)
    file = b"RIFF\xff\xff\xff\xffWAVEfmt anything"
    for cut in cuts:
        piece, file = file[:cut], file[cut:]
        check.see(piece)
    check.see(file)


@pytest.mark.parametrize("pieces", [[b"OggS"], [b"R", b"IF", b"X"], [b"\x1aE\xdf\xa3"], [b"RIFX"]])
def test_anything_else_is_refused_for_good(pieces: list[bytes]) -> None:
    check = ContainerCheck(None)
    for piece in pieces[:-1]:
        check.see(piece)
    with pytest.raises(Violation) as refused:
        check.see(pieces[-1])
    assert (refused.value.code, refused.value.fatal) == ("audio_container", True)


def test_declared_audio_is_not_looked_at() -> None:
    ContainerCheck(AudioFormat(Encoding.MULAW, 8000)).see(b"OggS")
