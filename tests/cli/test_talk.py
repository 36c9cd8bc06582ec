"""`duologue talk` where it cannot call, with the reason and what to do. Whole calls are in `tests/real`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from duologue.audio.containers import write_wav
from duologue.cli.agent_address import AgentAddress
from duologue.cli.deepgram_call import DeepgramCall, EarlyDeepgramCall
from duologue.cli.stream_call import StreamCall
from duologue.cli.talk import Wishes, make_surface, read_caller
from tests.cli.running import Run
from tests.cli.silent_card import SilentCard


@pytest.fixture
def voice(tmp_path: Path) -> Path:
    write_wav(tmp_path / "voice.wav", np.full(1600, 0.5, np.float32), 16_000)
    return tmp_path / "voice.wav"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["127.0.0.1:1", "--wav", "voice.wav"], "cannot reach 127.0.0.1:1"),
        (["/tts/websocket", "--wav", "voice.wav"], "no agent is at"),
        (["wss://api.deepgram.com/v1/agent/converse", "--wav", "voice.wav"], "export DEEPGRAM_API_KEY=..."),
        (["v1", "--wav", "voice.wav", "--key-env", "NOT_SET"], "NOT_SET holds no key"),
        (["v1", "--wav", "nowhere.wav"], "cannot read nowhere.wav"),
        (["v1", "--wav", "bad.json"], "bad.json: the file cannot be read"),
        (["v1", "--wav", "voice.wav", "--out", "call.mp3"], "only WAV is; expected call.wav"),
        (["v1", "--wav", "voice.wav", "--out", "."], ". is a folder"),
        (["v1", "--wav", "voice.wav", "--settings", "nowhere.json"], "cannot read nowhere.json"),
        (["v1", "--wav", "voice.wav", "--settings", "bad.json"], "bad.json is not JSON"),
        (["v1", "--wav", "voice.wav", "--settings", "list.json"], "list.json holds no object"),
        (["agents/stream/x", "--wav", "voice.wav", "--settings", "bad.json"], "the call stream takes no settings"),
    ],
)
def test_what_cannot_be_called_is_told_in_one_line(
    duologue: Run, voice: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], told: str
) -> None:
    monkeypatch.delenv("DEEPGRAM_API_KEY", raising=False)
    Path("bad.json").write_text("{", "utf-8")
    Path("list.json").write_text("[]", "utf-8")
    done = duologue("talk", *arguments)
    assert (done.code, len(done.err.splitlines())) == (1, 1)
    assert told in done.err


def test_a_missing_sound_card_costs_nobody_a_call(duologue: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", SilentCard(present=False))  # type: ignore[arg-type]
    done = duologue("talk", "127.0.0.1:1")
    assert done.code == 1
    assert "there is no microphone or loudspeaker to use" in done.err


def test_devices_are_listed(duologue: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", SilentCard())  # type: ignore[arg-type]
    assert "Silent Card" in duologue("talk", "--devices").out


def wishes(settings: Path | None = None) -> Wishes:
    return Wishes(None, None, 0.0, "", settings, "Hello!", "", None, barge_in=True, microphone="", speaker="")


@pytest.mark.parametrize(
    ("target", "kind"), [("v1", DeepgramCall), ("v0", EarlyDeepgramCall), ("agents/stream/a", StreamCall)]
)
def test_each_address_is_spoken_to_in_its_own_words(target: str, kind: type) -> None:
    surface = make_surface(AgentAddress.parse(target), wishes())
    assert type(surface) is kind
    assert "Hello!" in str(surface.opening()[0])


def test_settings_of_ones_own_are_sent(tmp_path: Path) -> None:
    (tmp_path / "agent.json").write_text(json.dumps({"agent": {"language": "en"}}), "utf-8")
    sent = json.loads(make_surface(AgentAddress.parse("v1"), wishes(tmp_path / "agent.json")).opening()[0])
    assert sent["type"] == "Settings"
    assert sent["agent"] == {"language": "en", "greeting": "Hello!"}


def test_silence_may_come_before_a_recording(voice: Path) -> None:
    pcm = read_caller(voice, 0.1)
    assert len(pcm) == 3200
    assert not pcm[:1600].any()
