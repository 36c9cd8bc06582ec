"""Who speaks, the caller or people behind them? A voice detector hears both; their loudness tells them apart. Pure.

Two levels are followed: the *caller's*, an upper average of voiced steps, and the *background's*, of all steps that are not the
caller's. Each step is weighed against both (one Gaussian each, the caller's open upwards), and the odds that it was the caller's are
carried from step to step, so that one loud cough or one soft syllable decides nothing. Where the caller is the less likely, the voice
activity is lowered.

Two conditions keep it out of the way. Nothing is lowered before the two levels differ, so whoever speaks first is believed. And it is
lowered only as far as the *background* itself is taken for speech: behind a caller in a quiet room, in steady noise or hum, the detector
already falls in every pause and steps pass unchanged, all but one in a hundred.
"""

from __future__ import annotations

from dataclasses import replace
from math import exp, log, sqrt

from duologue.audio.formats import LISTEN_RATE, Samples
from duologue.listen.hypothesis import VoiceActivity
from duologue.runtime.machine import Seconds

# Levels are decibels against full scale. The numbers were tuned on one half of the speakers of the turn bench and judged on the other
# (docs/turns.md); the figures are flat about them.
QUIET = -70.0
"""Nothing is quieter: digital silence and a quiet room are one background."""
SMOOTHING: Seconds = 0.08
"""Steps are averaged over this: single ones of one voice differ by 20 dB."""
LEAST_CONTRAST = 4.0
"""Levels closer than this are one."""
CALLER_RISES, CALLER_FALLS = 0.3, 3.0
"""How fast the caller's level follows louder and softer steps of theirs, time constants in seconds: an upper average."""
CALLER_FADES = 0.6
"""Decibels a second the caller's level sinks while only others are heard: somebody who now speaks softly is heard again in time."""
CALLER_SPREAD, CALLER_SHARE = 5.0, 0.5
"""Deviation of the caller's steps below their level: in decibels, and at least this share of the contrast. In a quiet room soft
endings and a second person far from the microphone stay on the caller's side."""
BACKGROUND_FALLS, BACKGROUND_FOLLOWS = 0.15, 1.0
"""How fast the background's level follows quieter steps and steps not the caller's, time constants in seconds."""
BACKGROUND_RISES = 1.0
"""Decibels a second the background is believed to grow while the caller speaks."""
LOWEST_OF: Seconds = 2.0
"""The background is no quieter than everything heard for this long: it may begin in the middle of a call."""
SPREAD, LEAST_SPREAD, MOST_SPREAD = 2.0, 1.2, 4.0
"""Deviation of the background's steps: at first, and the bounds of what is learnt."""
SPREAD_FOLLOWS: Seconds = 3.0
WEIGHT = 0.4
"""Of one step's evidence: neighbouring steps say the same thing."""
TURNOVER: Seconds = 0.5
"""Caller and background take turns about this often; how fast old evidence is forgotten."""
MOST_EVIDENCE, MOST_SURE = 10.0, 0.995
VOICED_FOLLOWS: Seconds = 0.5
VOICED_AFTER: Seconds = 0.25
"""How voiced the background is, is learnt this far into a pause of the caller's: soft syllables are shorter."""
VOICED_FROM = 0.1
"""A background this little voiced is left to the detector."""
VOICED = 0.5
"""More likely than not: of speech, and of the caller."""
LONGEST_STEP: Samples = LISTEN_RATE // 10
"""A gap in the stream teaches no more than a step of this length."""


