"""What the callers of a measurement say, frame by frame. Every measured stack hears exactly the same bytes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from duologue.audio.formats import LISTEN_RATE, Encoding, Pcm
from duologue.audio.pcm import encode
from duologue.audio.resample import resample
from duologue.runtime.engines import Role
from duologue.runtime.references import resolve
from duologue.speak.engines.registry import ENGINES
from duologue.speak.speech import SpeakOptions

FRAME_S = 0.02
"""Length of one frame; what telephony sends."""
SAID = "a large latte please"
"""The words of every utterance; they sound finished."""


@dataclass(frozen=True, slots=True)
class Mix:
    """One turn of a conversation, repeated. All in seconds."""

    lead: float
    """Silence before the caller speaks."""
    speech: float
    """The caller speaks; 0 for a silent line."""
    cycle: float
    """From one turn's beginning to the next one's; what is left of it is for the end of turn, the reply and rest."""
    reply: str = "It is noted."
    again: float | None = None
    """Where in the cycle the caller speaks once more, over the reply."""
    spoken: bool = False
    """Said by the embedded voice instead of the vowel-like sound, which is no speech to a model that knows speech."""

    def utterances(self, turns: int) -> list[tuple[float, float]]:
        """Where the caller speaks."""
        spoken = []
        for turn in range(turns if self.speech else 0):
            start = turn * self.cycle + self.lead
            spoken.append((start, start + self.speech))
            if self.again is not None:
                # A little later each time, so that every place of a frame within a step is met.
                start = turn * self.cycle + self.again + 0.0073 * turn
                spoken.append((start, start + 1.0))
        return spoken

    def script(self, turns: int) -> str:
        """The same for the scripted recogniser."""
        return "; ".join(f"{start:.4f}-{end:.4f} {SAID}" for start, end in self.utterances(turns))


TALK = Mix(lead=0.4, speech=1.2, cycle=4.0)
"""1.2 s of the caller, 1 s of the agent, the rest is silence."""
SPOKEN = replace(TALK, spoken=True)
"""The same in the embedded voice."""
BRISK = Mix(lead=0.3, speech=0.6, cycle=2.4, reply="Sure.")
"""Short turns, for many answers in little time."""
SILENT = Mix(lead=0.0, speech=0.0, cycle=4.0)
"""An open line on which nobody speaks."""
LONG_REPLY = "This answer goes on and on, and it is interrupted before it has come to its end. " * 3
BARGE_IN = Mix(lead=0.3, speech=0.6, cycle=5.0, reply=LONG_REPLY, again=2.4)
"""The caller speaks again a second into a long reply."""


@dataclass(frozen=True, slots=True)
class Line:
    """Everything one caller sends."""

    mix: Mix
    turns: int
    frames: tuple[bytes, ...]

    @property
    def ends(self) -> list[float]:
        """Where each utterance ends."""
        return [end for _, end in self.mix.utterances(self.turns)]

    @property
    def seconds(self) -> float:
        """Length of the call."""
        return len(self.frames) * FRAME_S


@lru_cache(maxsize=32)
def line(mix: Mix, turns: int, encoding: Encoding = Encoding.PCM_S16LE, rate: int = LISTEN_RATE) -> Line:
    """The frames of `turns` turns."""
    pcm = np.zeros(round(turns * mix.cycle * LISTEN_RATE), np.float32)
    for start, end in mix.utterances(turns):
        at = round(start * LISTEN_RATE)
        voice = (spoken if mix.spoken else voiced)(end - start)[: len(pcm) - at]
        pcm[at : at + len(voice)] = voice
    if rate != LISTEN_RATE:
        pcm = resample(pcm, LISTEN_RATE, rate)
    payload = encode(pcm, encoding)
    size = round(FRAME_S * rate) * encoding.width
    whole = len(payload) - len(payload) % size
    return Line(mix, turns, tuple(payload[at : at + size] for at in range(0, whole, size)))


def voiced(seconds: float) -> Pcm:
    """A vowel-like sound: harmonics of a wavering pitch under three formants, with the beat of syllables."""
    at = np.arange(round(seconds * LISTEN_RATE)) / LISTEN_RATE
    pitch = 120.0 * (1.0 + 0.06 * np.sin(2 * np.pi * 2.3 * at))
    phase = 2 * np.pi * np.cumsum(pitch) / LISTEN_RATE
    sound = np.zeros(len(at))
    for harmonic in range(1, 30):
        hertz = 120.0 * harmonic
        weight = sum(gain * np.exp(-(((hertz - formant) / width) ** 2)) for formant, width, gain in _FORMANTS)
        sound += weight * np.sin(harmonic * phase)
    sound *= 0.75 + 0.25 * np.sin(2 * np.pi * 4.0 * at)
    shaped: Pcm = (0.4 * sound / max(1e-9, float(np.abs(sound).max(initial=0.0)))).astype(np.float32)
    return shaped


def spoken(seconds: float) -> Pcm:
    """The embedded voice, cut to length."""
    made = ENGINES.spec(Role.SYNTHESIZER, "espeak")
    engine = resolve(made.factory)(made.settings)
    chunks = engine.open(SpeakOptions()).feed("I would like a large latte with oat milk and one blueberry muffin to go")
    pcm = resample(np.concatenate([chunk.pcm for chunk in chunks]), engine.info.sample_rate, LISTEN_RATE)
    return pcm[round(0.1 * LISTEN_RATE) :][: round(seconds * LISTEN_RATE)]


_FORMANTS = ((650.0, 150.0, 1.0), (1_150.0, 200.0, 0.6), (2_500.0, 300.0, 0.25))
"""Centre, width in hertz, and gain: roughly an open vowel."""
