"""The settings of the pocketsphinx recogniser."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PocketsphinxSettings:
    """How the recogniser decodes. `ListenOptions.extras` may set each for one stream, but for the first four."""

    model: str = ""
    """Folder with `en-us/`, `cmudict-en-us.dict` and `en-us.lm.bin`; empty for the bundled one."""
    max_active_states: int = 5000
    """Of the search, per frame; 3000 is a third cheaper and 1.3 points worse, 10000 the other way round."""
    language_weight: float = 6.5
    """Weight of the language model."""
    keyterm_weight: float = 30_000.0
    """How much likelier than a rare word a keyterm is, anywhere; from a million on it is heard where it was not said."""
    least_level_dbfs: float = -40.0
    """Speech quieter than this is raised to it. Bringing all speech to one level made commands and digits worse."""
    voice_s: float = 4.0
    """Seconds of the caller's last speech the cepstral mean is taken from."""
    restart_s: float = 1.5
    """A caller's first segment is decoded again from its start when this much is there; 0 for at its end only."""
    judge_fit: bool = True
    """A second decoder hears arbitrary sounds beside a grammar; what the grammar fits no better is not believed. `False` is cheaper."""
    least_fit: float = 1.3
    """How much better the sentences of a grammar must fit than sounds. Measured: orders 1.7 to 3.6, anything else below 1.1."""
    least_string_fit: float = -0.9
    """The same for digits and letters, which pay for each word: spoken ones mostly above -0.7, anything else -0.3 to -4."""
    open_when_unfit: bool = True
    """What does not fit the grammar is decoded as open speech; `False` gives no words for it."""
    longest_s: float = 30.0
    """A longer segment is decoded in pieces of this length."""
