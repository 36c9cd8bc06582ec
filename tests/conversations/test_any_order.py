"""Any facts in any order: the session never raises and never breaks a promise. Late, repeated and unknown ids are the rule here."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from duologue.agent.events import (
    CallerLeft,
    CompletionFailed,
    CompletionReceived,
    CustomReceived,
    DrainRequested,
    EchoHeard,
    Event,
    KeyPressed,
    ListenChanged,
    ListeningFailed,
    Manner,
    MessageInjected,
    PlaybackReported,
    PromptChanged,
    SpeakChanged,
    SpeechEnded,
    SpeechFailed,
    SpeechReceived,
    Started,
    ThinkChanged,
    ToolReturned,
    TurnForced,
)
from duologue.agent.responder import ModelResponder
from duologue.agent.session import Session
from duologue.agent.settings import (
    ActionPolicy,
    AgentSettings,
    CustomUse,
    IdlePolicy,
    InterruptionPolicy,
    KeypadPolicy,
    LimitsPolicy,
    ListenSettings,
    Pacing,
    PacingPolicy,
    SpeakSettings,
    ThinkSettings,
)
from duologue.ids import SeededIds
from duologue.listen.events import Progressed, TurnEagerEnded, TurnEnded, TurnResumed, TurnStarted, TurnUpdated
from duologue.listen.policy import TurnPolicy
from duologue.speak.speech import SpeakOptions, SpeechChunk
from duologue.think.completion import Finish, ProviderFailed, TextDelta
from duologue.think.messages import Endpoint, Speaker, ToolCall, ToolResult, ToolSpec
from tests.conversations.audit import Audit
from tests.conversations.call import DECISION, RATE, Answer, Call, Voice, speak

TOOLS = (
    ToolSpec("client"),
    ToolSpec("server", endpoint=Endpoint("http://tool.test/")),
    ToolSpec("later", defer_until_end=True),
)

EVERY_ACTION = ActionPolicy(end_call=True, transfer_to={"sales": "+1"}, send_dtmf=True, send_custom=True)

policies = st.builds(
    AgentSettings,
    think=st.just(ThinkSettings(tools=TOOLS)),
    greeting=st.sampled_from(["", "Hello. Who is there?"]),
    fallback_line=st.sampled_from(["", "Once more?"]),
    speculate=st.booleans(),
    interruption=st.builds(
        InterruptionPolicy,
        min_words=st.sampled_from([0, 2]),
        ignore_first=st.sampled_from([0.0, 0.5]),
    ),
    pacing=st.builds(PacingPolicy, pacing=st.sampled_from(Pacing)),
    idle=st.sampled_from([IdlePolicy(), IdlePolicy(check_in_after=3.0, hang_up_after=20.0)]),
    actions=st.sampled_from([ActionPolicy(), EVERY_ACTION]),
    keypad=st.builds(KeypadPolicy, interrupts=st.booleans(), pause=st.sampled_from([0.5, 2.0])),
    custom=st.sampled_from(CustomUse),
    limits=st.just(LimitsPolicy(patience=2.0, tool_timeout=5.0, rounds_per_reply=3, tools_per_reply=3)),
)

texts = st.sampled_from(["", "yes", "mhm", "uh huh", "I want a coffee", "One. Two three four. Five?", "a " * 60])
replies = st.integers(0, 6)
rounds = st.integers(0, 3)
turns = st.integers(0, 5)
positions = st.integers(0, 100_000)
few_positions = st.sampled_from([1_600, 3_200])
actions = st.sampled_from(
    [
        ("end_call", "{}"),
        ("end_call", '{"say":"Goodbye then."}'),
        ("transfer_call", '{"destination":"sales","say":"Hold on."}'),
        ("transfer_call", '{"destination":"nobody"}'),
        ("send_dtmf", '{"keys":"12"}'),
        ("send_custom", '{"metadata":{}}'),
        ("send_dtmf", "no json"),
    ]
)
calls = st.builds(
    ToolCall, st.sampled_from(["", "c1", "c2"]), st.sampled_from(["client", "server", "later", "?"]), st.just("{}")
) | st.builds(lambda call_id, action: ToolCall(call_id, *action), st.sampled_from(["", "c1", "c2"]), actions)
chunks = st.builds(
    lambda words, phrase, last: SpeechChunk(np.zeros(words * 300, np.float32), phrase, (), last=last),
    st.integers(0, 5),
    st.integers(0, 4),
    st.booleans(),
) | st.builds(speak, texts, st.integers(1, 4))
pieces = st.one_of(st.builds(TextDelta, texts), calls, st.just(Finish("stop")), st.just(ProviderFailed("p", "down")))
events: st.SearchStrategy[Any] = st.one_of(
    st.just(Started()),
    st.builds(TurnStarted, turns, positions, positions, st.just(DECISION)),
    st.builds(TurnUpdated, turns, positions, texts, texts),
    st.builds(TurnEagerEnded, turns, positions, texts, texts, st.just(()), st.just(0.5), st.just(DECISION)),
    st.builds(TurnResumed, turns, positions, st.just(DECISION)),
    st.builds(TurnEnded, turns, positions, texts, texts, st.just(()), st.just(0.5), positions, st.just(DECISION)),
    st.builds(EchoHeard, few_positions, st.sampled_from([0.0, 0.5, 1.0])),
    st.builds(Progressed, few_positions, st.just(0.9), st.floats(0, 2)),
    st.builds(TurnStarted, turns, few_positions, few_positions, st.just(DECISION)),
    st.builds(Progressed, positions, st.just(0.9), st.floats(0, 2)),
    st.builds(CompletionReceived, replies, rounds, pieces),
    st.builds(CompletionFailed, replies, rounds, st.just("down")),
    st.builds(SpeechReceived, replies, chunks),
    st.builds(SpeechEnded, replies),
    st.builds(SpeechFailed, replies, st.just("down"), st.booleans()),
    st.builds(ToolReturned, st.builds(ToolResult, st.sampled_from(["c1", "c2", "?"]), st.just(""), texts)),
    st.builds(MessageInjected, st.sampled_from([Speaker.USER, Speaker.ASSISTANT]), texts, st.sampled_from(Manner)),
    st.builds(PromptChanged, texts, st.booleans()),
    st.just(ThinkChanged(ThinkSettings(tools=TOOLS))),
    st.just(SpeakChanged(SpeakSettings((SpeakOptions(voice="other"),)))),
    st.just(ListenChanged(ListenSettings("other", turns=TurnPolicy(end=0.1)))),
    st.just(TurnForced()),
    st.builds(KeyPressed, st.sampled_from(["1", "#", "x"])),
    st.just(CustomReceived("{}")),
    st.builds(PlaybackReported, replies, positions),
    st.just(ListeningFailed("down", recovered=True)),
)
endings: st.SearchStrategy[Any] = st.sampled_from(
    [DrainRequested(), CallerLeft(), ListeningFailed("gone", recovered=False), Started()]
)
moments = st.tuples(st.sampled_from([0.0, 0.01, 0.1, 0.4, 1.0, 3.0]), events)


def live(session: Session, audit: Audit, until: float) -> None:
    """Let time pass up to `until`, wake by wake. A session that wants to be woken without end is stuck."""
    for _ in range(500):
        at = session.wake_at()
        if at is None or at > until:
            return
        audit.step(None, session.wake(at), at)
    raise AssertionError("the session wakes for ever")


@settings(max_examples=300, deadline=None)
@given(policies, st.lists(moments, max_size=60), endings)
def test_any_facts_in_any_order(policy: AgentSettings, told: list[tuple[float, Event]], ending: Event) -> None:
    session = Session(policy, ModelResponder(), SeededIds(1), RATE)
    audit = Audit(session)
    now = 0.0
    audit.step(Started(), session.handle(Started(), now))
    for wait, event in told:
        live(session, audit, now + wait)
        now += wait
        audit.step(event, session.handle(event, now), now)
    audit.step(ending, session.handle(ending, now), now)
    live(session, audit, now + 120.0)
    audit.end()


answers = st.builds(
    Answer,
    text=st.sampled_from(
        ["", "Yes.", "Let me see. It is three o'clock now. Anything else?", "One two three four five six seven."]
    ),
    calls=st.lists(calls, max_size=2),
    after=st.sampled_from([0.0, 0.3, 1.5]),
    every=st.sampled_from([0.0, 0.2]),
    fails=st.sampled_from(["", "", "", "down"]),
    hangs=st.sampled_from([False, False, False, True]),
)
faults = st.sampled_from([0, 0, 0, 1, 2])
voices = st.builds(Voice, after=st.sampled_from([0.0, 0.2, 1.0]), dies_at=faults, hangs_at=faults)
habits = st.sampled_from(
    [
        "says",
        "says",
        "drafted",
        "hesitates",
        "noise",
        "mutters",
        "insists",
        "tool",
        "inject",
        "replace",
        "types",
        "mark",
        "keys",
        "data",
        "wait",
    ]
)


def signal(call: Call, habit: str, text: str) -> None:
    """Keys or data come."""
    if habit == "keys":
        call.presses(call.now + 0.1, "12#" if text else "7")
    else:
        call.data(call.now + 0.1, "{}")


def act(call: Call, habit: str, text: str) -> None:
    """The caller, or the application, does something that callers and applications do."""
    at = call.now
    match habit:
        case "says":
            call.starts(at + 0.1)
            call.voice(at + 0.3, 0.1)
            call.ends(at + 1.0, text)
        case "drafted":
            call.starts(at + 0.1)
            call.eager(at + 0.6, text)
            call.ends(at + 0.9, text + "!")
        case "hesitates":
            call.starts(at + 0.1)
            call.eager(at + 0.6, text)
            call.resumes(at + 0.9)
            call.voice(at + 1.0, 0.6)
            call.eager(at + 1.4, text)
            call.ends(at + 1.9, f"{text} more")
        case "noise":
            call.starts(at + 0.1)
            call.ends(at + 0.9, "")
        case "mutters":
            call.starts(at + 0.1)
            call.voice(at + 0.3, 0.2)
            call.ends(at + 0.9, "mhm")
        case "insists":
            call.starts(at + 0.1)
            call.voice(at + 0.3, 0.2)
            call.voice(at + 2.3, 2.0)
            call.ends(at + 3.0, text)
        case "tool":
            call.tool(at + 0.1, "c1", text)
        case "inject" | "replace":
            manner = Manner.QUEUE if habit == "inject" else Manner.INTERRUPT
            call.feed(MessageInjected(Speaker.ASSISTANT, "By the way. It is late.", manner), at + 0.1)
        case "types":
            call.feed(MessageInjected(Speaker.USER, "typed"), at + 0.1)
        case "keys" | "data":
            signal(call, habit, text)
        case "mark":
            call.feed(PlaybackReported(call.session._talk.replies, 200), at + 0.1)
        case _:
            call.until(at + 2.0)


@settings(max_examples=200, deadline=None)
@given(policies, st.lists(answers, max_size=8), voices, st.booleans(), st.lists(st.tuples(habits, texts), max_size=12))
def test_any_caller_with_any_engines(
    policy: AgentSettings, script: list[Answer], voice: Voice, obedient: bool, doings: list[tuple[str, str]]
) -> None:
    call = Call(policy, script, voice, obedient=obedient)
    for habit, text in doings:
        act(call, habit, text)
    call.until(call.now + 60.0)
    call.feed(CallerLeft(), call.now)
    replayed = Session(policy, ModelResponder(), SeededIds(1), RATE)
    audit = Audit(replayed, by_ear=True)
    for now, event, commands in call.steps:
        again = replayed.wake(now) if event is None else replayed.handle(event, now)
        assert [type(command) for command in again] == [type(command) for command in commands], "a replay differs"
        audit.step(event, again, now)
    audit.end()
