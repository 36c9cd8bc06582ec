"""Twilio's own package on both sides of a webhook: signs requests to a server, judges signatures, writes the documents it would send.

Arguments: a JSON file with `token`, `requests` (url, form, signature), and optionally a server's base URL and the public URL it goes by.
"""

from __future__ import annotations

import json
import sys
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

from multidict import MultiDict
from twilio.request_validator import RequestValidator
from twilio.twiml.voice_response import Connect, Dial, Parameter, Reject, Stream, VoiceResponse


def say(**values: Any) -> None:
    print(json.dumps(values))


def documents() -> dict[str, str]:
    """Each document of ours, as this package writes it."""
    stream = Stream(
        url="wss://voice.example.org/twilio/media/CA1/7.f00", status_callback="https://voice.example.org/twilio/status"
    )
    stream.append(Parameter(name="from", value="+14155550100"))
    stream.append(Parameter(name="name", value='O\'Brien & <sons> "Inc"'))
    connect = Connect()
    connect.append(stream)
    connected = VoiceResponse()
    connected.append(connect)
    busy, refused = VoiceResponse(), VoiceResponse()
    busy.append(Reject(reason="busy"))
    refused.append(Reject())
    number, sip = VoiceResponse(), VoiceResponse()
    number.append(Dial("+14155550123"))
    dial = Dial()
    dial.sip("sip:bob@example.org;transport=tcp")
    sip.append(dial)
    return {
        "connect": str(connected),
        "busy": str(busy),
        "reject": str(refused),
        "number": str(number),
        "sip": str(sip),
    }


def as_frameworks_give_it(form: dict[str, Any]) -> MultiDict[str]:
    """A form whose names may come several times."""
    pairs = MultiDict()
    for name, value in form.items():
        for each in value if isinstance(value, list) else [value]:
            pairs.add(name, each)
    return pairs


def ask(server: str, path: str, form: dict[str, str], signature: str) -> tuple[int, str]:
    request = urllib.request.Request(
        server + path, urllib.parse.urlencode(form).encode(), {"X-Twilio-Signature": signature}, method="POST"
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def main() -> None:
    given = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    validator = RequestValidator(given["token"])
    for request in given["requests"]:
        url, form = request["url"], as_frameworks_give_it(request["form"])
        accepts = bool(validator.validate(url, form, request["signature"]))
        say(signature=validator.compute_signature(url, form), accepts=accepts)
    say(documents=documents())
    if "server" in given:
        form = {
            "CallSid": "CA0123",
            "AccountSid": "AC22",
            "From": "+14155550100",
            "To": "+14155550199",
            "SpeechResult": "é ü & +",
        }
        signature = validator.compute_signature(f"{given['public']}/twilio/voice", form)
        status, body = ask(given["server"], "/twilio/voice", form, signature)
        say(status=status, body=body)
        status, body = ask(given["server"], "/twilio/voice", {**form, "From": "+19005550100"}, signature)
        say(status=status, body=body)


main()
