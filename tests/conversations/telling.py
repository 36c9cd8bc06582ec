"""A call told for people: who did what, and what the agent decided, in the order it happened.

The left column is seconds since the call began. `caller`, `model`, `voice`, `tool`, `app` (the client's program) do things; `agent`
decides. What is said stands in quotes.
"""

from __future__ import annotations

from duologue.agent.commands import (
    CallTool,
    CancelTool,
    ClearAudio,
    Command,
    EndSession,
    Expect,
    Generate,
    Notify,
    PlayAudio,
    StopGenerating,
    StopSynthesis,
    Synthesize,
)
from duologue.agent.events import (
    CallerLeft,
    CompletionFailed,
    CompletionReceived,
    EchoHeard,
    Event,
    KeyPressed,
    MessageInjected,
    PromptChanged,
    SpeechFailed,
    Started,
    ToolReturned,
)
from duologue.agent.notices import (
    AgentFinishedSpeaking,
    AgentHeard,
    AgentSaid,
    CallerSaid,
    CallerStartedSpeaking,
    Failed,
    InjectionRefused,
    Interrupted,
    Notice,
    SettingChanged,
    ToolAnswered,
    ToolsRequested,
    ToolsWithdrawn,
    Warned,
)
from duologue.listen.events import Progressed, TurnEagerEnded, TurnEnded, TurnResumed, TurnStarted, TurnUpdated
from duologue.think.completion import Finish, ProviderFailed, TextDelta
from duologue.think.messages import Speaker, ToolCall
from tests.conversations.call import RATE, Call

WIDTH = 7


def tell(call: Call) -> str:
    """The whole call."""
    teller = Teller()
    for now, event, commands in call.steps:
        teller.step(now, event, commands)
    known = [f"        {line.partition(':')[0]:<{WIDTH}} {line.partition(': ')[2]}".rstrip() for line in call.history()]
    return "\n".join([*teller.lines, "", "What the model knows of it in the end:", "", *known]) + "\n"


