"""First message, idle, session: literal times."""

from __future__ import annotations

from duologue.runtime.deadlines import DeadlineKeeper, DeadlinePolicy, Due, Excused, MessageReceived

ALL = DeadlinePolicy(first_message=10.0, idle=5.0, session=100.0, warn_before=20.0)
OPENING = MessageReceived(opening=True)
MESSAGE = MessageReceived()


def test_no_rule_means_no_deadline() -> None:
    keeper = DeadlineKeeper(DeadlinePolicy(), 50.0)
    keeper.handle(MESSAGE, 51.0)
    assert keeper.wake_at() is None
    assert list(keeper.wake(1e9)) == []


def test_the_first_message_must_come_in_time() -> None:
    keeper = DeadlineKeeper(ALL, 50.0)
    keeper.handle(MESSAGE, 58.0)
    assert keeper.wake_at() == 60.0
    assert keeper.wake(60.0) == [Due.FIRST_MESSAGE]
    assert keeper.wake_at() is None


def test_after_the_opening_message_only_silence_counts() -> None:
    keeper = DeadlineKeeper(ALL, 50.0)
    keeper.handle(OPENING, 52.0)
    assert keeper.wake_at() == 57.0
    keeper.handle(MESSAGE, 56.0)
    assert keeper.wake_at() == 61.0
    assert keeper.wake(61.0) == [Due.IDLE]


def test_without_a_first_message_rule_silence_counts_from_the_start() -> None:
    assert DeadlineKeeper(DeadlinePolicy(idle=5.0), 50.0).wake_at() == 55.0


def test_silence_is_excused_while_the_other_side_is_talking() -> None:
    keeper = DeadlineKeeper(ALL, 0.0)
    keeper.handle(OPENING, 1.0)
    keeper.handle(Excused(until_further_notice=True), 2.0)
    keeper.handle(MESSAGE, 3.0)
    assert keeper.wake_at() == 80.0
    keeper.handle(Excused(until_further_notice=False), 30.0)
    assert keeper.wake_at() == 35.0


def test_a_session_is_warned_and_then_over() -> None:
    keeper = DeadlineKeeper(DeadlinePolicy(session=100.0, warn_before=20.0), 50.0)
    assert keeper.wake_at() == 130.0
    assert keeper.wake(130.0) == [Due.SESSION_WARNING]
    assert keeper.wake_at() == 150.0
    assert keeper.wake(150.0) == [Due.SESSION]
    assert keeper.wake(151.0) == ()


def test_a_late_wake_tells_what_is_due_in_order_up_to_the_first_end() -> None:
    keeper = DeadlineKeeper(DeadlinePolicy(idle=90.0, session=100.0, warn_before=20.0), 0.0)
    assert keeper.wake(500.0) == [Due.SESSION_WARNING, Due.IDLE]
