"""Who takes the calls that come in: the one thing a way in knows of what is behind it."""

from __future__ import annotations

from typing import Protocol

from duologue.audio.formats import AudioFormat
from duologue.bridge.ingress.ingress import CallFacts, FarEnd, Ingress


class TakeCall(Protocol):
    """Who takes calls; see `bridge/reception.py`."""

    def __call__(self, ingress: Ingress, facts: CallFacts, audio: AudioFormat) -> FarEnd:
        """A call has come. Raises `Refused` when none is taken now."""
        ...
