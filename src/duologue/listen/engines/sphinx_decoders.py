"""The decoders of one process: loaded once, lent for one utterance at a time.

A decoder carries nothing from one user to the next: front end and cepstral mean are set anew at the start of every utterance, and what
to listen for is chosen by name. Loading one costs about 0.5 s and 90 MB (0.1 s and 5 to 25 MB without the language model), so they are
kept and lent again.
"""

from __future__ import annotations

import hashlib
import re
from collections import OrderedDict
from collections.abc import Mapping
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
    """Any English, by the language model, keyterms raised."""
    TASK = "task"
    """The sentences of a grammar."""
    STRING = "string"
    """Digits or letters in any order and number."""
    PHONES = "phones"
    """Any sound of speech: what a grammar must beat to be believed."""


_MANNERS: dict[Search, dict[str, Any]] = {
    # The second pass brings nothing once the mean is known, and makes finals later.
    Search.OPEN: {"fwdflat": False},
    # The lattice over a grammar can take minutes to search (letters in a loop), and is worse than the best path of the first pass.
    Search.TASK: {"bestpath": False, "lm": None},
    # Every pause is worth a digit unless words cost something: 62 to 37 percent word errors on digits, 66 to 26 on spelling.
    Search.STRING: {"bestpath": False, "lm": None, "wip": 0.003, "silprob": 0.1},
    Search.PHONES: {"bestpath": False, "lm": None, "wip": 0.1},
}

_PHONES = (
    "AA AE AH AO AW AY B CH D DH EH ER EY F G HH IH IY JH K L M N NG OW OY P R S SH T TH UH UW V W Y Z ZH"
).split()
_PHONE_WORDS = {f"ph_{phone.lower()}": phone for phone in _PHONES}
_PHONE_LOOP = f"#JSGF V1.0; grammar phones; public <phones> = ({' | '.join(_PHONE_WORDS)})+;"

NEUTRAL_MEAN = "40,3,-1"
"""The cepstral mean to begin with when nothing is known of the caller."""
KEPT_GRAMMARS = 8
"""Grammars a decoder keeps compiled; the one not used for longest goes first."""
KEPT_MODELS = 2
"""Sets of keyterms a decoder keeps; each costs a search tree."""
MOST_ADDED_WORDS = 5000
"""Words added to one decoder's dictionary before it is replaced, so that a server that lives long does not grow."""
KEYTERM_MARK = "~"
"""Ends the dictionary's name of a keyterm: `brown_sugar~`."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What to listen for."""

    search: Search = Search.OPEN
    grammar: str = ""
    """JSGF, for `TASK` and `STRING`."""
    keyterms: tuple[str, ...] = ()
    """For `OPEN`."""

    @property
    def name(self) -> str:
        """The search's name in a decoder; empty for the plain language model."""
        said = self.grammar or "\n".join(self.keyterms)
        return hashlib.sha256(said.encode()).hexdigest()[:16] if said else ""


_FRONT_END = Expected(Search.TASK, "#JSGF V1.0; grammar front; public <front> = a;")
"""Next to no search: the library searches what it was told not to when the utterance ends."""


def keyterm_name(term: str) -> str:
    """What a keyterm is called in the dictionary; empty when nothing in it can be pronounced."""
    slug = re.sub(r"[^a-z0-9']+", "_", term.lower()).strip("_'")
    return slug + KEYTERM_MARK if slug else ""


@dataclass(slots=True)
class Lent:
    """A decoder and what it has compiled."""

    decoder: Any
    search: Search
    compiled: OrderedDict[str, None] = field(default_factory=OrderedDict)
    added: int = 0


