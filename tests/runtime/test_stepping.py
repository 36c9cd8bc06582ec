"""One stream, a result at a time."""

from __future__ import annotations

import pytest

from duologue.errors import EngineFailure, Violation
from duologue.runtime.engines import Flushed
from duologue.runtime.stepping import Blame, SteppedStream
from tests.runtime.echo import Echo, EchoStream, Say


def stream() -> SteppedStream[Say, Echo]:
    return SteppedStream(EchoStream(""), "echo")  # type: ignore[arg-type]


def test_each_step_gives_one_result_or_ends_an_item() -> None:
    work = stream()
    work.send(Say("count", "n", times=2))
    work.send(Say("keep", "held"))
    work.flush(1)
    steps = []
    while work.has_work:
        steps.append(work.step())
    assert steps == [Echo("n", 0), Echo("n", 1), None, None, Echo("held"), Flushed(1)]
    assert work.done == 2


def test_a_cancel_between_two_results_forgets_the_rest() -> None:
    work = stream()
    work.send(Say("count", "old", times=5))
    work.send(Say("echo", "old"))
    work.step()
    assert work.busy
    work.cancel()
    assert (work.has_work, work.busy, work.waiting, work.done) == (False, False, 0, 0)
    work.send(Say("count", "new"))
    assert work.step() == Echo("new", 0)


def test_an_item_can_be_worked_off_by_somebody_else() -> None:
    work = stream()
    assert work.take() is None
    work.send(Say("echo"))
    work.flush(1)
    assert work.take() == Say("echo")
    work.give([Echo("given")])
    assert work.take() is None
    assert [work.step(), work.step(), work.take(), work.step()] == [Echo("given"), None, None, Flushed(1)]


def test_an_engines_error_is_blamed_on_the_engine_with_its_cause() -> None:
    work = stream()
    work.send(Say("raise", "broken"))
    with pytest.raises(EngineFailure, match="RuntimeError while working on a stream: broken") as caught:
        work.step()
    assert isinstance(caught.value.__cause__, RuntimeError)


def test_our_own_errors_and_interruptions_pass_as_they_are() -> None:
    for error in (Violation("code", "message"), KeyboardInterrupt()):
        with pytest.raises(type(error)), Blame("echo", "testing"):
            raise error


def test_closing_closes_the_engines_stream() -> None:
    inner = EchoStream("")
    work: SteppedStream[Say, Echo] = SteppedStream(inner, "echo")  # type: ignore[arg-type]
    work.send(Say("count", times=3))
    work.step()
    work.close()
    assert inner.closed
    assert not work.has_work
