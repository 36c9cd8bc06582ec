"""The session's shell: whole calls in virtual time, with the scripted recogniser, the scripted model and the voice of tones."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from typing import Any

import numpy as np
import pytest

from duologue.agent.commands import ClearAudio, EndReason, PlayAudio
from duologue.agent.events import DrainRequested, Event, ListenChanged, SpeakChanged, Started, TurnForced
from duologue.agent.notices import (
    AgentFinishedSpeaking,
    AgentSaid,
    CallerSaid,
    Interrupted,
    Notice,
    SettingsApplied,
    ToolAnswered,
    Warned,
)
from duologue.agent.responder import ModelResponder
from duologue.agent.runner import AgentParts, Carry, SessionRunner
from duologue.agent.session import Session
from duologue.agent.settings import AgentSettings, ListenSettings, SpeakSettings, ThinkSettings
from duologue.audio.formats import LISTEN_RATE
from duologue.audio.spans import AudioSpan
from duologue.errors import Bug, Refused
from duologue.ids import SeededIds
from duologue.listen.channel import ListenEngines
from duologue.listen.engines.scripted import ScriptedRecognizer, ScriptedSettings, ScriptedVoiceActivity
from duologue.listen.hypothesis import CaptureMode, ListenOptions
from duologue.listen.policy import TurnPolicy
from duologue.runtime.driver import Timers
from duologue.runtime.inline import InlineHost
from duologue.sim.clock import run
from duologue.speak.channel import SpeakEngines
from duologue.speak.engines.tone import ToneEngine, ToneSettings
from duologue.speak.speech import SpeakOptions
from duologue.think.completion import CompletionEvent, CompletionRequest, LanguageModel, TextDelta
from duologue.think.messages import Endpoint, ToolCall, ToolResult, ToolSpec
from duologue.think.scripted_model import ScriptedAnswer, ScriptedModel

RATE = 8_000
STEP = 512

Heard = list[tuple[float, Notice | PlayAudio | ClearAudio]]


class SlowTool:
    """A tool runner that takes a second."""

    def __init__(self) -> None:
        self.cancelled: list[str] = []

    async def run(self, call: ToolCall, spec: ToolSpec) -> ToolResult:
        try:
            await asyncio.sleep(1.0)
        except asyncio.CancelledError:
            self.cancelled.append(call.id)
            raise
        return ToolResult(call.id, call.name, "sunny")


class CutOffModel:
    """A model whose stream just stops."""

    async def respond(self, request: CompletionRequest) -> AsyncIterator[CompletionEvent]:
        yield TextDelta("I was ab")


class OneCall:
    """A call whose caller says what a script says, in real time of the virtual clock."""

    def __init__(
        self,
        said: str,
        settings: AgentSettings | None = None,
        model: LanguageModel | None = None,
        tools: SlowTool | None = None,
        responder: ModelResponder | None = None,
        voices: int | None = None,
        carry: Carry | None = None,
    ) -> None:
        self.loop = asyncio.get_running_loop()
        self.heard: Heard = []
        self.session = Session(settings or AgentSettings(), responder or ModelResponder(), SeededIds(1), RATE)
        script = ScriptedSettings(said)
        engines = ListenEngines(InlineHost(ScriptedVoiceActivity(script)), InlineHost(ScriptedRecognizer(script)))
        speak = SpeakEngines({"tone": InlineHost(ToneEngine(ToneSettings(sample_rate=RATE)), capacity=voices)})
        self.asked_for: list[str] = []
        self.engines = engines
        self.full = False
        parts = AgentParts(self.listen, speak, model or ScriptedModel(), tools, carry)
        self.runner = SessionRunner(self.session, parts, self.deliver, Timers(self.loop))

    def deliver(self, out: Notice | PlayAudio | ClearAudio) -> None:
        self.heard.append((round(self.loop.time(), 3), out))

    async def last(self, seconds: float, then: Callable[[], None] | None = None) -> EndReason:
        """Let the caller's line be open so long, then hang up (or do `then`)."""
        running = asyncio.ensure_future(self.runner.run())
        for step in range(round(seconds * LISTEN_RATE / STEP)):
            self.runner.hear([AudioSpan(step * STEP, np.zeros(STEP, np.float32))])
            await asyncio.sleep(STEP / LISTEN_RATE)
            await self.runner.writable()
        (then or self.runner.leave)()
        return await running

    def listen(self, name: str) -> ListenEngines:
        """The engines of a recogniser, while there is room."""
        self.asked_for.append(name)
        if self.full:
            raise Refused("engine_full", "no room")
        return self.engines

    def all(self, kind: type[Any]) -> list[Any]:
        return [out for _, out in self.heard if isinstance(out, kind)]

    def kinds(self) -> list[str]:
        """What was delivered, runs of audio as one."""
        names = [type(out).__name__ for _, out in self.heard]
        return [
            name for place, name in enumerate(names) if place == 0 or name != "PlayAudio" or names[place - 1] != name
        ]


