"""What the agent does itself: hang up, hand the call on, press keys, send data. The model calls these like tools; no runner is involved.

Keys and data go out at once. An end waits until what is said before it has been heard (`parting.py`), and is the last thing a reply does:
the model is not asked for another round.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from duologue.agent.keypad import KEYS
from duologue.agent.notices import CustomSent, KeySent
from duologue.agent.reply import Reply
from duologue.agent.settings import (
    END_CALL,
    SEND_CUSTOM,
    SEND_DTMF,
    TRANSFER_CALL,
    ActionPolicy,
    ThinkSettings,
)
from duologue.agent.talk import Talk
from duologue.agent.toolbox import LedgerEntry
from duologue.think.messages import ToolResult, ToolSpec, read_arguments

MAX_KEYS = 32
MAX_DATA = 16_000
"""Characters of data sent at once."""

SENT = "Sent."

_TEXT = {"type": "string"}
_SAY = {**_TEXT, "description": "What to say before, unless you have just said it."}


def action_specs(policy: ActionPolicy) -> tuple[ToolSpec, ...]:
    """What the model is offered. None of it is done for a reply that is only a draft."""
    specs = []
    if policy.end_call:
        specs.append(
            _spec(
                END_CALL,
                "Hang up, when the conversation is over. Say goodbye first, in the same answer; the call ends when that has been heard.",
                {"reason": {**_TEXT, "description": "Why, in a few words."}, "say": _SAY},
            )
        )
    if policy.transfer_to:
        destination = {**_TEXT, "enum": sorted(policy.transfer_to)}
        specs.append(
            _spec(
                TRANSFER_CALL,
                "Hand the caller to somebody else. Say so first, in the same answer; it is done when that has been heard.",
                {"destination": destination, "say": _SAY},
                "destination",
            )
        )
    if policy.send_dtmf:
        keys = {**_TEXT, "description": f"0-9, * and #, at most {MAX_KEYS}."}
        specs.append(_spec(SEND_DTMF, "Press keys of the telephone.", {"keys": keys}, "keys"))
    if policy.send_custom:
        data = {"type": "object", "description": "Any JSON object."}
        specs.append(_spec(SEND_CUSTOM, "Send data to the application.", {"metadata": data}, "metadata"))
    return tuple(specs)


def _spec(name: str, description: str, properties: Mapping[str, Any], *required: str) -> ToolSpec:
    schema = {"type": "object", "properties": dict(properties), "required": list(required)}
    return ToolSpec(name, description, schema, defer_until_end=True)


def with_actions(think: ThinkSettings, actions: tuple[ToolSpec, ...]) -> ThinkSettings:
    """The settings a model is asked with: every entry of the list is offered the actions too."""
    if not actions:
        return think
    choices = tuple(
        choice if choice.tools is None else replace(choice, tools=(*choice.tools, *actions)) for choice in think.choices
    )
    return replace(think, choices=choices, tools=(*think.tools, *actions))


class Acting:
    """Carries out what a reply asks for."""

    def __init__(self, talk: Talk) -> None:
        self._talk = talk

    def perform(self, entry: LedgerEntry, reply: Reply) -> ToolResult | None:
        """Do it. The result, or `None` for an end, which comes later."""
        reply.acted = True
        arguments = read_arguments(entry.call.arguments)
        if arguments is None:
            return _failed(entry, "the arguments are no JSON object")
        name = entry.call.name
        if name == SEND_DTMF:
            return self._press(entry, arguments)
        if name == SEND_CUSTOM:
            return self._send(entry, arguments)
        if name == END_CALL:
            return self._part(entry, reply, arguments)
        destination, known = str(arguments.get("destination")), self._talk.settings.actions.transfer_to
        if not known.get(destination):
            return _failed(
                entry, f"there is no destination {destination[:80]!r}; there are: {', '.join(sorted(known))}"
            )
        return self._part(entry, reply, arguments, known[destination])

    def _press(self, entry: LedgerEntry, arguments: Mapping[str, Any]) -> ToolResult:
        keys = str(arguments.get("keys", "")).replace(" ", "").upper()
        if not keys or len(keys) > MAX_KEYS or not KEYS.issuperset(keys):
            return _failed(entry, f"{keys[:80]!r} are no keys; give 1 to {MAX_KEYS} of 0-9 * #")
        for key in keys:
            self._talk.tell(KeySent(key))
        return ToolResult(entry.call.id, entry.call.name, SENT)

    def _send(self, entry: LedgerEntry, arguments: Mapping[str, Any]) -> ToolResult:
        data = arguments.get("metadata")
        if not isinstance(data, dict):
            return _failed(entry, "metadata must be a JSON object")
        text = json.dumps(data, ensure_ascii=False)
        if len(text) > MAX_DATA:
            return _failed(entry, f"metadata has {len(text)} characters; at most {MAX_DATA}")
        self._talk.tell(CustomSent(text))
        return ToolResult(entry.call.id, entry.call.name, SENT)

    def _part(
        self, entry: LedgerEntry, reply: Reply, arguments: Mapping[str, Any], target: str = ""
    ) -> ToolResult | None:
        if not self._talk.parting.plan(entry, target):
            return _failed(entry, "the call is ending already")
        say = arguments.get("say")
        if isinstance(say, str) and say.strip():
            spoken = reply.text.strip()
            reply.write(f" {say.strip()}" if spoken else say.strip())
        return None


def _failed(entry: LedgerEntry, why: str) -> ToolResult:
    return ToolResult(entry.call.id, entry.call.name, why, error=True)
