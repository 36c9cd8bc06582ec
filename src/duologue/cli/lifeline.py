"""A child process that ends with its parent, even one that is killed.

The parent holds the writing end of a pipe and never writes. Whatever ends it, its end of the pipe goes too, and the child reads the end
of the file. That works wherever there are pipes, and tells more than a signal: also a parent that wants to let go.
"""

from __future__ import annotations

import os
import signal
import threading

_READ_BYTES = 4_096


def stop_when_input_ends(descriptor: int = 0) -> None:
    """Ask this process to stop, as SIGTERM does, once `descriptor` (standard input) has nothing more to give."""
    threading.Thread(target=_watch, args=(descriptor,), name="lifeline", daemon=True).start()


def _watch(descriptor: int) -> None:
    try:
        while os.read(descriptor, _READ_BYTES):
            pass
    except OSError:
        pass  # a descriptor that cannot be read has ended too
    os.kill(os.getpid(), signal.SIGTERM)