def test_a_call_from_greeting_to_goodbye() -> None:
    async def main() -> OneCall:
        call = OneCall(
            "3.0-4.0 hello there", AgentSettings(greeting="Good morning."), ScriptedModel(["Nice to hear you."])
        )
        assert await call.last(10.0) is EndReason.CALLER_LEFT
        return call

    call = run(main())
    assert [name for name in call.kinds() if name != "LatencyMeasured"] == [
        "SettingsApplied",
        "AgentSaid",
        "AgentStartedSpeaking",
        "PlayAudio",
        "AgentFinishedSpeaking",
        "AgentHeard",
        "CallerStartedSpeaking",
        "CallerSaid",
        "AgentThinking",
        "AgentSaid",
        "AgentStartedSpeaking",
        "PlayAudio",
        "AgentFinishedSpeaking",
        "AgentHeard",
    ]
    assert [notice.text for notice in call.all(CallerSaid)] == ["hello there"]
    assert [notice.text for notice in call.all(AgentSaid)] == ["Good morning.", "Nice to hear you."]


def test_the_caller_interrupts_and_nothing_old_is_played_after_the_clear() -> None:
    async def main() -> OneCall:
        long = "This is a very long answer that goes on. " * 10
        call = OneCall("1.0-2.0 tell me; 4.0-5.0 stop that", None, ScriptedModel([long, "Sorry."]))
        await call.last(9.0)
        return call

    call = run(main())
    (interrupted,) = call.all(Interrupted)
    cleared = next(place for place, (_, out) in enumerate(call.heard) if isinstance(out, ClearAudio))
    assert not [out for _, out in call.heard[cleared:] if isinstance(out, PlayAudio) and out.reply == interrupted.reply]
    assert interrupted.heard
    assert call.all(AgentSaid)[-1].text == "Sorry."


def test_a_server_side_tool_runs_and_its_result_reaches_the_model() -> None:
    spec = ToolSpec("weather", endpoint=Endpoint("http://tool.test/"))
    answers = [
        ScriptedAnswer("It is fine.", after_tool=True),
        ScriptedAnswer(calls=(ToolCall("c1", "weather", "{}"),)),
    ]

    async def main() -> OneCall:
        call = OneCall(
            "1.0-2.0 the weather", AgentSettings(think=ThinkSettings(tools=(spec,))), ScriptedModel(answers), SlowTool()
        )
        await call.last(8.0)
        return call

    call = run(main())
    assert [answered.result.content for answered in call.all(ToolAnswered)] == ["sunny"]
    assert [said.text for said in call.all(AgentSaid)] == ["It is fine."]


def test_hanging_up_cancels_what_runs_and_leaves_no_task() -> None:
    spec = ToolSpec("weather", endpoint=Endpoint("http://tool.test/"))
    answers = [ScriptedAnswer(calls=(ToolCall("c1", "weather", "{}"),))]
    tools = SlowTool()

    async def main() -> None:
        call = OneCall(
            "1.0-2.0 the weather", AgentSettings(think=ThinkSettings(tools=(spec,))), ScriptedModel(answers), tools
        )
        await call.last(3.2)

    run(main())
    assert tools.cancelled == ["c1"]


def test_without_a_tool_runner_a_server_side_call_is_answered_with_an_error() -> None:
    spec = ToolSpec("weather", endpoint=Endpoint("http://tool.test/"))
    answers = [ScriptedAnswer("So be it.", after_tool=True), ScriptedAnswer(calls=(ToolCall("c1", "weather", "{}"),))]

    async def main() -> OneCall:
        call = OneCall("1.0-2.0 the weather", AgentSettings(think=ThinkSettings(tools=(spec,))), ScriptedModel(answers))
        await call.last(6.0)
        return call

    call = run(main())
    assert call.all(ToolAnswered)[0].result.error
    assert call.all(AgentSaid)[0].text == "So be it."


@pytest.mark.parametrize("model", [CutOffModel(), ScriptedModel([ScriptedAnswer(fail_after=0)])])
def test_a_model_that_fails_or_just_stops_is_followed_by_the_fallback_line(model: LanguageModel) -> None:
    async def main() -> OneCall:
        call = OneCall("1.0-2.0 hello", AgentSettings(fallback_line="Once more, please."), model)
        await call.last(6.0)
        return call

    call = run(main())
    assert call.all(Warned)[0].code == "think_failed"
    assert call.all(AgentSaid)[-1].text == "Once more, please."


def test_another_voice_speaks_from_the_next_phrase_on() -> None:
    async def main() -> OneCall:
        call = OneCall("", AgentSettings(greeting="One sentence here. " * 8))
        call.loop.call_at(2.0, call.runner.feed, SpeakChanged(SpeakSettings((SpeakOptions(voice="other", speed=2.0),))))
        await call.last(20.0)
        return call

    call = run(main())
    said = call.all(AgentSaid)
    assert len(said) >= 8
    lengths = {}
    for out in call.all(PlayAudio):
        lengths[out.phrase] = lengths.get(out.phrase, 0) + len(out.pcm)
    assert lengths[len(said)] < lengths[2] * 0.6
    assert len(call.all(AgentFinishedSpeaking)) == 1


