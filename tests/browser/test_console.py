"""The console as a person meets it: a real browser, a recorded voice, the embedded engines."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from duologue.audio.containers import write_wav
from duologue.audio.formats import LISTEN_RATE, Pcm
from duologue.audio.resample import resample
from duologue.cli.demo_story import recording
from tests.browser.chromium import Seen, chromium, visit
from tests.browser.kept_sound import Kept, find_recording
from tests.running_server import RunningServer, running_server

pytestmark = pytest.mark.browser

ORDERS = ("mocha", "mocha")
SAID = {"mocha": "get me a single shot mocha with a little bit of milk"}
"""Recordings of people, and what they say. This one the embedded recogniser makes out word for word wherever its steps fall, which is
different at every visit; of others it takes a "can I" for a "could I" in some places."""
VISITS = 3
"""At most, until a browser kept all of its microphone. One does nearly always, on a busy machine too."""
PAUSE_S = 5.0
TAIL_S = 0.3
"""Sent behind the last word before the button is pressed: the browser may have begun a little late."""
BROWSER_RATE = 48_000
EAR_S = 0.1
"""What the browser's own audio buffers may hold when the queue is dropped: two blocks of the ear and the sound card's."""
UNHURRIED = {"slow": 2.0, "fast": 2.0}
"""Of the floor: a turn is over 3.5 s after the last word, so that a browser on a busy machine presses its button before that."""
GREETING = (
    "Welcome to the coffee bar. Today we have so many things that it takes me a long while to tell you all of them, from espresso to "
    "filter coffee, from tea to chocolate, and cakes of every size and colour that you can think of. Please tell me what you want."
)
LIGHT: dict[str, Any] = {
    "auth": {"mode": "keys"},
    "listen": {"voice_activity": {"engine": "energy"}, "recognizer": {"engine": "scripted"}},
    "speak": {"synthesizer": {"engine": "tone"}},
}


def silence(seconds: float) -> Pcm:
    return np.zeros(round(seconds * LISTEN_RATE), np.float32)


def wav(folder: Path, *parts: Pcm) -> Path:
    path = folder / "caller.wav"
    write_wav(path, resample(np.concatenate(parts), LISTEN_RATE, BROWSER_RATE), BROWSER_RATE)
    return path


@pytest.fixture(scope="module")
def server() -> Iterator[RunningServer]:
    chromium()
    # The embedded recogniser is weak on open speech: what all callers talk about is told to it here.
    with running_server({"listen": {"dialogue": "coffee", "floor": UNHURRIED}}) as running:
        yield running


@pytest.fixture(scope="module")
def orders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Somebody orders twice; nothing follows the last word."""
    spoken = [part for name in ORDERS for part in (recording(name), silence(PAUSE_S))]
    return wav(tmp_path_factory.mktemp("orders"), silence(0.5), *spoken[:-1])


@pytest.fixture(scope="module")
def transcribed(server: RunningServer, orders: Path) -> Seen:
    """The page heard all of the two orders and was told to finish right behind the last."""
    seconds = orders.stat().st_size / 2 / BROWSER_RATE + TAIL_S
    lost = []
    for _ in range(VISITS):
        seen = visit(server.http, orders, what="turns", seconds=seconds, keyterms="house coffee, milk")
        kept = kept_of_orders(seen)
        if all(each.whole for each in kept):
            return seen
        lost.append("; ".join(f"{name}: {each}" for name, each in zip(ORDERS, kept, strict=True)))
    pytest.fail(f"the page did not send what its microphone was given, in any of {VISITS} visits: {lost}")


def rate_of(seen: Seen) -> int:
    """Samples per second that the page sent."""
    return int(seen["socket"].partition("sample_rate=")[2].partition("&")[0])


def sound_of(seen: Seen) -> Pcm:
    """What the page sent, at that rate."""
    return np.frombuffer(base64.b64decode(seen["microphone"]), "<f4")


