"""Cartesia's own example files, as they lie in the source packages of its client, run whole over TLS.

Nothing in the files is changed and nothing of them is kept here. Every function is called; each is a test of its own.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.running_server import RunningServer
from tests.sdk.environments import PROGRAMS, python, run, sources
from tests.sdk.test_cartesia import told

pytestmark = [pytest.mark.sdk, pytest.mark.timeout(600)]

RELEASES = ("cartesia-3.2.0", "cartesia-4.2.0")
CALLER, VOICE = "caller.wav", "6ccbfb76-1fc6-48f7-b71d-91ac6298247b"

SYNC: tuple[tuple[str, ...], ...] = (
    ("tts_generate_to_file",),
    ("tts_bytes_to_file",),
    ("tts_sse_basic",),
    ("tts_sse_with_timestamps",),
    ("tts_sse_with_phoneme_timestamps",),
    ("tts_sse_with_match",),
    ("tts_websocket_basic",),
    ("tts_websocket_continuations",),
    ("tts_websocket_flushing",),
    ("tts_websocket_emotion",),
    ("tts_websocket_speed",),
    ("tts_websocket_concurrent_receives",),
    ("tts_websocket_response_handling",),
    ("voices_list",),
    ("voices_get",),
    ("voices_clone", CALLER, "en", "Somebody"),
    ("voices_update", VOICE, "Another", "name"),
    ("voices_delete", VOICE),
    ("infill_create", CALLER, CALLER, "and", "then"),
    ("stt_transcribe",),
    ("stt_transcribe", CALLER, "en"),
    ("stt_auto_finalize_websocket",),
    ("stt_auto_finalize_websocket", CALLER),
    ("stt_manual_finalize_websocket",),
    ("error_handling_example",),
)
ASYNC: tuple[tuple[str, ...], ...] = (
    ("tts_generate_async",),
    ("tts_bytes_async",),
    ("tts_sse_basic_async",),
    ("tts_sse_with_timestamps_async",),
    ("tts_websocket_basic_async",),
    ("tts_websocket_continuations_async",),
    ("tts_websocket_flushing_async",),
    ("tts_websocket_emotion_async",),
    ("tts_websocket_speed_async",),
    ("tts_websocket_concurrent_receives_async",),
    ("tts_async_concurrent_contexts",),
    ("stt_transcribe_async",),
    ("stt_transcribe_async", CALLER, "en"),
    ("stt_auto_finalize_websocket_async",),
    ("stt_auto_finalize_websocket_async", CALLER),
    ("stt_manual_finalize_websocket_async",),
    ("infill_create_async", CALLER, CALLER, "and", "then"),
)
CALLS = {"examples.py": SYNC, "async_examples.py": ASYNC}

NOT_HERE = "no embedded engine can do it"
NOT_YOURS = "the voices belong to the server"
REFUSED = {
    "voices_clone": (NOT_HERE, "InternalServerError", 501, "Not implemented"),
    "infill_create": (NOT_HERE, "InternalServerError", 501, "Not implemented"),
    "voices_update": (NOT_YOURS, "PermissionDeniedError", 403, "Forbidden"),
    "voices_delete": (NOT_YOURS, "PermissionDeniedError", 403, "Forbidden"),
}
"""What cannot be done, why, and what the client makes of the answer."""

PRINTED = {
    "tts_sse_with_timestamps": "Words: ['Hello,']",
    "tts_sse_with_phoneme_timestamps": "Phonemes: ['h'",
    "tts_websocket_flushing": "Flush done received for flush_id: 1",
    "tts_websocket_concurrent_receives": "ctx2",
    "tts_async_concurrent_contexts": "All contexts finished.",
    "voices_list": "loaded 8",
    "voices_get": "country='US'",
    "stt_transcribe": "s\n",
    "stt_auto_finalize_websocket": "turn.end ",
    "stt_manual_finalize_websocket": "done ",
    "error_handling_example": "Bad request (expected): Error code: 400",
}
"""Part of what a function prints when it worked."""

LIMIT_S = 500
"""For one file."""
LEAST_BYTES = 20_000
"""Of a file with speech."""

Told = Mapping[tuple[str, str], Future[list[dict[str, Any]]]]


def plain(function: str) -> str:
    return function.removesuffix("_async")


@pytest.fixture(scope="module")
def runs(
    request: pytest.FixtureRequest,
    secure_server: RunningServer,
    caller_wav: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Told]:
    """Both files of the releases that were asked for, under way beside each other: much of them is waiting, as people who talk do."""
    asked = {item.callspec.params.get("release") for item in request.session.items if hasattr(item, "callspec")}
    # Fetched one after the other, before anything is under way: two that unpack at once are in each other's way.
    chosen = {release: sources(release, "examples") for release in RELEASES if release in asked}

    def run_file(release: str, file: str) -> list[dict[str, Any]]:
        folder = tmp_path_factory.mktemp(f"{release}-{file}")
        shutil.copy(caller_wav, folder / CALLER)
        told_where = {
            "CARTESIA_BASE_URL": secure_server.http,
            "CARTESIA_API_KEY": "any",
            "SSL_CERT_FILE": str(secure_server.certificate),
        }
        program = str(PROGRAMS / "cartesia_examples.py")
        command = [str(python(release)), program, str(chosen[release] / file), json.dumps(CALLS[file])]
        return told(run(command, told_where, LIMIT_S, folder))

    with ThreadPoolExecutor(4) as pool:
        yield {(release, file): pool.submit(run_file, release, file) for release in chosen for file in CALLS}


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("file", CALLS)
def test_every_function_of_the_file_is_called(runs: Told, release: str, file: str) -> None:
    there = runs[release, file].result()[0]["functions"]
    assert sorted(there) == sorted({name for name, *_ in CALLS[file]})


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize(
    ("file", "call"),
    [pytest.param(file, call, id=" ".join(call)) for file, calls in CALLS.items() for call in calls],
)
def test_an_example_does_what_it_promises(runs: Told, release: str, file: str, call: tuple[str, ...]) -> None:
    function, *arguments = call
    lines = runs[release, file].result()[1:]
    line = next(line for line in lines if (line["function"], line["arguments"]) == (function, arguments))
    if plain(function) in REFUSED:
        _, kind, status, title = REFUSED[plain(function)]
        assert (line.get("kind"), line.get("status"), line.get("title")) == (kind, status, title), line
        assert line["message"]
        assert line["request_id"]
        return
    assert line["outcome"] == "done", line.get("why", line)
    assert PRINTED.get(plain(function), "") in line["printed"]
    assert "error " not in line["printed"]
    if plain(function).startswith("stt") and "Full transcript" in line["printed"]:
        assert "Full transcript: ''" not in line["printed"]
    if function.startswith("tts"):
        assert line["files"]
        assert all(size > LEAST_BYTES for size in line["files"].values()), line["files"]
