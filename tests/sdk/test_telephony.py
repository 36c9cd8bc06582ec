"""Telephony, judged by programs nobody here wrote: Twilio's own package, and pipecat's codec for Twilio's streams."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from duologue.bridge.ingress.json_dialects import TWILIO
from duologue.bridge.ingress.json_media import JsonMedia
from duologue.bridge.ingress.twilio_signature import SignedRequest, check_signature, sign
from duologue.bridge.ingress.twiml import connect_stream, dial, reject
from duologue.sim.clock import run
from tests.bridge.twilio_peer import PUBLIC, TwilioPeer
from tests.running_server import running_server
from tests.sdk.environments import run_python
from tests.sdk.test_cartesia import told

pytestmark = [pytest.mark.sdk, pytest.mark.timeout(600)]

TOKEN = "0123456789abcdef0123456789abcdef"
REQUESTS: list[tuple[str, dict[str, Any]]] = [
    ("https://voice.example.org/twilio/voice", {"CallSid": "CA1", "From": "+14155550100", "To": "+1"}),
    ("https://voice.example.org:443/twilio/voice?lang=en&x=%20", {"CallSid": "CA1", "Empty": "", "ü": "ß & é"}),
    ("https://voice.example.org/twilio/status", {"B": ["2", "1", "2"], "a": "z"}),
    ("https://voice.example.org:8443/prefix/twilio/voice/", {}),
    ("http://127.0.0.1:8765/twilio/voice", {"CallSid": "CA1"}),
    ("wss://voice.example.org/twilio/media/CA1/1800000120.f00", {}),
]


def listed(form: dict[str, Any]) -> dict[str, list[str]]:
    return {name: value if isinstance(value, list) else [value] for name, value in form.items()}


def test_twilios_package_and_ours_believe_each_other(tmp_path: Path) -> None:
    config = {
        "speak": {"synthesizer": {"engine": "tone"}},
        "listen": {"voice_activity": {"engine": "energy"}, "recognizer": {"engine": "scripted"}},
        "bridge": {"agent": "coffee", "twilio": {"public_url": PUBLIC, "auth_token_env": "DUOLOGUE_TEST_TWILIO_TOKEN"}},
    }
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("DUOLOGUE_TEST_TWILIO_TOKEN", TOKEN)
        with running_server(config) as server:
            given = {
                "token": TOKEN,
                "requests": [
                    {"url": url, "form": form, "signature": sign(TOKEN, url, listed(form))} for url, form in REQUESTS
                ],
                "server": server.http,
                "public": PUBLIC,
            }
            file = tmp_path / "requests.json"
            file.write_text(json.dumps(given))
            *judged, written, welcome, forged = told(run_python("twilio-9.13.0", "twilio_requests.py", str(file)))
    for (url, form), verdict in zip(REQUESTS, judged, strict=True):
        assert verdict["accepts"], url
        headers = {"x-twilio-signature": verdict["signature"]}
        check_signature(SignedRequest(url, headers, listed(form)), TOKEN, {})
    check_documents(written["documents"])
    assert welcome["status"] == 200, welcome
    stream = ElementTree.fromstring(welcome["body"]).find("Connect/Stream")
    assert stream is not None
    assert stream.attrib["url"].startswith("wss://voice.example.org/twilio/media/CA0123/")
    assert forged["status"] == 403


def check_documents(theirs: dict[str, str]) -> None:
    """What we send is what Twilio's package would write, attribute by attribute."""
    parameters = {"from": "+14155550100", "name": 'O\'Brien & <sons> "Inc"'}
    ours = {
        "connect": connect_stream(
            "wss://voice.example.org/twilio/media/CA1/7.f00", parameters, "https://voice.example.org/twilio/status"
        ),
        "busy": reject(busy=True),
        "reject": reject(),
        "number": dial("+14155550123"),
        "sip": dial("sip:bob@example.org;transport=tcp"),
    }
    assert ours.keys() == theirs.keys()
    for name, document in ours.items():
        assert ElementTree.canonicalize(document) == ElementTree.canonicalize(theirs[name]), name


def test_pipecats_codec_sends_what_ours_sends_and_reads_what_ours_reads(tmp_path: Path) -> None:
    messages: list[str] = []

    async def call() -> None:
        caller = TwilioPeer(messages.append)
        caller.start(agent="demo")
        caller.media(b"\x7e" * 160)
        caller.press("5")
        caller.press("#")
        caller.stop()

    run(call())
    file = tmp_path / "messages.json"
    file.write_text(json.dumps({"messages": messages}))
    media, clear, *read = told(run_python("pipecat-ai-1.14.0", "pipecat_twilio.py", str(file)))
    ours = JsonMedia(TWILIO)
    facts = [fact for message in messages if (fact := ours.receive(message)) is not None]
    assert len(facts) == 5
    assert json.loads(ours.clear()[0]) == clear["sends"]
    payload = base64.b64decode(media["sends"]["media"]["payload"])
    assert json.loads(ours.media(payload)[0]) == media["sends"]
    assert set(payload) <= {0xFF, 0x7F}, "both mean silence"
    assert [each["reads"] for each in read] == ["audio", "key", "key"]
    assert read[0] == {"reads": "audio", "rate": 8000, "bytes": 320}
    assert [each["key"] for each in read[1:]] == ["5", "#"]