def kept_of_orders(seen: Seen) -> list[Kept]:
    """How each recording came through, in order."""
    rate, sent, after = rate_of(seen), sound_of(seen), 0.0
    kept = []
    for place, name in enumerate(ORDERS):
        pcm = resample(recording(name), LISTEN_RATE, rate)
        until = len(sent) if place + 1 == len(ORDERS) else round((after + PAUSE_S) * rate) + len(pcm)
        kept.append(find_recording(pcm, sent[:until], rate, after))
        after = kept[-1].found_at + len(pcm) / rate
    return kept


def test_turn_events_arrive_and_are_shown(transcribed: Seen) -> None:
    kinds = [event["type"] for event in transcribed.events]
    assert kinds[0] == "connected"
    assert kinds.count("turn.start") == kinds.count("turn.end") == len(ORDERS)
    assert "turn.eager_end" in kinds
    ends = [event["transcript"] for event in transcribed.events if event["type"] == "turn.end"]
    assert [turn["text"] for turn in transcribed["turns"]] == ends
    assert transcribed["whole"] == "".join(ends).strip()
    assert all(turn["chips"][-1].startswith("is over") for turn in transcribed["turns"])
    assert transcribed["errors"] == []


def test_the_microphone_goes_out_as_floats_at_the_contexts_rate(transcribed: Seen) -> None:
    assert "encoding=pcm_f32le" in transcribed["socket"]
    rate = rate_of(transcribed)
    sizes = [frame["bytes"] for frame in transcribed["sent"] if "bytes" in frame]
    assert {*sizes[:-1]} == {4 * round(rate / 10)}
    assert sizes[-1] <= sizes[0], "the rest of the last block"


def test_the_microphone_is_opened_when_there_is_somebody_to_hear_it(transcribed: Seen) -> None:
    assert transcribed["asked"] == ["capture.js", "microphone"], (
        "what it hears while the worklet is loading would be lost"
    )


def test_close_finalises_what_was_being_said(transcribed: Seen) -> None:
    assert transcribed.commands == [{"type": "close"}]
    closed_at = next(frame["at"] for frame in transcribed["sent"] if "text" in frame)
    after = [json.loads(frame["text"]) for frame in transcribed["received"] if frame["at"] >= closed_at]
    assert [event["type"] for event in after][-1] == "turn.end"
    assert after[-1]["transcript"].endswith("milk"), "nothing but the last word came behind it"
    assert transcribed["state"] == "Finished: 2 turns."


