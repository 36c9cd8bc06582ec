"""The caller's end of a call, in literal times: what is played, what is dropped, what the agent hears."""

from __future__ import annotations

import base64
import json
from typing import Any

import numpy as np
import pytest

from duologue.audio.formats import Pcm
from duologue.cli.deepgram_call import SETTINGS, DeepgramCall
from duologue.cli.microphone import FRAME
from duologue.cli.stream_call import StreamCall
from duologue.cli.talk_events import (
    Arrived,
    Drop,
    HangUp,
    Play,
    Recorded,
    RecordingOver,
    Send,
    Show,
    TalkCommand,
    Typed,
)
from duologue.cli.talk_session import TalkPolicy, TalkSession

SECOND = np.full(24_000, 8_000, "<i2").tobytes()
"""Of the agent's speech at V1's rate."""
VOICE: Pcm = np.full(FRAME, 0.5, np.float32)
SILENCE: Pcm = np.zeros(FRAME, np.float32)


class Call:
    """Drives a session; keeps everything that followed."""

    def __init__(self, surface: Any = None, **policy: Any) -> None:
        self.session = TalkSession(surface or DeepgramCall(SETTINGS), TalkPolicy(**policy))
        self.log: list[TalkCommand] = []

    def at(self, now: float, *frames: Any) -> list[TalkCommand]:
        """Frames arrive: bytes are audio, text is a message's type or a whole message."""
        followed: list[TalkCommand] = []
        for frame in frames:
            message = {"type": frame} if isinstance(frame, str) else frame
            arrived = message if isinstance(message, bytes) else json.dumps(message)
            followed += self.session.handle(Arrived(arrived), now)
        self.log += followed
        return followed

    def mic(self, now: float, pcm: Pcm = VOICE) -> list[TalkCommand]:
        followed = list(self.session.handle(Recorded(pcm), now))
        self.log += followed
        return followed

    def type(self, now: float, line: str) -> list[TalkCommand]:
        return list(self.session.handle(Typed(line), now))

    def heard(self, begins: float, ends: float) -> bool:
        """Anything of the agent could be heard between two moments."""
        return bool(self.session.loudspeaker.recording(ends - begins, begins).any())


def agent(text: str) -> dict[str, str]:
    return {"type": "ConversationText", "role": "assistant", "content": text}


def user(text: str) -> dict[str, str]:
    return {"type": "ConversationText", "role": "user", "content": text}


def shown(commands: list[TalkCommand]) -> list[tuple[str, str]]:
    return [(each.who, each.text) for each in commands if isinstance(each, Show)]


def ready(**policy: Any) -> Call:
    call = Call(**policy)
    call.at(0.0, "Welcome", "SettingsApplied")
    return call


def test_nothing_is_sent_before_the_agent_has_its_settings() -> None:
    call = Call()
    assert call.mic(0.1) == []
    call.at(0.2, "SettingsApplied")
    assert [type(each) for each in call.mic(0.3)] == [Send]


def test_speech_is_played_as_it_comes_and_shown_as_it_is_announced() -> None:
    call = ready()
    followed = call.at(1.0, agent("Hello."), SECOND)
    assert shown(followed) == [("agent", "Hello.")]
    assert followed[-1] == Play(SECOND)
    assert call.heard(1.0, 2.0)


def test_no_sample_is_played_after_the_caller_starts() -> None:
    call = ready()
    call.at(1.0, agent("A long story."), SECOND, SECOND, SECOND)
    followed = call.at(1.5, "UserStartedSpeaking")
    assert followed[0] == Drop()
    assert shown(followed) == [("", "you talk over the agent: 2.5 s of its speech dropped")]
    assert call.heard(1.0, 1.5)
    assert not call.heard(1.5, 10.0)
    assert call.session.dropped == [2.5]


def test_audio_of_the_cut_reply_that_was_on_its_way_is_not_played() -> None:
    call = ready()
    call.at(1.0, agent("A long story."), SECOND, SECOND)
    call.at(1.5, "UserStartedSpeaking")
    assert call.at(1.6, SECOND, SECOND) == []
    assert call.at(1.7, "AgentAudioDone", SECOND) == [Play(SECOND)]
    assert not call.heard(1.5, 1.7)
    assert call.heard(1.7, 2.7)


@pytest.mark.parametrize("marker", [agent("Next."), {"type": "AgentStartedSpeaking"}])
def test_a_server_that_does_not_say_that_the_cut_reply_is_over_is_understood_when_the_next_begins(marker: Any) -> None:
    call = ready()
    call.at(1.0, agent("A long story."), SECOND, SECOND)
    call.at(1.5, "UserStartedSpeaking")
    call.at(1.6, SECOND)
    assert Play(SECOND) in call.at(2.0, marker, SECOND)


def test_once_all_of_a_reply_was_sent_nothing_of_it_can_trail() -> None:
    call = ready()
    call.at(1.0, agent("Short."), SECOND, "AgentAudioDone")
    call.at(1.2, "UserStartedSpeaking")
    assert call.at(1.3, SECOND) == [Play(SECOND)]


