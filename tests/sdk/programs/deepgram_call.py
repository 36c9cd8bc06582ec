"""A call through Deepgram's client from 5.x on, fed like a microphone: one JSON line per message.

The caller speaks, the agent calls a function, the caller speaks again into the reply, the call ends.
"""

import argparse
import json
import sys
import threading
import time
import wave
from typing import Any

from deepgram.core.events import EventType
from deepgram_agent import RATE, SETTINGS, client_of, send_settings

FRAME = 1280
FUNCTION = {
    "name": "take_order",
    "description": "Takes an order",
    "parameters": {"type": "object", "properties": {"drink": {"type": "string"}}, "required": ["drink"]},
}


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", required=True, help="host:port of the server")
    parser.add_argument("--key", default="test-key")
    parser.add_argument("--wav", required=True, help="16 kHz mono 16 bit")
    parser.add_argument("--limit", type=float, default=150.0, help="seconds after which it stops anyway")
    return parser.parse_args()


def answer(agent: Any, call: dict[str, Any]) -> None:
    try:
        from deepgram.agent.v1.types import AgentV1SendFunctionCallResponse as Response
    except ImportError:
        from deepgram.extensions.types.sockets import AgentV1FunctionCallResponseMessage as Response
    agent.send_function_call_response(
        Response(type="FunctionCallResponse", id=call["id"], name=call["name"], content='{"ok": true}')
    )


class Call:
    def __init__(self, agent: Any, recording: bytes, limit: float) -> None:
        self.agent = agent
        self.recording = recording
        self.deadline = time.monotonic() + limit
        self.applied, self.replying, self.finished = threading.Event(), threading.Event(), threading.Event()
        self.asked = False
        self.done = 0

    def told(self, message: Any) -> None:
        if isinstance(message, bytes | bytearray):
            line: dict[str, Any] = {"type": "audio", "bytes": len(message)}
            if self.asked:
                self.replying.set()
        else:
            known = message if isinstance(message, dict) else json.loads(message.json())
            line = {name: value for name, value in known.items() if value is not None}
            line["parsed"] = type(message).__name__
        say(line)
        if line["type"] == "SettingsApplied":
            self.applied.set()
        elif line["type"] == "FunctionCallRequest":
            self.asked = True
            answer(self.agent, line["functions"][0])
        elif line["type"] == "AgentAudioDone":
            self.done += 1
            if self.done == 2:
                self.finished.set()

    def speak(self) -> None:
        self.applied.wait(60)
        sound, again = self.recording, 0.0
        due = time.monotonic()
        while not self.finished.is_set() and time.monotonic() < self.deadline:
            if self.replying.is_set() and not again:
                again = time.monotonic() + 1.0
            if again and time.monotonic() > again:
                sound, again = self.recording[2 * RATE :], float("inf")
            frame, sound = sound[:FRAME], sound[FRAME:]
            self.agent.send_media(frame.ljust(FRAME, b"\0"))
            due += FRAME / 2 / RATE
            time.sleep(max(0.0, due - time.monotonic()))
        self.agent._websocket.close()


def say(line: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def main() -> None:
    given = arguments()
    with wave.open(given.wav) as wav:
        assert wav.getframerate() == RATE, "the recording must have 16 kHz"
        recording = wav.readframes(wav.getnframes())
    SETTINGS["agent"]["think"]["functions"] = [FUNCTION]
    del SETTINGS["agent"]["greeting"]
    with client_of(given).agent.v1.connect() as agent:
        call = Call(agent, recording, given.limit)
        agent.on(EventType.MESSAGE, call.told)
        agent.on(EventType.ERROR, lambda error: say({"type": "client-error", "error": repr(error)}))
        agent.on(EventType.CLOSE, lambda _: say({"type": "client-closed", "told": True}))
        speaking = threading.Thread(target=call.speak)
        send_settings(agent)
        speaking.start()
        agent.start_listening()
        speaking.join()


if __name__ == "__main__":
    main()
