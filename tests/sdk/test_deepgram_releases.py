"""A whole call through every generation of Deepgram's clients, unmodified: speech, a function, an interruption, a clean end.

The early-access clients (`deepgram-sdk` 3.11, `@deepgram/sdk` 3.12) speak V0 on `/agent`, the others V1 on `/v1/agent/converse`. The calls
are real-time and mostly silence, so a few run beside each other, as callers of one server do.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

from tests.running_server import running_server
from tests.sdk.environments import run_node, run_python
from tests.sdk.test_cartesia import told

pytestmark = [pytest.mark.sdk, pytest.mark.timeout(900)]

AT_ONCE = 3
CLIENTS = (
    "deepgram-sdk-3.11.0",
    "deepgram-sdk-4.8.1",
    "deepgram-sdk-5.3.4",
    "deepgram-sdk-6.1.1",
    "deepgram-sdk-7.0.0",
    "deepgram-sdk-7.17.0",
    "deepgram-3.12.1",
    "deepgram-3.13.0",
    "deepgram-4.11.3",
    "deepgram-4.11.3 like a browser",
    "deepgram-5.13.0",
)
"""Python releases, then Node releases. Like a browser, with a global `WebSocket`, the key travels as a subprotocol."""
NEWEST = "deepgram-5.13.0"
EARLY_ACCESS = ("deepgram-sdk-3.11.0", "deepgram-3.12.1")
UNKNOWN_TO_OLD = {"EndOfThought", "History", "LatencyReport"}
"""Documented messages some clients have no class for: they hand them over as unhandled."""
NO_LATENCIES = ("deepgram-sdk-3.", "deepgram-sdk-4.", "deepgram-3.", "deepgram-4.")
"""Clients older than `LatencyReport`, which say so; one like a browser does not say what it is."""

ORDER = {"id": "call_1", "name": "take_order", "arguments": '{"drink":"coffee"}'}
LONG = (
    "Your coffee is on its way to you now. It comes in a large cup, with a little milk on the side and some sugar. "
    "The kitchen needs about ten minutes for it, so please have a seat. We will call your name when it is ready for you."
)
LONG_S = 10.0
"""The whole of it takes longer than this to say."""
SCRIPT = [{"turn": 1, "after_tool": False, "calls": [ORDER]}, {"turn": 1, "text": LONG}, {"text": "Of course."}]
BYTES_PER_S = 32_000


@pytest.fixture(scope="module")
def calls(request: pytest.FixtureRequest, caller_wav: Path) -> Iterator[Mapping[str, Future[CompletedProcess[str]]]]:
    """The calls of all the clients that were asked for, under way."""
    chosen = [item.callspec.params.get("client") for item in request.session.items if hasattr(item, "callspec")]
    providers = {"open_ai": {"client": "scripted", "answers": SCRIPT}}
    # In open speech the embedded recogniser hears coffee only when no sample is displaced; so it is told what callers talk about.
    config = {"think": {"providers": providers}, "listen": {"dialogue": "coffee"}}
    with running_server(config) as server, ThreadPoolExecutor(AT_ONCE) as pool:
        yield {
            client: pool.submit(call, client, server.authority, str(caller_wav))
            for client in CLIENTS
            if client in chosen
        }


def call(client: str, host: str, wav: str) -> CompletedProcess[str]:
    if client == NEWEST:
        return run_node("deepgram_call.cjs", host, wav)
    if not client.startswith("deepgram-sdk-"):
        release, _, browser = client.partition(" ")
        option = "--experimental-websocket" if browser else ""
        return run_node("deepgram_events.cjs", host, wav, release=release, option=option)
    threads = client.startswith(("deepgram-sdk-3.", "deepgram-sdk-4."))
    program = "deepgram_threads.py" if threads else "deepgram_call.py"
    return run_python(client, program, "--host", host, "--wav", wav)


@pytest.mark.parametrize("client", CLIENTS)
def test_a_whole_call(calls: Mapping[str, Future[CompletedProcess[str]]], client: str) -> None:
    lines = [line for line in told(calls[client].result()) if line["type"] not in {"Open", "Close"}]
    kinds = [line["type"] for line in lines]
    assert not {"Error", "Warning", "client-error"} & set(kinds), lines
    assert {"parsed", "event"} & lines[0].keys(), "the client says what it made of each message"
    unhandled = {line["type"] for line in lines if line.get("parsed", line.get("event")) in {"unhandled", "Unhandled"}}
    assert unhandled <= UNKNOWN_TO_OLD
    assert kinds[:2] == ["Welcome", "SettingsApplied"]
    assert lines[0]["session_id" if client in EARLY_ACCESS else "request_id"]
    # A browser reads its Blobs behind texts that came after them. The report follows the end of the audio, and a client that closes on that
    # end may hand it over after its own close.
    late = {"audio", "LatencyReport"}
    assert [kind for kind in kinds if kind not in late][-2:] == ["AgentAudioDone", "client-closed"]
    assert lines[kinds.index("client-closed")]["told"], "the connection was closed in order"
    check_function(lines, kinds, early=client in EARLY_ACCESS)
    check_interruption(lines, kinds, blobs=client.endswith("like a browser"))
    silent = client.startswith(NO_LATENCIES) and not client.endswith("like a browser")
    assert ("LatencyReport" in kinds) is not silent
    early_words = {"EndOfThought", "FunctionCalling"}
    assert early_words <= set(kinds) if client in EARLY_ACCESS else not early_words & set(kinds)


def check_function(lines: list[dict[str, Any]], kinds: list[str], *, early: bool) -> None:
    """The caller's words, then one call with its arguments, and only then speech."""
    assert kinds.count("FunctionCallRequest") == 1
    asked = kinds.index("FunctionCallRequest")
    assert "audio" not in kinds[:asked]
    heard = [line["content"] for line in lines[:asked] if line["type"] == "ConversationText" and line["role"] == "user"]
    assert "coffee" in " ".join(heard)
    if early:
        assert lines[asked]["function_name"] == "take_order"
        assert "coffee" in str(lines[asked]["input"])
    else:
        (function,) = lines[asked]["functions"]
        assert {name: function[name] for name in ORDER} == ORDER
        assert function["client_side"] is True


def check_interruption(lines: list[dict[str, Any]], kinds: list[str], *, blobs: bool) -> None:
    """The caller's onset stops the speech at once; the rest of the reply is never sent; the new turn is answered."""
    speaking = kinds.index("audio")
    onset = kinds.index("UserStartedSpeaking", speaking)
    done = kinds.index("AgentAudioDone", speaking)
    assert onset < done
    assert blobs or "audio" not in kinds[onset:done]
    assert sum(line.get("bytes", 0) for line in lines[:onset]) < LONG_S * BYTES_PER_S
    assert "audio" in kinds[done:]
    after = [(line["role"], line["content"]) for line in lines[done:] if line["type"] == "ConversationText"]
    assert after[0][0] == "user"
    assert after[-1] == ("assistant", "Of course.")
