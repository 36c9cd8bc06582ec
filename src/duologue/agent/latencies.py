"""The figures clients report about a reply (D§13): how long each part of the answer took, in seconds."""

from __future__ import annotations

from dataclasses import dataclass

from duologue.agent.notices import LatencyMeasured
from duologue.audio.formats import LISTEN_RATE
from duologue.listen.events import TurnEnded
from duologue.runtime.machine import Seconds


@dataclass(slots=True)
class Latencies:
    """Moments of one reply; `None` until they come. A draft's moments may lie before the end of the turn it answers."""

    turn_ended: Seconds | None = None
    """When the turn's end was told."""
    stt: Seconds | None = None
    """From the end of speech to the end of the turn: the silence waited for, and the recogniser's last words."""
    asked: Seconds | None = None
    """First request to a model."""
    round_asked: Seconds | None = None
    """The last request."""
    first_token: Seconds | None = None
    first_text: Seconds | None = None
    text_wait: Seconds | None = None
    """From the request of its round to the first token of text."""
    call_wait: Seconds | None = None
    """From the request of its round to the first token of a tool call."""
    spoken: Seconds | None = None
    """First phrase let out to the synthesiser."""
    first_audio: Seconds | None = None
    sent: Seconds | None = None
    """First audio sent to the client."""

    def end_turn(self, turn: TurnEnded | None, now: Seconds, hears_from: Seconds | None = None) -> None:
        """The turn this reply answers is over; `None` for a line typed by the application.

        `hears_from` is the moment the caller's audio began; without it only the silence is counted, in seconds of audio.
        """
        self.turn_ended = now
        if turn is not None:
            silence = max(0, turn.position - turn.speech_end) / LISTEN_RATE
            since = 0.0 if hears_from is None else now - hears_from - turn.speech_end / LISTEN_RATE
            self.stt = max(silence, since)

    def ask(self, now: Seconds) -> None:
        """A model is asked."""
        self.round_asked = now
        if self.asked is None:
            self.asked = now

    def write(self, now: Seconds, *, text: bool) -> None:
        """A model wrote, text or a tool call."""
        if self.first_token is None:
            self.first_token = now
        if text and self.first_text is None:
            self.first_text = now
            self.text_wait = _between(self.round_asked, now)
        elif not text and self.call_wait is None:
            self.call_wait = _between(self.round_asked, now)

    @property
    def think(self) -> Seconds | None:
        """Request to first token."""
        return _between(self.asked, self.first_token)

    @property
    def speak(self) -> Seconds | None:
        """First phrase to first audio."""
        return _between(self.spoken, self.first_audio)

    @property
    def total(self) -> Seconds | None:
        """End of speech to first audio sent."""
        waited = _between(self.turn_ended, self.sent)
        return None if waited is None else waited + (self.stt or 0.0)

    def measured(self, reply: int) -> LatencyMeasured:
        """As the client is told."""
        return LatencyMeasured(
            reply,
            stt=self.stt,
            ttt=self.think,
            tts=self.speak,
            total=self.total,
            ttt_text=self.text_wait,
            ttt_tool=self.call_wait,
            text_to_speech=_between(self.first_text, self.first_audio),
        )


def _between(start: Seconds | None, end: Seconds | None) -> Seconds | None:
    return None if start is None or end is None else max(0.0, end - start)