class Teller:
    """Turns steps into lines."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._now = 0.0
        self._written = ""
        self._names: dict[str, str] = {}
        self._drafting = False

    def step(self, now: float, event: Event | None, commands: list[Command]) -> None:
        """A fact, or time alone, and what followed."""
        self._now = now
        told = [line for command in commands for line in self._decided(command, event)]
        told += self._fate_of_draft(event, asked=any(isinstance(command, Generate) for command in commands))
        if event is not None:
            self._happened(event, led_to_something=bool(told))
        for who, what in told:
            self._line(who, what)

    def _fate_of_draft(self, event: Event | None, *, asked: bool) -> list[tuple[str, str]]:
        if isinstance(event, TurnEagerEnded):
            self._drafting = asked
        elif self._drafting and isinstance(event, TurnResumed | TurnEnded):
            self._drafting = False
            kept = isinstance(event, TurnEnded) and not asked
            return [("agent", "takes the draft for the answer" if kept else "throws the draft away")]
        return []

    def _line(self, who: str, what: str) -> None:
        self.lines.append(f"{self._now:6.2f}  {who:<{WIDTH}} {what}".rstrip())

    # Facts.

    def _happened(self, event: Event, *, led_to_something: bool) -> None:
        match event:
            case EchoHeard(share=share):
                self._line("echo", f"is {round(100 * share)} % of what is heard")
            case TurnStarted() | TurnUpdated() | TurnEagerEnded() | TurnResumed() | TurnEnded() | Progressed():
                self._heard(event, led_to_something=led_to_something)
            case CompletionReceived(event=TextDelta(text)):
                self._written += text
                if led_to_something:
                    self._tell_written()
            case CompletionReceived(event=ToolCall() as call):
                self._tell_written()
                self._line("model", f"calls {call.name}({call.arguments.strip('{}')})")
            case CompletionReceived(event=ProviderFailed(provider, message)):
                self._tell_written()
                self._line("model", f"{provider} fails: {message}; the next one is asked")
            case CompletionReceived(event=Finish()):
                self._tell_written(done=True)
            case CompletionFailed(message=message):
                self._tell_written()
                self._line("model", f"fails: {message}")
            case SpeechFailed(message=message, fallback=fallback):
                self._line("voice", f"fails: {message}" + ("; the next one takes over" if fallback else ""))
            case _:
                self._did(event, led_to_something=led_to_something)

    def _did(self, event: Event, *, led_to_something: bool) -> None:
        match event:
            case Started():
                self._line("caller", "calls")
            case ToolReturned(result):
                late = "" if led_to_something else ", which changes nothing"
                name = self._names.get(result.call_id, result.call_id)
                self._line("tool", f"{name} answers {result.content!r}{late}")
            case MessageInjected(Speaker.USER, text):
                self._line("app", f"has the caller say {text!r}")
            case MessageInjected(text=text, manner=manner):
                self._line("app", f"has a line for the agent ({manner}): {text!r}")
            case PromptChanged(prompt, append):
                self._line("app", f"{'adds to' if append else 'changes'} the prompt: {prompt!r}")
            case KeyPressed(key):
                self._line("caller", f"presses {key}")
            case CallerLeft():
                self._line("caller", "hangs up")

    def _tell_written(self, *, done: bool = False) -> None:
        if self._written:
            self._line("model", f"writes {self._written!r}" + (" and is done" if done else ""))
        elif done:
            self._line("model", "is done")
        self._written = ""

    def _heard(self, event: Event, *, led_to_something: bool) -> None:
        match event:
            case TurnStarted(decision=decision):
                self._line("caller", "makes a sound" + _because(decision.because))
            case Progressed(voiced=voiced) if led_to_something:
                self._line("caller", f"has talked for {voiced:.2f} s now")
            case TurnUpdated(text=text):
                self._line("caller", f"… {text!r}")
            case TurnEagerEnded(text=text, decision=decision):
                self._line("caller", f"perhaps done: {text!r}" + _because(decision.because))
            case TurnResumed(decision=decision):
                self._line("caller", "goes on" + _because(decision.because))
            case TurnEnded(text=text) if text and not led_to_something:
                self._line("caller", f"said nothing: {text!r} was the agent's own voice")
            case TurnEnded(text="", decision=decision):
                self._line("caller", "is silent again, without a word" + _because(decision.because))

    # Decisions.

    def _decided(self, command: Command, event: Event | None) -> list[tuple[str, str]]:
        match command:
            case Notify(notice):
                return self._told(notice, event)
            case Generate(reply, round_, request):
                last = request.messages[-1].text if request.messages else ""
                prompt = request.messages[0].text if request.messages[0].speaker is Speaker.SYSTEM else ""
                what = "drafts an answer" if isinstance(event, TurnEagerEnded) else "asks the model"
                said = f" (prompt {prompt!r})" if prompt else ""
                return [("agent", f"{what}, {reply}.{round_}: {last!r}{said}")]
            case Synthesize(reply, phrase, text):
                return [("agent", f"gives the voice {reply}.{phrase}: {text.strip()!r}")]
            case PlayAudio(pcm=pcm):
                return [("agent", f"sends {len(pcm) / RATE:.1f} s of audio")]
            case ClearAudio():
                return [("agent", "drops what was sent and not heard yet")]
            case StopGenerating():
                return [("agent", "stops the model")]
            case StopSynthesis():
                return [("agent", "stops the voice")]
            case CallTool(call):
                return [("agent", f"runs {call.name} on the server")]
            case CancelTool(call_id):
                return [("agent", f"gives up {self._names.get(call_id, call_id)}")]
            case Expect(options):
                return [("agent", f"expects {options.capture} next")]
            case EndSession(reason):
                return [("agent", f"ends the call: {reason}")]
            case _:
                return []

    def _told(self, notice: Notice, event: Event | None) -> list[tuple[str, str]]:
        match notice:
            case CallerStartedSpeaking():
                return [("agent", "tells the client: the caller speaks")]
            case CallerSaid(text, backchannel=True):
                return [("caller", f"murmurs {text!r}: a sign of listening, no turn")]
            case CallerSaid(text):
                return [
                    (
                        "caller",
                        f"said: {text!r}" + (_because(event.decision.because) if isinstance(event, TurnEnded) else ""),
                    )
                ]
            case AgentSaid(text=text):
                return [("agent", f"says: {text.strip()!r}")]
            case AgentFinishedSpeaking(interrupted=interrupted):
                return [("agent", "tells the client: " + ("cut off" if interrupted else "everything is sent"))]
            case AgentHeard():
                return [("agent", "has been heard to the end")]
            case Interrupted(heard=heard):
                return [("agent", f"was heard as far as {heard!r}" if heard else "nothing of it was heard")]
            case _:
                return self._told_of_work(notice, event)

    def _told_of_work(self, notice: Notice, event: Event | None) -> list[tuple[str, str]]:
        match notice:
            case ToolsRequested(tools):
                self._names.update({tool.call.id: tool.call.name for tool in tools})
                mine = [tool.call.name for tool in tools if tool.client_side]
                return [("agent", f"asks the client to run {' and '.join(mine)}")] if mine else []
            case ToolAnswered(call, result):
                return [("agent", f"takes {result.content!r} for the result of {call.name}, once and for all")]
            case ToolsWithdrawn(calls):
                return [("agent", f"waits no longer for {' and '.join(call.name for call in calls)}")]
            case InjectionRefused(reason):
                return [("agent", f"refuses the line: {reason}")]
            case SettingChanged(setting):
                return [("agent", f"tells the client: the new {setting} is in force")]
            case Warned(code, message):
                return [("agent", f"warns the client ({code}): {message}")]
            case Failed(code, message):
                return [("agent", f"tells the client of an error ({code}): {message}")]
            case _:
                return []


def _because(why: str) -> str:
    return "" if why == "by script" else f" [{why}]"
