"""Is what comes in our own voice, coming back from a loudspeaker or out of a line? Pure: told what was sent and what was heard, it answers.

Two questions, two measures. *Is it ours?* What was sent is sought in what was heard, over all delays a call can have, by whitened
cross-correlation in the telephone band: an echo leaves a peak that no other voice does, whatever room, line or codec lie between. *How
much of it?* At that delay the energies in a dozen bands are held against those of the echo alone: a caller who talks over it stands out.
How loud the echo is in each band is learnt in the call. Nothing heard can be weaker than the echo in it, so what was learnt falls faster
than it rises.

A voice slower than speech is sent with gaps. A loudspeaker that plays at once plays them, one that keeps a buffer plays on through them: so
what was sent stands on two lines, with gaps and without, and our voice is sought on both.

It works only when it is asked, and keeps nothing while nothing of ours can be in what is heard. Numbers and measurements: docs/echo.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from duologue.audio.formats import LISTEN_RATE, Pcm, Samples
from duologue.audio.likeness import BANDS, FRAME_S, HOP_S, LAG_RATE, QUIETEST, Floats, band_energies, correlate, ring
from duologue.audio.spans import AudioSpan
from duologue.audio.tracks import Arrivals, SentAudio, Track

SEARCHED_S, NEAR_S = 0.96, 0.32
"""Stretch of both signals that is compared, in seconds, to find a delay or to follow it. At all usual rates it is a number of samples that
transforms fast; the same stretch has the same bins at every rate, so nothing is resampled.
"""
SILENCE = 1e-9
"""Mean square below which nothing sounds: -90 dB."""
AUDIBLE = 4.0
"""Energy over that of the noise from which on something is heard."""
AS_TELLING = 0.5
"""Of the first looks one with this share of our voice in the one before, or more, is believed instead of it."""


@dataclass(frozen=True, slots=True)
class EchoPolicy:
    """What is taken for an echo."""

    longest: float = 0.7
    """The longest delay from sending to hearing, in seconds: 0.6 for line and room, 0.1 for a client's frames."""
    window: float = 0.3
    """How much of what was heard is correlated, in seconds."""
    found: float = 0.2
    """Correlation that shows an echo at a delay not met before. Of voices that are not ours one look in 10,000 gives more than 0.17."""
    known: float = 0.1
    """Correlation that shows it at the delay it had before."""
    tolerance: float = 0.006
    """How far the delay may move between two looks, in seconds."""
    trusted: int = 3
    """Looks in a row that must show an echo at one delay; from then on loudness alone may explain what correlation does not."""
    doubted: int = 4
    """Looks in a row without correlation that end this trust."""
    recent: float = 0.2
    """How much of what was heard the share is of, in seconds."""
    margin: float = 2.5
    """How much more energy than expected a band may have and still be echo."""
    lasting: float = 0.63
    """What is left of an energy in a room a hop later."""
    rise: float = 1.12
    fall: float = 0.8
    """By how much the echo may be believed louder, or less loud, from look to look."""
    explained: float = 0.8
    """A share from which on nobody looks for the echo elsewhere."""


@dataclass(frozen=True, slots=True)
class _Echo:
    """Our voice, found: on a line of what was sent, `lag` seconds before the clock."""

    line: Track
    lag: float
    likeness: float = 0.0


