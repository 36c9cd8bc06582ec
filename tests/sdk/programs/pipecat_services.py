"""pipecat's own Cartesia and Deepgram services, each in a small pipeline of its own, pointed at one server by their URL options.

The speaking ones say a sentence, the hearing ones hear a recording in real time, some beside each other. Prints one JSON line a service.
"""

import argparse
import asyncio
import itertools
import json
import sys
import wave
from collections.abc import Callable
from typing import Any

import aiohttp
from loguru import logger
from pipecat.frames.frames import (
    EndFrame,
    ErrorFrame,
    Frame,
    InputAudioRawFrame,
    InterimTranscriptionFrame,
    TranscriptionFrame,
    TTSAudioRawFrame,
    TTSSpeakFrame,
    TTSStoppedFrame,
    TTSTextFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.services.cartesia.stt import CartesiaSTTService
from pipecat.services.cartesia.tts import CartesiaHttpTTSService, CartesiaTTSService
from pipecat.services.cartesia.turns.stt import CartesiaTurnsSTTService
from pipecat.services.deepgram.flux.stt import DeepgramFluxSTTService
from pipecat.services.deepgram.flux.tts import DeepgramFluxTTSService
from pipecat.services.deepgram.stt import DeepgramSTTService
from pipecat.services.deepgram.tts import DeepgramHttpTTSService, DeepgramTTSService
from pipecat.workers.runner import WorkerRunner

RATE = 16000
STEP_S = 0.02
LIMIT_S = 150.0
CALLERS = asyncio.Semaphore(2)
"""Recordings heard at once: the embedded recogniser is no small matter for two cores."""
VOICE = "71a7ad14-091c-4e8e-a314-022ece01c121"
TEXT = "Your coffee is ready now. Have a nice day."


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", required=True, help="host:port of the server")
    parser.add_argument("--wav", required=True, help="16 kHz mono")
    parser.add_argument("--key", default="test-key")
    return parser.parse_args()


class Ear(FrameProcessor):
    """Keeps what a service gives."""

    def __init__(self) -> None:
        super().__init__()
        self.frames: list[Frame] = []
        self.came = asyncio.Event()

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        self.frames.append(frame)
        self.came.set()
        await self.push_frame(frame, direction)

    async def until(self, kind: type[Frame]) -> None:
        while not any(isinstance(frame, kind) for frame in self.frames):
            self.came.clear()
            await self.came.wait()

    def of(self, kind: type[Frame]) -> list[Any]:
        return [frame for frame in self.frames if type(frame) is kind]


class Trouble(FrameProcessor):
    """Keeps the errors that travel upstream."""

    def __init__(self) -> None:
        super().__init__()
        self.errors: list[str] = []

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, ErrorFrame):
            self.errors.append(str(frame.error))
        await self.push_frame(frame, direction)


async def run_pipeline(service: FrameProcessor, act: Callable[[PipelineWorker, Ear], Any]) -> tuple[Ear, list[str]]:
    """Run a pipeline around a service until `act` is done, then end it."""
    ear, trouble = Ear(), Trouble()
    worker = PipelineWorker(
        Pipeline([trouble, service, ear]),
        params=PipelineParams(audio_in_sample_rate=RATE, audio_out_sample_rate=RATE),
        cancel_on_idle_timeout=False,
        enable_rtvi=False,
    )
    started = asyncio.Event()

    @worker.event_handler("on_pipeline_started")
    async def on_started(worker: PipelineWorker, frame: Frame) -> None:
        started.set()

    async def acted() -> None:
        await started.wait()
        try:
            async with asyncio.timeout(LIMIT_S):
                await act(worker, ear)
        except TimeoutError:
            trouble.errors.append("timeout")
        await worker.queue_frame(EndFrame())

    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    await asyncio.gather(runner.run(), acted())
    return ear, trouble.errors


