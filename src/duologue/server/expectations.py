"""What the agent expects to hear, for the recogniser's sake: a rule dialogue's grammar, key terms and kind of answer.

The embedded recogniser is weak on open speech and useful with a fitting grammar, so this matters from the first word on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from duologue.agent.responder import Expectation
from duologue.agent.settings import ThinkSettings
from duologue.listen.hypothesis import CaptureMode, ListenOptions
from duologue.think.messages import Message
from duologue.think.router import Router
from duologue.think.rules import named_dialogue
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
        return replace(
            options,
            keyterms=_together(options.keyterms, dialogue.keyterms()),
            grammar=options.grammar or dialogue.grammar(),
            capture=CaptureMode(dialogue.capture(messages)),
        )

    return expect


@dataclass(frozen=True, slots=True)
class UsualSpeech:
    """What callers of this server are expected to say where neither their client nor a rule dialogue that answers them says better."""

    grammar: str = ""
    keyterms: tuple[str, ...] = ()

    @classmethod
    def of(cls, dialogue: str) -> UsualSpeech:
        """The sentences of a rule dialogue, by its name or file; nothing for "". Raises `Violation`."""
        if not dialogue:
            return cls()
        known = named_dialogue(dialogue, "listen.dialogue")
        return cls(known.grammar(), tuple(known.keyterms()))

    def beside(self, asked: ListenOptions) -> ListenOptions:
        """What the client asked for, and this where it said nothing of the kind."""
        return replace(asked, keyterms=_together(asked.keyterms, self.keyterms), grammar=asked.grammar or self.grammar)


def _together(asked: tuple[str, ...], expected: Iterable[str]) -> tuple[str, ...]:
    """The client's terms first: there is a bound."""
    return tuple(dict.fromkeys((*asked, *expected)))[:MAX_KEYTERMS]