def heard_by_the_python_client(server: RunningServer, file: Path) -> list[str]:
    command = [sys.executable, "-m", "duologue.cli.main", "listen", str(file), "--host", server.http, "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=True)
    events = [json.loads(line) for line in done.stdout.splitlines()]
    return [event["text"].strip() for event in events if event["event"] == "turn_ended"]


def test_the_transcript_is_the_recordings_word_for_word(transcribed: Seen) -> None:
    ends = [event["transcript"].strip() for event in transcribed.events if event["type"] == "turn.end"]
    assert ends == [SAID[name] for name in ORDERS]
    assert transcribed["whole"].split() == " ".join(SAID[name] for name in ORDERS).split()


def test_the_python_client_gets_the_same_words_for_the_recording_and_for_what_the_page_sent(
    server: RunningServer, orders: Path, transcribed: Seen, tmp_path: Path
) -> None:
    sent = tmp_path / "sent.wav"
    write_wav(sent, sound_of(transcribed), rate_of(transcribed))
    words = [SAID[name] for name in ORDERS]
    assert heard_by_the_python_client(server, orders) == words
    assert heard_by_the_python_client(server, sent) == words


def test_no_key_and_nothing_else_is_kept(transcribed: Seen) -> None:
    storage = transcribed["storage"]
    assert (storage["local"], storage["session"], storage["cookies"], storage["databases"]) == ({}, {}, "", [])
    requests = transcribed["requests"]
    assert not [each for each in requests if {"x-api-key", "authorization"} & set(each["headers"])]
    assert {each["url"].split("/")[2] for each in requests} == {transcribed["socket"].split("/")[2]}, (
        "its own server only"
    )


@pytest.fixture(scope="module")
def called(server: RunningServer, tmp_path_factory: pytest.TempPathFactory) -> Seen:
    """A caller talks into a long greeting."""
    voice = wav(tmp_path_factory.mktemp("call"), silence(3.0), recording("mocha"), silence(12.0))
    agent = {
        "listen": {"provider": {"type": "deepgram", "version": "v2", "model": "flux-general-en"}},
        "think": {"provider": {"type": "rules", "model": "coffee"}},
        "speak": {"provider": {"type": "deepgram", "model": "aura-2-thalia-en"}},
        "greeting": GREETING,
    }
    return visit(server.http, voice, what="agent", settings={"type": "Settings", "agent": agent})


def test_the_agent_in_the_browser_answers_with_captions(called: Seen) -> None:
    captions = called["captions"]
    assert captions[0] == {"who": "agent", "text": "Welcome to the coffee bar."}
    assert "mocha" in next(line["text"] for line in captions if line["who"] == "caller")
    assert captions[-1]["who"] == "agent"
    assert called["errors"] == []


def test_its_speech_is_dropped_the_moment_the_caller_begins(called: Seen) -> None:
    remark = next(line["text"] for line in called["captions"] if line["who"] == "remark")
    assert float(remark.split(": ")[1].split()[0]) > 2.0, "a long sentence was waiting to be played"
    heard, told = called["ear"]["heard"], called["ear"]["told"]
    began, dropped = next((before, after) for before, after, kind in told if kind == "UserStartedSpeaking")
    answered = next(before for before, _, kind in told if kind == "ConversationText" and before > began)
    loud = [at for at, peak in heard if peak > 0.001]
    assert any(began - 0.5 < at < began for at in loud), "it was speaking until then"
    assert not [at - dropped for at in loud if dropped + EAR_S < at < answered], "and not a sample later"
    assert any(at > answered for at in loud), "the answer is heard"


def test_the_token_of_a_call_stands_in_no_address(called: Seen) -> None:
    assert called["socket"].endswith("/v1/agent/converse")


@pytest.fixture(scope="module")
def keyed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RunningServer, str]]:
    """A server that wants a key, and the key."""
    chromium()
    folder = tmp_path_factory.mktemp("keyed")
    command = [sys.executable, "-m", "duologue.cli.main", "keys", "create", "--name", "me", "--json"]
    config = folder / "duologue.toml"
    config.write_text(f'[server]\ndata_dir = "{folder}"\n')
    made = subprocess.run([*command, "--config", str(config)], capture_output=True, text=True, timeout=240, check=True)
    with running_server(LIGHT, folder=folder) as running:
        yield running, json.loads(made.stdout)["key"]


def test_a_wrong_key_is_told_and_the_right_one_used_once_and_found_nowhere(
    keyed: tuple[RunningServer, str], orders: Path
) -> None:
    server, key = keyed
    seen = visit(server.http, orders, what="key", key=key, wrong="duo_wrong")
    assert seen["trouble"].startswith("Invalid credentials")
    assert seen.events[0]["type"] == "connected"
    bought = [each for each in seen["requests"] if each["headers"].get("x-api-key") == key]
    assert [each["url"].split("/")[-1] for each in bought] == ["access-token"]
    assert key not in seen.everything_but("/access-token")


def test_a_token_in_the_fragment_opens_the_socket_and_leaves_the_address(
    keyed: tuple[RunningServer, str], orders: Path
) -> None:
    server, key = keyed
    body = json.dumps({"grants": {"stt": True}, "expires_in": 60}).encode()
    asked = urllib.request.Request(f"{server.http}/access-token", body, {"X-API-Key": key})
    with urllib.request.urlopen(asked, timeout=60) as answer:
        token = json.load(answer)["token"]
    seen = visit(server.http, orders, what="turns", seconds=0, path=f"/console#access_token={token}")
    assert seen.events[0]["type"] == "connected"
    assert seen["address"] == f"{server.http}/console"
    assert not [each for each in seen["requests"] if each["url"].endswith("/access-token")]
