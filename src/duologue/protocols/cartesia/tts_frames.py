"""What a context of `/tts/websocket` says while it speaks: chunks of audio, and the words and sounds that begin in them (C§5.3)."""

from __future__ import annotations

import base64
from collections.abc import Iterator

from duologue.audio.formats import AudioFormat, Samples
from duologue.audio.output import AudioOutput
from duologue.protocols.cartesia.tts_messages import (
    Chunk,
    Done,
    FlushDone,
    PhonemeTimes,
    PhonemeTimestamps,
    Timestamps,
    WordTimestamps,
)
from duologue.protocols.codec import encode
from duologue.speak.context_events import ContextAudio
from duologue.speak.speech import SpokenWord

FRAME_S = 0.2
"""Audio per message at most: 51 KB of base64 for 48 kHz floats, far below the clients' 1 MiB (C§2.7)."""
RUNNING = 206
"""The status of everything that is not an error (C§5.3)."""


class ContextFrames:
    """The frames of one context."""

    def __init__(self, context: str, rate: int, audio: AudioFormat, *, timestamps: bool) -> None:
        """`rate` is that of the speech, in hertz; `audio` is what the client asked for, `timestamps` whether it wants its words' times."""
        self._context = context
        self._rate = rate
        self._audio = audio
        self._output = AudioOutput(rate, audio)
        self._timestamps = timestamps
        self._segment = 1

    def speak(self, notice: ContextAudio) -> Iterator[str]:
        """Audio, and just before it the words and sounds that begin in it: that serves captions best."""
        self._segment = notice.segment
        if self._timestamps and notice.words:
            yield self._words(notice)
        if notice.phonemes:  # there are some only when the context asked for them
            yield self._phonemes(notice)
        yield from self._chunks(self._output.push(notice.pcm), notice.elapsed)

    def flush(self, segment: int) -> Iterator[str]:
        """The end of a segment. What resampling kept back belongs to it: nothing of it may follow.

        The acknowledgement stands behind the segment's last chunk, which satisfies those, too, who take it for an answer (C§5.6).
        """
        yield from self._chunks(self._output.finish(), 0.0)
        yield encode(
            FlushDone(context_id=self._context, done=False, status_code=RUNNING, flush_done=True, flush_id=segment)
        )

    def finish(self) -> Iterator[str]:
        """The end of the context."""
        yield from self._chunks(self._output.finish(), 0.0)
        yield encode(Done(context_id=self._context, done=True, status_code=RUNNING))

    def _chunks(self, payload: bytes, elapsed: float) -> Iterator[str]:
        """Base64 chunks of at most 0.2 s, cut between samples."""
        size = int(self._audio.sample_rate * FRAME_S) * self._audio.encoding.width
        for start in range(0, len(payload), size):
            chunk = Chunk(
                context_id=self._context,
                done=False,
                status_code=RUNNING,
                data=base64.b64encode(payload[start : start + size]).decode(),
                step_time=round(elapsed * 1000, 3) if start == 0 else 0.0,
                flush_id=self._segment,
            )
            yield encode(chunk)

    def _words(self, notice: ContextAudio) -> str:
        times = WordTimestamps(
            words=[word.text for word in notice.words],
            start=[self._seconds(word.start) for word in notice.words],
            end=[self._seconds(_end(word)) for word in notice.words],
        )
        message = Timestamps(
            context_id=self._context, done=False, status_code=RUNNING, word_timestamps=times, flush_id=notice.segment
        )
        return encode(message)

    def _phonemes(self, notice: ContextAudio) -> str:
        times = PhonemeTimes(
            phonemes=[sound.text for sound in notice.phonemes],
            start=[self._seconds(sound.start) for sound in notice.phonemes],
            end=[self._seconds(sound.end) for sound in notice.phonemes],
        )
        message = PhonemeTimestamps(
            context_id=self._context, done=False, status_code=RUNNING, phoneme_timestamps=times, flush_id=notice.segment
        )
        return encode(message)

    def _seconds(self, position: Samples) -> float:
        return round(position / self._rate, 4)


def _end(word: SpokenWord) -> Samples:
    return max(word.start, word.end)
