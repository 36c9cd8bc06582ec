"""`duologue models`."""

from __future__ import annotations

import json
from pathlib import Path

from duologue.cli.measurements import Speed, measure
from duologue.cli.models import engine_rows, model_rows
from duologue.config import Config, parse_config
from duologue.runtime.engines import EngineSpec, Role
from duologue.speak.engines.registry import ENGINES
from tests.cli.running import Run


def test_what_is_in_use_is_measured_here(duologue: Run, light: Path) -> None:
    done = duologue("models", "--config", light, "--json")
    assert done.code == 0
    engines = {(each["role"], each["name"]): each for each in json.loads(done.out)["engines"]}
    energy = engines["voice_activity", "energy"]
    assert energy["in_use"]
    assert energy["speed"]["cpu_per_audio"] < 1.0
    assert engines["synthesizer", "tone"]["speed"]["first_audio_s"] >= 0
    assert engines["voice_activity", "silero"]["speed"] is None
    assert engines["synthesizer", "espeak"]["licence"] == "GPL-3.0-or-later"


def test_people_see_licences_languages_and_downloads(duologue: Run, light: Path) -> None:
    out = duologue("models", "--config", light).out
    assert "* energy" in out
    assert "  pocketsphinx" in out
    assert "BSD-2-Clause" in out
    assert "download: nothing" in out
    assert "packaged coffee order" in out


def test_nothing_is_loaded_when_nothing_is_measured() -> None:
    assert all(row.speed is None and not row.told for row in engine_rows(Config(), None))


def test_models_say_where_they_are_and_what_they_are_called() -> None:
    config = parse_config({"think": {"default": "open_ai", "providers": {"open_ai": {"models": {"*": "qwen"}}}}})
    rules, provider = model_rows(config.think and config)
    assert not rules["default"]
    assert provider == {
        "provider": "open_ai",
        "client": "openai",
        "where": "the vendor's own address",
        "models": {"*": "qwen"},
        "default": True,
    }


def test_a_speaking_engine_is_timed_on_a_sentence() -> None:
    info, speed = measure(ENGINES.spec(Role.SYNTHESIZER, "tone"))
    assert info.name == "tone"
    assert "real time, first audio after" in speed.text()


def test_a_listening_engine_is_told_in_cpu() -> None:
    assert Speed(0.1, 0.36).text() == "360 ms of CPU per second of audio"
    spec = EngineSpec("x", Role.RECOGNIZER, "a:b", "c:D")
    assert spec.settings == {}
