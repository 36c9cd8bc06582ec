"""What came of a call, as lines a person reads."""

from __future__ import annotations

from duologue.agent.commands import (
    CallTool,
    CancelTool,
    ClearAudio,
    Command,
    EndSession,
    Expect,
    FinishSynthesis,
    ForceTurnEnd,
    Generate,
    Notify,
    PlayAudio,
    ReopenListening,
    RetuneTurns,
    StopGenerating,
    StopSynthesis,
    Synthesize,
)
from duologue.agent.notices import (
    AgentFinishedSpeaking,
    AgentHeard,
    AgentSaid,
    AgentStartedSpeaking,
    AgentThinking,
    CallerSaid,
    CallerStartedSpeaking,
    CustomSent,
    Failed,
    InjectionRefused,
    Interrupted,
    KeySent,
    LatencyMeasured,
    Notice,
    SettingChanged,
    SettingsApplied,
    ToolAnswered,
    ToolsRequested,
    ToolsWithdrawn,
    TransferRequested,
    Warned,
)


def describe(command: Command, rate: int) -> str:
    """A command as a line of the log; empty for those that say nothing to a reader. `rate` is that of the speech."""
    match command:
        case Notify(notice):
            return describe_speech(notice) or describe_notice(notice)
        case Generate(reply, round_, request):
            return f"generate {reply}.{round_} on {request.messages[-1].text if request.messages else ''!r}"
        case Synthesize(reply, phrase, text):
            return f"synthesize {reply}.{phrase} {text.strip()!r}"
        case PlayAudio(reply, pcm):
            return f"play {reply} {len(pcm) / rate:.2f} s"
        case ClearAudio(reply):
            return f"clear {reply}"
        case StopGenerating(reply):
            return f"stop generating {reply}"
        case StopSynthesis(reply):
            return f"stop synthesis {reply}"
        case FinishSynthesis():
            return ""
        case _:
            return describe_rest(command)


def describe_rest(command: Command) -> str:
    """Commands about tools, listening and the end."""
    match command:
        case CallTool(call):
            return f"run {call.name}"
        case CancelTool(call_id):
            return f"cancel {call_id}"
        case RetuneTurns():
            return "retune turns"
        case ReopenListening(model):
            return f"reopen listening {model!r}"
        case Expect(options):
            return f"expect {options.capture}"
        case ForceTurnEnd():
            return "force turn end"
        case EndSession(reason):
            return f"end: {reason}"
        case _:
            return ""


def describe_speech(notice: Notice) -> str:
    """A notice about who speaks."""
    match notice:
        case CallerStartedSpeaking():
            return "CALLER SPEAKS"
        case CallerSaid(text, backchannel=True):
            return f"caller mutters {text!r}"
        case CallerSaid(text):
            return f"CALLER SAID {text!r}"
        case AgentSaid(reply, text):
            return f"AGENT SAYS {reply} {text!r}"
        case AgentStartedSpeaking(reply):
            return f"AGENT SPEAKS {reply}"
        case AgentFinishedSpeaking(reply, interrupted):
            return f"AGENT DONE {reply}{' (interrupted)' if interrupted else ''}"
        case Interrupted(reply, heard):
            return f"INTERRUPTED {reply} heard {heard!r}"
        case _:
            return ""


def describe_notice(notice: Notice) -> str:
    """Any other notice."""
    match notice:
        case SettingsApplied() | AgentThinking() | LatencyMeasured() | AgentHeard():
            return ""
        case KeySent(key):
            return f"KEY {key}"
        case CustomSent(data):
            return f"DATA {data}"
        case TransferRequested(target):
            return f"TRANSFER to {target}"
        case ToolsRequested(tools):
            return "TOOLS " + ", ".join(f"{tool.call.name}#{tool.call.id}" for tool in tools)
        case ToolAnswered(call, result):
            return f"TOOL {call.name}#{call.id} = {result.content!r}"
        case ToolsWithdrawn(calls):
            return "WITHDRAWN " + ", ".join(call.id for call in calls)
        case InjectionRefused(reason):
            return f"REFUSED {reason}"
        case SettingChanged(setting):
            return f"CHANGED {setting}"
        case Warned(code):
            return f"WARNED {code}"
        case Failed(code):
            return f"FAILED {code}"
        case _:
            return type(notice).__name__


def script(text: str) -> str:
    """An expected log, without the indentation of the test."""
    lines = [line.strip() for line in text.strip().splitlines()]
    width = 6
    return "\n".join(f"{line.split(None, 1)[0]:>{width}}  {line.split(None, 1)[1]}" for line in lines)
