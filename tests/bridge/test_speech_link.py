from __future__ import annotations

import json
from typing import Any

from duologue.audio.formats import AudioFormat, Encoding
from duologue.bridge.speech_link import (
    MAX_CANCELLED,
    MAX_WAITING,
    CancelAsked,
    Connect,
    Connected,
    ConnectionLost,
    GenerationAsked,
    GiveSpeech,
    SendSpeech,
    SpeechCommand,
    SpeechEvent,
    SpeechLink,
    SpeechReceived,
    TellDone,
    TellFailed,
)
from duologue.protocols.cartesia.tts_peer import ContextDone, ContextFailed, SpeechAudio, SpeechOther, SpeechSaid


def link() -> SpeechLink:
    return SpeechLink(AudioFormat(Encoding.PCM_S16LE, 16_000))


def ask(context: str = "c1", **members: Any) -> GenerationAsked:
    return GenerationAsked({"context_id": context, "transcript": "Hi", **members})


def tell(speech: SpeechLink, *events: SpeechEvent | SpeechSaid) -> list[SpeechCommand]:
    commands: list[SpeechCommand] = []
    for event in events:
        said = isinstance(event, SpeechAudio | ContextDone | ContextFailed | SpeechOther)
        commands += speech.handle(SpeechReceived(event) if said else event, 0.0)  # type: ignore[arg-type]
    return commands


def contexts(commands: list[SpeechCommand]) -> list[str]:
    return [json.loads(command.frame)["context_id"] for command in commands if isinstance(command, SendSpeech)]


def test_the_first_request_asks_for_a_connection_and_all_wait_for_it_in_order() -> None:
    speech = link()
    assert tell(speech, ask("a"), ask("b")) == [Connect()]
    assert contexts(tell(speech, Connected())) == ["a", "b"]
    assert contexts(tell(speech, ask("c"))) == ["c"]
    assert speech.wake_at() is None
    assert speech.wake(0.0) == ()


def test_audio_is_given_on_and_the_end_of_the_last_context_is_told() -> None:
    speech = link()
    tell(speech, ask("a"), ask("b"), Connected())
    assert tell(speech, SpeechAudio("a", b"12"), SpeechOther({}), ContextDone("a")) == [GiveSpeech(b"12")]
    assert speech.owed
    assert tell(speech, ContextDone("b"), ContextDone("b")) == [TellDone()]
    assert not speech.owed


def test_a_cancelled_context_is_not_heard_again_however_late_its_audio_comes() -> None:
    speech = link()
    tell(speech, ask("a"), Connected())
    commands = tell(speech, CancelAsked("a"), CancelAsked("a"), CancelAsked("unknown"))
    assert contexts(commands) == ["a"]
    assert commands[-1] == TellDone()
    assert tell(speech, SpeechAudio("a", b"12"), ContextFailed("a", "gone"), ContextDone("a")) == []
    tell(speech, ask("a"))
    assert tell(speech, SpeechAudio("a", b"12")) == [GiveSpeech(b"12")], "the same id again is a new context"


def test_a_failed_context_is_told_and_over() -> None:
    speech = link()
    tell(speech, ask("a"), Connected())
    assert tell(speech, ContextFailed("a", "no such voice")) == [TellFailed("no such voice"), TellDone()]


def test_a_connection_that_ends_while_nothing_is_owed_is_opened_again_by_the_next_request() -> None:
    speech = link()
    tell(speech, ask("a"), Connected(), ContextDone("a"))
    assert tell(speech, ConnectionLost("1000 connection idle timeout")) == []
    assert tell(speech, ask("b")) == [Connect()]
    assert contexts(tell(speech, Connected())) == ["b"]


def test_a_connection_that_ends_in_the_middle_is_an_error() -> None:
    speech = link()
    tell(speech, ask("a"), Connected())
    assert tell(speech, ConnectionLost("1006")) == [TellFailed("1006"), TellDone()]
    assert tell(link(), ask(), ConnectionLost("no key", fatal=True))[1:] == [
        TellFailed("no key", fatal=True),
        TellDone(),
    ]


def test_what_waits_and_what_is_remembered_have_bounds() -> None:
    speech = link()
    for _ in range(MAX_WAITING):
        assert not speech.full
        tell(speech, ask("a"))
    assert speech.full
    tell(speech, ask("b"))
    assert len(tell(speech, Connected())) == MAX_WAITING
    for number in range(MAX_CANCELLED + 1):
        tell(speech, ask(str(number)), CancelAsked(str(number)))
    assert tell(speech, SpeechAudio("1", b"12")) == []
    assert tell(speech, SpeechAudio("0", b"12")) == [GiveSpeech(b"12")], "a thousand cancels ago"
