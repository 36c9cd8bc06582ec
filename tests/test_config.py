"""The configuration file."""

from __future__ import annotations

from pathlib import Path

import pytest

from duologue.config import AuthMode, Config, config_keys, data_dir, load_config, parse_config
from duologue.errors import Violation

DOCS = Path(__file__).parent.parent / "docs" / "configuration.md"


def test_an_empty_file_works() -> None:
    assert parse_config({}) == Config()
    assert load_config(None, {}) == Config()


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"server": {"prot": 1}}, "server.prot: there is no key 'prot'. Did you mean server.port?"),
        ({"serve": {}}, "serve: there is no key 'serve'. Did you mean server?"),
        (
            {"listen": {"voice_activity": {"engine": "energy", "worker": 2}}},
            "listen.voice_activity.worker: there is no key 'worker'. Did you mean listen.voice_activity.workers?",
        ),
        (
            {"agent": {"interruption": {"min_voise": 1.0}}},
            "agent.interruption.min_voise: there is no key 'min_voise'. Did you mean agent.interruption.min_voice?",
        ),
        (
            {"think": {"providers": {"open_ai": {"base": "x"}}}},
            "think.providers.open_ai.base: there is no key 'base'. Did you mean think.providers.open_ai.base_url?",
        ),
    ],
)
def test_an_unknown_key_is_refused_with_the_nearest_right_one(values: dict[str, object], text: str) -> None:
    with pytest.raises(Violation) as caught:
        parse_config(values)
    assert str(caught.value) == text


def test_a_key_near_to_none_is_answered_with_all_of_its_place() -> None:
    with pytest.raises(Violation, match="Known here: cert, key, names, self_signed"):
        parse_config({"tls": {"zzz": 1}})


@pytest.mark.parametrize(
    ("values", "path"),
    [
        ({"server": {"port": "80"}}, "server.port"),
        ({"auth": {"mode": "never"}}, "auth.mode"),
        ({"agent": {"limits": {"patience": "long"}}}, "agent.limits.patience"),
        ({"server": 3}, "server"),
        ({"usage": {"prices": {"soon": {}}}}, "usage"),
        ({"usage": {"prices": {"2026-1-3": {}}}}, "usage"),
        ({"usage": {"prices": {"always": {"agent": -1}}}}, "usage.prices[...].agent"),
    ],
)
def test_a_wrong_value_is_refused_with_its_path(values: dict[str, object], path: str) -> None:
    with pytest.raises(Violation) as caught:
        parse_config(values)
    assert caught.value.path == path


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"server": {"port": "80"}}, "server.port: this is text in quotes; expected a whole number"),
        ({"server": {"port": 99999}}, "server.port: out of range; expected a whole number, at most 65535"),
        ({"limits": {"slow_reader_s": -4}}, "limits.slow_reader_s: out of range; expected a number, more than 0"),
        ({"server": {"origins": "*"}}, "server.origins: this is text in quotes; expected a list"),
        ({"auth": {"mode": "of"}}, "auth.mode: 'of' is not known here; expected one of 'auto', 'keys', 'none'"),
        ({"logs": {"level": "loud"}}, "logs.level: .* expected one of 'debug', 'info', 'warning', 'error'"),
        ({"agent": {"pacing": {"pacing": "slow"}}}, "agent.pacing.pacing: 'slow' is not known here; expected one of"),
        ({"tls": 7}, "tls: this is a whole number; expected a table"),
        ({"listen": {"floor": {"slow": 0}}}, "listen.floor.slow: 0 cannot work; expected above 0, up to 60"),
        ({"listen": {"floor": {"foreground": 2}}}, "listen.floor.foreground: 2 cannot work; expected 0 to 1"),
        ({"listen": {"gate": {"hang_over": -1}}}, "listen.gate.hang_over: -1 cannot work; expected 0 to 60"),
    ],
)
def test_a_wrong_value_is_told_in_the_words_of_the_file(values: dict[str, object], told: str) -> None:
    with pytest.raises(Violation, match=told):
        parse_config(values)


def test_a_file_is_read_and_the_environment_goes_before_it(tmp_path: Path) -> None:
    file = tmp_path / "duologue.toml"
    file.write_text('[server]\nhost = "::1"\nport = 1\n[auth]\nmode = "keys"\n')
    config = load_config(file, {"DUOLOGUE_PORT": "99", "DUOLOGUE_DATA_DIR": str(tmp_path)})
    assert (config.server.host, config.server.port, config.auth.mode) == ("::1", 99, AuthMode.KEYS)
    assert data_dir(config, {}) == tmp_path


@pytest.mark.parametrize("content", ["[server", "\xff"])
def test_a_file_that_is_not_toml_is_named(tmp_path: Path, content: str) -> None:
    file = tmp_path / "broken.toml"
    file.write_bytes(content.encode("latin-1"))
    with pytest.raises(Violation, match=r"broken\.toml is not TOML"):
        load_config(file, {})
    with pytest.raises(Violation, match="cannot read"):
        load_config(tmp_path / "none.toml", {})


def test_a_port_of_the_environment_must_be_a_number() -> None:
    with pytest.raises(Violation, match="DUOLOGUE_PORT: not a port number"):
        load_config(None, {"DUOLOGUE_PORT": "http"})


def test_data_is_kept_in_the_users_folder_by_default() -> None:
    assert data_dir(Config(), {"XDG_DATA_HOME": "/x"}) == Path("/x/duologue")
    assert data_dir(Config(), {}).parts[-3:] == (".local", "share", "duologue")


def test_every_key_is_documented() -> None:
    text = DOCS.read_text(encoding="utf-8")
    missing = [key for key in config_keys() if f"`{key}`" not in text]
    assert not missing, "docs/configuration.md does not describe: " + ", ".join(missing)


def test_the_documented_example_is_a_configuration(tmp_path: Path) -> None:
    text = DOCS.read_text(encoding="utf-8")
    blocks = [block.split("```", 1)[0] for block in text.split("```toml\n")[1:]]
    assert blocks
    for number, block in enumerate(blocks):
        file = tmp_path / f"{number}.toml"
        file.write_text(block, encoding="utf-8")
        load_config(file, {})