class Foreground:
    """Follows one stream. `strength` 0 passes every activity as it is, 1 lowers by all that is believed."""

    __slots__ = (
        "_background",
        "_background_falls",
        "_background_follows",
        "_background_rises",
        "_caller",
        "_caller_fades",
        "_caller_rises",
        "_heard",
        "_lapse",
        "_level",
        "_lowest",
        "_lowest_before",
        "_lowest_since",
        "_position",
        "_smoothing",
        "_spread",
        "_spread_follows",
        "_step",
        "_strength",
        "_turnover",
        "_variance",
        "_voiced_follows",
        "near",
        "voiced_background",
    )

    def __init__(self, strength: float = 1.0) -> None:
        self._strength = strength
        self.near = 0.5
        """Probability that the last step was the caller's, 0..1."""
        self.voiced_background = 0.0
        """Voice activity of the background, averaged, 0..1."""
        self._position: Samples = 0
        self._step: Samples = 0
        self._level: float | None = None
        self._heard: Samples = 0
        self._lapse: Samples = 0
        self._caller = self._background = self._lowest = self._lowest_before = QUIET
        self._lowest_since: Samples = 0
        self._variance = SPREAD * SPREAD
        self._spread = SPREAD

    def retune(self, strength: float) -> None:
        """Lower by another share from the next step on."""
        self._strength = strength

    def hear(self, activity: VoiceActivity) -> VoiceActivity:
        """The activity of the caller alone. One without a level, from an engine that does not tell it, is passed as it is."""
        step, self._position = min(activity.position - self._position, LONGEST_STEP), activity.position
        if activity.level is None or not self._strength:
            return activity
        if step != self._step:
            self._pace(step)
        level = max(activity.level, QUIET)
        if self._level is None:
            self._level = self._caller = self._background = self._lowest = level
        self._level += self._smoothing * (level - self._level)
        voiced = max(0.0, self.voiced_background - VOICED_FROM) / (1.0 - VOICED_FROM)
        contrast = self._caller - self._background
        self.near += self._turnover * (1.0 - 2.0 * self.near)
        apart = contrast >= LEAST_CONTRAST
        if apart:
            self._weigh(self._level, contrast)
        self._learn(self._level, activity.speech, apart=apart)
        if not apart or not voiced or self.near >= VOICED:
            return activity
        return replace(activity, speech=activity.speech * (1.0 - self._strength * voiced * (1.0 - self.near)))

    def _weigh(self, level: float, contrast: float) -> None:
        """Whether the caller or the background explains `level` better."""
        spread = max(CALLER_SPREAD, CALLER_SHARE * contrast)
        below = min(level - self._caller, 0.0) / spread
        above = max(level - self._background, 0.0) / self._spread
        evidence = WEIGHT * (0.5 * (above * above - below * below) - log(spread / self._spread))
        odds = self.near / (1.0 - self.near) * exp(max(-MOST_EVIDENCE, min(MOST_EVIDENCE, evidence)))
        self.near = min(odds / (1.0 + odds), MOST_SURE)

    def _keep_lowest(self, level: float) -> None:
        """Raise the background to the lowest level of the last one to two windows."""
        self._lowest = min(self._lowest, level)
        if self._position - self._lowest_since >= LOWEST_OF * LISTEN_RATE:
            self._lowest_before, self._lowest, self._lowest_since = self._lowest, level, self._position
        self._background = max(self._background, min(self._lowest, self._lowest_before))

    def _learn(self, level: float, speech: float, *, apart: bool) -> None:
        self._keep_lowest(level)
        above = level - self._background
        if not apart or self.near >= VOICED:
            self._lapse = 0
        else:
            self._lapse += self._step
            # Its middle alone tells how voiced it is: a caller who has become softer lies above that.
            if above < 0.5 * self._spread and self._lapse > VOICED_AFTER * LISTEN_RATE:
                self.voiced_background += self._voiced_follows * (speech - self.voiced_background)
            self._variance += self._spread_follows * (above * above - self._variance)
            self._spread = min(MOST_SPREAD, max(LEAST_SPREAD, sqrt(self._variance)))
        if above < 0.0:
            self._background += self._background_falls * above
        elif self.near < VOICED or speech < VOICED:
            self._background += self._background_follows * above
        else:
            self._background += self._background_rises
        if speech > VOICED:
            if self.near >= VOICED or not apart:
                self._follow_caller(level - self._caller)
            else:
                self._caller -= self._caller_fades
        self._caller = max(self._caller, self._background)

    def _follow_caller(self, higher: float) -> None:
        """An upper average; at first a plain one, so that the loudest syllable of an opening does not make a background of the rest."""
        self._heard += self._step
        falls = self._step / min(self._heard + CALLER_RISES * LISTEN_RATE, CALLER_FALLS * LISTEN_RATE)
        self._caller += (self._caller_rises if higher > 0.0 else falls) * higher

    def _pace(self, step: Samples) -> None:
        """What the time constants are for steps of this length."""
        self._step = step
        seconds = step / LISTEN_RATE
        self._turnover = min(0.5, seconds / TURNOVER)
        self._background_rises, self._caller_fades = BACKGROUND_RISES * seconds, CALLER_FADES * seconds
        self._smoothing = _follows(seconds, SMOOTHING)
        self._caller_rises = _follows(seconds, CALLER_RISES)
        self._background_falls = _follows(seconds, BACKGROUND_FALLS)
        self._background_follows = _follows(seconds, BACKGROUND_FOLLOWS)
        self._spread_follows = _follows(seconds, SPREAD_FOLLOWS)
        self._voiced_follows = _follows(seconds, VOICED_FOLLOWS)


def _follows(step: Seconds, constant: Seconds) -> float:
    """The share of the way an average goes in one step."""
    return 1.0 - exp(-step / constant)
