"""Twilio's side of a media stream, written from its documentation: it shares no code with ours.

It speaks the JSON to the letter (numbers are strings), plays what it is sent in order behind a delay, sends marks back when the audio
before them has been played, and all of them at once after a clear. What the caller's ear heard is kept, with when.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode

TOKEN = "an auth token"
PUBLIC = "https://voice.example.org"
FRAME = 160


def signature(url: str, form: dict[str, str] | None = None, token: str = TOKEN) -> str:
    """As Twilio signs."""
    text = url + "".join(name + value for name, value in sorted((form or {}).items()))
    return base64.b64encode(hmac.new(token.encode(), text.encode(), hashlib.sha1).digest()).decode()


@dataclass
class Ear:
    """What the caller hears: a line of audio that plays at 8,000 bytes a second."""

    sounds: list[tuple[float, bytes]] = field(default_factory=list)
    """When each piece began to play, and what was heard of it."""
    silent_at: float = 0.0

    def play(self, payload: bytes, now: float) -> float:
        """Put a piece behind the others; when it will have been played."""
        begins = max(now, self.silent_at)
        self.sounds.append((begins, payload))
        self.silent_at = begins + len(payload) / 8_000
        return self.silent_at

    def clear(self, now: float) -> None:
        """Fall silent."""
        self.sounds = [(at, heard[: max(0, round((now - at) * 8_000))]) for at, heard in self.sounds if at < now]
        self.silent_at = min(self.silent_at, now)

    def heard(self, now: float) -> bytes:
        """Everything heard by `now`, joined."""
        return b"".join(payload[: max(0, round((now - at) * 8_000))] for at, payload in self.sounds)


class TwilioPeer:
    """One stream. `send` writes a text frame; give `take` every frame that comes."""

    def __init__(
        self, send: Callable[[str], Any], call: str = "CA33", stream: str = "MZ11", delay_s: float = 0.0
    ) -> None:
        self._send = send
        self._delay = delay_s
        self.call = call
        self.stream = stream
        self.ear = Ear()
        self.received: list[tuple[float, dict[str, Any]]] = []
        self.marks_returned: list[str] = []
        self._waiting: list[tuple[str, asyncio.TimerHandle]] = []
        self._coming: deque[dict[str, Any]] = deque()
        self._going: deque[str] = deque()
        """What is on the way, in order: timers of one moment fire in any."""
        self._sequence = 0
        self._chunk = 0
        self._loop = asyncio.get_running_loop()

    # To us.

    def _say(self, event: str, **members: Any) -> None:
        self._sequence += 1
        message = {"event": event, "sequenceNumber": str(self._sequence), "streamSid": self.stream, **members}
        self._send(json.dumps(message, separators=(",", ":")))

    def start(self, **parameters: str) -> None:
        """`connected` and `start`."""
        self._send('{"event":"connected","protocol":"Call","version":"1.0.0"}')
        described = {
            "streamSid": self.stream,
            "accountSid": "AC22",
            "callSid": self.call,
            "tracks": ["inbound"],
            "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
            "customParameters": parameters,
        }
        self._say("start", start=described)

    def media(self, payload: bytes) -> None:
        """20 ms of the caller."""
        self._chunk += 1
        payload_text = base64.b64encode(payload).decode()
        media = {
            "track": "inbound",
            "chunk": str(self._chunk),
            "timestamp": str(self._chunk * 20),
            "payload": payload_text,
        }
        self._say("media", media=media)

    def press(self, digit: str) -> None:
        """A key."""
        self._say("dtmf", dtmf={"track": "inbound_track", "digit": digit})

    def stop(self) -> None:
        """The caller hung up."""
        self._say("stop", stop={"accountSid": "AC22", "callSid": self.call})

    async def speak(self, mulaw: bytes) -> None:
        """A recording, in real time."""
        due = self._loop.time()
        for at in range(0, len(mulaw), FRAME):
            self.media(mulaw[at : at + FRAME].ljust(FRAME, b"\xff"))
            due += 0.02
            await asyncio.sleep(max(0.0, due - self._loop.time()))

    # From us.

    def take(self, frame: str | bytes) -> None:
        """One frame; it is obeyed after the delay of the network."""
        assert isinstance(frame, str), "Twilio takes text frames only"
        message = json.loads(frame)
        self.received.append((self._loop.time(), message))
        self._coming.append(message)
        self._loop.call_later(self._delay, self._obey_next) if self._delay else self._obey_next()

    def _obey_next(self) -> None:
        self._obey(self._coming.popleft())

    def _obey(self, message: dict[str, Any]) -> None:
        assert message["streamSid"] == self.stream
        now = self._loop.time()
        if message["event"] == "media":
            payload = base64.b64decode(message["media"]["payload"], validate=True)
            assert payload
            self.ear.play(payload, now)
        elif message["event"] == "mark":
            name = message["mark"]["name"]
            timer = self._loop.call_at(max(now, self.ear.silent_at), self._return, name)
            self._waiting.append((name, timer))
        else:
            assert message["event"] == "clear", message
            self.ear.clear(now)
            for name, timer in list(self._waiting):
                timer.cancel()
                self._return(name)

    def _return(self, name: str) -> None:
        self._waiting = [waiting for waiting in self._waiting if waiting[0] != name]
        self.marks_returned.append(name)
        self._going.append(name)
        self._loop.call_later(self._delay, self._say_mark) if self._delay else self._say_mark()

    def _say_mark(self) -> None:
        self._say("mark", mark={"name": self._going.popleft()})

    @property
    def kinds(self) -> list[str]:
        """The events received, in order."""
        return [message["event"] for _, message in self.received]

    def close(self) -> None:
        """Forget what is still to be played."""
        for _, timer in self._waiting:
            timer.cancel()
        self._waiting.clear()


def webhook(call: str = "CA33", token: str = TOKEN, **more: str) -> tuple[bytes, list[tuple[bytes, bytes]]]:
    """Body and headers of Twilio's request about a call."""
    form = {"CallSid": call, "AccountSid": "AC22", "From": "+14155550100", "To": "+14155550199", **more}
    body = urlencode(form)
    assert dict(parse_qsl(body)) == {name: value for name, value in form.items() if value}
    signed = signature(f"{PUBLIC}/twilio/voice", form, token)
    headers = [
        (b"content-type", b"application/x-www-form-urlencoded; charset=UTF-8"),
        (b"x-twilio-signature", signed.encode()),
        (b"host", b"whatever.example"),
    ]
    return body.encode(), headers
