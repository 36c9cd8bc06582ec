"""`duologue doctor`: each examination by what it should find."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest

from duologue.cli import examinations
from duologue.cli.examinations import (
    State,
    examine_call_logs,
    examine_database,
    examine_engine,
    examine_exposure,
    examine_loudspeaker,
    examine_models,
    examine_port,
    examine_python,
)
from duologue.config import Config, EngineSection, parse_config
from duologue.runtime.engines import Role
from tests.cli.running import Run


def exposure(keys: int = 0, **sections: dict[str, object]) -> tuple[State, str]:
    finding = examine_exposure(parse_config(sections), keys)
    return finding.state, finding.told


def test_a_healthy_machine_is_ready(duologue: Run, light: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DUOLOGUE_PORT", str(free_port()))
    done = duologue("doctor", "--config", light)
    assert done.code == 0
    assert "ready. Try: duologue demo" in done.out


def test_what_keeps_the_server_from_working_is_an_exit_code_and_a_remedy(duologue: Run, tmp_path: Path) -> None:
    file = tmp_path / "bad.toml"
    file.write_text(
        '[listen.recognizer]\nengine = "whispr"\n[listen.voice_activity]\nengine = "energy"\n[speak.synthesizer]\nengine = "tone"\n'
    )
    done = duologue("doctor", "--config", file, "--json")
    assert done.code == 1
    bad = [finding for finding in json.loads(done.out) if finding["state"] == "bad"]
    assert [finding["what"] for finding in bad] == ["recognizer"]
    assert bad[0]["remedy"] == "duologue models lists the engines there are"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_this_python_will_do() -> None:
    assert examine_python().state in (State.OK, State.ODD)


def test_an_engine_is_loaded_and_timed() -> None:
    finding = examine_engine(Role.SYNTHESIZER, EngineSection(engine="tone"))
    assert finding.state is State.OK
    assert "first audio after" in finding.told


def test_a_slow_engine_is_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(examinations, "SLOW_FIRST_S", -1.0)
    assert examine_engine(Role.SYNTHESIZER, EngineSection(engine="tone")).state is State.ODD


def test_a_free_port_is_free_and_a_taken_one_names_another() -> None:
    assert examine_port("127.0.0.1", free_port()).state is State.OK
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        finding = examine_port("127.0.0.1", port)
        assert finding.state is State.BAD
        assert finding.remedy == f"duologue serve --port {port + 1}"


def test_who_may_connect_is_told_in_every_case() -> None:
    assert exposure() == (State.OK, "everybody on this machine, nobody else (127.0.0.1, no keys)")
    assert exposure(1) == (State.OK, "who has a key (1 key), from this machine only")
    assert exposure(server={"host": "0.0.0.0"})[0] is State.BAD
    assert exposure(1, server={"host": "0.0.0.0"}, auth={"mode": "none"})[0] is State.BAD
    assert exposure(2, server={"host": "0.0.0.0"})[0] is State.ODD
    secure = exposure(2, server={"host": "0.0.0.0"}, tls={"self_signed": True})
    assert secure == (State.OK, "who has a key (2 keys), over TLS")


def test_a_database_that_cannot_be_had_says_where_to_put_it(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    config = parse_config({"server": {"data_dir": str(tmp_path / "file" / "data")}})
    (finding,) = examine_database(config)
    assert finding.state is State.BAD
    assert "server.data_dir" in finding.remedy
    good = list(examine_database(parse_config({"server": {"data_dir": str(tmp_path / "data")}})))
    assert [each.state for each in good] == [State.OK, State.OK]


def test_keeping_words_is_noted(tmp_path: Path) -> None:
    assert examine_call_logs(Config()).state is State.OK
    assert examine_call_logs(parse_config({"calls": {"event_log": str(tmp_path)}})).state is State.ODD
    redacted = examine_call_logs(parse_config({"calls": {"event_log": str(tmp_path), "redact": True}}))
    assert (redacted.state, redacted.told) == (State.OK, f"every call is logged in {tmp_path}, without its words")


def test_a_provider_without_its_key_is_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_SUCH_KEY", raising=False)
    config = parse_config({"think": {"providers": {"open_ai": {"key_env": "NO_SUCH_KEY"}}}})
    (finding,) = examine_models(config)
    assert finding.told == "no key for open_ai (NO_SUCH_KEY)"
    (wrong,) = examine_models(parse_config({"think": {"providers": {"x": {"client": "telepathy"}}}}))
    assert wrong.state is State.BAD


def test_a_loudspeaker_is_nice_to_have(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("duologue.cli.player.PLAYERS", (("no-such-player",),))
    assert examine_loudspeaker().state is State.ODD
