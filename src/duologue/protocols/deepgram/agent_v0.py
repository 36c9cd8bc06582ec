"""`/agent`: the early-access Voice Agent protocol (V0) in terms of today's (Deepgram docs: migrating from early access; D§4, D§4.7).

A client that opens with `SettingsConfiguration` means V0, whatever the path. What it sends later is told apart by its members, so one
dialect receives both (`agent_v1.py`); what it is told is today's message in V0's words, or nothing where V0 had no word.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from duologue.protocols.deepgram import agent_messages as wire
from duologue.protocols.deepgram.formats import INPUT_RATE_V0, INPUT_RATE_V1
from duologue.think.messages import read_arguments

SETTINGS = "SettingsConfiguration"
"""The first message of an early-access client."""

_UNHEARD_OF = (
    wire.HistoryText,
    wire.HistoryCalls,
    wire.LatencyReport,
    wire.Warning_,
    wire.FunctionResult,
    wire.FunctionCallCancelled,
)
"""Not sent: they did not exist, and would reach an application as something it cannot know (D§4.4)."""


def default_input_rate(kind: str) -> int:
    """The caller's sample rate in hertz where settings of this `type` name none: the sources of the two protocols differ (D§14)."""
    return INPUT_RATE_V0 if kind == SETTINGS else INPUT_RATE_V1


def in_early_words(message: wire.ServerMessage) -> Sequence[wire.ServerMessage]:
    """What an early-access client is told in place of `message` (D§4.7)."""
    match message:
        case wire.PromptUpdated():
            return [wire.InstructionsUpdated()]
        case wire.AgentThinking(content=""):
            return [
                wire.EndOfThought()
            ]  # the caller's turn is complete and a model was asked; there is no thought to tell
        case wire.FunctionCallRequest(functions=functions):
            return [told for function in functions for told in _call(function)]
        case _:
            return [] if isinstance(message, _UNHEARD_OF) else [message]


def _call(function: wire.RequestedFunction) -> Sequence[wire.ServerMessage]:
    """One call: named for whoever debugs, and asked of the client where it is the client's to run."""
    given = _input(function.arguments)
    calling = wire.FunctionCalling(function_name=function.name, function_call_id=function.id, input=given)
    if not function.client_side:
        return [calling]
    return [
        calling,
        wire.EarlyFunctionCallRequest(function_name=function.name, function_call_id=function.id, input=given),
    ]


def _input(arguments: str) -> dict[str, Any] | str:
    """The arguments as the object V0 documents; what a model wrote that is no object stays the text it is."""
    read = read_arguments(arguments)
    return arguments if read is None or not arguments else read
