"""The process of a worker: how it is started, what it may know, how it ends."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from asyncio.subprocess import Process
from collections.abc import Mapping

from duologue.audio.library_notes import own_standard_error
from duologue.runtime.machine import Seconds

GRACE: Seconds = 1.0
"""A worker ends with its link at once; one that does not within this is killed."""

_KEPT = (
    "PATH",
    "HOME",
    "USER",
    "LANG",
    "LANGUAGE",
    "TZ",
    "TMPDIR",
    "TEMP",
    "TMP",
    "LD_LIBRARY_PATH",
    "VIRTUAL_ENV",
    "HF_HOME",
    "SYSTEMROOT",
)
_KEPT_PREFIXES = ("LC_", "XDG_", "CUDA_", "NVIDIA_")
_ONE_THREAD = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)


def worker_environment(own: Mapping[str, str]) -> dict[str, str]:
    """What a worker may know of our environment: where things are, never a key; and one thread per numerical library."""
    kept = {name: value for name, value in own.items() if name in _KEPT or name.startswith(_KEPT_PREFIXES)}
    kept.update(dict.fromkeys(_ONE_THREAD, "1"))
    kept["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
    return kept


async def spawn_worker(descriptor: int) -> Process:
    """Start a worker on its end of a socket pair. A fresh interpreter: nothing of this process but that socket is inherited."""
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "duologue.runtime.worker", str(descriptor)),
        stdin=asyncio.subprocess.DEVNULL,
        stderr=own_standard_error(),
        env=worker_environment(os.environ),
        pass_fds=(descriptor,),
    )


async def reap_worker(process: Process) -> int:
    """Wait for a worker whose link is closed; returns its exit status, negative for the signal that killed it."""
    try:
        async with asyncio.timeout(GRACE):
            return await process.wait()
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        return await process.wait()
