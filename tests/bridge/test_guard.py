from __future__ import annotations

import asyncio

import pytest

from duologue.bridge.guard import Guard


def test_what_a_users_function_raises_is_told_and_goes_no_further() -> None:
    told: list[tuple[str, BaseException]] = []
    with Guard("event", lambda event, error: told.append((event, error))):
        raise ZeroDivisionError("a mistake")
    assert [(event, str(error)) for event, error in told] == [("event", "a mistake")]
    with Guard("event", lambda event, error: told.append((event, error))):
        pass
    assert len(told) == 1


@pytest.mark.parametrize("kind", [asyncio.CancelledError, KeyboardInterrupt])
def test_what_ends_a_task_or_the_program_passes(kind: type[BaseException]) -> None:
    with pytest.raises(kind), Guard("event", lambda event, error: None):
        raise kind
