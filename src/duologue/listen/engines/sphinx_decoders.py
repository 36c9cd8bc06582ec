"""The decoders of one process: loaded once, lent for one utterance at a time.

A decoder carries nothing from one user to the next: the cepstral mean is set at the start of every utterance, and searches are chosen
by name. Loading one costs about 0.6 s and 90 MB (20 MB without the language model), so they are kept and lent again.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from duologue.errors import Violation
from duologue.listen.engines.grammars import grammar_words, is_jsgf
from duologue.listen.engines.pronounce import pronounce


class Search(StrEnum):
    """What a decoder is made for; each has its own way of weighing words."""

    OPEN = "open"
    """Any English, by the language model."""
    TASK = "task"
    """The sentences of a grammar."""
    STRING = "string"
    """Digits or letters in any order and number."""


_MANNERS: dict[Search, dict[str, Any]] = {
    # The second pass brings nothing once the mean is known, and makes finals later.
    Search.OPEN: {"fwdflat": False},
    # The lattice over a grammar can take minutes to search (letters in a loop), and is worse than the best path of the first pass.
    Search.TASK: {"bestpath": False, "lm": None},
    # Every pause is worth a digit unless words cost something: 62 to 37 percent word errors on digits, 66 to 26 on spelling.
    Search.STRING: {"bestpath": False, "lm": None, "wip": 0.003, "silprob": 0.1},
}
KEPT_SEARCHES = 8
"""Grammars a decoder keeps compiled; the one not used for longest goes first."""


@dataclass(slots=True)
class Lent:
    """A decoder and the grammars it has compiled."""

    decoder: Any
    search: Search
    searches: OrderedDict[str, None] = field(default_factory=OrderedDict)


class Decoders:
    """Makes, keeps and lends decoders. Used from one thread."""

    def __init__(self, model: str, max_active_states: int, language_weight: float) -> None:
        import pocketsphinx

        root = Path(model) if model else Path(pocketsphinx.get_model_path()) / "en-us"
        self._library: Any = pocketsphinx
        self._settings: dict[str, Any] = {
            "samprate": 16000,
            "hmm": str(root / "en-us"),
            "dict": str(root / "cmudict-en-us.dict"),
            "maxhmmpf": max_active_states,
            "loglevel": "FATAL",
        }
        self._model_settings: dict[str, Any] = {"lm": str(root / "en-us.lm.bin"), "lw": language_weight}
        self._free: dict[Search, list[Lent]] = {search: [] for search in Search}

    def lend(self, search: Search = Search.OPEN, grammar: str = "") -> Lent:
        """A decoder ready for open speech, or for `grammar`. Give it back."""
        free = self._free[search]
        lent = free.pop() if free else self._load(search)
        if grammar:
            self._use(lent, grammar)
        return lent

    def give_back(self, lent: Lent) -> None:
        """It may serve another stream."""
        self._free[lent.search].append(lent)

    def check(self, search: Search, grammar: str) -> None:
        """Compile `grammar` once, so that its first use costs nothing. Raises `Violation("grammar")` for anything else than JSGF."""
        # The library prints what it cannot read to standard output, so the header is looked at first.
        if not is_jsgf(grammar):
            raise _bad_grammar("it does not begin with '#JSGF V1.0; grammar name;'")
        self.give_back(self.lend(search, grammar))

    def _load(self, search: Search) -> Lent:
        settings = {**self._settings, **(self._model_settings if search is Search.OPEN else {}), **_MANNERS[search]}
        return Lent(self._library.Decoder(**settings), search)

    def _use(self, lent: Lent, grammar: str) -> None:
        name = hashlib.sha256(grammar.encode()).hexdigest()[:16]
        if name not in lent.searches:
            self._compile(lent, name, grammar)
            while len(lent.searches) >= KEPT_SEARCHES:
                lent.decoder.remove_search(lent.searches.popitem(last=False)[0])
        lent.searches[name] = None
        lent.searches.move_to_end(name)
        lent.decoder.activate_search(name)

    def _compile(self, lent: Lent, name: str, grammar: str) -> None:
        decoder = lent.decoder
        for word in sorted(grammar_words(grammar)):
            if decoder.lookup_word(word) is None:
                decoder.add_word(word, pronounce(word, decoder.lookup_word), False)
        try:
            decoder.add_jsgf_string(name, grammar)
        except (RuntimeError, ValueError) as error:
            self.give_back(lent)
            raise _bad_grammar(str(error)) from error


def _bad_grammar(why: str) -> Violation:
    return Violation(
        "grammar", f"the grammar cannot be used: {why}", path="grammar", expected="a JSGF grammar with a public rule"
    )
