"""What libsndfile's decoders print about broken files, kept off a server's standard error: whoever may send files could fill its log.

They write to descriptor 2 and cannot be told otherwise. A process that has moved its own words to another descriptor lets descriptor 2 lead
nowhere while they work; every other process is left as it is, because nobody else's words may be lost.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_STANDARD_ERROR = 2


class _Descriptor:
    """Descriptor 2 of this process, of which there is one; several threads may decode at once."""

    def __init__(self) -> None:
        self.own: int | None = None
        self._lock = threading.Lock()
        self._muted = 0
        self._kept = -1

    def mute(self) -> None:
        with self._lock:
            self._muted += 1
            if self._muted == 1:
                self._kept = os.dup(_STANDARD_ERROR)
                nowhere = os.open(os.devnull, os.O_WRONLY)
                os.dup2(nowhere, _STANDARD_ERROR)
                os.close(nowhere)

    def restore(self) -> None:
        with self._lock:
            self._muted -= 1
            if not self._muted:
                os.dup2(self._kept, _STANDARD_ERROR)
                os.close(self._kept)


_descriptor = _Descriptor()


def move_standard_error() -> None:
    """From now on this process writes its own words to a descriptor of its own, with the same place behind it. Once, at the start; nothing
    where its standard error is something else already.
    """
    try:
        usual = sys.stderr.fileno() == _STANDARD_ERROR
    except (AttributeError, OSError, ValueError):
        return  # there is none, or it is no file
    if usual and _descriptor.own is None:
        _descriptor.own = os.dup(_STANDARD_ERROR)
        sys.stderr = open(  # noqa: SIM115 - as long as the process
            _descriptor.own, "w", buffering=1, encoding="utf-8", errors="backslashreplace", closefd=False
        )


def own_standard_error() -> int | None:
    """Where child processes shall write their words; `None` for where this one does."""
    return _descriptor.own


@contextmanager
def notes_unwritten() -> Iterator[None]:
    """Nothing that a library prints in here is seen, in a process that has moved its own words."""
    if _descriptor.own is None:
        yield
        return
    _descriptor.mute()
    try:
        yield
    finally:
        _descriptor.restore()
