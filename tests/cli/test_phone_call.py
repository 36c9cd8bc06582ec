"""The caller's end of the agent socket, against a scripted server."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from duologue.audio.formats import LISTEN_RATE
from duologue.cli.phone_call import PhoneCall
from duologue.errors import EngineFailure

TONE = np.full(2400, 8000, "<i2").tobytes()


@dataclass
class ScriptedSocket:
    """Sends what it was given, then closes."""

    frames: list[str | bytes]
    sent: list[str | bytes] = field(default_factory=list)

    async def __aiter__(self) -> AsyncIterator[str | bytes]:
        for frame in self.frames:
            yield frame

    async def send(self, frame: str | bytes) -> None:
        self.sent.append(frame)


def message(type_: str, **content: Any) -> str:
    return json.dumps({"type": type_, **content})


def agent(text: str) -> str:
    return message("ConversationText", role="assistant", content=text)


def heard(*frames: str | bytes) -> PhoneCall:
    call = PhoneCall(ScriptedSocket(list(frames)))
    asyncio.run(call.read())
    return call


def test_phrases_up_to_the_end_of_the_audio_are_one_reply() -> None:
    call = heard(
        agent("What size"), TONE, agent("would you like?"), TONE, message("AgentAudioDone"), agent("Bye."), TONE
    )
    assert [reply.text for reply in call.replies] == ["What size would you like?", "Bye."]
    assert call.replies[0].ends - call.replies[0].begins == pytest.approx(0.2)
    assert not call.replies[0].cut


def test_the_callers_voice_silences_the_loudspeaker_and_cuts_the_reply() -> None:
    call = heard(agent("A long story"), TONE * 50, message("UserStartedSpeaking"))
    assert call.replies[0].cut
    assert call.cleared[0].unheard == pytest.approx(5.0, abs=0.2)


def test_a_voice_over_silence_cuts_nothing() -> None:
    assert heard(message("UserStartedSpeaking")).cleared == []


def test_messages_are_found_by_type_content_and_place() -> None:
    call = heard(message("Welcome"), agent("One"), agent("Two"))
    assert call.find("ConversationText", content="Two") == 2
    assert call.find("ConversationText", 2) == 2
    assert call.find("Error") is None


def test_what_is_missing_when_the_server_hangs_up_is_said() -> None:
    call = heard(message("Welcome"))
    with pytest.raises(EngineFailure, match="the server closed the call: no reply came"):
        asyncio.run(call.until_said(0))


def test_a_typed_line_is_an_injected_message() -> None:
    call = heard()
    asyncio.run(call.type("Yes."))
    assert json.loads(call.socket.sent[0]) == {"type": "InjectUserMessage", "content": "Yes."}


def test_an_utterance_knows_its_first_and_last_sound() -> None:
    voice = np.concatenate([np.zeros(1600), np.full(3200, 0.5), np.zeros(4800)]).astype(np.float32)
    spoken = heard().say("word", voice)
    assert spoken.onset - spoken.begins == pytest.approx(0.1)
    assert spoken.last_sound - spoken.begins == pytest.approx(0.3)
    assert spoken.ends - spoken.begins == pytest.approx(len(voice) / LISTEN_RATE)


def test_before_anything_was_recorded_the_microphone_is_silent() -> None:
    call = heard()
    assert call.microphone_level() == 0.0
    assert call.loudspeaker_level() == 0.0
    assert len(call.microphone.recording()) == 0
