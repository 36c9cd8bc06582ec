"""How likely a sentence ends behind the words heard, by the language model the recogniser brings.

A trigram model knows that sentences end in "brown sugar" and not in "with brown": on the true words of short commands it tells pauses from
ends with an area under the curve of 0.88, where rules about open words reach 0.68; on read speech 0.73 at any word, 0.58 at the places
where readers pause. It costs microseconds. It is only as good as the words: with every second word wrong it knows nothing, and a grammar
makes whole sentences of half ones. So the embedded recogniser does not use it; the turn bench does, for the true words.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

SLOPE, OFFSET = 1.29, 3.11
"""From the natural logarithm of P(end | last two words) to log odds: a logistic fit over commands, read and spontaneous speech cut open
at word boundaries (`bench/fit_sentence_end.py` does it again)."""
CONTEXT = 2
"""Words a trigram model looks back."""


class SentenceEnd:
    """Asks the language model of a loaded decoder."""

    def __init__(self, decoder: Any) -> None:
        self._model: Any = decoder.get_lm()
        self._logarithm: Any = decoder.logmath if hasattr(decoder, "logmath") else decoder.get_logmath()

    def log_probability(self, words: Sequence[str]) -> float:
        """The natural logarithm of the probability that a sentence ends here."""
        history = [word.lower() for word in reversed(words[-CONTEXT:])]
        return float(self._logarithm.log_to_ln(self._model.prob(["</s>", *history])))

    def probability(self, words: Sequence[str]) -> float | None:
        """That a sentence ends behind `words`, 0..1, when ends and pauses are equally frequent; `None` without words."""
        if not words:
            return None
        return 1.0 / (1.0 + math.exp(-(SLOPE * self.log_probability(words) + OFFSET)))
