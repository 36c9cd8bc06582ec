"""What the kernel says of a process's wait for a processor."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from duologue.runtime.run_queue import read_waited


def test_the_second_number_of_schedstat_is_the_wait_in_nanoseconds(tmp_path: Path) -> None:
    (tmp_path / "7").mkdir()
    (tmp_path / "7" / "schedstat").write_text("113491280 5672085699 60\n", "ascii")
    assert read_waited(7, tmp_path) == pytest.approx(5.672085699)


@pytest.mark.parametrize("content", [None, "", "1", "a b c"])
def test_where_nothing_is_counted_nobody_waited(content: str | None, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "7").mkdir()
        (tmp_path / "7" / "schedstat").write_text(content, "ascii")
    assert read_waited(7, tmp_path) == 0.0


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux counts it")
def test_of_a_process_here_it_only_grows() -> None:
    before = read_waited(os.getpid())
    assert 0.0 <= before <= read_waited(os.getpid())
