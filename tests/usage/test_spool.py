"""The local file in which rows wait."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from duologue.usage.meter import RowStatus, UsageMeter
from duologue.usage.spool import Spool


def test_rows_come_back_as_they_were(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "usage.spool")
    assert spool.read() == []
    first = UsageMeter("1", "duo_1", "tts", "/tts/websocket", 100.0, characters=7).row(103.0, RowStatus.OPEN)
    second = UsageMeter("2", "", "agent", "/agent", 100.0, own="model").row(104.0, RowStatus.CLOSED)
    spool.keep([first])
    spool.keep([first, second])
    assert spool.read() == [first, second]
    spool.clear()
    assert spool.read() == []
    spool.clear()
    assert not list(tmp_path.iterdir())


def test_only_its_owner_may_read_it(tmp_path: Path) -> None:
    Spool(tmp_path / "usage.spool").keep([])
    assert stat.S_IMODE((tmp_path / "usage.spool").stat().st_mode) == 0o600


def test_what_is_no_spool_is_said(tmp_path: Path) -> None:
    (tmp_path / "usage.spool").write_text("nonsense\n")
    with pytest.raises(ValueError, match="JSON"):
        Spool(tmp_path / "usage.spool").read()
