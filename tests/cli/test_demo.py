"""The demo without a server: its recordings, its screen, its timeline. The whole call is in `tests/real`."""

from __future__ import annotations

import io
import json
from importlib.resources import files
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from duologue.audio.formats import LISTEN_RATE
from duologue.cli import demo_timeline
from duologue.cli.call_tracks import Tracks
from duologue.cli.demo_screen import DemoScreen, notices
from duologue.cli.demo_story import ANSWER, BARGE_IN, ORDER, BargeIn, recording
from duologue.cli.demo_timeline import LogReader, make_timeline
from duologue.cli.phone_call import Message, PhoneCall, Reply, Utterance
from duologue.console.timeline import Series, render_html
from duologue.think.rules import RulesDialogue

SPOKEN = {
    ORDER: "get me a single shot mocha with a little bit of milk",
    ANSWER: "i'd like a dark roast twelve ounce iced mocha",
    BARGE_IN: "can i get a house coffee",
}

DECISION = {"because": "floor 0.29 < 0.30 after 0.58 s of silence"}
LOG: list[dict[str, Any]] = [
    {
        "versions": {"duologue": "1.2.3"},
        "settings": {"agent": {"listen": {"turns": {"start": 0.8, "eager_end": None, "end": 0.3}}}},
    },
    {"now": 1000.6, "event": {"$": "Progressed", "position": 8000, "floor": 0.9}, "commands": []},
    {"now": 1001.3, "event": {"$": "Progressed", "position": 16000, "floor": 0.2}, "commands": []},
    {
        "now": 1001.3,
        "event": {"$": "TurnEnded", "position": 16000, "turn": 1, "decision": DECISION},
        "commands": [{"$": "Generate", "reply": 1, "round": 1}],
    },
    {
        "now": 1001.4,
        "event": {"$": "CompletionReceived", "reply": 1, "round": 1, "event": {"$": "Finish"}},
        "commands": [{"$": "Notify", "notice": {"$": "Interrupted", "reply": 1, "heard": "So that"}}],
    },
]


def call() -> PhoneCall:
    made = PhoneCall(None)
    made.microphone.began = 0.2
    made.said = [Utterance("mocha", 0.2, 0.3, 0.9, 1.2)]
    made.replies = [Reply("So that is a mocha.", 1.5, 2.5, cut=True)]
    made.typed = ["Yes."]
    made.messages = [
        Message(1.4, "ConversationText", {"role": "user", "content": "a mocha"}),
        Message(3.0, "ConversationText", {"role": "user", "content": "Yes."}),
    ]
    return made


def test_the_recordings_are_small_clear_of_clipping_and_made_for_the_listeners_rate() -> None:
    folder = files("duologue.sim").joinpath("recordings")
    assert sum(len(each.read_bytes()) for each in folder.iterdir() if each.name.endswith(".flac")) < 400_000
    for name in SPOKEN:
        pcm = recording(name)
        assert 1.0 < len(pcm) / LISTEN_RATE < 6.0
        assert 0.1 < float(np.abs(pcm).max()) < 0.99


def test_the_recordings_are_named_with_source_and_licence() -> None:
    told = files("duologue.sim").joinpath("recordings", "README.md").read_text("utf-8")
    assert all(f"`{name}.flac`" in told for name in SPOKEN)
    assert "Apache License 2.0" in told


@pytest.mark.parametrize("text", SPOKEN.values())
def test_the_dialogue_of_the_demo_understands_what_the_caller_says(text: str) -> None:
    assert RulesDialogue.packaged().accepts(text)


def shown(*messages: Message, log: tuple[dict[str, Any], ...] = ()) -> tuple[str, DemoScreen]:
    out = io.StringIO()
    screen = DemoScreen(Console(file=out, width=200, highlight=False))
    screen.show(call())
    for line in log:
        screen.logged(line)
    for message in messages:
        screen.message(message)
    return out.getvalue(), screen


