"""The Cartesia and Deepgram plugins of pipecat and of livekit-agents, unmodified, pointed at a server by their own URL options.

They speak a sentence and hear a person ordering coffee, beside each other, as the services of one agent and of several do.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.running_server import RunningServer
from tests.sdk.environments import run_python
from tests.sdk.test_cartesia import told

pytestmark = [pytest.mark.sdk, pytest.mark.timeout(600)]

PIPECAT, LIVEKIT = "pipecat-ai-1.14.0", "livekit-agents-1.8.9"
WORDS = ["Your", "coffee", "is", "ready", "now.", "Have", "a", "nice", "day."]
ORDER = {"house", "coffee"}
"""What the embedded recogniser surely understands of the recording."""
AUDIBLE = 3_000
"""A sample this far from zero is no noise."""

Lines = Mapping[str, dict[str, Any]]


@pytest.fixture(scope="module")
def pipecat(server: RunningServer, caller_wav: Path) -> Lines:
    done = run_python(PIPECAT, "pipecat_services.py", "--host", server.authority, "--wav", str(caller_wav))
    return {line["service"]: line for line in told(done)}


@pytest.fixture(scope="module")
def livekit(server: RunningServer, caller_wav: Path) -> Lines:
    done = run_python(LIVEKIT, "livekit_plugins.py", "--host", server.authority, "--wav", str(caller_wav))
    return {line["plugin"]: line for line in told(done)}


def check_speech(said: Mapping[str, Any]) -> None:
    assert 1.5 < said["seconds"] < 6.0
    assert said["loudest"] > AUDIBLE


def check_words(heard: Mapping[str, Any]) -> None:
    # Deepgram's plugins ask for sentences, which begin with a capital and end with a stop.
    words = " ".join(heard["finals"]).lower().replace(".", "").split()
    assert words[-1] == "coffee", heard
    assert set(words) >= ORDER, heard


@pytest.mark.parametrize(
    "service",
    [
        "CartesiaTTSService",
        "CartesiaHttpTTSService",
        "DeepgramTTSService",
        "DeepgramHttpTTSService",
        "DeepgramFluxTTSService",
    ],
)
def test_pipecat_speaks(pipecat: Lines, service: str) -> None:
    said = pipecat[service]
    assert said["errors"] == []
    check_speech(said)


def test_pipecat_gets_a_time_for_every_word(pipecat: Lines) -> None:
    assert pipecat["CartesiaTTSService"]["words"] == WORDS
    assert pipecat["CartesiaTTSService"]["rising"]


@pytest.mark.parametrize(
    "service", ["CartesiaSTTService", "CartesiaTurnsSTTService", "DeepgramSTTService", "DeepgramFluxSTTService"]
)
def test_pipecat_hears(pipecat: Lines, service: str) -> None:
    heard = pipecat[service]
    assert heard["errors"] == []
    check_words(heard)
    assert heard["interims"] > 0
    if service in ("CartesiaTurnsSTTService", "DeepgramFluxSTTService"):
        assert {"ProposedUserStartedSpeakingFrame", "ProposedUserStoppedSpeakingFrame"} <= set(heard["kinds"])


@pytest.mark.parametrize("plugin", ["cartesia.TTS", "deepgram.TTS", "deepgram.TTSv2"])
@pytest.mark.parametrize("way", ["synthesize", "stream"])
def test_livekit_speaks(livekit: Lines, plugin: str, way: str) -> None:
    said = livekit[f"{plugin} {way}"]
    check_speech(said)
    if (plugin, way) == ("cartesia.TTS", "stream"):
        assert [word.strip() for word in said["words"]] == WORDS


@pytest.mark.parametrize("plugin", ["cartesia.STT", "cartesia.STT ink-whisper", "deepgram.STT", "deepgram.STTv2"])
def test_livekit_hears_a_stream(livekit: Lines, plugin: str) -> None:
    heard = livekit[f"{plugin} stream"]
    check_words(heard)
    kinds = [kind for kind in heard["kinds"] if kind != "recognition_usage"]
    assert (kinds[0], kinds[-2:]) == ("start_of_speech", ["final_transcript", "end_of_speech"])
    assert "interim_transcript" in kinds
    assert ("preflight_transcript" in kinds) is (plugin in ("cartesia.STT", "deepgram.STTv2")), "an eager end"


def test_livekit_has_a_recording_recognised(livekit: Lines) -> None:
    heard = livekit["deepgram.STT recognize"]
    check_words(heard)
    assert heard["words"] == heard["finals"][0].split()
