"""What the agent expects to hear, for the recogniser's sake: a rule dialogue's grammar, key terms and kind of answer.

The embedded recogniser is weak on open speech and useful with a fitting grammar, so this matters from the first word on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from duologue.agent.responder import Expectation
from duologue.agent.settings import ThinkSettings
from duologue.listen.hypothesis import CaptureMode, ListenOptions
from duologue.think.messages import Message
from duologue.think.router import Router
from duologue.think.rules_model import RulesModel

MAX_KEYTERMS = 100


def expectation(models: Router, asked: Callable[[], ListenOptions]) -> Expectation:
    """What is to be heard next: what the client `asked` for, narrowed by the rules when they answer; `None` when they do not."""

    def expect(messages: Sequence[Message], think: ThinkSettings) -> ListenOptions | None:
        first = models.first(think.choices)
        if first is None or not isinstance(first[0], RulesModel):
            return None
        dialogue = first[0].dialogue(first[1])
        options = asked()
        terms = tuple(dict.fromkeys((*options.keyterms, *dialogue.keyterms())))
        return replace(
            options,
            keyterms=terms[:MAX_KEYTERMS],
            grammar=options.grammar or dialogue.grammar(),
            capture=CaptureMode(dialogue.capture(messages)),
        )

    return expect
