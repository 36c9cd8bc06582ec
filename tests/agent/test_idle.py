"""Nobody says anything."""

from __future__ import annotations

from duologue.agent.idle import IdleClock
from duologue.agent.settings import IdlePolicy


def test_without_a_policy_silence_means_nothing() -> None:
    clock = IdleClock(IdlePolicy())
    clock.note(quiet=True, checking_in=False, now=0.0)
    assert clock.wake_at() is None
    assert not clock.asks(1e9)
    assert not clock.takes_leave(1e9)


def test_the_check_in_comes_once_and_does_not_put_off_the_end() -> None:
    clock = IdleClock(IdlePolicy(check_in_after=5.0, hang_up_after=12.0))
    clock.note(quiet=True, checking_in=False, now=1.0)
    assert clock.wake_at() == 6.0
    assert not clock.asks(5.9)
    assert clock.asks(6.0)
    clock.note(quiet=False, checking_in=True, now=6.0)
    assert clock.wake_at() is None
    clock.note(quiet=True, checking_in=False, now=8.0)
    assert not clock.asks(20.0)
    assert clock.wake_at() == 13.0
    assert clock.takes_leave(13.0)


def test_a_caller_who_speaks_begins_a_new_silence() -> None:
    clock = IdleClock(IdlePolicy(check_in_after=5.0, hang_up_after=12.0))
    clock.note(quiet=True, checking_in=False, now=1.0)
    assert clock.asks(6.0)
    clock.note(quiet=False, checking_in=False, now=7.0)
    clock.note(quiet=True, checking_in=False, now=9.0)
    assert clock.wake_at() == 14.0
    assert clock.asks(14.0)
