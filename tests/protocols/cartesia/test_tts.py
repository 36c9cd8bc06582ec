"""`/tts/websocket`: contexts, formats, flushes, cancelling, and errors that name their context."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
import pytest

from duologue.agent.commands import EndReason
from duologue.errors import Violation
from duologue.ids import SeededIds
from duologue.protocols.cartesia.tts import MAX_CONTEXTS, TtsDialect
from duologue.protocols.dialect import ContextViolation
from duologue.protocols.query import read_query
from duologue.speak.context_events import (
    ContextAudio,
    ContextCancelled,
    ContextDone,
    ContextFailed,
    ContextFlushed,
    TextPushed,
)
from duologue.speak.speech import SpeakOptions, SpokenWord
from tests.protocols.frames import read, refused, send, types

RATE = 16_000
RAW = {"container": "raw", "encoding": "pcm_s16le", "sample_rate": RATE}


def voices(name: str, language: str) -> str | None:
    """A catalogue of one voice per language, and one name it does not know."""
    return None if name == "nobody" else f"{language}/{name}"


def dialect_for(**options: Any) -> TtsDialect:
    return TtsDialect(read_query(""), SeededIds(1), options.pop("voices", None), rate=RATE, **options)


def generation(context: str | None = "a", transcript: str = "Hi.", **members: Any) -> dict[str, Any]:
    return {
        "context_id": context,
        "model_id": "sonic-3.5",
        "transcript": transcript,
        "voice": "v",
        "output_format": RAW,
    } | members


def without(*names: str) -> dict[str, Any]:
    return {name: value for name, value in generation().items() if name not in names}


def pushed(dialect: TtsDialect, message: dict[str, Any]) -> TextPushed:
    (event,) = send(dialect, message)
    assert isinstance(event, TextPushed)
    return event


def audio(samples: int, context: str = "a", *, words: tuple[SpokenWord, ...] = (), segment: int = 1) -> ContextAudio:
    return ContextAudio(context, np.full(samples, 0.5, np.float32), words, segment, 0.0405)


def payload(frames: list[Any]) -> bytes:
    return b"".join(base64.b64decode(frame["data"]) for frame in frames if frame["type"] == "chunk")


def test_defaults_of_a_generation() -> None:
    assert pushed(dialect_for(), generation()) == TextPushed(
        "a", "Hi.", more=False, flush=False, options=SpeakOptions(voice="v"), buffer_delay=3.0
    )


def test_text_and_flush_come_in_one_message_or_in_two() -> None:
    dialect = dialect_for()
    both = pushed(dialect, generation(transcript=" One. ", flush=True) | {"continue": True})
    assert (both.text, both.more, both.flush) == (" One. ", True, True)
    alone = pushed(dialect, generation(transcript="", flush=True) | {"continue": True})
    assert (alone.text, alone.flush) == ("", True)


@pytest.mark.parametrize("voice", ["v", {"id": "v"}, {"mode": "id", "id": "v"}, {"id": "v", "mode": None, "extra": 1}])
def test_a_voice_comes_in_three_shapes(voice: object) -> None:
    assert pushed(dialect_for(voices=voices), generation(voice=voice)).options.voice == "en/v"


def test_an_unknown_voice_is_404_and_an_embedding_is_refused() -> None:
    answer = refused(dialect_for(voices=voices), generation(voice="nobody"))
    assert (answer["status_code"], answer["error_code"], answer["context_id"]) == (404, "voice_not_found", "a")
    embedded = generation(voice={"mode": "embedding", "embedding": [0.1]})
    assert refused(dialect_for(), embedded)["error_code"] == "voice_not_found"
    assert "voice.id" in refused(dialect_for(), generation(voice={"mode": "id"}))["message"]


@pytest.mark.parametrize("written", [" en-GB", "en_gb", "EN-GB"])
def test_languages_are_codes_or_locales(written: str) -> None:
    assert pushed(dialect_for(), generation(language=written)).options.language == "en-gb"
    assert pushed(dialect_for(), generation(locale=written)).options.language == "en-gb"


def test_an_unknown_language_is_refused() -> None:
    assert refused(dialect_for(), generation(language="xx"))["error_code"] == "language_not_supported"


def test_language_and_locale_exclude_each_other() -> None:
    assert refused(dialect_for(), generation(language="en", locale="en-GB"))["status_code"] == 400
    assert pushed(dialect_for(), generation(language="en", locale=None))


def test_delivery_comes_from_generation_config_or_the_legacy_speed() -> None:
    config = {"speed": 1.5, "volume": "0.5", "emotion": "calm"}
    options = pushed(dialect_for(), generation(generation_config=config)).options
    assert (options.speed, options.volume) == (1.5, 0.5)
    assert pushed(dialect_for(), generation(speed="fast")).options.speed == 1.2


def test_a_number_may_stand_where_the_legacy_speed_does() -> None:
    assert pushed(dialect_for(), generation(speed=1.1)).options.speed == 1.1
    assert pushed(dialect_for(), generation(speed="0.7")).options.speed == 0.7
    assert pushed(dialect_for(), generation(generation_config={"speed": 2})).options.speed == 2


@pytest.mark.parametrize(
    ("speed", "expected"),
    [("slowest", 0.6), ("Fast", 1.2), ("warp", 1.0), (-1, 0.6), (0.0, 1.0), (0.5, 1.25), (9, 1.5)],
)
def test_controls_of_early_versions_stand_beside_the_voice(speed: object, expected: float) -> None:
    voice = {"mode": "id", "id": "v", "__experimental_controls": {"speed": speed, "emotion": ["positivity:high"]}}
    options = pushed(dialect_for(), generation(voice=voice)).options
    assert (options.voice, options.speed, options.extras) == ("v", pytest.approx(expected), {"emotion": "positivity"})
    empty = {"id": "v", "__experimental_controls": {"emotion": []}}
    assert pushed(dialect_for(), generation(voice=empty)).options == SpeakOptions(voice="v")


def test_normalization_holds_until_another_is_named() -> None:
    dialect = dialect_for()
    assert pushed(dialect, generation(normalization="OFF") | {"continue": True}).options.normalization == "off"
    assert pushed(dialect, generation() | {"continue": True}).options.normalization == "off"
    assert pushed(dialect, generation(normalization="en_GB")).options.normalization == "en-gb"
    assert "normalization" in refused(dialect_for(), generation(normalization="loud"))["message"]


def test_normalized_timestamps_are_of_the_spoken_words() -> None:
    assert pushed(dialect_for(), generation(use_normalized_timestamps=True)).options.spoken_words
    assert not pushed(dialect_for(), generation(use_normalized_timestamps=False)).options.spoken_words


@pytest.mark.parametrize(
    ("members", "language"),
    [
        ({"accent": "british"}, "en-gb"),
        ({"accent": "British", "language": "en"}, "en-gb"),
        ({"accent": "british", "language": "fr"}, "fr"),
        ({"accent": "parisian"}, "en"),
        ({"language": "", "locale": "de"}, "de"),
        ({"language": ""}, "en"),
    ],
)
def test_an_accent_chooses_among_the_locales_of_a_language(members: dict[str, Any], language: str) -> None:
    assert pushed(dialect_for(), generation(**members)).options.language == language


def test_a_dictionary_is_named_by_its_id() -> None:
    assert pushed(dialect_for(), generation(pronunciation_dict_id="d1")).options.dictionary == "d1"


def test_containers_may_be_written_in_any_case() -> None:
    assert pushed(dialect_for(), generation(output_format={**RAW, "container": "RAW"}))


def test_an_error_without_a_context_names_none() -> None:
    for message in (generation(None, model_id="gpt"), {"cancel": True}, {"cancel": True, "context_id": ""}):
        assert "context_id" not in refused(dialect_for(), message)


@pytest.mark.parametrize(
    ("members", "path"),
    [
        ({"generation_config": {"speed": 0.59}}, "generation_config.speed"),
        ({"generation_config": {"volume": 2.01}}, "generation_config.volume"),
        ({"speed": "warp"}, "speed"),
        ({"max_buffer_delay_ms": 5001}, "max_buffer_delay_ms"),
        ({"max_buffer_delay_ms": -1}, "max_buffer_delay_ms"),
        ({"output_format": {**RAW, "container": "wav"}}, "output_format.container"),
        ({"output_format": {**RAW, "encoding": "opus"}}, "output_format.encoding"),
        ({"output_format": {**RAW, "sample_rate": 100}}, "output_format.sample_rate"),
        ({"output_format": {"encoding": "pcm_s16le"}}, "output_format.sample_rate"),
        ({"transcript": 3}, "transcript"),
    ],
)
def test_a_wrong_member_is_named(members: dict[str, Any], path: str) -> None:
    answer = refused(dialect_for(), generation(**members))
    assert answer["message"].startswith(f"{path}:")
    assert (answer["status_code"], answer["context_id"], answer["done"]) == (400, "a", True)


@pytest.mark.parametrize("name", ["model_id", "transcript", "voice", "output_format"])
def test_a_missing_member_is_named(name: str) -> None:
    assert f"{name}: a required member is missing" in refused(dialect_for(), without(name))["message"]


def test_later_messages_may_leave_out_what_does_not_change() -> None:
    dialect = dialect_for(voices=voices)
    pushed(dialect, generation(language="fr", generation_config={"speed": 1.2}) | {"continue": True})
    later = pushed(dialect, {"context_id": "a", "transcript": "more", "generation_config": {"volume": 2}})
    assert later.options == SpeakOptions(voice="fr/v", language="fr", speed=1.2, volume=2.0)


def test_models_are_sonic_or_this_servers_own() -> None:
    assert refused(dialect_for(), generation(model_id="other"))["error_code"] == "model_not_found"
    assert pushed(dialect_for(models=("espeak",)), generation(model_id="espeak"))
    dialect = dialect_for()
    pushed(dialect, generation())
    assert refused(dialect, generation(model_id="other"))["context_id"] == "a"


def test_a_missing_context_id_is_made_up() -> None:
    dialect = dialect_for()
    first, second = pushed(dialect, generation(None)), pushed(dialect, without("context_id"))
    assert len({first.context, second.context, ""}) == 3


def test_a_context_id_is_text_of_bounded_length() -> None:
    assert "context_id" not in refused(dialect_for(), generation() | {"context_id": 7})
    assert refused(dialect_for(), generation("x" * 513))["status_code"] == 400


def test_what_is_no_message_is_answered_without_a_context() -> None:
    answer = refused(dialect_for(), "nope")
    assert (answer["status_code"], "context_id" in answer) == (400, False)


def test_a_refusal_tells_the_endpoint_which_context_is_over() -> None:
    with pytest.raises(ContextViolation) as caught:
        send(dialect_for(), generation(model_id="other"))
    assert caught.value.context == "a"


def test_an_error_ends_its_context_and_no_other() -> None:
    dialect = dialect_for()
    for name in ("a", "b"):
        pushed(dialect, generation(name) | {"continue": True})
    refused(dialect, generation("a", speed="warp"))
    assert dialect.render(audio(100, "a")) == []
    assert types(dialect.render(audio(100, "b"))) == ["chunk"]


def test_the_number_of_open_contexts_is_bounded() -> None:
    dialect = dialect_for()
    for number in range(MAX_CONTEXTS):
        pushed(dialect, generation(f"c{number}"))
    answer = refused(dialect, generation("one more"))
    assert (answer["status_code"], answer["error_code"]) == (429, "concurrency_limited")
    dialect.render(ContextDone("c0"))
    assert pushed(dialect, generation("one more"))


def test_strict_refuses_unknown_members_and_undocumented_formats() -> None:
    assert pushed(dialect_for(), generation(colour="red"))
    assert "colour" in refused(dialect_for(strict=True), generation(colour="red"))["message"]
    odd = generation(output_format={**RAW, "sample_rate": 32000})
    assert pushed(dialect_for(), odd)
    assert refused(dialect_for(strict=True), odd)["error_code"] == "unsupported_audio_format"


@pytest.mark.parametrize("frame", ['{"context_id":"a","cancel":true}', '{\n  "cancel": true,\n  "context_id": "a"\n}'])
def test_cancel_is_found_in_any_layout(frame: str) -> None:
    dialect = dialect_for()
    pushed(dialect, generation())
    assert send(dialect, frame) == [ContextCancelled("a")]


def test_nothing_follows_a_cancel() -> None:
    dialect = dialect_for()
    pushed(dialect, generation())
    send(dialect, {"context_id": "a", "cancel": True})
    late = [audio(100), ContextFlushed("a", 1), ContextDone("a"), ContextFailed("a", "internal", "late")]
    assert [frame for notice in late for frame in dialect.render(notice)] == []


def test_cancelling_what_is_unknown_is_no_error() -> None:
    assert send(dialect_for(), {"context_id": "zz", "cancel": True}) == []
    assert "context_id" in refused(dialect_for(), {"cancel": True})["message"]


def test_cancel_false_is_a_generation() -> None:
    assert pushed(dialect_for(), generation(cancel=False))


def test_each_context_has_its_own_format() -> None:
    dialect = dialect_for()
    pushed(dialect, generation("a"))
    pushed(dialect, generation("b", output_format={"encoding": "pcm_mulaw", "sample_rate": "8000"}))
    frames = {name: read([*dialect.render(audio(1600, name)), *dialect.render(ContextDone(name))]) for name in "ab"}
    assert len(payload(frames["a"])) == 3200
    assert len(payload(frames["b"])) == 800


def test_timestamps_are_sent_where_they_were_asked_for() -> None:
    words = (SpokenWord("Hi.", 0, 1, 0, 3),)
    asked, plain = dialect_for(), dialect_for()
    pushed(asked, generation(add_timestamps=True))
    pushed(plain, generation())
    assert types(asked.render(audio(160, words=words))) == ["timestamps", "chunk"]
    assert types(plain.render(audio(160, words=words))) == ["chunk"]


def test_a_flush_is_told_of_its_context() -> None:
    dialect = dialect_for()
    pushed(dialect, generation("b"))
    (told,) = read(dialect.render(ContextFlushed("b", 3)))
    assert (told["type"], told["context_id"], told["flush_id"]) == ("flush_done", "b", 3)
    assert not dialect.render(ContextFlushed("a", 1))


def test_done_is_sent_once_and_the_id_can_be_used_again() -> None:
    dialect = dialect_for()
    pushed(dialect, generation())
    assert read(dialect.render(ContextDone("a")))[-1] == {
        "type": "done",
        "context_id": "a",
        "done": True,
        "status_code": 206,
    }
    assert dialect.render(ContextDone("a")) == []
    pushed(dialect, generation())
    assert types(dialect.render(audio(160))) == ["chunk"]


def test_a_failed_context_is_an_error_with_its_name() -> None:
    dialect = dialect_for()
    pushed(dialect, generation())
    (frame,) = read(dialect.render(ContextFailed("a", "some_engine", "The voice broke.")))
    assert (frame["status_code"], frame["context_id"], frame["done"], frame["message"]) == (
        500,
        "a",
        True,
        "The voice broke.",
    )
    assert frame["error"].endswith("The voice broke.")
    assert frame["request_id"]


def test_a_violation_from_elsewhere_names_no_context() -> None:
    (frame,) = read(dialect_for().refuse(Violation("text_too_long", "too much")))
    assert "context_id" not in frame


@pytest.mark.parametrize(
    ("reason", "code"),
    [
        (EndReason.IDLE, 1000),
        (EndReason.FINISHED, 1000),
        (EndReason.CALLER_LEFT, 1000),
        (EndReason.TOO_LONG, 1000),
        (EndReason.DRAINED, 1001),
        (EndReason.FAILED, 1011),
        (EndReason.VIOLATION, 1008),
    ],
)
def test_close_codes(reason: EndReason, code: int) -> None:
    assert dialect_for().closing(reason)[0] == code


def test_too_large_a_message_closes_with_1009() -> None:
    dialect = dialect_for()
    refused(dialect, generation(transcript="x" * 600_000))
    assert dialect.closing(EndReason.VIOLATION)[0] == 1009


def test_an_idle_socket_is_kept_five_minutes() -> None:
    assert dialect_for().deadlines.idle == 300
    assert dialect_for().closing(EndReason.IDLE)[1] == "connection idle timeout"


def test_sounds_are_asked_of_the_voice() -> None:
    assert pushed(dialect_for(), generation(add_phoneme_timestamps=True)).options.phonemes
    assert not pushed(dialect_for(), generation()).options.phonemes


@pytest.mark.parametrize("given", ["Angry", ["anger:high", "curiosity"]])
def test_an_emotion_reaches_the_voice_and_holds_until_the_next(given: object) -> None:
    dialect = dialect_for()
    options = pushed(dialect, generation(generation_config={"emotion": given})).options
    assert (options.extras or {})["emotion"] in ("angry", "anger")
    assert pushed(dialect, generation(transcript="On.")).options == options
    calm = pushed(dialect, generation(generation_config={"emotion": "calm"})).options
    assert calm.extras == {"emotion": "calm"}


@pytest.mark.parametrize("given", [7, [], [None], {"a": 1}])
def test_an_emotion_that_is_no_word_is_refused(given: object) -> None:
    told = refused(dialect_for(), generation(generation_config={"emotion": given}))
    assert "generation_config.emotion" in told["message"]
