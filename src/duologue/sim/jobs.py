"""Work over several processes that end with the one that asked for it, even when that is killed."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from itertools import islice
from multiprocessing.connection import Connection
from typing import TypeVar

ItemT = TypeVar("ItemT")
ResultT = TypeVar("ResultT")


def run_jobs(work: Callable[[ItemT], ResultT], items: Sequence[ItemT], jobs: int) -> Iterator[ResultT]:
    """`work` on every item, as results come; in this process for one job.

    Whoever stops asking, or is interrupted, does not wait for what is still being worked on.
    """
    if jobs <= 1:
        yield from map(work, items)
        return
    waiting = iter(items)
    context = multiprocessing.get_context("spawn")
    theirs, ours = context.Pipe(duplex=False)
    with theirs, ours, ProcessPoolExecutor(jobs, context, end_with, (theirs,)) as pool:
        running: set[Future[ResultT]] = {pool.submit(work, item) for item in islice(waiting, 2 * jobs)}
        try:
            while running:
                done, running = wait(running, return_when=FIRST_COMPLETED)
                running |= {pool.submit(work, item) for item in islice(waiting, len(done))}
                for future in done:
                    yield future.result()
        finally:
            for future in running:
                future.cancel()
            if running:
                ours.close()


def end_with(parent: Connection) -> None:
    """In a worker: end when the other end of this pipe is closed, or gone with its process.

    (The pool's own workers hold both ends of the queue they wait on, and so would wait for ever.) A terminal's interrupt is the parent's
    business.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: Connection) -> None:
    parent.poll(None)
    os._exit(1)
