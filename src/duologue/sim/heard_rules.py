"""Rules about what the caller really heard, by the samples its ear played."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from duologue.sim.breach import Breach
from duologue.sim.caller import AGENT_RATE
from duologue.sim.marked import WORD_S, find_words
from duologue.sim.world import Outcome
from duologue.think.messages import Speaker

_SIGNS = re.compile(r"[^\w\s]")


def plain(text: str) -> list[str]:
    """The words of a text, without signs and case."""
    return _SIGNS.sub("", text).lower().split()


def heard_words(outcome: Outcome) -> list[str]:
    """The words the ear heard, in order. A word is heard when at least half of it has sounded."""
    call = outcome.call
    if call is None:
        return []
    half = round(WORD_S * AGENT_RATE) / 2
    words: list[str] = []
    # When it is the agent who hangs up, the loudspeaker plays what it has.
    until = call.ended if call.hung_up else float("inf")
    for samples in call.ear.utterances(until):
        words += [word.text for word in find_words(samples, call.lexicon) if word.length >= half]
    return plain(" ".join(words))


def kept_words(outcome: Outcome) -> list[str]:
    """The words the session's history keeps as the agent's."""
    session = outcome.trace.session
    if session is None:
        return []
    return plain(" ".join(line.text for line in session.history.lines if line.speaker is Speaker.ASSISTANT))


def check_heard_history(outcome: Outcome) -> Iterator[Breach]:
    """The model's history holds exactly what the ear heard."""
    if outcome.crash:
        return
    heard, kept = heard_words(outcome), kept_words(outcome)
    if outcome.case.synthesizer.dies:
        # A voice that died in the middle of a word says it again: the caller hears a piece of it and the whole of it.
        heard, kept = _without_repeats(heard), _without_repeats(kept)
    if heard != kept:
        place = next((at for at, (one, other) in enumerate(zip(heard, kept, strict=False)) if one != other), None)
        at = min(len(heard), len(kept)) if place is None else place
        yield Breach(
            "heard history",
            f"from word {at}: the ear heard {' '.join(heard[at : at + 8])!r}, the history holds {' '.join(kept[at : at + 8])!r}",
        )


def _without_repeats(words: Sequence[str]) -> list[str]:
    return [word for place, word in enumerate(words) if not place or words[place - 1] != word]


def check_one_voice(outcome: Outcome) -> Iterator[Breach]:
    """A reply does not begin while the caller still hears another."""
    call = outcome.call
    if call is None:
        return
    before = None
    late = call.plan.loudspeaker_late
    allowed = late + (late and call.plan.reports_every) + 1.5 / AGENT_RATE
    for sound in call.ear.sounds:
        if before is not None and before.label != sound.label and sound.begins > sound.arrived + allowed:
            waited = sound.begins - sound.arrived
            yield Breach(
                "one voice", f"a reply was sent {waited:.3f} s before the one before it was over", sound.arrived
            )
        before = sound
