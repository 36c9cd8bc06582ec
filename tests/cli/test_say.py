"""`duologue say`, with the tone engine."""

from __future__ import annotations

import io
import json
import sys
import wave
from pathlib import Path

import pytest

from duologue.cli import player
from tests.cli.running import Run


def test_a_text_becomes_a_file_and_its_words_are_told(duologue: Run, light: Path, tmp_path: Path) -> None:
    done = duologue("say", "Hello there.", "--config", light, "--out", tmp_path / "deep" / "er" / "x.wav", "--json")
    assert done.code == 0
    told = json.loads(done.out)
    assert [word["text"] for word in told["words"]] == ["Hello", "there."]
    assert told["words"][0]["end"] <= told["words"][1]["start"] + 0.001
    with wave.open(told["file"]) as file:
        assert file.getnframes() / file.getframerate() == pytest.approx(told["seconds"], abs=0.01)


def test_without_a_loudspeaker_it_writes_a_file_and_says_so(
    duologue: Run, light: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(player, "PLAYERS", (("no-such-player",),))
    done = duologue("say", "Hello.", "--config", light)
    assert done.code == 0
    assert "no loudspeaker here" in done.err
    assert (tmp_path / "speech.wav").exists()


def test_with_a_loudspeaker_it_leaves_nothing_behind(
    duologue: Run, light: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(player, "PLAYERS", (("true",),))
    assert duologue("say", "Hello.", "--config", light).code == 0
    assert list(tmp_path.glob("**/*.wav")) == []


def test_standard_input_is_spoken(duologue: Run, light: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("One two.\n"))
    done = duologue("say", "-", "--config", light, "--out", "x.wav", "--json")
    assert [word["text"] for word in json.loads(done.out)["words"]] == ["One", "two."]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], 'Try: duologue say "Hello there."'),
        (["   "], "the text is empty"),
        (["Hi.", "--voice", "nobody"], "there is no voice 'nobody'; expected one of clara"),
        (["Hi.", "--out", "/dev/null/x.wav"], "cannot write /dev/null/x.wav"),
        (["Hi.", "--out", "/proc/x.wav"], "cannot write /proc/x.wav: "),
        (["Hi.", "--out", "hi.mp3"], "hi.mp3 is not written, only WAV is; expected hi.wav"),
        (["Hi.", "--out", "."], ". is a folder; expected a file such as call.wav"),
        (["\udcff\udcfb"], "this is no text in UTF-8"),
    ],
)
def test_what_cannot_be_said_is_refused_with_the_reason(
    duologue: Run, light: Path, arguments: list[str], told: str
) -> None:
    done = duologue("say", *arguments, "--config", light)
    assert done.code == 1
    assert told in done.err
    assert "System error" not in done.err  # libsndfile's word for everything


def test_the_voices_are_listed_for_people_and_for_scripts(duologue: Run) -> None:
    assert "clara" in duologue("say", "--voices").out
    assert {"name", "id", "gender", "locale"} == set(json.loads(duologue("say", "--voices", "--json").out)[0])
