"""The rule dialogues as a language model: answers at once, offline, always the same."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping

from duologue.errors import EngineFailure
from duologue.think.completion import CompletionEvent, CompletionRequest, Finish, TextDelta
from duologue.think.rules import RulesDialogue


class RulesModel:
    """A `LanguageModel` over dialogues by name; the model a client names chooses one, else `default` answers."""

    def __init__(self, dialogues: Mapping[str, RulesDialogue] | None = None, default: str = "coffee") -> None:
        """Without `dialogues`, the packaged coffee order. Raises `KeyError` when `default` is not among them."""
        self._dialogues = dict(dialogues) if dialogues is not None else {"coffee": RulesDialogue.packaged("coffee")}
        self._default = self._dialogues[default]

    def dialogue(self, name: str = "") -> RulesDialogue:
        """The dialogue that answers for a model name: its grammar, key terms and capture mode are the listener's business."""
        return self._dialogues.get(name, self._default)

    async def respond(self, request: CompletionRequest) -> AsyncIterator[CompletionEvent]:
        """The reply, a sentence a delta. The system prompt is not read: the document says it all."""
        dialogue = self.dialogue(request.choices[0].model if request.choices else "")
        if not request.messages:
            raise EngineFailure("rules", "there is nothing to answer", lost="the answer")
        reply = dialogue.reply(request.messages, {tool.name for tool in request.tools})
        for sentence in re.findall(r"\S.*?(?:[.!?](?=\s)\s*|$)", reply.text):
            yield TextDelta(sentence)
        if reply.call is not None:
            yield reply.call
        yield Finish("tool_calls" if reply.call is not None else "stop")
