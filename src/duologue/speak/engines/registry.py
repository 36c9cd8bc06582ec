"""Which engines speak. Knows where each is made without importing it."""

from __future__ import annotations

from duologue.runtime.engine_table import EngineEntry, EngineTable
from duologue.runtime.engines import Role
from duologue.runtime.link import Vocabulary
from duologue.speak.speech import SpeakOptions, SpeechChunk

VOCABULARY = Vocabulary(SpeakOptions, str, SpeechChunk)
"""Every value that crosses the link to a synthesiser."""

_HERE = "duologue.speak.engines"

ENGINES = EngineTable(
    f"{_HERE}.registry:VOCABULARY",
    (
        EngineEntry(
            name="espeak",
            role=Role.SYNTHESIZER,
            factory=f"{_HERE}.espeak:create",
            summary="espeak-ng: any language, instant, exact word times, plain of timbre; the default",
            licence="GPL-3.0-or-later",
            package="espeakng-loader",
            module="espeakng_loader",
        ),
        EngineEntry(
            name="tone",
            role=Role.SYNTHESIZER,
            factory=f"{_HERE}.tone:create",
            summary="a tone per syllable, the same every time; for tests, simulation and benches",
            licence="Apache-2.0",
            inline=True,
        ),
    ),
)