def test_a_voice_that_cannot_be_had_is_an_error_and_not_silence() -> None:
    async def main() -> OneCall:
        call = OneCall("", AgentSettings(greeting="Hello."), voices=0)
        await call.last(2.0)
        return call

    assert "Failed" in run(main()).kinds()


def test_a_drained_session_ends_after_its_reply() -> None:
    async def main() -> None:
        call = OneCall("", AgentSettings(greeting="One moment please."))
        call.loop.call_at(0.5, call.runner.feed, DrainRequested())
        assert await call.last(3.0) is EndReason.DRAINED
        assert call.all(AgentFinishedSpeaking)

    run(main())


def test_audio_that_comes_before_listening_is_open_is_heard() -> None:
    async def main() -> None:
        call = OneCall("0.5-1.0 early bird")
        for step in range(60):
            call.runner.hear([AudioSpan(step * STEP, np.zeros(STEP, np.float32))])
        running = asyncio.ensure_future(call.runner.run())
        await asyncio.sleep(0)
        for step in range(60, 120):
            await asyncio.sleep(0.032)
            call.runner.hear([AudioSpan(step * STEP, np.zeros(STEP, np.float32))])
        call.runner.leave()
        await running
        assert [notice.text for notice in call.all(CallerSaid)] == ["early bird"]

    run(main())


def test_of_what_comes_before_listening_is_open_only_the_last_ten_seconds_are_kept() -> None:
    async def main() -> None:
        call = OneCall("1.0-2.0 long ago; 26.0-27.0 just now")
        for step in range(1000):
            call.runner.hear([AudioSpan(step * STEP, np.zeros(STEP, np.float32))])
        running = asyncio.ensure_future(call.runner.run())
        await asyncio.sleep(5.0)
        call.runner.leave()
        await running
        assert [notice.text for notice in call.all(CallerSaid)] == ["just now"]

    run(main())


def test_expectations_and_changes_reach_the_listener() -> None:
    async def main() -> OneCall:
        responder = ModelResponder(lambda _messages, _think: ListenOptions(capture=CaptureMode.DIGITS))
        call = OneCall(
            "2.0-3.0 four two", AgentSettings(greeting="Your number?"), ScriptedModel(["Thanks."]), responder=responder
        )
        other = ListenSettings(model="other", options=ListenOptions(language="de"))
        call.loop.call_at(1.0, call.runner.feed, ListenChanged(other))
        await call.last(6.0)
        return call

    call = run(main())
    assert call.all(AgentSaid)[-1].text == "Thanks."
    assert call.asked_for == ["", "other"]


def test_a_recogniser_that_cannot_be_had_leaves_the_old_one_with_a_warning() -> None:
    async def main() -> OneCall:
        call = OneCall("2.0-3.0 hello")

        call.loop.call_at(1.0, setattr, call, "full", True)
        call.loop.call_at(1.1, call.runner.feed, ListenChanged(ListenSettings(model="other")))
        await call.last(6.0)
        return call

    call = run(main())
    assert [warned.code for warned in call.all(Warned)] == ["listening_recovered"]
    assert [said.text for said in call.all(CallerSaid)] == ["hello"]


def test_facts_of_work_may_be_carried_late() -> None:
    async def main() -> OneCall:
        loop = asyncio.get_running_loop()
        waiting: deque[Event] = deque()

        def carry(event: Event, feed: Callable[[Event], None]) -> None:
            waiting.append(event)
            loop.call_later(0.05, lambda: feed(waiting.popleft()))

        call = OneCall("1.0-2.0 hello", carry=carry)
        await call.last(8.0)
        return call

    assert " ".join(said.text for said in run(main()).all(AgentSaid)) == "You said: hello"


def test_thresholds_and_forced_ends_reach_the_listener() -> None:
    async def main() -> OneCall:
        call = OneCall("1.0-2.0 so long")
        never = ListenSettings(turns=TurnPolicy(eager_end=None, end=0.0, end_timeout=60.0))
        call.loop.call_at(0.5, call.runner.feed, ListenChanged(never))
        call.loop.call_at(5.0, call.runner.feed, TurnForced())
        await call.last(7.0)
        return call

    call = run(main())
    at = next(at for at, out in call.heard if isinstance(out, CallerSaid))
    assert 4.9 < at < 5.5


def test_a_bug_in_deciding_ends_the_call_with_the_bug() -> None:
    async def main() -> None:
        call = OneCall("", AgentSettings(greeting="Hello."))

        def break_down(_event: object, _now: float) -> list[Any]:
            raise Bug("a broken promise")

        call.loop.call_at(1.0, lambda: setattr(call.session, "handle", break_down))
        with pytest.raises(Bug, match="a broken promise"):
            await call.last(3.0)

    run(main())


def test_a_cancelled_run_leaves_nothing_behind() -> None:
    async def main() -> None:
        call = OneCall("", AgentSettings(greeting="Hello there, how are you?"))
        running = asyncio.ensure_future(call.runner.run())
        await asyncio.sleep(0.3)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        call.runner.feed(Started())
        assert len(call.all(SettingsApplied)) == 1

    run(main())
