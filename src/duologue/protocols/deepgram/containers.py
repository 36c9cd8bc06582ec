"""Audio that names no encoding must say itself what it is: a live stream may begin with a RIFF header (D§7.1, D§7.6)."""

from __future__ import annotations

from duologue.audio.formats import LISTEN_RATE, AudioFormat, Encoding
from duologue.errors import Violation

UNTIL_TOLD = AudioFormat(Encoding.PCM_S16LE, LISTEN_RATE)
"""What such a stream is taken for until its header is read."""
_RIFF = b"RIFF"


class ContainerCheck:
    """Looks at the first bytes of a stream. `audio` is what was declared; with a declaration nothing is checked."""

    def __init__(self, audio: AudioFormat | None) -> None:
        self._head: bytes | None = b"" if audio is None else None

    def see(self, payload: bytes) -> None:
        """Raises a fatal `Violation("audio_container")` once it is clear that no WAV file is coming."""
        if self._head is None:
            return
        self._head = (self._head + payload[: len(_RIFF)])[: len(_RIFF)]
        if not _RIFF.startswith(self._head):
            raise Violation(
                "audio_container",
                "the audio names no encoding and is no WAV file",
                path="encoding",
                expected="linear16, linear32, mulaw or alaw, with sample_rate",
                remedy="Name them in the query.",
                fatal=True,
            )
        if len(self._head) == len(_RIFF):
            self._head = None
