"""Which voices' engines there are, by name. Knows where each is made without importing it."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec

from duologue.errors import Violation
from duologue.runtime.engines import EngineSpec, Role
from duologue.runtime.link import Vocabulary
from duologue.speak.speech import SpeakOptions, SpeechChunk

VOCABULARY = Vocabulary(SpeakOptions, str, SpeechChunk)
"""Every value that crosses the link to a synthesiser."""

_HERE = "duologue.speak.engines"


@dataclass(frozen=True, slots=True)
class EngineEntry:
    """What can be told of an engine without loading it."""

    name: str
    factory: str
    """`module:function`, called in the worker with the settings."""
    summary: str
    licence: str
    package: str = ""
    """What must be installed, as pip names it; empty when the engine is ours."""
    module: str = ""
    """The module of that package."""
    inline: bool = False
    """Light enough, and free enough, to run in the server process."""
    role: Role = Role.SYNTHESIZER

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


ENGINES: dict[str, EngineEntry] = {
    entry.name: entry
    for entry in (
        EngineEntry(
            name="espeak",
            factory=f"{_HERE}.espeak:create",
            summary="espeak-ng: any language, instant, exact word times, plain of timbre; the default",
            licence="GPL-3.0-or-later",
            package="espeakng-loader",
            module="espeakng_loader",
        ),
        EngineEntry(
            name="tone",
            factory=f"{_HERE}.tone:create",
            summary="a tone per syllable, the same every time; for tests, simulation and benches",
            licence="Apache-2.0",
            inline=True,
        ),
    )
}
"""All synthesisers by name; the first is the default."""

DEFAULT_ENGINE = next(iter(ENGINES))


def entry(name: str) -> EngineEntry:
    """What is known of an engine. Raises `Violation("unknown_engine")` with the nearest right name."""
    found = ENGINES.get(name)
    if found is None:
        near = difflib.get_close_matches(name, ENGINES, n=1)
        raise Violation(
            "unknown_engine",
            f"there is no synthesizer engine {name!r}",
            expected="one of " + ", ".join(ENGINES),
            remedy=f"Did you mean {near[0]!r}?" if near else "",
        )
    return found


def spec(
    role: Role = Role.SYNTHESIZER,
    name: str = DEFAULT_ENGINE,
    settings: Mapping[str, str | int | float | bool] | None = None,
) -> EngineSpec:
    """How a host makes the engine: in this process or in a worker. Raises `Violation` for an unknown or uninstalled one."""
    if role is not Role.SYNTHESIZER:
        raise Violation("unknown_engine", f"a {role.value} does not speak", expected=Role.SYNTHESIZER.value)
    found = entry(name)
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
