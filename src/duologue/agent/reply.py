"""One answer of the agent, draft or live: the text as it is generated, round by round, and its spoken side."""

from __future__ import annotations

from dataclasses import dataclass

from duologue.agent.history import Line
from duologue.agent.latencies import Latencies
from duologue.agent.notices import Origin
from duologue.agent.settings import PacingPolicy, ThinkSettings
from duologue.agent.utterance import Utterance
from duologue.runtime.machine import Seconds
from duologue.speak.phrases import PhrasePolicy, PhraseSplitter
from duologue.think.messages import Speaker, ToolCall

WHOLE_SENTENCES = PhrasePolicy(patient=True)
"""A sentence is not parted, unless a slow model makes the caller wait for its first words."""


@dataclass(slots=True, eq=False)
class Round:
    """One request to the model within a reply, and the line it wrote."""

    line: Line
    start: int
    """Where its text begins in the reply's; before it (negative) when an earlier reply spoke the first part."""
    text: str = ""
    """All that was generated for it."""


class Reply:
    """A reply. Its text is that of all its rounds, joined; phrases cut it without losing a character."""

    def __init__(
        self, number: int, origin: Origin, rate: int, pacing: PacingPolicy, *, draft_for: str | None = None
    ) -> None:
        """`draft_for` is the caller's text a draft answers; `None` for a live reply."""
        self.number = number
        self.origin = origin
        self.draft_for = draft_for
        self.utterance = Utterance(rate, pacing)
        self.latencies = Latencies()
        self.rounds: list[Round] = []
        self.asked_with = ThinkSettings()
        """What the model of the running or last round was asked with."""
        self.requested: list[ToolCall] = []
        """Calls of the running round; made when it finishes."""
        self.generating = False
        self.tools_made = 0
        self.acted = False
        """It did something else than speak, and may end without a word."""
        self.continues = False
        """It goes on with a reply that was cut."""
        self.protected = False
        """Must not be interrupted (`interruptible: false`)."""
        self.synthesis_open = False
        """The synthesiser was asked and has not been told to finish or stop."""
        self.synthesis_finishing = False
        """The synthesiser was told that no phrase follows."""
        self.announced = False
        """The client was told that we speak, in words or audio."""
        self.started = False
        """Audio has gone out."""
        self.finished = False
        """The client was told that everything was sent."""
        self._text = ""
        self._first_words_after = pacing.first_words_after
        self._splitter = PhraseSplitter(WHOLE_SENTENCES)

    @property
    def draft(self) -> bool:
        """Not committed yet."""
        return self.draft_for is not None

    @property
    def text(self) -> str:
        """Everything generated so far."""
        return self._text

    @property
    def round(self) -> int:
        """Number of the running or last round, from 1; 0 before the first."""
        return len(self.rounds)

    def open_round(self, line: Line | None = None) -> Line:
        """The next round begins; its line is given back, to be put into the history."""
        line = line or Line(Speaker.ASSISTANT)
        self.rounds.append(Round(line, len(self._text)))
        return line

    def write(self, delta: str) -> None:
        """More text of the running round."""
        self._text += delta
        self.rounds[-1].text += delta
        self.rounds[-1].line.text = self.rounds[-1].text
        for phrase in self._splitter.push(delta):
            self.utterance.add(phrase)

    @property
    def hurries_at(self) -> Seconds | None:
        """When the first words are spoken though their sentence has not ended; `None` when nobody waits for them."""
        first = self.latencies.first_token
        waiting = self.generating and first is not None and self.utterance.empty
        return first + self._first_words_after if waiting and first is not None else None

    def hurry(self) -> None:
        """Speak what can be spoken of the first sentence."""
        for phrase in self._splitter.hurry():
            self.utterance.add(phrase)

    def flush(self) -> None:
        """The round is over: what is held of its text is spoken too."""
        for phrase in self._splitter.flush():
            self.utterance.add(phrase)

    def close(self) -> None:
        """Nothing will be written any more."""
        self.flush()
        self.utterance.closed = True

    def go_on(self, old: Reply, heard: int, *, again: bool) -> None:
        """Speak what of `old` lies behind its first `heard` characters, as the same lines of the conversation.

        With `again` the last round is left out: it is to be asked for once more.
        """
        until = old.rounds[-1].start if again else None
        remainder = old.utterance.remainder(heard, until)
        end = heard + sum(len(text) for text, _ in remainder.phrases)
        for place in old.rounds[:-1] if again else old.rounds:
            # Text that was written and held back is never spoken: a second cut must not find it again.
            text = place.text[: max(0, end - place.start)]
            place.line.text = text
            place.line.cut = False
            self.rounds.append(Round(place.line, place.start - heard, text))
        self.continues = True
        self._text = old.text[heard:end]
        self.utterance.go_on(remainder)

    def told(self, heard: int) -> str:
        """The first `heard` characters as a client is told: the lines of several rounds with a space between them."""
        starts = [max(0, place.start) for place in self.rounds]
        parts = zip(starts, [*starts[1:], heard], strict=True)
        return " ".join(filter(None, (self._text[start : min(end, heard)].strip() for start, end in parts)))

    def cut_again(self, heard: int) -> None:
        """Cut lines that were cut already, at another place."""
        for place in self.rounds:
            place.line.text, place.line.cut = place.text, False
        self.cut_to(heard)

    def cut_to(self, heard: int) -> None:
        """Cut the lines to the first `heard` characters of the reply's text."""
        for place in self.rounds:
            length = max(0, heard - place.start)
            if length < len(place.line.text.rstrip()):
                place.line.cut_to(length)
