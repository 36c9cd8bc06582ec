"""What the two sockets that speak share."""

from __future__ import annotations

import numpy as np
import pytest

from duologue.audio.formats import AudioFormat, Encoding
from duologue.errors import Violation
from duologue.protocols.deepgram.speak_stream import HELD_S, SpeechStream, read_message
from duologue.speak.context_events import TextPushed
from duologue.speak.speech import SpeakOptions

OPTIONS = SpeakOptions(voice="clara")


def test_a_message_is_an_object_and_nothing_binary() -> None:
    assert read_message('{"type": "Speak", "text": "Hi."}', ("Speak",)) == {"type": "Speak", "text": "Hi."}
    with pytest.raises(Violation, match=r"^this socket takes text only; expected Speak, Flush\.?$") as refused:
        read_message(b"\0\0", ("Speak", "Flush"))
    assert refused.value.code == "binary"
    with pytest.raises(Violation, match="not a JSON object"):
        read_message("[]", ("Speak",))


def test_text_waits_in_the_present_context_for_as_long_as_the_socket_lives() -> None:
    stream = SpeechStream(16_000, AudioFormat(Encoding.PCM_S16LE, 16_000))
    assert stream.push("Hi.", OPTIONS) == TextPushed(
        "1", "Hi.", more=True, flush=False, options=OPTIONS, buffer_delay=HELD_S
    )
    stream.renew()
    flush = stream.push("", OPTIONS, flush=True)
    assert (flush.context, flush.text, flush.flush, flush.more) == ("2", "", True, True)


@pytest.mark.parametrize(("encoding", "width"), [(Encoding.PCM_S16LE, 2), (Encoding.MULAW, 1)])
def test_audio_goes_out_in_tenths_of_a_second_and_nothing_of_it_is_lost(encoding: Encoding, width: int) -> None:
    stream = SpeechStream(16_000, AudioFormat(encoding, 8_000))
    frames = [*stream.give(np.zeros(16_000, np.float32)), *stream.finish()]
    assert sum(map(len, frames)) == 8_000 * width
    assert max(map(len, frames)) == 800 * width
    assert not any(len(frame) % width for frame in frames)
