"""A child that ends with its parent."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

CHILD = """
import signal
from duologue.cli.lifeline import stop_when_input_ends
stop_when_input_ends()
print("watching", flush=True)
signal.pause()
"""


@pytest.mark.parametrize("said", ["", "whatever stands there is of no interest\n" * 10])
def test_the_end_of_input_is_a_request_to_stop(said: str) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", CHILD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        assert child.stdout.readline() == "watching\n"
        child.stdin.write(said)
        child.stdin.flush()
        assert child.poll() is None
        child.stdin.close()
        assert child.wait(100) == -signal.SIGTERM


def test_no_input_at_all_has_ended_too() -> None:
    closed = subprocess.Popen(
        ["sh", "-c", 'exec "$@" <&-', "sh", sys.executable, "-c", CHILD], stdout=subprocess.DEVNULL
    )
    assert closed.wait(100) == -signal.SIGTERM
