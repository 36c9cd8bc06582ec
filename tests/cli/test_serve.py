"""`duologue serve`: options and banner. (Serving itself is in `tests/server/test_run.py`.)"""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from duologue.cli.serve import Banner, with_options
from duologue.config import Config, parse_config
from duologue.server.tls import Certificate


def banner() -> tuple[Banner, io.StringIO]:
    shown = io.StringIO()
    return Banner(Console(file=shown, width=200, highlight=False)), shown


def test_the_command_line_goes_before_the_file() -> None:
    config = parse_config({"server": {"host": "::1", "port": 1}, "tls": {"self_signed": True}})
    changed = with_options(config, host="127.0.0.1", port=2, tls=(Path("a.pem"), Path("a.key")))
    assert (changed.server.host, changed.server.port) == ("127.0.0.1", 2)
    assert (changed.tls.cert, changed.tls.key, changed.tls.self_signed) == ("a.pem", "a.key", False)
    assert with_options(config) == config
    assert with_options(Config(), self_signed=True).tls.self_signed


@pytest.mark.parametrize(
    ("host", "shown"), [("127.0.0.1", "127.0.0.1:7"), ("0.0.0.0", "localhost:7"), ("::1", "[::1]:7")]
)
def test_the_banner_shows_addresses_one_can_use(host: str, shown: str) -> None:
    made, text = banner()
    made.listening(Config(), host, 7, None)
    assert text.getvalue().splitlines()[0].endswith(f"listens on http://{shown}")
    assert f"ws://{shown}/v1/agent/converse" in text.getvalue()


@pytest.mark.parametrize(
    ("mode", "host", "words"),
    [
        ("none", "127.0.0.1", "none needed (auth.mode)"),
        ("auto", "127.0.0.1", "none needed until you make one"),
        ("auto", "10.0.0.1", "needed: duologue keys create"),
        ("keys", "127.0.0.1", "needed: duologue keys create"),
    ],
)
def test_the_banner_says_whether_a_key_is_needed(mode: str, host: str, words: str) -> None:
    made, text = banner()
    made.listening(parse_config({"auth": {"mode": mode}}), host, 7, None)
    assert words in text.getvalue()


def test_the_banner_says_how_to_trust_a_self_signed_certificate() -> None:
    made, text = banner()
    made.listening(
        parse_config({"tls": {"self_signed": True}}), "127.0.0.1", 7, Certificate(Path("c.pem"), Path("c.key"), "AA:BB")
    )
    assert "https://127.0.0.1:7" in text.getvalue()
    assert "AA:BB" in text.getvalue()
    assert "NODE_EXTRA_CA_CERTS=c.pem" in text.getvalue()


def test_the_banner_tells_what_happens() -> None:
    made, text = banner()
    made.listening(parse_config({"calls": {"event_log": "calls"}}), "127.0.0.1", 7, None)
    assert "ws://127.0.0.1:7/agents/stream/ID" in text.getvalue()
    assert "call logs calls: the words of every agent's call are kept" in text.getvalue()
    made.listening(parse_config({"calls": {"event_log": "calls", "redact": True}}), "127.0.0.1", 7, None)
    assert "call logs calls: no words of any call are kept" in text.getvalue()
    elsewhere = {"agent": "x", "agents_url": "https://a.example", "audiosocket": {"listen": "127.0.0.1:9"}}
    made.listening(parse_config({"bridge": elsewhere}), "127.0.0.1", 7, None)
    assert "AudioSocket 127.0.0.1:9 to agent x at https://a.example" in text.getvalue()
    text.truncate(text.seek(0))
    made.progress("recognizer pocketsphinx: loading")
    made.ready(1.25)
    made.draining(2)
    made.draining(0)
    made.draining(1)
    made.stopped()
    lines = text.getvalue().splitlines()
    assert "ready after 1.2 s" in lines[1]
    assert lines[2] == "  duologue talk http://127.0.0.1:7"
    assert "2 conversations may finish" in lines[5]
    assert "nobody is connected" in lines[6]
    assert lines[7] == "stopping: 1 conversation may finish; Ctrl-C again ends it"
