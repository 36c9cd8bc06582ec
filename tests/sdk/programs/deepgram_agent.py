"""A voice agent with Deepgram's client, fed like a microphone: prints one JSON line per message.

Runs with `deepgram-sdk` 5.x and 7.x, and nothing else installed.
"""

import argparse
import inspect
import json
import sys
import threading
import time
import wave
from typing import Any

from deepgram import DeepgramClient
from deepgram.core.events import EventType
from deepgram.environment import DeepgramClientEnvironment

RATE = 16000
SETTINGS: dict[str, Any] = {
    "type": "Settings",
    "audio": {
        "input": {"encoding": "linear16", "sample_rate": RATE},
        "output": {"encoding": "linear16", "sample_rate": RATE, "container": "none"},
    },
    "agent": {
        "listen": {"provider": {"type": "deepgram", "model": "nova-3"}},
        "think": {"provider": {"type": "open_ai", "model": "gpt-4o-mini"}, "prompt": "You take coffee orders."},
        "speak": {"provider": {"type": "deepgram", "model": "aura-2-thalia-en"}},
        "greeting": "Hello! What can I get you?",
    },
}


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", required=True, help="host:port of the server")
    parser.add_argument("--key", default="test-key")
    parser.add_argument("--wav", required=True, help="16 kHz mono 16 bit")
    parser.add_argument("--replies", type=int, default=2, help="stop after so many AgentAudioDone")
    parser.add_argument("--inject", default="", help="a line injected for the caller after the recording")
    parser.add_argument("--limit", type=float, default=150.0, help="seconds after which it stops anyway")
    return parser.parse_args()


def client_of(args: argparse.Namespace) -> DeepgramClient:
    places = {
        "base": f"http://{args.host}",
        "production": f"ws://{args.host}",
        "agent": f"ws://{args.host}",
        "agent_rest": f"http://{args.host}",
    }
    accepted = inspect.signature(DeepgramClientEnvironment.__init__).parameters
    environment = DeepgramClientEnvironment(**{name: place for name, place in places.items() if name in accepted})
    return DeepgramClient(api_key=args.key, environment=environment)


def send_settings(agent: Any) -> None:
    try:
        from deepgram.agent.v1.types import AgentV1Settings as Settings
    except ImportError:
        from deepgram.extensions.types.sockets import AgentV1SettingsMessage as Settings
    agent.send_settings(Settings(**SETTINGS))


def send_line(agent: Any, text: str) -> None:
    try:
        from deepgram.agent.v1.types import AgentV1InjectUserMessage as Inject
    except ImportError:
        from deepgram.extensions.types.sockets import AgentV1InjectUserMessageMessage as Inject
    agent.send_inject_user_message(Inject(type="InjectUserMessage", content=text))


def main() -> None:
    args = options()
    with wave.open(args.wav) as wav:
        assert wav.getframerate() == RATE, "the recording must have 16 kHz"
        recording = wav.readframes(wav.getnframes())
    applied, finished = threading.Event(), threading.Event()
    began = time.monotonic()
    audio_done = 0

    def on_message(message: Any) -> None:
        nonlocal audio_done
        line: dict[str, Any] = {"at": round(time.monotonic() - began, 3)}
        if isinstance(message, bytes | bytearray):
            line |= {"type": "audio", "bytes": len(message)}
        else:
            known = message if isinstance(message, dict) else json.loads(message.json())
            line |= {name: value for name, value in known.items() if value is not None}
            line["parsed"] = type(message).__name__
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()
        if line["type"] == "SettingsApplied":
            applied.set()
        elif line["type"] == "AgentAudioDone":
            audio_done += 1
            if audio_done >= args.replies:
                finished.set()

    def microphone(agent: Any) -> None:
        applied.wait(60)
        sound = recording
        due = time.monotonic()
        while not finished.is_set() and time.monotonic() - began < args.limit:
            frame, sound = sound[:1280], sound[1280:]
            if not sound and args.inject:
                send_line(agent, args.inject)
                args.inject = ""
            agent.send_media(frame.ljust(1280, b"\0"))
            due += 0.04
            time.sleep(max(0.0, due - time.monotonic()))
        agent._websocket.close()

    def on_error(error: Any) -> None:
        sys.stdout.write(json.dumps({"type": "client-error", "error": repr(error)}) + "\n")

    with client_of(args).agent.v1.connect() as agent:
        agent.on(EventType.MESSAGE, on_message)
        agent.on(EventType.ERROR, on_error)
        speaking = threading.Thread(target=microphone, args=(agent,))
        send_settings(agent)
        speaking.start()
        agent.start_listening()
        speaking.join()


if __name__ == "__main__":
    main()
