"""What surrounds the application: late facts, what is logged, functions that answer late or never, a model that follows its script."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace

import pytest

from duologue.agent.events import CompletionReceived, Event, SpeechEnded
from duologue.errors import EngineFailure
from duologue.sim.clock import run
from duologue.sim.draw import Answer
from duologue.sim.plan import Answering
from duologue.sim.surroundings import CaseModel, CaseTools, Collected, LateFacts
from duologue.think.completion import CompletionEvent, CompletionRequest, Finish, TextDelta
from duologue.think.messages import ToolCall, ToolSpec


def test_late_facts_come_late_and_in_order_within_a_kind() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        came: list[tuple[float, Event]] = []
        late = LateFacts(1.0, random.Random(1))
        told = [CompletionReceived(1, 1, TextDelta(str(number))) for number in range(50)]
        for fact in told:
            late.carry(fact, lambda event: came.append((loop.time(), event)))
        late.carry(SpeechEnded(1), lambda event: came.append((loop.time(), event)))
        await asyncio.sleep(2.0)
        assert [event for _, event in came if event != SpeechEnded(1)] == told
        assert max(at for at, _ in came) <= 1.0
        assert came[-1][1] != SpeechEnded(1)  # another kind does not wait behind it

    run(main())


def test_exceptions_are_collected_with_their_trace() -> None:
    collected = Collected()
    log = collected.logger()
    try:
        int("something")
    except ValueError:
        log.exception("broke", route="/")
    log.info("fine")
    assert [entry["level"] for entry in collected.entries] == ["error", "info"]
    assert "ValueError: invalid literal" in collected.entries[0]["trace"]


async def answered(model: CaseModel) -> list[CompletionEvent]:
    return [event async for event in model.respond(CompletionRequest((), ()))]


def test_a_model_gives_the_answers_of_its_case_in_turn() -> None:
    async def main() -> None:
        model = CaseModel((Answer(("Hi", " you."), first_after=1.0, each_after=0.5), Answer(tools=("book",))))
        assert await answered(model) == [TextDelta("Hi"), TextDelta(" you."), Finish("stop", 1, 1)]
        assert asyncio.get_running_loop().time() == pytest.approx(2.0)
        assert await answered(model) == [ToolCall("call-1-0", "book", "{}"), Finish("tool_calls", 1, 1)]
        assert (await answered(model))[0] == TextDelta("Hi")

    run(main())


def test_a_model_fails_behind_what_it_has_said() -> None:
    async def main() -> None:
        answer = aiter(CaseModel((Answer(("Well,",), fails=True),)).respond(CompletionRequest((), ())))
        assert await anext(answer) == TextDelta("Well,")
        with pytest.raises(EngineFailure, match="the script fails here"):
            await anext(answer)

    run(main())


def test_functions_answer_as_late_as_the_case_says_or_never() -> None:
    async def main() -> None:
        call, spec = ToolCall("c1", "book", "{}"), ToolSpec("book", "", {})
        result = await CaseTools(Answering(after=3.0)).run(call, spec)
        assert (result.call_id, asyncio.get_running_loop().time()) == ("c1", pytest.approx(3.0))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(60.0):
                await CaseTools(replace(Answering(), never=True)).run(call, spec)

    run(main())
