"""The ears of the turn bench: engines that hear a conversation under every wording, in the process that calls.

A *wording* is what the detector knows of the words. Each gives a `Heard`, over which policies are swept.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from duologue.audio.formats import Pcm
from duologue.listen.engines.registry import ENGINES
from duologue.listen.hypothesis import CaptureMode, ListenOptions
from duologue.listen.policy import GatePolicy
from duologue.runtime.engines import Role
from duologue.runtime.machine import Seconds
from duologue.runtime.references import resolve
from duologue.sim.turn_bench import Dialogue, Heard, Turn
from duologue.sim.turn_hearing import hear_reference, hear_voice, hear_words, plain, told_apart

WORDINGS: Mapping[str, str] = {
    "silence": "voice activity alone, as the detector says it",
    "foreground": "the same, the caller told from voices behind; every row below has that too",
    "heard": "the recogniser's words, open vocabulary",
    "keyterms": "the same, told the words the agent's orders are made of",
    "expected": "the same, told what the agent would expect: grammar, digits, spelling",
    "reference": "the true words",
}
"""What the detector knows."""
WORDLESS = ("silence", "foreground")
"""The wordings without words; the first is what all others are compared with."""
DECODED = ("heard", "keyterms", "expected")
"""The wordings that come from the recogniser."""


class Ears:
    """A detector and perhaps a recogniser, loaded when first needed."""

    def __init__(self, detector: str, recognizer: str | None, gate: GatePolicy) -> None:
        self._detector = detector
        self._recognizer = recognizer
        self._gate = gate

    def hear(self, dialogue: Dialogue, pcm: Pcm) -> dict[str, Heard]:
        """One conversation, by wording; `pcm` is all of it at `LISTEN_RATE`."""
        gate = self._gate
        said = hear_voice(_engine(Role.VOICE_ACTIVITY, self._detector), pcm)
        activities = told_apart(said)
        one = {"silence": Heard(dialogue, plain(said)), "foreground": Heard(dialogue, activities)}
        if self._recognizer:
            engine = _engine(Role.RECOGNIZER, self._recognizer)
            one["heard"] = open_words = hear_words(engine, dialogue, pcm, activities, gate)
            one["keyterms"] = hear_words(engine, dialogue, pcm, activities, gate, named, open_words)
            one["expected"] = hear_words(engine, dialogue, pcm, activities, gate, expectation, open_words)
        one["reference"] = hear_reference(dialogue, activities, gate, _language_model())
        return one


def expectation(turn: Turn) -> ListenOptions:
    """What an agent that asked for this kind of turn would tell the recogniser."""
    if turn.kind == "digits":
        return ListenOptions(capture=CaptureMode.DIGITS)
    if turn.kind == "spelling":
        return ListenOptions(capture=CaptureMode.SPELLING)
    return ListenOptions(grammar=_coffee().grammar()) if is_order(turn) else ListenOptions()


def named(turn: Turn) -> ListenOptions:
    """The words an agent that takes coffee orders would name to the recogniser; none for other turns."""
    return ListenOptions(keyterms=_coffee().keyterms()) if is_order(turn) else ListenOptions()


def is_order(turn: Turn) -> bool:
    """Whether it is an order of coffee."""
    return any("coffee" in file for file in turn.files)


def expected_capture(dialogue: Dialogue, wording: str) -> list[tuple[Seconds, CaptureMode]]:
    """From when on which kind of answer the listener expects: nothing special unless the agent would say so."""
    if wording in {*WORDLESS, "heard", "keyterms"}:
        return []
    modes = {"digits": CaptureMode.DIGITS, "spelling": CaptureMode.SPELLING}
    # The agent's question comes before the answer.
    return [(turn.start - 0.5, modes.get(turn.kind, CaptureMode.FREE)) for turn in dialogue.turns]


@lru_cache
def _engine(role: Role, name: str) -> Any:
    made = ENGINES.spec(role, name)
    return resolve(made.factory)(made.settings)


@lru_cache
def _coffee() -> Any:
    from duologue.think.rules import RulesDialogue

    return RulesDialogue.packaged("coffee")


@lru_cache
def _language_model() -> Callable[[Sequence[str]], float | None]:
    """The sentence ends of the embedded recogniser's language model, for the true words."""
    import pocketsphinx

    from duologue.listen.engines.sentence_end import SentenceEnd

    return SentenceEnd(pocketsphinx.Decoder(samprate=16_000, loglevel="FATAL")).probability