class Decoders:
    """Makes, keeps and lends decoders. Used from one thread."""

    def __init__(self, model: str, max_active_states: int, language_weight: float, keyterm_weight: float) -> None:
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
        self._model = str(root / "en-us.lm.bin")
        self._language_weight = language_weight
        self._keyterm_weight = keyterm_weight
        self._free: dict[Search, list[Lent]] = {search: [] for search in Search}

    def lend(self, expected: Expected) -> Lent:
        """A decoder that listens for what is expected. Give it back. Raises `Violation("grammar")` for anything else than JSGF."""
        free = self._free[expected.search]
        lent = free.pop() if free else self._load(expected.search)
        try:
            self._use(lent, expected)
        except Violation:
            self.give_back(lent)
            raise
        return lent

    def give_back(self, lent: Lent) -> None:
        """It may serve another stream."""
        if lent.added <= MOST_ADDED_WORDS:
            self._free[lent.search].append(lent)

    def mean_of(self, pcm: bytes) -> str:
        """The cepstral mean of 16-bit samples, by the front end of a decoder that has next to nothing to search."""
        lent = self.lend(_FRONT_END)
        lent.decoder.reinit_feat()
        lent.decoder.set_cmn(NEUTRAL_MEAN)
        lent.decoder.start_utt()
        lent.decoder.process_raw(pcm, True, True)
        lent.decoder.end_utt()
        mean = str(lent.decoder.get_cmn(False))
        self.give_back(lent)
        return mean

    def _load(self, search: Search) -> Lent:
        settings = dict(self._settings)
        if search is Search.OPEN:
            settings |= {"lm": self._model, "lw": self._language_weight}
        return Lent(self._library.Decoder(**settings, **_MANNERS[search]), search)

    def _use(self, lent: Lent, expected: Expected) -> None:
        decoder, name = lent.decoder, expected.name
        if expected.search is Search.PHONES:
            name = Search.PHONES.value
        if not name:
            decoder.activate_search("_default")
            return
        if name not in lent.compiled:
            self._compile(lent, name, expected)
            kept = KEPT_MODELS if expected.search is Search.OPEN else KEPT_GRAMMARS
            while len(lent.compiled) >= kept:
                decoder.remove_search(lent.compiled.popitem(last=False)[0])
        lent.compiled[name] = None
        lent.compiled.move_to_end(name)
        decoder.activate_search(name)

    def _compile(self, lent: Lent, name: str, expected: Expected) -> None:
        if expected.search is Search.OPEN:
            self._raise_keyterms(lent, name, expected.keyterms)
        elif expected.search is Search.PHONES:
            self._add_words(lent, _PHONE_WORDS)
            lent.decoder.add_jsgf_string(name, _PHONE_LOOP)
        else:
            self._add_grammar(lent, name, expected.grammar)

    def _add_grammar(self, lent: Lent, name: str, grammar: str) -> None:
        # The library prints what it cannot read to standard output, so the header is looked at first.
        if not is_jsgf(grammar):
            raise _bad_grammar("it does not begin with '#JSGF V1.0; grammar name;'")
        known = lent.decoder.lookup_word
        words = sorted(grammar_words(grammar))
        self._add_words(lent, {word: pronounce(word, known) for word in words if known(word) is None})
        try:
            lent.decoder.add_jsgf_string(name, grammar)
        except (RuntimeError, ValueError) as error:
            raise _bad_grammar(str(error)) from error

    def _raise_keyterms(self, lent: Lent, name: str, keyterms: tuple[str, ...]) -> None:
        """A copy of the language model in which each keyterm is one more word, likely anywhere.

        As whole phrases: a phrase needs all of its sounds before it wins, so raising it hardly disturbs other speech.
        """
        decoder = lent.decoder
        model = self._library.NGramModel(decoder.config, decoder.logmath, self._model)
        for term in keyterms:
            word = keyterm_name(term)
            if word:
                spoken = word.removesuffix(KEYTERM_MARK).replace("_", " ").split()
                self._add_words(lent, {word: " ".join(pronounce(part, decoder.lookup_word) for part in spoken)})
                model.add_word(word, self._keyterm_weight)
        decoder.add_lm(name, model)

    def _add_words(self, lent: Lent, words: Mapping[str, str]) -> None:
        for word, phones in words.items():
            if lent.decoder.lookup_word(word) is None:
                lent.decoder.add_word(word, phones, False)
                lent.added += 1


def _bad_grammar(why: str) -> Violation:
    return Violation(
        "grammar", f"the grammar cannot be used: {why}", path="grammar", expected="a JSGF grammar with a public rule"
    )
