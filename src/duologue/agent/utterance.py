"""The spoken side of one reply: phrases let out to the synthesiser, audio held until it may be sent, what of it was heard.

Text goes to the synthesiser only while less than `ahead` of unheard speech waits, so an interrupted minute is never synthesised; audio goes
to the client when the pacer says so. Audio not yet heard is kept, so a reply that was cut in vain can go on from where it was heard.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from duologue.agent.commands import Synthesize
from duologue.agent.pacing import Pacer
from duologue.agent.phrase import Phrase, Remainder, find_remainder
from duologue.agent.playback import Playback
from duologue.agent.settings import PacingPolicy
from duologue.audio.formats import Pcm, Samples
from duologue.runtime.machine import Seconds
from duologue.speak.alignment import WordAlignment
from duologue.speak.speech import SpeakOptions, SpeechChunk

CHARACTERS_PER_S = 15.0
"""Guess of how fast text is spoken, for phrases whose audio has not come yet."""

LOOK_AGAIN: Seconds = 0.05
"""Shortest time between two looks at how much unheard speech waits."""


@dataclass(frozen=True, slots=True, eq=False)
class Outgoing:
    """What goes out next: a phrase that begins (`text`), audio, or both."""

    phrase: int
    text: str | None
    pcm: Pcm | None


class Utterance:
    """Phrases, audio and playback of one reply, at `rate`."""

    def __init__(self, rate: int, policy: PacingPolicy) -> None:
        self.playback = Playback(rate)
        self.alignment = WordAlignment()
        self._rate = rate
        self._ahead = policy.ahead
        self._pacer = Pacer(policy, rate)
        self._phrases: list[Phrase] = []
        self._asked = 0
        """How many phrases were let out."""
        self._received: Samples = 0
        self._receiving = 0
        """Index of the phrase whose audio comes next."""
        self._sending = 0
        """Index of the phrase whose audio goes out next."""
        self._kept_from = 0
        """Index of the first phrase whose audio is still kept."""
        self._carried = ""
        self.closed = False
        """No more phrases will come."""

    # Text in, phrases out to the synthesiser.

    def add(self, text: str) -> None:
        """One more phrase. Blank text is joined to the phrase that follows it."""
        text = self._carried + text
        self._carried = "" if text.strip() else text
        if not self._carried:
            self._phrases.append(Phrase(len(self._phrases) + 1, text))

    def go_on(self, remainder: Remainder) -> None:
        """Speak what another reply left unheard; call before anything else."""
        for text, chunk in remainder.phrases:
            phrase = Phrase(len(self._phrases) + 1, text)
            self._phrases.append(phrase)
            if chunk is not None and self._asked == phrase.number - 1:
                self._ask(phrase)
                self.receive(replace(chunk, phrase=phrase.number))

    def let_out(
        self, reply: int, choices: tuple[SpeakOptions, ...], now: Seconds, most: int | None = None
    ) -> list[Synthesize]:
        """The phrases to be synthesised now; `most` bounds how many there may be in all (a draft speaks its first)."""
        orders = []
        while self._asked < len(self._phrases) and (most is None or self._asked < most):
            if self._asked and self._waiting(now) >= self._ahead:
                break
            phrase = self._phrases[self._asked]
            self._ask(phrase)
            orders.append(Synthesize(reply, phrase.number, phrase.text, choices))
        return orders

    def _ask(self, phrase: Phrase) -> None:
        phrase.asked = True
        self._asked += 1
        self.alignment.say(phrase.number, phrase.text)

    def _waiting(self, now: Seconds) -> Seconds:
        """Unheard speech, in seconds; estimated for phrases whose audio is still to come."""
        waiting = (self._received - self.playback.heard(now)) / self._rate
        for phrase in self._phrases[self._receiving : self._asked]:
            waiting += max(0.0, len(phrase.text) / CHARACTERS_PER_S - phrase.received / self._rate)
        return waiting

    @property
    def owes_audio(self) -> bool:
        """The synthesiser has been asked for something it has not given."""
        return self._receiving < self._asked

    @property
    def all_asked(self) -> bool:
        """No phrase waits to be let out."""
        return self._asked == len(self._phrases)

    @property
    def empty(self) -> bool:
        """There was never anything to say."""
        return not self._phrases

    # Audio in.

    def receive(self, chunk: SpeechChunk) -> bool:
        """Take audio of the phrase that is being synthesised; anything else is over and dropped (`False`)."""
        if self._receiving >= self._asked:
            return False
        phrase = self._phrases[self._receiving]
        if chunk.phrase != phrase.number:
            return False
        if not phrase.received:
            phrase.start = self._received
        self.alignment.add(chunk)
        size = len(chunk.pcm)
        if size:
            phrase.received += size
            self._received += size
            phrase.unsent.append(chunk.pcm)
            phrase.kept.append(chunk.pcm)
        if chunk.last:
            phrase.complete = True
            self._receiving += 1
        return True

    def truncate(self) -> None:
        """Speak only what has come. The words of a phrase whose audio broke off are not counted as spoken."""
        broken = self._phrases[self._receiving : self._receiving + 1]
        begun = bool(broken) and broken[0].received > 0
        del self._phrases[self._receiving + begun :]
        if begun:
            broken[0].complete = broken[0].broken = True
        self._receiving = self._asked = len(self._phrases)
        self._carried = ""
        self.closed = True

    # Audio out.

    @property
    def audible(self) -> bool:
        """There is, or was, something to be heard."""
        return self._received > 0

    def send(self, now: Seconds) -> Iterator[Outgoing]:
        """What may go out now, in order."""
        self._release(now)
        while self._sending < len(self._phrases):
            phrase = self._phrases[self._sending]
            if phrase.unsent:
                room = self._pacer.room(self.playback, now, inside_phrase=phrase.begun)
                if room <= 0:
                    return
                pcm = phrase.unsent.popleft()
                if len(pcm) > room:
                    phrase.unsent.appendleft(pcm[room:])
                    pcm = pcm[:room]
                text = None if phrase.begun else phrase.text.strip()
                phrase.begun = True
                self.playback.send(len(pcm), now)
                yield Outgoing(phrase.number, text, pcm)
            elif phrase.complete:
                self._sending += 1
                if not phrase.begun:
                    phrase.begun = True
                    yield Outgoing(phrase.number, phrase.text.strip(), None)
            else:
                return

    def _release(self, now: Seconds) -> None:
        """Let go of audio that has been heard."""
        while self._kept_from < self._sending:
            phrase = self._phrases[self._kept_from]
            if self.playback.heard(now) < phrase.start + phrase.received:
                return
            phrase.kept.clear()
            self._kept_from += 1

    @property
    def all_sent(self) -> bool:
        """Everything there will ever be has gone out."""
        return self.closed and self._sending == len(self._phrases)

    def drained(self, now: Seconds) -> bool:
        """Everything there will ever be has been heard."""
        return self.all_sent and now >= self.playback.silent_at()

    def wake_at(self, now: Seconds, *, sending: bool) -> Seconds | None:
        """When time alone lets something happen: more may be sent, more may be synthesised, or all has been heard."""
        due: list[Seconds] = []
        if sending and self._sending < len(self._phrases) and self._phrases[self._sending].unsent:
            due.append(self._pacer.next_at(self.playback))
        if self.all_sent:
            due.append(self.playback.silent_at())
        if not self.all_asked and self._asked and now < self.playback.silent_at():
            due.append(now + max(LOOK_AGAIN, self._waiting(now) - self._ahead))
        return max(now, min(due)) if due else None

    # What was heard.

    @property
    def text_spoken(self) -> str:
        """What will have been heard when all that came has sounded."""
        if self._received:
            return self.alignment.text_before(self._received)
        return self.alignment.text

    def remainder(self, text_heard: int, until: int | None = None) -> Remainder:
        """What lies between two places of the text."""
        return find_remainder(self._phrases, self.alignment.words, text_heard, until)