def test_a_voice_over_silence_drops_nothing_worth_telling() -> None:
    assert ready().at(1.0, "UserStartedSpeaking") == [Drop()]


def test_twice_cut_in_vain_asks_for_headphones() -> None:
    call = ready()
    for now in (1.0, 3.0):
        call.at(now, agent("Hello."), SECOND)
        followed = call.at(now + 0.5, "UserStartedSpeaking", "AgentAudioDone")
    assert "--no-barge-in" in shown(followed)[-1][1]


def test_words_that_were_understood_between_two_cuts_ask_for_nothing() -> None:
    call = ready()
    for now in (1.0, 3.0):
        call.at(now, agent("Hello."), SECOND)
        followed = call.at(now + 0.5, "UserStartedSpeaking", "AgentAudioDone")
        call.at(now + 1.0, user("wait"))
    assert len(shown(followed)) == 1


def sent(commands: list[TalkCommand]) -> bytes:
    return b"".join(each.frame for each in commands if isinstance(each, Send) and isinstance(each.frame, bytes))


def test_without_barge_in_the_agent_hears_silence_while_it_speaks_and_a_little_longer() -> None:
    call = ready(barge_in=False, tail_s=0.3)
    call.at(1.0, SECOND)
    assert sent(call.mic(1.5)) == bytes(2 * FRAME)
    assert sent(call.mic(2.2)) == bytes(2 * FRAME)
    assert any(sent(call.mic(2.4)))


def test_with_barge_in_the_agent_always_hears() -> None:
    call = ready()
    call.at(1.0, SECOND)
    assert any(sent(call.mic(1.5)))


def test_the_wait_is_told_from_the_last_sound_to_the_first_with_the_servers_figures() -> None:
    call = ready()
    call.mic(2.0)
    call.mic(2.5, SILENCE)
    begun = {"type": "AgentStartedSpeaking", "total_latency": 0.9, "ttt_latency": 0.3, "tts_latency": 0.1}
    followed = call.at(3.1, user("hi"), begun, agent("Hello."), SECOND)
    assert ("", "1.10 s after your last sound (server: model 0.30, voice 0.10, in all 0.90)") in shown(followed)
    assert call.session.waits == pytest.approx([1.1])


def test_figures_are_told_once_where_the_server_tells_them_twice() -> None:
    report = {"type": "LatencyReport", "total_latency": 0.9}
    begun = {"type": "AgentStartedSpeaking", "total_latency": 0.9, "ttt_latency": 0.3, "tts_latency": 0.1}
    call = ready()
    assert shown(call.at(1.0, report)) == [("", "server: in all 0.90")]
    call.mic(2.0)
    call.at(3.0, begun, SECOND)
    assert call.at(3.1, report) == []


def test_a_greeting_is_no_answer() -> None:
    call = ready()
    assert shown(call.at(0.5, agent("Hi."), SECOND)) == [("agent", "Hi.")]


FUNCTION = {
    "type": "FunctionCallRequest",
    "functions": [{"id": "f1", "name": "order", "arguments": '{"drink": "latte"}', "client_side": True}],
}


def test_functions_get_their_arguments_back_unless_a_person_answers() -> None:
    followed = ready().at(1.0, FUNCTION)
    assert json.loads(followed[-1].frame) == {  # type: ignore[union-attr, arg-type]
        "type": "FunctionCallResponse",
        "id": "f1",
        "name": "order",
        "content": '{"drink": "latte"}',
    }


def test_a_person_answers_in_the_order_of_asking_and_nothing_gives_back_the_arguments() -> None:
    call = ready(ask=True)
    call.at(1.0, FUNCTION)
    call.at(1.1, {**FUNCTION, "functions": [{"id": "f2", "name": "pay", "arguments": "{}", "client_side": True}]})
    answers = [json.loads(each.frame) for line in ("done", "") for each in call.type(2.0, line)]  # type: ignore[union-attr, arg-type]
    assert [(each["id"], each["content"]) for each in answers] == [("f1", "done"), ("f2", "{}")]


def test_a_withdrawn_function_waits_for_no_answer() -> None:
    call = ready(ask=True)
    call.at(1.0, FUNCTION, {"type": "FunctionCallCancelled", "functions": [{"id": "f1", "name": "order"}]})
    assert json.loads(call.type(2.0, "hello")[0].frame)["type"] == "InjectUserMessage"  # type: ignore[union-attr, arg-type]


def test_a_typed_line_is_said_and_an_impossible_one_explained() -> None:
    assert json.loads(ready().type(1.0, "two lattes")[0].frame)["content"] == "two lattes"  # type: ignore[union-attr, arg-type]
    stream = Call(StreamCall(greeting=None, prompt=""))
    stream.at(0.0, {"event": "ack", "stream_id": "s1", "config": {}})
    assert "keys such as" in shown(stream.type(1.0, "hello"))[0][1]


