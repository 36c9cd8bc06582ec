"""What a session says, on its way to the client: rendered, converted, counted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from duologue.agent.commands import ClearAudio, PlayAudio
from duologue.agent.notices import AgentFinishedSpeaking, AgentStartedSpeaking, Notice
from duologue.audio.formats import AudioFormat, Samples
from duologue.audio.output import AudioOutput
from duologue.protocols.dialect import AgentDialect, Frame
from duologue.server.connection import Life
from duologue.server.metrics import Metrics
from duologue.server.sent_audio import SentAudio
from duologue.server.socket import SLOW_READER, Socket
from duologue.usage.meter import UsageMeter

FRAME_S = 0.1
"""Audio in one frame at most (C§2.7, D§2.7)."""
AUDIO = "audio"
"""Tag of the audio that a clear takes back."""
MAX_UNSENT_S = 60.0
"""Of an agent's audio. A conversation goes on by the clock, so its producer cannot be paused: a client so far behind is let go."""


class CallOutput:
    """The way out of one call. `deliver` is what a `SessionRunner` is given."""

    def __init__(
        self, dialect: AgentDialect, socket: Socket, life: Life, meter: UsageMeter, metrics: Metrics, route: str
    ) -> None:
        self.life = life
        self._dialect = dialect
        self._socket = socket
        self._meter = meter
        self._metrics = metrics
        self._route = route
        self._audio: AudioFormat | None = None
        self._output: AudioOutput | None = None
        self._sent: SentAudio | None = None

    def begin(self, rate: int, audio: AudioFormat) -> None:
        """Speech comes at `rate` hertz from now on, and goes out as `audio`."""
        self._audio = audio
        self._output = AudioOutput(rate, audio)
        self._sent = SentAudio(rate, audio.sample_rate)

    def deliver(self, out: Notice | PlayAudio | ClearAudio) -> None:
        """One thing the session says. Never blocks."""
        match out:
            case PlayAudio():
                self._play(out, b"" if self._output is None else self._output.push(out.pcm))
            case ClearAudio():
                if self._output is not None:
                    self._output.clear()
                self._forget()
                self.tell(self._dialect.render(out))
            case _:
                self._say(out)

    def tell(self, frames: Sequence[Frame]) -> None:
        """Frames that are not audio."""
        for frame in frames:
            self._socket.tell(frame)

    def locate(self, position: Samples) -> list[tuple[int, Samples]]:
        """How much of which replies a client's loudspeaker has played by its own count, at the speech's rate."""
        return [] if self._sent is None else self._sent.locate(position)

    def _forget(self) -> None:
        """What waits to be written is not to be heard any more."""
        seconds = self._socket.forget(AUDIO)
        if self._sent is not None and self._audio is not None:
            self._sent.take_back(round(seconds * self._audio.sample_rate))

    def _say(self, notice: Notice) -> None:
        self._metrics.note(notice)
        excuses = self._dialect.deadlines.speech_excuses
        if isinstance(notice, AgentStartedSpeaking) and excuses:
            self.life.excuse(silence=True)
        elif isinstance(notice, AgentFinishedSpeaking):
            if excuses:
                self.life.excuse(silence=False)
            if self._output is not None and not notice.interrupted:
                self._play(PlayAudio(notice.reply, np.zeros(0, np.float32)), self._output.finish())
        self.tell(self._dialect.render(notice))

    def _play(self, out: PlayAudio, payload: bytes) -> None:
        if self._audio is None or self._sent is None:
            return
        for piece in _pieces(payload, self._audio):
            self._sent.add(out.reply, len(piece) // self._audio.encoding.width)
            seconds = self._audio.seconds(len(piece))
            self._meter.audio_out_s += seconds
            self._metrics.audio_out.labels(self._route).inc(seconds)
            for frame in self._dialect.render(out, piece):
                self._socket.play(frame, seconds, AUDIO)
        if self._socket.unsent_audio_s > MAX_UNSENT_S:
            self._socket.end(*SLOW_READER)


def _pieces(payload: bytes, audio: AudioFormat) -> Iterator[bytes]:
    """The audio of one frame each; whole samples, as the payload is."""
    size = int(audio.sample_rate * FRAME_S) * audio.encoding.width
    return (payload[start : start + size] for start in range(0, len(payload), size))