def test_the_screen_says_who_speaks_and_labels_a_reply_once() -> None:
    said = [Message(1.0, "ConversationText", {"role": "assistant", "content": text}) for text in ("Hi,", "welcome.")]
    text, _ = shown(*said, Message(1.1, "ConversationText", {"role": "user", "content": "hello"}))
    assert text.count("agent") == 1
    assert "caller  “hello”" in text


def test_the_screen_says_why_a_turn_ended_and_what_was_heard() -> None:
    text, screen = shown(log=tuple(LOG[1:]))
    assert "turn    is over: floor 0.29 < 0.30" in text
    assert "the caller had heard: “So that”" in text
    assert screen.heard == "So that"


def test_the_wait_is_measured_from_the_callers_last_sound() -> None:
    out = io.StringIO()
    screen = DemoScreen(Console(file=out, width=200, highlight=False))
    screen.show(call())
    assert screen.call is not None
    screen.call.spoke_at, screen.call.typed = 1.0, []
    screen.logged({"event": {"$": "TurnEnded", "decision": {"because": "quiet", "silence": 0.5}}})
    screen.message(Message(1.75, "AgentStartedSpeaking", {"ttt_latency": 0.01, "tts_latency": 0.02}))
    assert (
        "0.75 s after the caller's last sound (waiting 0.50, last words 0.22, model 0.01, voice 0.02)" in out.getvalue()
    )
    assert screen.waits == [0.75]


def test_a_typed_line_is_answered_at_once_and_is_no_wait() -> None:
    out = io.StringIO()
    screen = DemoScreen(Console(file=out, width=200, highlight=False))
    screen.show(call())
    screen.message(Message(1.75, "AgentStartedSpeaking", {"ttt_latency": 0.0, "tts_latency": 0.0}))
    assert "after the line was typed" in out.getvalue()
    assert screen.waits == []


def test_warnings_and_errors_are_shown() -> None:
    text, _ = shown(Message(1.0, "Error", {"description": "no such voice"}))
    assert "no such voice" in text


def test_notices_are_found_among_other_commands() -> None:
    assert [each["$"] for each in notices(LOG[4])] == ["Interrupted"]
    assert notices({"commands": [{"$": "Notify", "digest": "..."}]}) == []


def test_the_servers_clock_is_put_on_the_callers() -> None:
    reader = LogReader(LOG, 0.2)
    # The promptest judgement was that of second 1.0 of the microphone: server 1001.3 is call second 1.2 then, not earlier.
    times = {event["$"]: round(at, 3) for at, event, _ in reader.events()}
    assert times["TurnEnded"] == pytest.approx(1.3, abs=0.11)


def test_the_timeline_holds_what_was_said_decided_and_worked_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo_timeline, "speech_probability", lambda _: iter([(0.3, 0.9)]))
    silence = np.zeros(400, np.float32)
    made = make_timeline(call(), Tracks(100, silence, silence), BargeIn(call().said[0], 0.6, 1.5), [0.6], LOG)
    assert made.duration == 4.0
    assert made.series[1] == Series("floor", ((0.7, 0.9), (1.2, 0.2)))
    assert [level.name for level in made.thresholds] == ["start", "end"]
    assert [(h.kind, h.why) for h in made.happenings] == [
        ("turn_ended", "floor 0.29 < 0.30 after 0.58 s of silence"),
        ("interrupted", "heard until then: “So that”"),
    ]
    assert [(s.lane, s.label) for s in made.stretches] == [
        ("wait", "0.60 s"),
        ("think", "100 ms"),
        ("speak", "reply 1"),
    ]
    assert [(n.side, n.text, n.heard) for n in made.lines] == [
        ("caller", "a mocha", None),
        ("caller", "Yes. (typed)", None),
        ("agent", "So that is a mocha.", "So that"),
    ]
    assert "So that is a mocha." in render_html(made)


def test_a_call_without_a_log_still_has_a_timeline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo_timeline, "speech_probability", lambda _: iter(()))
    silence = np.zeros(100, np.float32)
    made = make_timeline(call(), Tracks(100, silence, silence), BargeIn(call().said[0], 0.6, 0.0), [], [])
    assert json.dumps(made.summary)
    assert made.happenings == ()
