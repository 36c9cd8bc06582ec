"""Cartesia's own clients, unmodified, against a running server with the embedded engines."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.running_server import RunningServer
from tests.sdk.environments import run_node, run_python

pytestmark = [pytest.mark.sdk, pytest.mark.timeout(600)]

RELEASES = ("cartesia-3.2.0", "cartesia-4.2.0")
STYLES = {"sync": (), "async": ("--asynchronous",)}


def told(done: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    """The JSON lines a program printed; its complaints when it failed."""
    assert done.returncode == 0, done.stderr[-2000:]
    return [json.loads(line) for line in done.stdout.splitlines()]


def check_turns(events: list[dict[str, Any]]) -> list[str]:
    """The grammar Cartesia's documentation promises; returns the final transcripts."""
    assert events[0]["type"] == "connected"
    assert len({event["request_id"] for event in events}) == 1
    state, so_far, finals = "idle", "", []
    for event in events[1:]:
        kind = event["type"]
        if kind == "turn.start":
            assert state == "idle"
            state, so_far = "speaking", ""
        elif kind == "turn.resume":
            assert state == "eager"
            state = "speaking"
        else:
            assert state == ("speaking" if kind in {"turn.update", "turn.eager_end"} else state) != "idle", event
            assert event["transcript"].startswith(so_far)
            so_far = event["transcript"]
            state = {"turn.update": "speaking", "turn.eager_end": "eager", "turn.end": "idle"}[kind]
            if kind == "turn.end":
                finals.append(so_far)
    assert state == "idle"
    return finals


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("style", STYLES)
def test_a_recorded_caller_is_heard_in_turns(server: RunningServer, caller_wav: Path, release: str, style: str) -> None:
    done = run_python(
        release, "cartesia_turns.py", "--host", server.authority, "--wav", str(caller_wav), *STYLES[style]
    )
    finals = check_turns(told(done))
    assert "".join(finals).strip()


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("style", STYLES)
def test_our_own_speech_is_heard_in_turns(server: RunningServer, release: str, style: str) -> None:
    done = run_python(release, "cartesia_turns.py", "--host", server.authority, *STYLES[style])
    finals = check_turns(told(done))
    words = "".join(finals).split()
    assert len(words) >= 4, "the embedded recogniser mishears this voice, but it hears that somebody says a sentence"


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("style", STYLES)
def test_contexts_speak_continue_flush_and_cancel(server: RunningServer, release: str, style: str) -> None:
    lines = told(run_python(release, "cartesia_tts.py", "--host", server.authority, *STYLES[style]))
    check_contexts({line["scenario"]: line for line in lines})


def check_contexts(said: dict[str, dict[str, Any]]) -> None:
    continuation = said["continuation"]
    assert continuation["words"] == ["One", "two", "three,", "and", "good", "bye."]
    assert continuation["done"] == 1
    assert continuation["bytes"] > 16000
    assert continuation["errors"] == 0
    if "concurrent" in said:
        for name in ("first", "second"):
            assert said["concurrent"][name]["done"] == 1
            assert said["concurrent"][name]["bytes"] > 16000
    if "flush" in said:
        assert said["flush"]["flushes"] == [1, 2]
        assert said["flush"]["done"] == 1
    assert said["cancel"]["done"] == 1
    assert 8000 < said["cancel"]["bytes"] < 150_000, "only the context after the cancelled one is heard"


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("style", STYLES)
def test_http_speaks_lists_voices_and_makes_tokens(server: RunningServer, release: str, style: str) -> None:
    lines = told(run_python(release, "cartesia_http.py", "--host", server.authority, *STYLES[style]))
    said = {line["subject"]: line for line in lines}
    assert said["status"]["ok"] is True
    assert len(said["voices"]["ids"]) == len(set(said["voices"]["ids"])) >= 4, "the iterator ends, each voice came once"
    assert said["raw"]["bytes"] > 32_000
    assert (said["wav"]["begins"], said["mp3"]["begins"][:3]) == (b"RIFF".hex(), "fff")
    assert said["sse"] == {
        "subject": "sse",
        "kinds": ["chunk", "done", "timestamps"],
        "last": "done",
        "words": ["Hello", "there.", "One,", "two,", "three."],
    }
    assert (said["wrong model"]["kind"], said["wrong model"]["code"]) == ("NotFoundError", "model_not_found")
    assert said["clone"]["status"] == said["voice changer"]["status"] == 501
    assert said["token"]["bytes"] > 32_000
    assert said["token without the grant"]["kind"] == "PermissionDeniedError"
    assert said["too long a token"]["kind"] == "BadRequestError"


