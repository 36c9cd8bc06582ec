"""What is owed, and by when."""

from __future__ import annotations

from duologue.agent.watchdog import Owed, Watchdog


def test_what_is_owed_is_due_within_patience_of_its_last_sign_of_life() -> None:
    watchdog = Watchdog(10.0, 20.0)
    assert watchdog.wake_at() is None
    watchdog.owe(Owed.MODEL, 1.0)
    watchdog.owe(Owed.VOICE, 3.0)
    watchdog.owe(Owed.MODEL, 5.0)
    assert watchdog.wake_at() == 13.0
    assert watchdog.take_overdue(12.9) == []
    assert watchdog.take_overdue(13.0) == [Owed.VOICE]
    assert watchdog.take_overdue(13.0) == []
    assert watchdog.wake_at() == 15.0


def test_who_is_slow_is_told_once_until_everything_is_over() -> None:
    watchdog = Watchdog(10.0, 4.0)
    watchdog.owe(Owed.MODEL, 1.0)
    watchdog.owe(Owed.MODEL, 3.0)
    assert watchdog.wake_at() == 7.0
    assert watchdog.take_slow(6.9) == []
    assert watchdog.take_slow(7.0) == [Owed.MODEL]
    watchdog.owe(Owed.MODEL, 8.0)
    assert watchdog.take_slow(17.0) == []
    watchdog.clear()
    watchdog.owe(Owed.MODEL, 20.0)
    watchdog.settle(Owed.MODEL)
    assert watchdog.take_slow(30.0) == []
    watchdog.owe(Owed.MODEL, 30.0)
    assert watchdog.take_slow(34.0) == [Owed.MODEL]


def test_what_has_come_is_not_owed_any_more() -> None:
    watchdog = Watchdog(10.0, 4.0)
    watchdog.owe(Owed.MODEL, 1.0)
    watchdog.settle(Owed.MODEL)
    watchdog.settle(Owed.VOICE)
    watchdog.owe(Owed.VOICE, 1.0)
    watchdog.clear()
    assert watchdog.wake_at() is None
