"""The `/v2/speak` dialect."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from duologue.agent.commands import EndReason
from duologue.errors import Violation
from duologue.ids import SeededIds
from duologue.protocols.deepgram.speak_flux import SpeakV2Dialect
from duologue.protocols.dialect import Reply
from duologue.protocols.query import Handshake, read_query
from duologue.speak.context_events import (
    ContextAudio,
    ContextCancelled,
    ContextDone,
    ContextFailed,
    ContextFlushed,
    TextPushed,
)
from duologue.speak.speech import SpokenWord
from tests.protocols.frames import read, refused, send

RATE = 16_000


def dialect(query: str = "") -> SpeakV2Dialect:
    handshake = Handshake(query=read_query(f"model=flux-alexis-en&encoding=linear16&sample_rate=16000&{query}"))
    return SpeakV2Dialect(handshake, SeededIds(1), rate=RATE)


def speak(text: str) -> dict[str, Any]:
    return {"type": "Speak", "text": text}


def audio(
    context: str = "1", seconds: float = 0.5, words: tuple[SpokenWord, ...] = (), segment: int = 1
) -> ContextAudio:
    return ContextAudio(context, np.zeros(round(RATE * seconds), np.float32), words, segment, 0.0)


def told(items: list[Any]) -> list[str]:
    return [message["type"] for item in items if isinstance(item, Reply) for message in read(item.told)]


def warned(socket: SpeakV2Dialect, message: dict[str, Any]) -> str:
    (reply,) = send(socket, message)
    (warning,) = read(reply.told)
    assert warning["type"] == "Warning"
    return str(warning["code"])


def kinds(frames: Any) -> list[str]:
    return ["binary" if isinstance(frame, bytes) else read([frame])[0]["type"] for frame in frames]


def test_the_model_is_told_first() -> None:
    socket = dialect()
    (connected,) = read(socket.connected())
    assert connected["type"] == "Connected"
    assert (connected["request_id"], connected["model_name"]) == (socket.request_id, "flux-alexis-en")
    assert {"model_version", "model_uuids"} <= connected.keys()


def test_a_turn_is_started_flushed_spoken_and_measured() -> None:
    socket = dialect()
    items = send(socket, speak("Hello "))
    assert told(items) == ["SpeechStarted"]
    assert [item.text for item in items if isinstance(item, TextPushed)] == ["Hello "]
    assert told(send(socket, speak("there."))) == []
    items = send(socket, {"type": "Flush"})
    assert told(items) == ["Flushed"]
    assert [item.flush for item in items if isinstance(item, TextPushed)] == [True]
    assert kinds(socket.render(audio())) == ["binary"] * 5
    (metadata,) = read(socket.render(ContextFlushed("1", 1)))
    assert metadata == {
        "type": "SpeechMetadata",
        "speech_id": metadata["speech_id"],
        "audio_duration_ms": 500,
        "input_character_count": 12,
        "billable_character_count": 12,
        "controls_applied": {"pronunciations_applied": 0, "breaks_applied": 0, "pronunciation_warnings": 0},
    }
    assert metadata["speech_id"].startswith("dg_sp_")
    assert len(metadata["speech_id"]) == 18


def test_further_turns_wait_for_the_one_before() -> None:
    socket = dialect()
    assert told([*send(socket, speak("One.")), *send(socket, {"type": "Flush"})]) == ["SpeechStarted", "Flushed"]
    assert told([*send(socket, speak("Two.")), *send(socket, {"type": "Flush"}), *send(socket, speak("Three."))]) == []
    socket.render(audio())
    assert kinds(socket.render(ContextFlushed("1", 1))) == ["SpeechMetadata", "SpeechStarted", "Flushed"]
    socket.render(audio())
    assert kinds(socket.render(ContextFlushed("1", 2))) == ["SpeechMetadata", "SpeechStarted"]
    assert told(send(socket, {"type": "Flush"})) == ["Flushed"]


def test_a_close_finishes_what_was_said_and_tells_the_sum() -> None:
    socket = dialect()
    send(socket, speak("One."))
    assert told(send(socket, {"type": "Close"})) == ["Flushed"]
    assert send(socket, speak("never")) == []
    assert socket.over() is None
    socket.render(audio())
    assert kinds(socket.render(ContextFlushed("1", 1))) == ["SpeechMetadata", "SessionMetadata"]
    assert socket.over() is EndReason.FINISHED
    assert socket.closing(EndReason.FINISHED) == (1000, "")
    idle = dialect()
    (reply,) = send(idle, {"type": "Close"})
    assert read(reply.told) == [
        {
            "type": "SessionMetadata",
            "total_audio_duration_ms": 0,
            "total_input_character_count": 0,
            "total_billable_character_count": 0,
        }
    ]
    assert idle.over() is EndReason.FINISHED


def test_an_interrupt_drops_every_turn_and_says_what_was_heard() -> None:
    socket = dialect()
    send(socket, speak("one two"))
    assert warned(socket, {"type": "Interrupt"}) == "NO_AUDIO_GENERATED"
    send(socket, {"type": "Flush"})
    send(socket, speak("another"))
    words = (SpokenWord("one", 0, 4000, 0, 3), SpokenWord("two", 4000, 8000, 4, 7))
    socket.render(audio(words=words))
    items = send(socket, {"type": "Interrupt", "playback_offset": {"type": "time_ms", "value": 300}})
    assert items[0] == ContextCancelled("1")
    (interrupted,) = read(items[1].told)
    assert interrupted["type"] == "SpeechInterrupted"
    assert (interrupted["audio_played_ms"], interrupted["text_spoken"], interrupted["text_remaining"]) == (
        300,
        "one",
        " two",
    )
    assert interrupted["metadata"]["audio_duration_ms"] == 500
    assert socket.render(audio()) == [], "nothing of it follows"
    assert warned(socket, {"type": "Interrupt"}) == "NO_ACTIVE_SPEECH"
    started, pushed = send(socket, speak("Next."))
    assert told([started]) == ["SpeechStarted"]
    assert pushed.context == "2"
    socket.render(audio("2"))
    late = {"type": "Interrupt", "playback_offset": {"type": "time_ms", "value": 300}}
    assert warned(socket, late) == "INVALID_INTERRUPT_OFFSET"
    _, reply = send(socket, {"type": "Interrupt"})
    (interrupted,) = read(reply.told)
    assert interrupted["audio_played_ms"] == 800, "what was played, and what was made since"
    assert not {"text_spoken", "text_remaining"} & interrupted.keys()


def test_a_turn_outlives_its_context() -> None:
    socket = dialect()
    send(socket, speak("One. "))
    socket.render(audio())
    assert socket.render(ContextDone("1")) == []
    (pushed,) = send(socket, speak("Two."))
    assert pushed.context == "2"
    send(socket, {"type": "Flush"})
    socket.render(audio("2"))
    (metadata,) = read(socket.render(ContextFlushed("2", 1)))
    assert (metadata["audio_duration_ms"], metadata["input_character_count"]) == (1000, 9)


def test_a_turn_without_a_word_is_warned_of_and_over() -> None:
    socket = dialect()
    send(socket, speak(" ... "))
    send(socket, {"type": "Flush"})
    warning, metadata = read(socket.render(ContextFlushed("1", 1)))
    assert (warning["code"], metadata["audio_duration_ms"]) == ("NO_SYNTHESIZABLE_TEXT", 0)
    assert warned(socket, {"type": "Flush"}) == "NO_ACTIVE_SPEECH"


def test_the_speed_can_be_changed_in_steps() -> None:
    socket = dialect("speed=1.05")
    (pushed,) = [item for item in send(socket, speak("One.")) if isinstance(item, TextPushed)]
    assert pushed.options.speed == 1.05

    def configured(speed: float | None) -> dict[str, Any]:
        (reply,) = send(socket, {"type": "Configure", "speed": speed})
        (answer,) = read(reply.told)
        return dict(answer)

    assert configured(None) == {"type": "ConfigureSuccess", "applied": {"speed": 1.05}}
    assert configured(1.25) == {"type": "ConfigureSuccess", "applied": {"speed": 1.25}}
    failure = configured(2.0)
    assert (failure["code"], failure["field"], failure["value"]) == ("SPEED_OUT_OF_RANGE", "speed", 2.0)
    assert configured(1.01)["code"] == "SPEED_INCREMENT_INVALID"
    (pushed,) = send(socket, speak("Two."))
    assert pushed.options.speed == 1.25


@pytest.mark.parametrize(
    ("message", "error", "code"),
    [
        ("garbage", "DATA-0000", 1008),
        ({"type": "Clear"}, "DATA-0000", 1008),
        ({"type": "Speak"}, "DATA-0000", 1008),
        (speak("a \\{pause:500ms\\} b"), "DATA-0002", 1008),
        (b"audio", "MESSAGE-0000", 1003),
        (speak("x" * 600_000), "BIG-0000", 1009),
    ],
)
def test_what_is_not_understood_is_an_error_and_ends_the_connection(message: Any, error: str, code: int) -> None:
    socket = dialect()
    answer = refused(socket, message)
    assert (answer["type"], answer["code"]) == ("Error", error)
    assert socket.closing(EndReason.VIOLATION) == (code, error)


def test_lost_speech_is_an_error_and_ends_the_connection() -> None:
    socket = dialect()
    send(socket, speak("One."))
    (error,) = read(socket.render(ContextFailed("1", "engine_failed", "lost")))
    assert (error["type"], error["code"], error["description"]) == ("Error", "NET-0000", "lost")
    assert socket.over() is EndReason.FAILED
    assert socket.closing(EndReason.FAILED) == (1011, "NET-0000")


@pytest.mark.parametrize(
    ("query", "path"),
    [
        ("encoding=linear16", "model"),
        ("model=aura-2-thalia-en", "model"),
        ("model=flux-kit-en&encoding=mp3", "encoding"),
        ("model=flux-kit-en&speed=2", "speed"),
        ("model=flux-kit-en&speed=1.01", "speed"),
        ("model=flux-kit-en&expressivity=3", "expressivity"),
        ("model=flux-kit-en&sample_rate=11025", "sample_rate"),
    ],
)
def test_wrong_queries_are_refused_by_name(query: str, path: str) -> None:
    with pytest.raises(Violation) as caught:
        SpeakV2Dialect(Handshake(query=read_query(query)), SeededIds(1), rate=RATE)
    assert caught.value.path == path


def test_a_silent_client_and_a_long_session_end() -> None:
    assert (dialect().deadlines.idle, dialect().deadlines.session, dialect().deadlines.pings_count) == (60, 3600, True)
    assert dialect().closing(EndReason.IDLE)[1].startswith("NET-0004")
    assert dialect().closing(EndReason.TOO_LONG)[1].startswith("NET-0003")
    assert dialect().closing(EndReason.DRAINED)[0] == 1001
