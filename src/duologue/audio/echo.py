"""Is what comes in our own voice, coming back from a loudspeaker or out of a line? Pure: told what was sent and what was heard, it answers.

Two questions, two measures. *Is it ours?* What was sent is sought in what was heard, over all delays a call can have, by whitened
cross-correlation in the telephone band: an echo leaves a peak that no other voice does, whatever room, line or codec lie between. *How
much of it?* At that delay the energies in a dozen bands are held against those of the echo alone: a caller who talks over it stands out.
How loud the echo is in each band is learnt in the call. Nothing heard can be weaker than the echo in it, so what was learnt falls faster
than it rises.

It works only when it is asked, and keeps nothing while nothing of ours can be in what is heard. Numbers and measurements: docs/echo.md.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from duologue.audio.formats import LISTEN_RATE, Pcm, Samples
from duologue.audio.likeness import FRAME_S, HOP_S, LAG_RATE, QUIETEST, Floats, band_energies, correlate, ring
from duologue.audio.spans import AudioSpan

SEARCHED_S, NEAR_S = 0.96, 0.32
"""Stretch of both signals that is compared, in seconds, to find a delay or to follow it. At all usual rates it is a number of samples that
transforms fast; the same stretch has the same bins at every rate, so nothing is resampled.
"""
SILENCE = 1e-9
"""Mean square below which nothing sounds: -90 dB."""
AUDIBLE = 4.0
"""Energy over that of the noise from which on something is heard."""
JITTER_S = 2.0
"""The least delay of the last frames over this long is the line's; the rest is jitter."""


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
    """Our voice, found."""

    delay: float
    likeness: float


class EchoDetector:
    """One call. `rate` is that of what is sent, in hertz; what is heard comes at `LISTEN_RATE`. Times are the clock's, in seconds."""

    def __init__(self, rate: int, policy: EchoPolicy | None = None) -> None:
        self._policy = policy or EchoPolicy()
        self._sent = _Track(rate)
        self._heard = _Track(LISTEN_RATE)
        self._arrivals = _Arrivals()
        self._first_at: float | None = None
        """When the first sample was sent: the tracks count from there."""
        self._silent_at = 0.0
        self._looks = 0
        """Looks in a row that showed an echo at `delay`."""
        self._misses = 0
        self._settled = False
        """There has been an echo; before, every look learns anew how loud it is."""
        self._gains: Floats | None = None
        self._noise: Floats | None = None
        self.delay: float | None = None
        """How late our voice comes back, in seconds; `None` until it has."""

    def send(self, pcm: Pcm, now: float) -> None:
        """This goes out: it sounds behind what sounds already, or from `now` on."""
        if self._first_at is None:
            self._first_at = now
        begins = max(now, self._silent_at)
        rate = self._sent.rate
        self._sent.write(max(self._sent.end, round((begins - self._first_at) * rate)), pcm)
        self._silent_at = begins + len(pcm) / rate
        self._sent.forget(round((now - self._first_at - 2 * SEARCHED_S) * rate))

    def clear(self, now: float) -> None:
        """What has not sounded yet never will."""
        if self._first_at is not None and now < self._silent_at:
            self._sent.cut(round((now - self._first_at) * self._sent.rate))
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
        could_be = self._said(at, policy.longest + policy.window)
        if _mean_square(could_be) < SILENCE or _mean_square(heard) < SILENCE:
            return 0.0
        followed = self._follow(heard, at)
        share = 0.0 if followed is None else self._explain(position, at, (followed.delay,))
        if share < policy.explained:
            found = self._search(heard, at)
            if followed is None and found is None:
                return self._miss(position, at)
            if found is not None and (followed is None or abs(found.delay - followed.delay) > policy.tolerance):
                # A loudspeaker that had to wait plays later from then on: for a while both delays are heard.
                both = (found.delay,) if followed is None else (found.delay, followed.delay)
                share = self._explain(position, at, both)
                followed = found if followed is None or found.likeness > followed.likeness else followed
        self._keep(followed)
        return share

    def _keep(self, echo: _Echo | None) -> None:
        """Where the echo is now."""
        if echo is not None:
            near = self.delay is not None and abs(echo.delay - self.delay) <= self._policy.tolerance
            self._looks = self._looks + 1 if near else 1
            self._misses = 0
            self._settled = self._settled or self._looks >= self._policy.trusted
            self.delay = echo.delay

    def _miss(self, position: Samples, at: float) -> float:
        """Our voice was not found: the end of a word may be too weak to be told, and still not be loud enough for anybody else's."""
        self._misses += 1
        if self._misses >= self._policy.doubted:
            self._looks = 0
        if self.delay is None or self._looks < self._policy.trusted:
            return 0.0
        return self._explain(position, at, (self.delay,), learn=False)

    def _said(self, until: float, length: float) -> Floats:
        """What sounded in the `length` seconds before `until`."""
        rate = self._sent.rate
        start = round((until - length) * rate)
        return self._sent.read(start, start + round(length * rate))

    def _follow(self, heard: Floats, at: float) -> _Echo | None:
        """The echo, if our voice comes back about as late as it did before."""
        if self.delay is None:
            return None
        policy = self._policy
        earliest = max(0.0, self.delay - policy.tolerance)
        lags = correlate(self._said(at - earliest, NEAR_S), heard, NEAR_S)[: round(2 * policy.tolerance * LAG_RATE)]
        best = int(np.argmax(lags))
        return _Echo(earliest + best / LAG_RATE, float(lags[best])) if lags[best] >= policy.known else None

    def _search(self, heard: Floats, at: float) -> _Echo | None:
        """The echo, if our voice is in what was heard, however late."""
        policy = self._policy
        lags = correlate(self._said(at, SEARCHED_S), heard, SEARCHED_S)[: round(policy.longest * LAG_RATE)]
        best = int(np.argmax(lags))
        return _Echo(best / LAG_RATE, float(lags[best])) if lags[best] >= policy.found else None

    def _explain(self, position: Samples, at: float, delays: tuple[float, ...], *, learn: bool = True) -> float:
        """What echoes at these delays explain of the loudness shortly before `position`, which was heard at `at`. From one, it learns."""
        policy = self._policy
        hops = round(policy.recent / HOP_S)
        tail = round(0.1 / HOP_S)  # what sounded before still rings
        length = hops * HOP_S + FRAME_S
        heard = self._heard.read(position - round(length * LISTEN_RATE), position)
        loudness = band_energies(heard, LISTEN_RATE, hops + 1)
        rate = self._sent.rate
        said = np.maximum.reduce(
            [band_energies(self._said(at - each, length + tail * HOP_S), rate, hops + 1 + tail) for each in delays]
        )
        expected = ring(said, policy.lasting)[tail:]
        quietest = loudness.min(axis=0)
        self._noise = quietest if self._noise is None else np.minimum(quietest, self._noise * policy.rise)
        telling = np.where(loudness > AUDIBLE * self._noise, said[tail:], 0.0)
        measured = np.exp((telling * np.log(loudness / expected)).sum(axis=0) / (telling.sum(axis=0) + QUIETEST))
        if self._gains is None or not self._settled:
            self._gains = measured
        limit = policy.margin * (expected * self._gains + self._noise)
        # Roots: otherwise one loud vowel would outweigh all the rest.
        share = float(np.sqrt(np.minimum(loudness, limit)).sum() / np.sqrt(loudness).sum())
        if learn and len(delays) == 1:
            # What is not explained tells of a caller, or of another delay: not of an echo that has become weaker.
            least = self._gains * (policy.fall if share >= policy.explained else 1.0)
            nearer = np.clip(measured, least, self._gains * policy.rise)
            untold = telling.sum(axis=0) < 0.3 * expected.sum(axis=0)  # silence, or what rings in the room
            self._gains = np.where(untold, self._gains, nearer)
        return share


