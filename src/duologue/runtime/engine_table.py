"""Which engines there are, told without loading any: where each is made, its licence, and whether its package is here."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from typing import Any

from duologue.errors import Violation
from duologue.runtime.engines import EngineSpec, Role


@dataclass(frozen=True, slots=True)
class EngineEntry:
    """What can be told of an engine without loading it."""

    name: str
    role: Role
    factory: str
    """`module:function`, called with the settings where the engine runs: in a worker, or in the server process."""
    summary: str
    licence: str
    """SPDX expression of the engine and of the model it brings."""
    package: str = ""
    """What must be installed, as pip names it; empty when the engine is ours."""
    module: str = ""
    """The module of that package."""
    inline: bool = False
    """Light enough, and free enough, to run in the server process."""

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


class EngineTable:
    """Engines that share a vocabulary, by role and name, in the order they are to be shown."""

    def __init__(self, vocabulary: str, entries: Iterable[EngineEntry]) -> None:
        """`vocabulary` is the `module:NAME` of what crosses the link to any of them."""
        self._vocabulary = vocabulary
        self._entries = {(entry.role, entry.name): entry for entry in entries}

    def __iter__(self) -> Iterator[EngineEntry]:
        return iter(self._entries.values())

    def entry(self, role: Role, name: str) -> EngineEntry:
        """What is known of an engine. Raises `Violation("unknown_engine")` with the nearest right name."""
        found = self._entries.get((role, name))
        if found is None:
            names = [known for its_role, known in self._entries if its_role is role]
            near = difflib.get_close_matches(name, names, n=1)
            raise Violation(
                "unknown_engine",
                f"there is no {role.value} engine {name!r}",
                expected="one of " + ", ".join(names) if names else "",
                remedy=f"Did you mean {near[0]!r}?" if near else "",
            )
        return found

    def spec(self, role: Role, name: str, settings: Mapping[str, Any] | None = None) -> EngineSpec:
        """How a host makes the engine: in this process or in a worker.

        Raises `Violation("unknown_engine")`, and `Violation("engine_not_installed")` with what to type.
        """
        found = self.entry(role, name)
        if not found.installed:
            raise Violation(
                "engine_not_installed",
                f"engine {name!r} needs the package {found.package}",
                remedy=f"pip install {found.package}",
            )
        return EngineSpec(
            name=name, role=role, factory=found.factory, vocabulary=self._vocabulary, settings=dict(settings or {})
        )
