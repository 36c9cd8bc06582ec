"""What a server of Anthropic's Messages wire streams, written down from its documentation: a scripted peer, not a model."""

from __future__ import annotations

import json
from collections.abc import Sequence


def event(kind: str, **members: object) -> bytes:
    """One server-sent event; its name stands in the `event:` line and again as `type`."""
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **members})}\n\n".encode()


def started(input_tokens: int = 25) -> bytes:
    message = {
        "id": "msg_01",
        "type": "message",
        "role": "assistant",
        "content": [],
        "model": "claude",
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {"input_tokens": input_tokens, "output_tokens": 1},
    }
    return event("message_start", message=message)


def text(*deltas: str, index: int = 0) -> list[bytes]:
    """A block of text."""
    pieces = [event("content_block_delta", index=index, delta={"type": "text_delta", "text": each}) for each in deltas]
    begin = event("content_block_start", index=index, content_block={"type": "text", "text": ""})
    return [begin, *pieces, event("content_block_stop", index=index)]


def tool(index: int, call_id: str, name: str, *arguments: str) -> list[bytes]:
    """A block that calls a tool; its arguments come as pieces of JSON."""
    block = {"type": "tool_use", "id": call_id, "name": name, "input": {}}
    pieces = [
        event("content_block_delta", index=index, delta={"type": "input_json_delta", "partial_json": each})
        for each in arguments
    ]
    begin = event("content_block_start", index=index, content_block=block)
    return [begin, *pieces, event("content_block_stop", index=index)]


def ended(reason: str = "end_turn", output_tokens: int = 15) -> list[bytes]:
    delta = {"stop_reason": reason, "stop_sequence": None}
    return [event("message_delta", delta=delta, usage={"output_tokens": output_tokens}), event("message_stop")]


def answer(*deltas: str) -> Sequence[bytes]:
    """A whole answer of text, with the ping the documentation shows."""
    return [started(), event("ping"), *text(*deltas), *ended()]
