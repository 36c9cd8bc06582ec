"""Everything here that reads what others wrote."""

from __future__ import annotations

from fuzz.search import Target
from fuzz.targets.audio import TARGETS as AUDIO
from fuzz.targets.documents import TARGETS as DOCUMENTS
from fuzz.targets.lines import TARGETS as LINES
from fuzz.targets.server import TARGETS as SERVER
from fuzz.targets.sockets import TARGETS as SOCKETS
from fuzz.targets.words import TARGETS as WORDS

TARGETS: dict[str, Target] = {target.name: target for target in (*SOCKETS, *LINES, *AUDIO, *DOCUMENTS, *WORDS, *SERVER)}
"""By name."""