def test_before_the_call_is_ready_nothing_typed_is_sent() -> None:
    assert Call().type(1.0, "hello") == []


def test_a_microphone_of_zeros_is_called_muted_once() -> None:
    call = ready(muted_s=0.1)
    told = [line for count in range(20) for line in shown(call.mic(count * 0.02, SILENCE))]
    assert told == [("", "the microphone gives nothing at all: is it muted?")]


def test_a_recording_hangs_up_after_its_answer_was_heard() -> None:
    call = ready(quiet_s=2.0, answer_s=10.0)
    call.mic(1.0)
    call.session.handle(RecordingOver(), 1.0)
    assert call.session.wake_at() == 11.0
    call.at(2.0, agent("Sure."), SECOND, "AgentAudioDone")
    assert call.session.wake_at() == 5.0
    assert call.session.wake(4.9) == []
    assert call.session.wake(5.0) == [HangUp()]
    assert call.session.wake_at() is None, "once"


def test_a_recording_that_nobody_answers_hangs_up_and_says_so() -> None:
    call = ready(answer_s=10.0)
    call.mic(1.0)
    call.session.handle(RecordingOver(), 1.2)
    assert call.session.wake(11.2) == [Show("", "no answer in 10 s", "yellow"), HangUp()]


def test_a_function_that_waits_for_a_person_keeps_the_call_open() -> None:
    call = ready(ask=True)
    call.session.handle(RecordingOver(), 1.2)
    call.at(1.5, FUNCTION)
    assert call.session.wake_at() is None
    assert call.session.wake(99.0) == []


def test_a_person_may_be_silent_as_long_as_they_like() -> None:
    assert ready().session.wake_at() is None


def test_parts_of_sentences_are_shown_as_sentences_and_a_clear_shows_the_rest() -> None:
    stream = Call(StreamCall(greeting=None, prompt=""))
    stream.at(0.0, {"event": "ack"})
    parts = ["Good", " morning.", " How can"]
    told = [
        line
        for text in parts
        for line in shown(
            stream.at(1.0, {"event": "turn_output_text_delta", "turn_output_text_delta": {"id": "1", "text": text}})
        )
    ]
    assert told == [("agent", "Good morning.")]
    assert shown(stream.at(1.5, {"event": "clear"})) == [("agent", "How can")]


def test_on_the_call_stream_a_clear_drops_and_what_follows_is_played() -> None:
    stream = Call(StreamCall(greeting=None, prompt=""))
    stream.at(0.0, {"event": "ack"})
    media = {"event": "media_output", "media": {"payload": "QB9AH0AfQB8="}}
    stream.at(1.0, *[media] * 8_000)  # two seconds at 16 kHz
    assert stream.at(1.5, {"event": "clear"})[0] == Drop()
    assert not stream.heard(1.5, 9.0)
    assert isinstance(stream.at(2.0, media)[0], Play)


def test_warnings_and_unknown_messages_are_shown_and_end_nothing() -> None:
    call = ready()
    followed = call.at(1.0, {"type": "Warning", "description": "slow"}, {"type": "Error", "message": "bad"}, "Novelty")
    assert shown(followed) == [("warning", "slow"), ("error", "bad"), ("server", "Novelty")]
    assert shown(list(call.session.handle(Arrived("not json"), 1.0))) == [("server", "not json")]


def reports(commands: list[TalkCommand]) -> list[int]:
    sent = [json.loads(each.frame) for each in commands if isinstance(each, Send) and isinstance(each.frame, str)]
    return [each["playback"]["position"] for each in sent if each["event"] == "playback"]


def test_a_server_that_wants_to_know_what_was_heard_is_told_while_it_plays_at_a_clear_and_at_the_end() -> None:
    stream = Call(StreamCall(greeting=None, prompt=""), report_s=0.2)
    stream.at(0.0, {"event": "ack", "playback_reports": True})
    second = {"event": "media_output", "media": {"payload": base64.b64encode(bytes(32_000)).decode()}}
    stream.at(1.0, second)
    told = [reports(stream.mic(1.0 + count * 0.1)) for count in range(6)]
    assert told == [[], [1_600], [], [4_800], [], [8_000]]
    assert reports(stream.at(1.55, {"event": "clear"})) == [8_800]
    assert reports(stream.at(1.6, {"event": "clear"})) == [8_800], "also when it has not moved"
    stream.at(2.0, second)
    assert reports(stream.mic(3.5)) == [32_000]
    assert reports(stream.mic(9.0)) == []


def test_a_server_that_does_not_want_to_know_is_not_told() -> None:
    stream = Call(StreamCall(greeting=None, prompt=""))
    stream.at(0.0, {"event": "ack"})
    stream.at(1.0, {"event": "media_output", "media": {"payload": base64.b64encode(bytes(32_000)).decode()}})
    assert reports([*stream.mic(1.5), *stream.at(1.6, {"event": "clear"})]) == []