async def speak(name: str, service: FrameProcessor) -> None:
    async def act(worker: PipelineWorker, ear: Ear) -> None:
        await worker.queue_frame(TTSSpeakFrame(TEXT))
        await ear.until(TTSStoppedFrame)

    ear, errors = await run_pipeline(service, act)
    audio = b"".join(frame.audio for frame in ear.of(TTSAudioRawFrame))
    loudest = max((abs(value) for value in memoryview(audio[: len(audio) // 2 * 2]).cast("h")), default=0)
    words = [frame.text for frame in ear.of(TTSTextFrame)]
    times = [frame.pts for frame in ear.of(TTSTextFrame)]
    tell(
        name,
        seconds=len(audio) / 2 / RATE,
        loudest=loudest,
        words=words,
        rising=times == sorted(times, key=lambda t: t or 0),
        errors=errors,
    )


async def hear(name: str, service: FrameProcessor, wav: str) -> None:
    async with CALLERS:
        await hear_now(name, service, wav)


async def hear_now(name: str, service: FrameProcessor, wav: str) -> None:
    with wave.open(wav) as file:
        audio = file.readframes(file.getnframes())
    step = int(RATE * STEP_S) * 2

    async def act(worker: PipelineWorker, ear: Ear) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        await worker.queue_frame(VADUserStartedSpeakingFrame())
        for start in itertools.count(0, step):
            silence = start - len(audio)
            if silence > 0 and ear.of(TranscriptionFrame):
                return
            if 0 <= silence - RATE < step:  # half a second, like a voice activity detector
                await worker.queue_frame(VADUserStoppedSpeakingFrame())
            await worker.queue_frame(InputAudioRawFrame(audio[start : start + step] or bytes(step), RATE, 1))
            due += STEP_S
            await asyncio.sleep(max(0.0, due - loop.time()))

    ear, errors = await run_pipeline(service, act)
    finals = [frame.text for frame in ear.of(TranscriptionFrame)]
    kinds = sorted({type(frame).__name__ for frame in ear.frames})
    tell(name, finals=finals, interims=len(ear.of(InterimTranscriptionFrame)), kinds=kinds, errors=errors)


def tell(service: str, **facts: Any) -> None:
    sys.stdout.write(json.dumps({"service": service, **facts}) + "\n")
    sys.stdout.flush()


async def run(args: argparse.Namespace) -> None:
    http, ws, key = f"http://{args.host}", f"ws://{args.host}", args.key
    flux = DeepgramFluxSTTService.Settings(eager_eot_threshold=0.5)
    voice = CartesiaTTSService.Settings(voice=VOICE)
    live = DeepgramSTTService.Settings(endpointing=300)
    async with aiohttp.ClientSession() as session:
        cartesia_http = CartesiaHttpTTSService(
            api_key=key, base_url=http, aiohttp_session=session, settings=CartesiaHttpTTSService.Settings(voice=VOICE)
        )
        deepgram_http = DeepgramHttpTTSService(api_key=key, base_url=http, aiohttp_session=session)
        await asyncio.gather(
            speak("CartesiaTTSService", CartesiaTTSService(api_key=key, url=f"{ws}/tts/websocket", settings=voice)),
            speak("CartesiaHttpTTSService", cartesia_http),
            speak("DeepgramTTSService", DeepgramTTSService(api_key=key, base_url=ws)),
            speak("DeepgramHttpTTSService", deepgram_http),
            speak("DeepgramFluxTTSService", DeepgramFluxTTSService(api_key=key, url=f"{ws}/v2/speak")),
        )
        await asyncio.gather(
            hear("CartesiaSTTService", CartesiaSTTService(api_key=key, base_url=ws), args.wav),
            hear(
                "CartesiaTurnsSTTService",
                CartesiaTurnsSTTService(api_key=key, url=f"{ws}/stt/turns/websocket"),
                args.wav,
            ),
            hear("DeepgramSTTService", DeepgramSTTService(api_key=key, base_url=ws, settings=live), args.wav),
            hear(
                "DeepgramFluxSTTService",
                DeepgramFluxSTTService(api_key=key, url=f"{ws}/v2/listen", settings=flux),
                args.wav,
            ),
        )


if __name__ == "__main__":
    logger.remove()
    logger.add(sys.stderr, level="WARNING")
    asyncio.run(run(options()))
