"""A model that others wait behind."""

from __future__ import annotations

import asyncio

import pytest

from duologue.think.hurried_model import HurriedModel
from duologue.think.scripted_model import ScriptedAnswer, ScriptedModel
from tests.think.asking import ask, ask_until_failure, asked, text_of, user


def hurried(answer: ScriptedAnswer, limit: float = 0.02) -> HurriedModel:
    return HurriedModel(ScriptedModel([answer]), limit)


async def test_a_model_in_time_is_as_if_nobody_waited() -> None:
    assert text_of(await ask(hurried(ScriptedAnswer("one two"), 5.0), user("hi"))) == "one two"


@pytest.mark.parametrize(("words", "text", "lost"), [(0, "", "the answer"), (1, "one", "the rest of the answer")])
async def test_a_model_that_is_too_slow_is_given_up(words: int, text: str, lost: str) -> None:
    events, failure = await ask_until_failure(hurried(ScriptedAnswer("one two", hang_after=words)), asked(user("hi")))
    assert (text_of(events), failure.message, failure.lost) == (text, "said nothing for 0.02 s", lost)


async def test_a_model_that_nobody_could_finish_for_need_only_begin_in_time() -> None:
    slow = ScriptedModel([ScriptedAnswer("one two", every=0.06)])
    assert text_of(await ask(HurriedModel(slow, 0.02, throughout=False), user("hi"))) == "one two"


class Unprepared(ScriptedModel):
    """Loads something before it can answer."""

    async def prepare(self) -> None:
        """Takes longer than anybody waits for an answer."""
        await asyncio.sleep(0.06)


async def test_loading_a_library_is_not_counted() -> None:
    assert text_of(await ask(HurriedModel(Unprepared([ScriptedAnswer("one")]), 0.02), user("hi"))) == "one"


async def test_the_failure_of_the_model_itself_is_its_own() -> None:
    _, failure = await ask_until_failure(hurried(ScriptedAnswer(fail_after=0), 5.0), asked(user("hi")))
    assert failure.engine == "scripted"


async def test_a_stopped_reply_stops_the_model() -> None:
    stream = hurried(ScriptedAnswer(hang_after=0), 5.0).respond(asked(user("hi")))
    waiting = asyncio.ensure_future(anext(stream))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
