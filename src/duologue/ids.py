"""Identifiers, drawn from an injected source, so that a run with one seed names everything the same way twice."""

from __future__ import annotations

import random
import uuid
from typing import Protocol


class IdSource(Protocol):
    """Where identifiers come from."""

    def uuid(self) -> str:
        """A fresh UUID version 4 in its usual text form."""
        ...


class RandomIds:
    """Identifiers nobody can guess: what a running server uses."""

    def uuid(self) -> str:
        """From the system's source of chance."""
        return str(uuid.uuid4())


class SeededIds:
    """Identifiers that repeat with the seed: what tests, simulation and replay use."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def uuid(self) -> str:
        """The next of the seed's."""
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))
