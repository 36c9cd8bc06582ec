"""Deepgram's client of 2025, `deepgram-sdk` 3.11 and 4.8, on the listening and speaking sockets and requests.

Prints one JSON line a scenario.
"""

import argparse
import json
import sys
import threading
import time
import wave
from pathlib import Path
from typing import Any

from deepgram import (
    DeepgramClient,
    DeepgramClientOptions,
    LiveOptions,
    LiveTranscriptionEvents,
    PrerecordedOptions,
    SpeakOptions,
    SpeakWebSocketEvents,
    SpeakWSOptions,
)

RATE = 16000
STEP = 3200
HURRY_S = 0.025
LIMIT_S = 100.0


def tell(scenario: str, **facts: Any) -> None:
    sys.stdout.write(json.dumps({"scenario": scenario, **facts}) + "\n")
    sys.stdout.flush()


class Log:
    """What a connection's handlers were called with."""

    def __init__(self, connection: Any, events: Any) -> None:
        self.lines: list[dict[str, Any]] = []
        self.audio = 0
        self._came = threading.Condition()
        for event in events:
            connection.on(event, self._handler(str(event)))

    def _handler(self, event: str) -> Any:
        def handle(_: Any, *__: Any, **values: Any) -> None:
            with self._came:
                data = values.get("data")
                if isinstance(data, bytes):
                    self.audio += len(data)
                else:
                    told = [json.loads(value.to_json()) for value in values.values() if hasattr(value, "to_json")]
                    self.lines.append({**(told[0] if told else {}), "event": event})
                self._came.notify_all()

        return handle

    def wait_for(self, event: str) -> None:
        with self._came:
            self._came.wait_for(lambda: any(line["event"] == event for line in self.lines), LIMIT_S)

    def wait_for_final(self) -> None:
        with self._came:
            self._came.wait_for(lambda: any(line.get("from_finalize") for line in self.lines), LIMIT_S)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", required=True, help="host:port of the server")
    parser.add_argument("--wav", required=True, help="16 kHz mono")
    args = parser.parse_args()
    options = DeepgramClientOptions(
        url=f"http://{args.host}", options={"keepalive": "true", "speaker_playback": "false"}
    )
    client = DeepgramClient("test-key", options)
    with wave.open(args.wav) as file:
        audio = file.readframes(file.getnframes()) + bytes(2 * RATE)

    live = client.listen.websocket.v("1")
    log = Log(live, LiveTranscriptionEvents)
    live.start(
        LiveOptions(model="nova-3", encoding="linear16", sample_rate=RATE, interim_results=True, vad_events=True)
    )
    for start in range(0, len(audio), STEP):
        live.send(audio[start : start + STEP])
        time.sleep(HURRY_S)
    live.finalize()
    log.wait_for_final()
    live.finish()
    tell("live", lines=log.lines)

    speech = client.speak.websocket.v("1")
    log = Log(speech, SpeakWebSocketEvents)
    speech.start(SpeakWSOptions(model="aura-2-thalia-en", encoding="linear16", sample_rate=RATE))
    speech.send_text("Your coffee is ready now.")
    speech.flush()
    log.wait_for("Flushed")
    speech.clear()
    log.wait_for("Cleared")
    speech.finish()
    tell("speech", lines=log.lines, bytes=log.audio)

    source = {"buffer": Path(args.wav).read_bytes()}
    heard = client.listen.rest.v("1").transcribe_file(source, PrerecordedOptions(model="nova-3"))
    tell("recording", transcript=heard.results.channels[0].alternatives[0].transcript)
    said = client.speak.rest.v("1").stream_memory({"text": "Hello."}, SpeakOptions(model="aura-asteria-en"))
    tell("file", media_type=said.content_type, model=said.model_name, characters=said.characters)


if __name__ == "__main__":
    main()