@pytest.mark.parametrize("release", RELEASES)
def test_every_method_of_the_client_has_an_answer(server: RunningServer, release: str) -> None:
    told_of = told(run_python(release, "cartesia_resources.py", "--host", server.authority))
    said = {line.pop("method"): line for line in told_of}
    assert len(said) > 50
    assert [method for method, line in said.items() if not line["answered"]] == []
    assert {line["status"] for line in said.values() if "status" in line} == {400, 404, 501}
    made = {method for method, line in said.items() if "status" not in line}
    assert made >= {
        "access_token.create", "agents.calls.list", "agents.list", "agents.list_templates", "agents.metrics.list",
        "agents.metrics.results.export", "agents.metrics.results.list", "datasets.list", "fine_tunes.list",
        "pronunciation_dicts.create", "pronunciation_dicts.list", "tts.generate", "tts.generate_sse", "voices.list",
    }  # fmt: skip


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("style", STYLES)
def test_a_recorded_caller_is_heard_when_the_client_finalises(
    server: RunningServer, caller_wav: Path, release: str, style: str
) -> None:
    done = run_python(
        release, "cartesia_manual.py", "--host", server.authority, "--wav", str(caller_wav), *STYLES[style]
    )
    events = [event for event in told(done) if event.get("is_final") is not False or event["type"] != "transcript"]
    kinds = [event["type"] for event in events]
    assert kinds == ["transcript", "flush_done", "transcript", "flush_done", "done"]
    finals = [event["text"] for event in events if event["type"] == "transcript"]
    assert not finals[0].startswith(" ")
    assert finals[1].startswith(" ")
    words = [word["word"] for event in events if event["type"] == "transcript" for word in event["words"]]
    assert words == "".join(finals).split()


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("style", STYLES)
def test_a_recording_is_transcribed(server: RunningServer, caller_wav: Path, release: str, style: str) -> None:
    done = run_python(
        release, "cartesia_batch.py", "--host", server.authority, "--wav", str(caller_wav), *STYLES[style]
    )
    file, samples, broken = told(done)
    assert file["text"].split() == file["words"]
    assert samples["text"]
    assert samples["words"] is None
    assert file["duration"] == pytest.approx(samples["duration"], abs=0.1)
    assert (broken["kind"], broken["code"]) == ("BadRequestError", "unsupported_audio_format")


def test_the_node_client_hears_turns(server: RunningServer, caller_wav: Path) -> None:
    lines = told(run_node("cartesia_turns.cjs", server.authority, str(caller_wav)))
    assert lines.pop() == {"type": "closed", "code": 1000}
    assert "".join(check_turns(lines)).strip()


def test_the_node_client_as_an_es_module_hears_with_the_platforms_own_socket(
    server: RunningServer, caller_wav: Path
) -> None:
    done = run_node("cartesia_native.mjs", server.authority, str(caller_wav), option="--experimental-websocket")
    turns, manual = told(done)
    assert turns["native"] == "function"
    assert (turns["kinds"][0], turns["kinds"][-1], turns["closed"]) == ("connected", "turn.end", 1000)
    assert turns["text"].strip()
    assert (set(manual["kinds"][:-2]), manual["kinds"][-2:], manual["closed"]) == (
        {"transcript"},
        ["flush_done", "done"],
        1000,
    )
    assert manual["text"].strip()


def test_the_node_client_speaks_over_tls(secure_server: RunningServer) -> None:
    lines = told(run_node("cartesia_tts.cjs", secure_server.authority))
    check_contexts({line["scenario"]: line for line in lines})


def test_the_node_client_finds_the_whole_http_interface(server: RunningServer, caller_wav: Path) -> None:
    said = {
        line.pop("subject"): line for line in told(run_node("cartesia_http.cjs", server.authority, str(caller_wav)))
    }
    assert said["status"] == {"ok": True}
    assert len(said["voices"]["ids"]) == len(set(said["voices"]["ids"])) >= 4, "the iterator ends, each voice came once"
    assert said["accents"]["ids"] == ["british", "general-american"]
    assert said["dictionaries"].pop("bytes") > 32_000
    assert said["dictionaries"] == {"name": "mine", "items": 1, "alias": "sequel", "there": True}
    assert said["raw"]["bytes"] > 32_000
    assert (said["wav"]["begins"], said["mp3"]["begins"][:3]) == (b"RIFF".hex(), "fff")
    assert said["sse"] == {
        "kinds": ["chunk", "done", "timestamps"],
        "last": "done",
        "words": ["Hello", "there.", "One,", "two,", "three."],
    }
    assert said["batch"]["text"].split() == said["batch"]["words"]
    assert said["manual"]["kinds"] == ["transcript", "flush_done", "done"]
    assert said["manual"]["text"]
    assert said["manual"]["code"] == 1000
    refused = {
        name: (line["kind"], line.get("code"), line.get("title")) for name, line in said.items() if "kind" in line
    }
    assert refused == {
        "wrong model": ("NotFoundError", "model_not_found", "Unknown model"),
        "no text": ("BadRequestError", None, "Invalid request"),
        "unknown voice": ("NotFoundError", "voice_not_found", "Unknown voice"),
        "clone": ("InternalServerError", None, "Not implemented"),
        "change": ("PermissionDeniedError", None, "Forbidden"),
        "delete": ("PermissionDeniedError", None, "Forbidden"),
        "forgotten dictionary": ("NotFoundError", None, "Unknown pronunciation dictionary"),
        "token": ("done", None, None),
        "token without the grant": ("PermissionDeniedError", None, "Forbidden"),
    }
