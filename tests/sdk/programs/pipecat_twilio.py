"""pipecat's codec for Twilio's streams, beside ours: what it would send, and what it reads in what is sent to us.

Argument: a JSON file with `messages`, the frames of a caller's stream.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from types import SimpleNamespace

from pipecat.frames.frames import InputAudioRawFrame, InputDTMFFrame, InterruptionFrame, OutputAudioRawFrame
from pipecat.serializers.twilio import TwilioFrameSerializer


async def main(messages: list[str]) -> None:
    serializer = TwilioFrameSerializer("MZ11", params=TwilioFrameSerializer.InputParams(auto_hang_up=False))
    await serializer.setup(SimpleNamespace(audio_in_sample_rate=8000))
    quiet = OutputAudioRawFrame(audio=bytes(3200), sample_rate=8000, num_channels=1)
    for frame in (quiet, InterruptionFrame()):
        sent = await serializer.serialize(frame)
        print(json.dumps({"sends": json.loads(sent)}))
    for message in messages:
        frame = await serializer.deserialize(message)
        if isinstance(frame, InputAudioRawFrame):
            print(json.dumps({"reads": "audio", "rate": frame.sample_rate, "bytes": len(frame.audio)}))
        elif isinstance(frame, InputDTMFFrame):
            print(json.dumps({"reads": "key", "key": str(frame.button.value)}))


asyncio.run(main(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))["messages"]))
