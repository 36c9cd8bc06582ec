"""The turns of one `/v2/speak` connection: what was asked, what was said of it, and how much of that was heard (D§9.4, D§9.5).

Turns are segments of one context after another. Lengths of audio are samples at the rate of the speech; a turn counts from its own
beginning.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from duologue.audio.formats import Samples
from duologue.speak.speech import SpokenWord


@dataclass(slots=True)
class SpeechTurn:
    """One turn."""

    speech_id: str
    text: str = ""
    flushed: bool = False
    """Its text is complete."""
    samples: Samples = 0
    """Of its audio so far."""
    words: list[tuple[Samples, int]] = field(default_factory=list)
    """Where each word ends, in the turn's audio and in its text."""
    audio_at: Samples = 0
    """Where it begins in the audio of its context."""
    text_at: int = 0
    """The same in the text."""

    def split(self, heard: Samples) -> tuple[str, str]:
        """Its text, cut behind the last word of which all was heard."""
        cut = max((text_end for end, text_end in self.words if end <= heard), default=0)
        return self.text[:cut], self.text[cut:]


class SpeechTurns:
    """Turns that are not over: the first is spoken, the last may still get text."""

    def __init__(self) -> None:
        self._turns: deque[SpeechTurn] = deque()
        self._context_samples: Samples = 0
        self._context_text = 0
        self.characters = 0
        """Of all text so far."""
        self.samples: Samples = 0
        """Of all audio so far, or as much of it as the client said it had played."""

    @property
    def active(self) -> SpeechTurn | None:
        """The turn that is spoken."""
        return self._turns[0] if self._turns else None

    @property
    def open(self) -> SpeechTurn | None:
        """The turn that gets text."""
        return self._turns[-1] if self._turns and not self._turns[-1].flushed else None

    def begin(self, speech_id: str) -> SpeechTurn:
        """A new turn, behind all others."""
        turn = SpeechTurn(speech_id, text_at=self._context_text, audio_at=self._context_samples)
        self._turns.append(turn)
        return turn

    def write(self, turn: SpeechTurn, text: str) -> None:
        """More text for the open turn."""
        turn.text += text
        self._context_text += len(text)
        self.characters += len(text)

    def speak(self, samples: Samples, words: Sequence[SpokenWord]) -> None:
        """Audio of the turn that is spoken; `words` count from the beginning of the context."""
        self._context_samples += samples
        self.samples += samples
        turn = self.active
        if turn is not None:
            turn.samples += samples
            turn.words += [(word.end - turn.audio_at, word.text_end - turn.text_at) for word in words]

    def finish(self) -> SpeechTurn | None:
        """The turn that was spoken is over; the next one begins where the audio is."""
        if not self._turns:
            return None
        over = self._turns.popleft()
        if self._turns:
            self._turns[0].audio_at = self._context_samples
        return over

    def interrupt(self, played: Samples | None) -> tuple[SpeechTurn, tuple[str, str] | None] | None:
        """Nothing of any turn is heard any more. Returns the turn that was cut and, where the client said how much of the session's audio
        it has played, what of its text was heard and what was not.
        """
        cut = self.active
        if cut is None:
            return None
        began = self.samples - cut.samples
        texts = None if played is None else cut.split(played - began)
        if played is not None:
            self.samples = min(played, self.samples)
        self._turns.clear()
        self.renew()
        return cut, texts

    def renew(self) -> None:
        """What follows is said in a new context, whose audio and text count from zero. A turn that goes on keeps its own counts."""
        self._context_samples = 0
        self._context_text = 0
        for turn in self._turns:
            turn.audio_at, turn.text_at = -turn.samples, -len(turn.text)
