"""What the two sockets that speak share: messages, one context of speech after another, audio in short frames (D§8, D§9)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from duologue.audio.formats import AudioFormat, Pcm
from duologue.audio.output import AudioOutput
from duologue.errors import Violation
from duologue.protocols.codec import MAX_SETTINGS_BYTES, parse_object
from duologue.protocols.dialect import Frame
from duologue.speak.context_events import TextPushed
from duologue.speak.speech import SpeakOptions

SESSION_S = 3_600.0
"""Length of a connection (D§8.4)."""
HELD_S = SESSION_S
"""How long text waits that ends no sentence: until more comes, or the flush, which is the client's."""
FRAME_S = 0.1
"""Audio per frame at most."""


def read_message(frame: Frame, handled: Sequence[str]) -> dict[str, Any]:
    """The members of a message. Raises `Violation`; `handled` are the types to name when the frame is binary."""
    if isinstance(frame, bytes):
        raise Violation("binary", "this socket takes text only", expected=", ".join(handled))
    return parse_object(frame, MAX_SETTINGS_BYTES)


class SpeechStream:
    """Contexts of `SpeechContexts`, one after another; nothing is heard any more of those before `context`."""

    def __init__(self, rate: int, audio: AudioFormat) -> None:
        """`rate` is that of the speech, in hertz; `audio` is what the client asked for."""
        self._rate = rate
        self._audio = audio
        self._contexts = 0
        self.renew()

    def renew(self) -> None:
        """What follows is said in a new context."""
        self._contexts += 1
        self.context = str(self._contexts)
        self._output = AudioOutput(self._rate, self._audio)

    def push(self, text: str, options: SpeakOptions, *, flush: bool = False) -> TextPushed:
        """Text to be spoken in the present context."""
        return TextPushed(self.context, text, more=True, flush=flush, options=options, buffer_delay=HELD_S)

    def give(self, pcm: Pcm) -> Iterator[bytes]:
        """Audio for the client, in frames."""
        return self._frames(self._output.push(pcm))

    def finish(self) -> Iterator[bytes]:
        """What the change of rate still held back of a flushed text."""
        return self._frames(self._output.finish())

    def _frames(self, payload: bytes) -> Iterator[bytes]:
        """Cut between samples."""
        size = int(self._audio.sample_rate * FRAME_S) * self._audio.encoding.width
        for start in range(0, len(payload), size):
            yield payload[start : start + size]
