"""What a session says, on its way to the client: rendered, converted, counted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np

from duologue.agent.commands import ClearAudio, PlayAudio
from duologue.agent.notices import AgentFinishedSpeaking, AgentStartedSpeaking, Notice
from duologue.audio.formats import AudioFormat, Samples
from duologue.audio.mp3 import Mp3Speech
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
        self._output: AudioOutput | Mp3Speech | None = None
        self._rate = 0
        self._held: Samples = 0
        """Compressed into bytes that have not come yet."""
        self._sent: SentAudio | None = None

    def begin(self, rate: int, audio: AudioFormat, mp3_bit_rate: int = 0) -> None:
        """Speech comes at `rate` hertz from now on, and goes out as `audio`, or as MP3 of its rate."""
        self._audio = audio
        self._rate = rate
        self._output = Mp3Speech(rate, audio.sample_rate, mp3_bit_rate) if mp3_bit_rate else AudioOutput(rate, audio)
        self._sent = SentAudio(rate, audio.sample_rate)

    def deliver(self, out: Notice | PlayAudio | ClearAudio) -> None:
        """One thing the session says. Never blocks."""
        match out:
            case PlayAudio():
                self._play(out, b"" if self._output is None else self._output.push(out.pcm))
            case ClearAudio():
                if self._output is not None:
                    self._output.clear()
                self._held = 0
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
        pieces = list(_pieces(payload, self._audio))
        for piece, samples in zip(pieces, self._lengths(out, pieces), strict=True):
            self._sent.add(out.reply, samples)
            seconds = samples / self._audio.sample_rate
            self._meter.audio_out_s += seconds
            self._metrics.audio_out.labels(self._route).inc(seconds)
            for frame in self._dialect.render(out, piece):
                self._socket.play(frame, seconds, AUDIO)
        if self._socket.unsent_audio_s > MAX_UNSENT_S:
            self._socket.end(*SLOW_READER)

    def _lengths(self, out: PlayAudio, pieces: Sequence[bytes]) -> list[Samples]:
        """How long the pieces sound. Compressed, that is only known of them together: of the speech they were made of."""
        if self._audio is None or isinstance(self._output, AudioOutput):
            return [len(piece) // self._audio.encoding.width for piece in pieces] if self._audio is not None else []
        self._held += round(len(out.pcm) * self._audio.sample_rate / self._rate)
        if not pieces:
            return []
        whole, self._held = self._held, 0
        shares = [whole * place // len(pieces) for place in range(len(pieces) + 1)]
        return [after - before for before, after in pairwise(shares)]


def _pieces(payload: bytes, audio: AudioFormat) -> Iterator[bytes]:
    """The audio of one frame each; whole samples, as the payload is."""
    size = int(audio.sample_rate * FRAME_S) * audio.encoding.width
    return (payload[start : start + size] for start in range(0, len(payload), size))
