"""The machine contract, kept by the driver on a loop whose clock is moved by hand."""

from __future__ import annotations

import gc
import heapq
import weakref
from collections.abc import Callable, Sequence
from typing import Any, cast

from hypothesis import given
from hypothesis import strategies as st

from duologue.runtime.driver import Driver, Timers


class HandLoop:
    """Stands in for an event loop: time passes when the test says so, and timers may be made to fire early."""

    def __init__(self) -> None:
        self.now = 0.0
        self.armed: list[tuple[float, int, HandTimer]] = []
        self.made = 0
        self.early = 0.0

    def time(self) -> float:
        return self.now

    def call_at(self, at: float, call: Callable[[], None]) -> HandTimer:
        self.made += 1
        timer = HandTimer(call)
        heapq.heappush(self.armed, (at, self.made, timer))
        return timer

    def advance(self, seconds: float) -> None:
        until = self.now + seconds
        while self.live() and self.live()[0] - self.early <= until:
            at, _, timer = heapq.heappop(self.armed)
            if not timer.cancelled:
                self.now = max(self.now, at - self.early)
                timer.call()
        self.now = max(self.now, until)

    def live(self) -> list[float]:
        return sorted(at for at, _, timer in self.armed if not timer.cancelled)


class HandTimer:
    def __init__(self, call: Callable[[], None]) -> None:
        self.call = call
        self.cancelled = False

    def cancel(self) -> None:
        self.cancelled = True


OFF = -1.0


class Alarm:
    """A machine: a number sets it for that moment, `OFF` switches it off, text is echoed."""

    def __init__(self, name: str = "alarm") -> None:
        self.name = name
        self.due: float | None = None
        self.woken: list[float] = []

    def handle(self, event: float | str, now: float) -> Sequence[str]:
        if isinstance(event, str):
            return [f"{part} at {now:g}" for part in event.split()]
        self.due = None if event == OFF else event
        return ()

    def wake(self, now: float) -> Sequence[str]:
        assert self.due is not None
        assert now >= self.due
        self.woken.append(now)
        self.due = None
        return [f"{self.name} rang"]

    def wake_at(self) -> float | None:
        return self.due


def timers(loop: HandLoop) -> Timers:
    return Timers(cast("Any", loop))


def test_commands_are_performed_in_order() -> None:
    loop, performed = HandLoop(), cast("list[str]", [])
    driver = Driver(Alarm(), performed.append, timers(loop))
    loop.advance(2.5)
    driver.feed("one two")
    driver.feed("three")
    assert performed == ["one at 2.5", "two at 2.5", "three at 2.5"]


def test_an_event_raised_by_a_command_waits_until_all_commands_are_done() -> None:
    performed: list[str] = []

    def perform(command: str) -> None:
        performed.append(command)
        if command.startswith("first"):
            driver.feed("raised")
            performed.append("feed returned")

    driver = Driver(Alarm(), perform, timers(HandLoop()))
    driver.feed("first second")
    assert performed == ["first at 0", "feed returned", "second at 0", "raised at 0"]


def test_a_machine_is_woken_when_it_asked_and_not_again() -> None:
    loop, performed, alarm = HandLoop(), cast("list[str]", []), Alarm()
    driver = Driver(alarm, performed.append, timers(loop))
    driver.feed(3.0)
    loop.advance(2.9)
    assert performed == []
    loop.advance(10)
    assert (performed, alarm.woken) == (["alarm rang"], [3.0])


def test_a_timer_that_fires_early_still_wakes_the_machine_at_its_time() -> None:
    loop, alarm = HandLoop(), Alarm()
    loop.early = 0.0009
    driver = Driver(alarm, lambda _: None, timers(loop))
    driver.feed(3.0)
    loop.advance(5)
    assert alarm.woken == [3.0]


def test_no_event_is_told_a_time_before_the_wake_that_preceded_it() -> None:
    loop, seen = HandLoop(), cast("list[float]", [])
    loop.early = 0.0009
    driver = Driver(Alarm(), lambda _: None, timers(loop), [lambda now, event, _: seen.append(now)])
    driver.feed(3.0)
    loop.advance(2.9995)
    driver.feed("late")
    assert (loop.now, seen) == (2.9995, [0.0, 3.0, 3.0])


def test_equal_deadlines_fire_in_the_order_they_were_set() -> None:
    loop, performed = HandLoop(), cast("list[str]", [])
    shared = timers(loop)
    drivers = [Driver(Alarm(name), performed.append, shared) for name in ("a", "b", "c")]
    for driver in (drivers[1], drivers[2], drivers[0]):
        driver.feed(1.0)
    drivers[1].feed(OFF)
    drivers[1].feed(1.0)
    loop.advance(1.0)
    assert performed == ["c rang", "a rang", "b rang"]


def test_any_number_of_machines_holds_one_loop_timer() -> None:
    loop = HandLoop()
    shared = timers(loop)
    drivers = [Driver(Alarm(), lambda _: None, shared) for _ in range(50)]
    for number, driver in enumerate(drivers):
        driver.feed(100.0 - number)
    assert loop.live() == [51.0]
    for driver in drivers:
        driver.feed(OFF)
    assert loop.live() == []


