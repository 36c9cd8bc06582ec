"""What requests for speech ask for; the socket's tests cover the same from outside."""

from __future__ import annotations

import pytest

from duologue.audio.formats import AudioFormat, Encoding
from duologue.errors import Violation
from duologue.protocols.cartesia.generation import GenerationReader
from duologue.protocols.cartesia.http_bodies import BytesRequest, Container, read_bytes_request
from duologue.protocols.cartesia.tts_messages import Delivery, GenerationConfig, VoiceObject
from duologue.speak.speech import SpeakOptions

READER = GenerationReader(lambda name, _: None if name == "nobody" else name, ("espeak",), strict=False)


def test_what_a_message_leaves_out_stays() -> None:
    before = SpeakOptions("clara", "de", 1.2, 0.5)
    assert READER.options(Delivery(), before) == before
    changed = READER.options(
        Delivery(voice=VoiceObject(id="henry"), generation_config=GenerationConfig(speed=0.6)), before
    )
    assert changed == SpeakOptions("henry", "de", 0.6, 0.5)


@pytest.mark.parametrize(
    ("message", "code"),
    [
        (Delivery(voice="nobody"), "voice_not_found"),
        (Delivery(voice=VoiceObject()), "wrong_shape"),
        (Delivery(language="en", locale="en-GB"), "language_and_locale"),
        (Delivery(speed="hasty"), "out_of_range"),
        (Delivery(generation_config=GenerationConfig(volume=3.0)), "out_of_range"),
    ],
)
def test_what_cannot_be_is_refused(message: Delivery, code: str) -> None:
    with pytest.raises(Violation) as caught:
        READER.options(message, SpeakOptions())
    assert caught.value.code == code


def test_models_are_sonic_or_ours() -> None:
    for model in (None, "sonic-3.5", "Sonic", "espeak"):
        READER.check_model(model)
    with pytest.raises(Violation, match="ink-2"):
        READER.check_model("ink-2")


def test_strict_knows_documented_formats_only() -> None:
    assert READER.read_format("pcm_s32le", 11_025) == AudioFormat(Encoding.PCM_S32LE, 11_025)
    with pytest.raises(Violation, match="not a documented format"):
        GenerationReader(None, (), strict=True).read_format("pcm_s32le", 24_000)


def test_a_body_becomes_a_request() -> None:
    body = b'{"model_id":"sonic-3","transcript":"Hi.","voice":"clara","output_format":{"container":"MP3","sample_rate":"44100"},"x":1}'
    wanted = read_bytes_request(body, READER, characters=10)
    assert wanted == BytesRequest("Hi.", SpeakOptions("clara"), Container.MP3, 44_100, None, 128_000)
    with pytest.raises(Violation, match="unknown member 'x'"):
        read_bytes_request(body, READER, characters=10, strict=True)
