"""Deepgram's own clients, unmodified, on the sockets and requests for listening and speaking alone."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.running_server import RunningServer
from tests.sdk.environments import run_node, run_python
from tests.sdk.test_cartesia import STYLES, told

pytestmark = [pytest.mark.sdk, pytest.mark.timeout(600)]

RELEASE = "deepgram-sdk-7.17.0"

Said = Mapping[str, list[dict[str, Any]]]


class Programs:
    """Runs the program in a style when it is first asked for."""

    def __init__(self, *arguments: str) -> None:
        self._arguments = arguments
        self._told: dict[str, Said] = {}

    def said(self, style: str = "sync") -> Said:
        """What each scenario told, by name. The synchronous program has all of them."""
        if style not in self._told:
            found: dict[str, list[dict[str, Any]]] = {}
            for line in told(run_python(RELEASE, "deepgram_streams.py", *self._arguments, *STYLES[style])):
                found.setdefault(line["scenario"], []).append(line)
            self._told[style] = found
        return self._told[style]


@pytest.fixture(scope="module")
def programs(server: RunningServer, caller_wav: Path) -> Programs:
    return Programs("--host", server.authority, "--wav", str(caller_wav))


def conversation(scenarios: Said, name: str) -> list[dict[str, Any]]:
    """The messages of a connection, which begins and ends in order and tells nothing the client has no class for."""
    lines = scenarios[name][0]["lines"]
    assert (lines[0]["type"], lines[-1]["type"]) == ("open", "close")
    assert not [line for line in lines if line["type"] == "error"]
    messages = lines[1:-1]
    assert not {line["parsed"] for line in messages} & {"dict", "str", "NoneType"}
    return messages


@pytest.mark.parametrize("style", STYLES)
def test_a_live_stream_gives_interim_and_final_words(programs: Programs, style: str) -> None:
    scenarios = programs.said(style)
    messages = conversation(scenarios, "live")
    results = [message for message in messages if message["type"] == "Results"]
    finals = [message for message in results if message["is_final"]]
    words = [word["word"] for message in finals for word in message["channel"]["alternatives"][0]["words"]]
    assert words[-2:] == ["house", "coffee"]
    assert len(results) > len(finals)
    spoken = next(message for message in finals if message["channel"]["alternatives"][0]["transcript"])
    assert spoken["speech_final"]
    kinds = [message["type"] for message in messages]
    assert kinds.index("SpeechStarted") < kinds.index("Results") < kinds.index("UtteranceEnd")
    ended = next(message for message in messages if message["type"] == "UtteranceEnd")
    assert ended["last_word_end"] == spoken["channel"]["alternatives"][0]["words"][-1]["end"]
    assert kinds[-1] == "Metadata"
    assert kinds.count("Metadata") == 1


def test_a_live_stream_answers_finalize(programs: Programs) -> None:
    scenarios = programs.said()
    assert [message for message in conversation(scenarios, "live") if message.get("from_finalize")]


@pytest.mark.parametrize("style", STYLES)
def test_flux_keeps_its_promises(programs: Programs, style: str) -> None:
    scenarios = programs.said(style)
    messages = conversation(scenarios, "flux")
    assert [message["sequence_id"] for message in messages] == list(range(len(messages)))
    assert messages[0]["type"] == "Connected"
    events = [message for message in messages if message["type"] == "TurnInfo"]
    told_events = [message["event"] for message in events if message["event"] != "Update"]
    assert told_events[0] == "StartOfTurn"
    assert told_events[-2:] == ["EagerEndOfTurn", "EndOfTurn"]
    eager, end = [message for message in events if message["event"] != "Update"][-2:]
    assert eager["transcript"] == end["transcript"]
    assert end["transcript"].split()[-2:] == ["house", "coffee"]
    assert end["trigger"] == "model"


def test_flux_is_reconfigured_and_warns(programs: Programs) -> None:
    scenarios = programs.said()
    kinds = {message["type"]: message for message in conversation(scenarios, "flux")}
    assert kinds["Warning"]["code"] == "FORCE_END_TURN_NO_ACTIVE_TURN"
    assert kinds["ConfigureSuccess"]["thresholds"]["eot_threshold"] == 0.8


@pytest.mark.parametrize("style", STYLES)
def test_text_becomes_speech_and_flushed(programs: Programs, style: str) -> None:
    scenarios = programs.said(style)
    assert [message["type"] for message in conversation(scenarios, "speech")] == ["Metadata", "Flushed"]
    assert 1.5 < scenarios["speech"][0]["bytes"] / 32_000 < 6.0


def test_what_was_cleared_is_not_heard(programs: Programs) -> None:
    scenarios = programs.said()
    messages = conversation(scenarios, "cleared")
    assert [message["type"] for message in messages] == ["Metadata", "Cleared", "Flushed"]
    assert scenarios["cleared"][0]["bytes"] / 32_000 < 3.0, "the long text alone takes a minute"


def test_a_recording_is_transcribed_in_one_request(programs: Programs) -> None:
    scenarios = programs.said()
    (heard,) = scenarios["recording"]
    assert heard["words"] == heard["transcript"].split()
    assert heard["words"][-2:] == ["house", "coffee"]
    assert heard["utterances"] == [heard["transcript"]]


def test_speech_in_turns_is_told_turn_by_turn(programs: Programs) -> None:
    scenarios = programs.said()
    messages = conversation(scenarios, "turns")
    kinds = [message["type"] for message in messages if message["type"] != "ConfigureSuccess"]
    turn = ["SpeechStarted", "Flushed", "SpeechMetadata"]
    assert kinds == ["Connected", *turn, *turn, "SessionMetadata"]
    (configured,) = (message for message in messages if message["type"] == "ConfigureSuccess")
    assert configured["applied"] == {"speed": 1.2}
    lengths = [message["audio_duration_ms"] for message in messages if message["type"] == "SpeechMetadata"]
    assert sum(lengths) == pytest.approx(scenarios["turns"][0]["bytes"] / 32, abs=5)
    assert messages[-1]["total_audio_duration_ms"] == pytest.approx(sum(lengths), abs=2)


def test_a_text_is_spoken_in_one_request(programs: Programs) -> None:
    scenarios = programs.said()
    begins = {line["encoding"]: line["begins"] for line in scenarios["file"]}
    assert begins["mp3"].startswith("ff")
    assert begins["linear16"] == b"RIFF".hex()


def transcript(message: Mapping[str, Any]) -> str:
    return str(message["channel"]["alternatives"][0]["transcript"])


def test_the_client_of_2025_hears_and_speaks(server: RunningServer, caller_wav: Path) -> None:
    arguments = ("--host", server.authority, "--wav", str(caller_wav))
    done = run_python("deepgram-sdk-4.8.1", "deepgram_streams_threads.py", *arguments)
    said = {line["scenario"]: line for line in told(done)}
    live = said["live"]["lines"]
    assert {line["event"] for line in live} >= {"Open", "SpeechStarted", "Results", "Close"}
    assert not {line["event"] for line in live} & {"Error", "Unhandled"}
    finals = [transcript(line) for line in live if line["event"] == "Results" and line["is_final"]]
    assert " ".join(finals).split()[-2:] == ["house", "coffee"]
    kinds = [line["event"] for line in said["speech"]["lines"]]
    assert not set(kinds) & {"Error", "Unhandled", "Warning"}
    assert kinds.index("Metadata") < kinds.index("Flushed") < kinds.index("Cleared")
    assert said["speech"]["bytes"] > 32_000
    assert said["recording"]["transcript"].split()[-2:] == ["house", "coffee"]
    assert (said["file"]["media_type"], said["file"]["model"]) == ("audio/mpeg", "aura-asteria-en")
    assert said["file"]["characters"] == 6


def test_the_node_client_hears_and_speaks(server: RunningServer, caller_wav: Path) -> None:
    said = {
        line["scenario"]: line for line in told(run_node("deepgram_streams.cjs", server.authority, str(caller_wav)))
    }
    assert [said[name]["code"] for name in ("live", "flux", "speech")] == [1000, 1000, 1000]
    finals = [transcript(line) for line in said["live"]["lines"] if line["type"] == "Results" and line["is_final"]]
    assert " ".join(finals).split()[-2:] == ["house", "coffee"]
    assert said["live"]["lines"][-1]["type"] == "Metadata"
    turns = [line["event"] for line in said["flux"]["lines"] if line.get("event", "Update") != "Update"]
    assert (turns[0], turns[-1]) == ("StartOfTurn", "EndOfTurn")
    assert [line["type"] for line in said["speech"]["lines"]] == ["Metadata", "Flushed"]
    assert said["speech"]["bytes"] > 32_000
    assert said["recording"]["transcript"].split()[-2:] == ["house", "coffee"]
    assert said["file"]["bytes"] > 2_000