def test_deadlines_that_were_moved_or_closed_are_not_kept_until_their_time() -> None:
    loop = HandLoop()
    shared = timers(loop)
    driver = Driver(Alarm(), lambda _: None, shared)
    for number in range(1_000):
        driver.feed(7_200.0 + number)
    assert shared.entries < 50
    closed = [weakref.ref(driver)]
    for _ in range(100):
        another = Driver(Alarm(), lambda _: None, shared)
        another.feed(9_000.0)
        another.close()
        closed.append(weakref.ref(another))
    driver.close()
    del driver, another
    gc.collect()
    assert [reference() for reference in closed if reference() is not None] == []
    assert shared.entries == 0


def test_moving_a_deadline_back_and_forth_leaves_the_last_one() -> None:
    loop, alarm = HandLoop(), Alarm()
    driver = Driver(alarm, lambda _: None, timers(loop))
    for due in (5.0, 2.0, 8.0, 8.0):
        driver.feed(due)
    loop.advance(20)
    assert alarm.woken == [8.0]


def test_a_deadline_switched_off_and_swept_away_can_be_set_again() -> None:
    loop, alarm = HandLoop(), Alarm()
    shared = timers(loop)
    driver = Driver(alarm, lambda _: None, shared)
    Driver(Alarm(), lambda _: None, shared).feed(1.0)
    driver.feed(5.0)
    driver.feed(OFF)
    for _ in range(100):
        another = Driver(Alarm(), lambda _: None, shared)
        another.feed(4.0)
        another.close()
    driver.feed(6.0)
    loop.advance(20)
    assert alarm.woken == [6.0]


def test_a_deadline_moved_back_with_every_event_costs_few_loop_timers() -> None:
    loop, alarm = HandLoop(), Alarm()
    driver = Driver(alarm, lambda _: None, timers(loop))
    for _ in range(500):
        driver.feed(loop.now + 0.3)
        loop.advance(0.02)
    assert alarm.woken == []
    assert loop.made < 50
    loop.advance(1)
    assert [round(woken, 6) for woken in alarm.woken] == [round(499 * 0.02 + 0.3, 6)]


@given(st.lists(st.tuples(st.integers(0, 4), st.one_of(st.none(), st.integers(0, 30)), st.integers(0, 3)), max_size=60))
def test_any_changes_of_deadlines_ring_each_alarm_when_it_was_last_set_for_and_equal_ones_in_order(
    changes: list[tuple[int, int | None, int]],
) -> None:
    loop, rang = HandLoop(), cast("list[tuple[str, float]]", [])
    shared = timers(loop)
    drivers = [
        Driver(Alarm(str(name)), lambda command: rang.append((command.split()[0], loop.now)), shared)
        for name in range(5)
    ]
    wanted: list[tuple[float, int, str]] = []
    expected: list[tuple[str, float]] = []

    def pass_until(until: float) -> None:
        for due in sorted(wanted):
            if due[0] <= until:
                expected.append((due[2], due[0]))
                wanted.remove(due)
        loop.advance(until - loop.now)

    for order, (name, after, wait) in enumerate(changes):
        due = OFF if after is None else loop.now + after + 1
        if not any(
            each[0] == due and each[2] == str(name) for each in wanted
        ):  # set again to the same: keeps its place
            wanted[:] = [each for each in wanted if each[2] != str(name)]
            if due != OFF:
                wanted.append((due, order, str(name)))
        drivers[name].feed(due)
        pass_until(loop.now + wait)
    pass_until(loop.now + 100)
    assert rang == expected


def test_start_arms_what_the_machine_wants_from_the_beginning() -> None:
    loop, alarm = HandLoop(), Alarm()
    alarm.due = 1.0
    Driver(alarm, lambda _: None, timers(loop)).start()
    loop.advance(1)
    assert alarm.woken == [1.0]


def test_observers_see_every_step_before_it_is_performed() -> None:
    loop, seen = HandLoop(), cast("list[Any]", [])
    observers = [lambda now, event, commands: seen.append((now, event, list(commands)))]
    driver = Driver(Alarm(), seen.append, timers(loop), observers)
    driver.feed("word")
    driver.feed(1.0)
    loop.advance(1)
    assert seen == [
        (0.0, "word", ["word at 0"]),
        "word at 0",
        (0.0, 1.0, []),
        (1.0, None, ["alarm rang"]),
        "alarm rang",
    ]


def test_after_close_nothing_is_handled_woken_or_performed() -> None:
    loop, performed, alarm = HandLoop(), cast("list[str]", []), Alarm()

    def perform(command: str) -> None:
        performed.append(command)
        driver.close()

    driver = Driver(alarm, perform, timers(loop))
    driver.feed(5.0)
    driver.feed("last never")
    driver.feed("nor this")
    loop.advance(10)
    assert (performed, alarm.woken, loop.live()) == (["last at 0"], [], [])


def test_a_machine_that_breaks_does_not_stop_the_clock_for_the_others() -> None:
    class Broken(Alarm):
        def wake(self, now: float) -> Sequence[str]:
            self.due = None
            raise ZeroDivisionError

    loop, performed = HandLoop(), cast("list[str]", [])
    shared = timers(loop)
    broken, sound = Driver(Broken(), performed.append, shared), Driver(Alarm(), performed.append, shared)
    broken.feed(1.0)
    sound.feed(2.0)
    try:
        loop.advance(1.0)
    except ZeroDivisionError:
        performed.append("broke")
    loop.advance(1.0)
    assert performed == ["broke", "alarm rang"]