class EchoDetector:
    """One call. `rate` is that of what is sent, in hertz; what is heard comes at `LISTEN_RATE`. Times are the clock's, in seconds."""

    def __init__(self, rate: int, policy: EchoPolicy | None = None) -> None:
        self._policy = policy or EchoPolicy()
        self._rate = rate
        self._sent = SentAudio(rate, round(self._policy.longest * rate))
        self._heard = Track(LISTEN_RATE)
        self._arrivals = Arrivals()
        self._first_at: float | None = None
        """When the first sample was sent: the tracks count from there."""
        self._silent_at = 0.0
        self._looks = 0
        """Looks in a row that showed an echo at `delay`."""
        self._misses = 0
        self._settled = False
        """There has been an echo; before, every look learns anew how loud it is."""
        self._gains: Floats | None = None
        self._told: Floats = np.zeros(BANDS)
        """How much of our voice the look had, of the first ones, that told most."""
        self._noise: Floats = np.full(BANDS, np.inf)
        self.delay: float | None = None
        """How late our voice comes back, in seconds; `None` until it has."""
        self._lag = 0.0
        """The same place on the line without gaps: there it stays while the loudspeaker plays on through them."""
        self._refilled = 0.0
        """The delay when it had grown last: that of a loudspeaker whose buffer is full."""

    def send(self, pcm: Pcm, now: float) -> None:
        """This goes out: it sounds behind what sounds already, or from `now` on."""
        if self._first_at is None:
            self._first_at = now
        begins = max(now, self._silent_at)
        self._sent.write(round((begins - self._first_at) * self._rate), pcm)
        self._silent_at = begins + len(pcm) / self._rate
        self._sent.forget(round((now - self._first_at - 2 * SEARCHED_S) * self._rate))

    def clear(self, now: float) -> None:
        """What has not sounded yet never will."""
        if self._first_at is not None and now < self._silent_at:
            self._sent.cut(round((now - self._first_at) * self._rate))
            self._silent_at = now

    def hear(self, spans: Sequence[AudioSpan], now: float) -> None:
        """The caller's next audio."""
        if spans:
            self._arrivals.note(spans[-1].end, now)
        if self._first_at is None or now > self._silent_at + self._policy.longest + SEARCHED_S:
            self._heard.forget(self._heard.end)
            return
        for span in spans:
            self._heard.write(span.start, span.pcm)
        if spans:
            self._heard.forget(spans[-1].end - round(2 * SEARCHED_S * LISTEN_RATE))

    def own_share(self, position: Samples) -> float:
        """How much of what was heard shortly before `position` is our own voice, 0..1. Nothing, where nothing of ours was found."""
        policy = self._policy
        if self._first_at is None or position > self._heard.end:
            return 0.0
        at = self._arrivals.at(position) - self._first_at
        heard = self._heard.read(position - round(policy.window * LISTEN_RATE), position)
        could_be = self._said(_Echo(self._sent.played, 0.0), at, policy.longest + policy.window)
        if _mean_square(could_be) < SILENCE or _mean_square(heard) < SILENCE:
            return 0.0
        loudness = self._loudness(position)
        followed = self._follow(heard, at)
        share = 0.0 if followed is None else self._explain(loudness, at, (followed,))
        if share < policy.explained:
            found = self._search(heard, at)
            if followed is None and found is None:
                return self._miss(loudness, at)
            if found is not None and (followed is None or not self._same(found, followed)):
                # A loudspeaker that had to wait plays later from then on: for a while both places are heard.
                share = self._explain(loudness, at, (found,) if followed is None else (found, followed))
                if followed is None or found.likeness > followed.likeness:
                    followed = None
                    self._keep(found, at, looks=1)
        if followed is not None:
            self._keep(followed, at, looks=self._looks + 1)
        return share

    def _keep(self, echo: _Echo, at: float, looks: int) -> None:
        """Where the echo is now, on both lines."""
        sent, rate = self._sent, self._rate
        place = round((at - echo.lag) * rate)
        if echo.line is sent.played:
            delay, lag = echo.lag, echo.lag + sent.slip_at(place) / rate
        else:
            delay, lag = echo.lag - sent.slip_of(place) / rate, echo.lag
        if self.delay is None or delay > self.delay + self._policy.tolerance:
            self._refilled = delay
        self._looks = looks
        self._misses = 0
        self._settled = self._settled or looks >= self._policy.trusted
        self.delay, self._lag = delay, lag

    def _miss(self, loudness: Floats, at: float) -> float:
        """Our voice was not found: the end of a word may be too weak to be told, and still not be loud enough for anybody else's."""
        self._misses += 1
        if self._misses >= self._policy.doubted:
            self._looks = 0
        if self._looks < self._policy.trusted:
            return 0.0
        return max(self._explain(loudness, at, (place,), learn=False) for place in self._places(at))

    def _places(self, at: float) -> list[_Echo]:
        """Where our voice is now: as late as before, or on through the gaps, or as late as when the loudspeaker had last run dry."""
        if self.delay is None:
            return []
        sent = self._sent
        places = [_Echo(sent.played, self.delay)]
        if sent.has_gaps:
            if self._refilled > self.delay + self._policy.tolerance:
                places.append(_Echo(sent.played, self._refilled))
            if self._lag >= self._least(sent.gapless, at):
                places.append(_Echo(sent.gapless, self._lag))
        return places

    def _least(self, line: Track, at: float) -> float:
        """The least lag on a line: nothing comes back before it could be played."""
        return 0.0 if line is self._sent.played else self._sent.slip_at(round(at * self._rate)) / self._rate

    def _follow(self, heard: Floats, at: float) -> _Echo | None:
        """The echo, if our voice comes back about as late as it did before."""
        policy = self._policy
        starts = [
            replace(place, lag=max(self._least(place.line, at), place.lag - policy.tolerance))
            for place in self._places(at)
        ]
        return self._likeliest(heard, at, starts, 2 * policy.tolerance, NEAR_S, policy.known)

    def _search(self, heard: Floats, at: float) -> _Echo | None:
        """The echo, if our voice is in what was heard, however late."""
        policy, sent = self._policy, self._sent
        lines = (sent.played, sent.gapless) if sent.has_gaps else (sent.played,)
        starts = [_Echo(line, self._least(line, at)) for line in lines]
        return self._likeliest(heard, at, starts, policy.longest, SEARCHED_S, policy.found)

    def _likeliest(
        self, heard: Floats, at: float, starts: Sequence[_Echo], span: float, seconds: float, enough: float
    ) -> _Echo | None:
        """The place at which `seconds` of our voice are likest to what was heard, of those up to `span` later than `starts`."""
        best: _Echo | None = None
        for start in starts:
            lags = correlate(self._said(start, at, seconds), heard, seconds)[: round(span * LAG_RATE)]
            peak = int(np.argmax(lags))
            if lags[peak] >= enough:
                best = _Echo(start.line, start.lag + peak / LAG_RATE, float(lags[peak]))
                enough = best.likeness
        return best

    def _same(self, one: _Echo, other: _Echo) -> bool:
        return one.line is other.line and abs(one.lag - other.lag) <= self._policy.tolerance

    def _said(self, echo: _Echo, at: float, length: float) -> Floats:
        """What comes back as this echo in the `length` seconds before `at`."""
        start = round((at - echo.lag - length) * self._rate)
        return echo.line.read(start, start + round(length * self._rate))

    def _loudness(self, position: Samples) -> Floats:
        """How loud it was in each band shortly before `position`; what never falls silent is noise."""
        hops = round(self._policy.recent / HOP_S)
        length = hops * HOP_S + FRAME_S
        heard = self._heard.read(position - round(length * LISTEN_RATE), position)
        loudness = band_energies(heard, LISTEN_RATE, hops + 1)
        quietest = loudness.min(axis=0)
        self._noise = np.minimum(quietest, self._noise * self._policy.rise)
        return loudness

    def _explain(self, loudness: Floats, at: float, echoes: Sequence[_Echo], *, learn: bool = True) -> float:
        """What these echoes explain of the loudness shortly before `at`. From one, it learns."""
        policy = self._policy
        tail = round(0.1 / HOP_S)  # what sounded before still rings
        count = len(loudness) + tail
        length = (count - 1) * HOP_S + FRAME_S
        said = np.maximum.reduce([band_energies(self._said(echo, at, length), self._rate, count) for echo in echoes])
        expected = ring(said, policy.lasting)[tail:]
        telling = np.where(loudness > AUDIBLE * self._noise, said[tail:], 0.0)
        told = telling.sum(axis=0)
        measured = np.exp((telling * np.log(loudness / expected)).sum(axis=0) / (told + QUIETEST))
        untold = told < 0.3 * expected.sum(axis=0)  # silence, or what rings in the room
        if self._gains is None:
            self._gains, self._told = measured, told
        elif not self._settled:
            # The first moments of a word tell little, and wrongly if the delay is not exact yet.
            better = ~untold & (told >= AS_TELLING * self._told)
            self._gains = np.where(better, measured, self._gains)
            self._told = np.maximum(told, self._told)
        limit = policy.margin * (expected * self._gains + self._noise)
        # Roots: otherwise one loud vowel would outweigh all the rest.
        share = float(np.sqrt(np.minimum(loudness, limit)).sum() / np.sqrt(loudness).sum())
        if learn and len(echoes) == 1:
            # What is not explained tells of a caller, or of another delay: not of an echo that has become weaker.
            least = self._gains * (policy.fall if share >= policy.explained else 1.0)
            nearer = np.clip(measured, least, self._gains * policy.rise)
            self._gains = np.where(untold, self._gains, nearer)
        return share


def _mean_square(pcm: Floats) -> float:
    return float(np.mean(np.square(pcm)))