def _mean_square(pcm: Floats) -> float:
    return float(np.mean(np.square(pcm)))


class _Track:
    """Audio on a line of samples, as far as it is still needed; where nothing was written is silence."""

    def __init__(self, rate: int) -> None:
        self.rate = rate
        self.end: Samples = 0
        self._pieces: deque[AudioSpan] = deque()

    def write(self, start: Samples, pcm: Pcm) -> None:
        """`pcm` sounds from `start` on; nothing later is there yet."""
        if len(pcm):
            self._pieces.append(AudioSpan(start, pcm))
            self.end = start + len(pcm)

    def cut(self, end: Samples) -> None:
        """Nothing sounds from `end` on."""
        while self._pieces and self._pieces[-1].end > end:
            last = self._pieces.pop()
            if last.start < end:
                self._pieces.append(AudioSpan(last.start, last.pcm[: end - last.start]))
        self.end = min(self.end, end)

    def forget(self, before: Samples) -> None:
        """Nobody will ask for what lies before."""
        while self._pieces and self._pieces[0].end <= before:
            self._pieces.popleft()

    def read(self, start: Samples, end: Samples) -> Floats:
        """From `start` to `end`, in the precision that transforms fastest."""
        out = np.zeros(end - start)
        for piece in self._pieces:
            first, last = max(piece.start, start), min(piece.end, end)
            if first < last:
                out[first - start : last - start] = piece.pcm[first - piece.start : last - piece.start]
        return out


class _Arrivals:
    """When a position of the input was heard: frames come when the network brings them, the earliest tell the truth."""

    def __init__(self) -> None:
        self._bucket = -1
        self._before = self._least = float("inf")
        """The clock's least lead over the positions, in the bucket before and in this one."""

    def note(self, position: Samples, now: float) -> None:
        """Everything before `position` is there at `now`."""
        bucket = int(now / JITTER_S)
        if bucket != self._bucket:
            self._before = self._least if bucket == self._bucket + 1 else float("inf")
            self._bucket, self._least = bucket, float("inf")
        self._least = min(self._least, now - position / LISTEN_RATE)

    def at(self, position: Samples) -> float:
        """The moment."""
        return min(self._before, self._least) + position / LISTEN_RATE
