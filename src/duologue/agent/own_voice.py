"""Our own voice in what the caller sends, as facts for the session. Stands beside the machines, where audio flows: `audio/echo.py` is told
what goes out and what comes in, and is asked only when the session is about to learn of more voice.
"""

from __future__ import annotations

from collections.abc import Sequence

from duologue.agent.commands import ClearAudio, PlayAudio
from duologue.agent.events import EchoHeard
from duologue.audio.echo import EchoDetector
from duologue.audio.spans import AudioSpan
from duologue.listen.events import ListenEvent, Progressed, TurnStarted
from duologue.runtime.machine import Seconds


class OwnVoice:
    """One call's. `rate` is that of all speech, in hertz."""

    def __init__(self, rate: int) -> None:
        self._detector = EchoDetector(rate)
        self._voiced: Seconds = 0.0

    def note(self, command: PlayAudio | ClearAudio, now: Seconds) -> None:
        """This is done now."""
        if isinstance(command, PlayAudio):
            self._detector.send(command.pcm, now)
        else:
            self._detector.clear(now)

    def hear(self, spans: Sequence[AudioSpan], now: Seconds) -> None:
        """The caller's next audio."""
        self._detector.hear(spans, now)

    def look(self, event: ListenEvent) -> EchoHeard | None:
        """What the session must know before it is told `event`: nothing, unless that brings more voice and some of it is ours."""
        if isinstance(event, TurnStarted):
            self._voiced = 0.0
        elif not isinstance(event, Progressed) or event.voiced <= self._voiced:
            return None
        else:
            self._voiced = event.voiced
        share = round(self._detector.own_share(event.position), 2)
        return EchoHeard(event.position, share) if share else None
