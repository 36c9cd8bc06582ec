"""What is owed, and by when."""

from __future__ import annotations

from duologue.agent.watchdog import Owed, Watchdog


def test_what_is_owed_is_due_within_patience_of_its_last_sign_of_life() -> None:
    watchdog = Watchdog(10.0)
    assert watchdog.wake_at() is None
    watchdog.owe(Owed.MODEL, 1.0)
    watchdog.owe(Owed.VOICE, 3.0)
    watchdog.owe(Owed.MODEL, 5.0)
    assert watchdog.wake_at() == 13.0
    assert watchdog.take_overdue(12.9) == []
    assert watchdog.take_overdue(13.0) == [Owed.VOICE]
    assert watchdog.take_overdue(13.0) == []
    assert watchdog.wake_at() == 15.0


def test_what_has_come_is_not_owed_any_more() -> None:
    watchdog = Watchdog(10.0)
    watchdog.owe(Owed.MODEL, 1.0)
    watchdog.settle(Owed.MODEL)
    watchdog.settle(Owed.VOICE)
    watchdog.owe(Owed.VOICE, 1.0)
    watchdog.clear()
    assert watchdog.wake_at() is None
