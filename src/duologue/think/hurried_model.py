"""A model that others are waiting behind: it must begin within a limit, and go on within it where another could."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Protocol, runtime_checkable

from duologue.errors import EngineFailure
from duologue.runtime.machine import Seconds
from duologue.think.completion import CompletionEvent, CompletionRequest, LanguageModel


@runtime_checkable
class Preparing(Protocol):
    """A model that has something to load before it can be asked for the first time."""

    async def prepare(self) -> None:
        """Load it."""
        ...


class HurriedModel:
    """Another `LanguageModel`, given up when it says nothing for `limit` seconds: to begin with, or `throughout`.

    Loading its library is not counted: that says nothing about the provider, and happens once.
    """

    def __init__(self, model: LanguageModel, limit: Seconds, *, throughout: bool = True) -> None:
        self._model = model
        self._limit = limit
        self._throughout = throughout

    async def respond(self, request: CompletionRequest) -> AsyncIterator[CompletionEvent]:
        """As the other model. Raises `EngineFailure`, also when it is too slow."""
        if isinstance(self._model, Preparing):
            await self._model.prepare()
        stream = self._model.respond(request)
        begun = False
        try:
            while True:
                async with asyncio.timeout(self._limit if self._throughout or not begun else None):
                    event = await anext(stream)
                begun = True
                yield event
        except StopAsyncIteration:
            return
        except TimeoutError:
            lost = "the rest of the answer" if begun else "the answer"
            raise EngineFailure("think", f"said nothing for {self._limit:g} s", lost=lost) from None
        finally:
            if isinstance(stream, AsyncGenerator):
                await stream.aclose()
