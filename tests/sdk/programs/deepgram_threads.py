"""A call through Deepgram's client of 2025, `deepgram-sdk` 3.11 (early access) and 4.8, fed like a microphone: one JSON line per event.

The caller speaks, the agent calls a function, the caller speaks again into the reply, the call ends. The client is pointed elsewhere by
its options alone: it overwrites the `url` it was given, so these options keep theirs.
"""

import argparse
import json
import sys
import threading
import time
import wave
from typing import Any

import deepgram
from deepgram import AgentWebSocketEvents, DeepgramClient, DeepgramClientOptions

RATE = 16000
FRAME = 1280
EARLY_ACCESS = deepgram.__version__.lstrip("v").startswith("3.")
SCHEMA = {"type": "object", "properties": {"drink": {"type": "string", "description": "which"}}, "required": ["drink"]}


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", required=True, help="host:port of the server")
    parser.add_argument("--wav", required=True, help="16 kHz mono 16 bit")
    parser.add_argument("--limit", type=float, default=150.0, help="seconds after which it stops anyway")
    return parser.parse_args()


def client_of(host: str) -> DeepgramClient:
    class Elsewhere(DeepgramClientOptions):  # type: ignore[misc]
        @property
        def url(self) -> str:
            return f"http://{host}"

        @url.setter
        def url(self, value: str) -> None:
            """The agent client insists on the vendor's host."""

    return DeepgramClient("test-key", Elsewhere(options={"keepalive": "true"}))


def early_settings() -> Any:
    from deepgram import Function, SettingsConfigurationOptions

    options = SettingsConfigurationOptions()
    options.agent.think.provider.type = "open_ai"
    options.agent.think.model = "gpt-4o-mini"
    options.agent.think.instructions = "You take coffee orders."
    options.agent.think.functions = [Function("take_order", "Takes an order", "", "post", parameters=SCHEMA)]
    return options


def settings() -> Any:
    from deepgram import Function, SettingsOptions
    from deepgram.clients.agent.v1.websocket.options import Endpoint, Parameters

    options = SettingsOptions()
    options.audio.input.sample_rate = RATE
    options.agent.listen.provider.type = "deepgram"
    options.agent.listen.provider.model = "nova-3"
    options.agent.think.provider.type = "open_ai"
    options.agent.think.provider.model = "gpt-4o-mini"
    options.agent.think.prompt = "You take coffee orders."
    options.agent.think.functions = [
        Function("take_order", "Takes an order", "", "POST", parameters=Parameters(**SCHEMA), endpoint=Endpoint())
    ]
    return options


class Call:
    def __init__(self, host: str, recording: bytes, limit: float) -> None:
        self.agent = client_of(host).agent.websocket.v("1")
        self.recording = recording
        self.deadline = time.monotonic() + limit
        self.replying, self.finished, self.closed = threading.Event(), threading.Event(), threading.Event()
        self.asked = False
        self.done = 0

    def told(self, _client: Any, *values: Any, **given: Any) -> None:
        ((name, value),) = given.items() or [("", value) for value in values]
        if isinstance(value, bytes):
            line: dict[str, Any] = {"type": "audio", "bytes": len(value)}
            if self.asked:
                self.replying.set()
        elif name == "unhandled":
            line = json.loads(value.raw)
            line["parsed"] = "unhandled"
        else:
            line = {**json.loads(value.to_json()), "parsed": type(value).__name__}
            line["type"] = {"error": "Error", "agent_started_speaking": "AgentStartedSpeaking"}.get(
                name, line.get("type")
            )
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()
        self.react(line)

    def react(self, line: dict[str, Any]) -> None:
        if line["type"] == "FunctionCallRequest":
            self.asked = True
            result = '{"ok": true}'
            if EARLY_ACCESS:
                answer = {"function_call_id": line["function_call_id"], "output": result}
            else:
                (call,) = line["functions"]
                answer = {"id": call["id"], "name": call["name"], "content": result}
            self.agent.send(json.dumps({"type": "FunctionCallResponse", **answer}))
        elif line["type"] == "AgentAudioDone":
            self.done += 1
            if self.done == 2:
                self.finished.set()
        elif line["type"] == "Close":
            self.closed.set()

    def run(self) -> None:
        for event in AgentWebSocketEvents.__members__.values():
            self.agent.on(event, self.told)
        if not self.agent.start(early_settings() if EARLY_ACCESS else settings()):
            sys.exit("the client could not start")
        sound, again = self.recording, 0.0
        due = time.monotonic()
        while not self.finished.is_set() and time.monotonic() < self.deadline:
            if self.replying.is_set() and not again:
                again = time.monotonic() + 1.0
            if again and time.monotonic() > again:
                sound, again = self.recording[2 * RATE :], float("inf")
            frame, sound = sound[:FRAME], sound[FRAME:]
            self.agent.send(frame.ljust(FRAME, b"\0"))
            due += FRAME / 2 / RATE
            time.sleep(max(0.0, due - time.monotonic()))
        self.agent.finish()
        sys.stdout.write(json.dumps({"type": "client-closed", "told": self.closed.wait(60)}) + "\n")


def main() -> None:
    given = arguments()
    with wave.open(given.wav) as wav:
        assert wav.getframerate() == RATE, "the recording must have 16 kHz"
        recording = wav.readframes(wav.getnframes())
    Call(given.host, recording, given.limit).run()


if __name__ == "__main__":
    main()
