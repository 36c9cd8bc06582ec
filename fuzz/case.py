"""An input of a target, and its form in a file."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

Piece: TypeAlias = str | bytes
"""A text or a binary message, a query, a document: whatever the target reads at once."""
Pieces: TypeAlias = tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Case:
    """What one target is given, in order."""

    target: str
    pieces: Pieces
    why: str = ""
    """What came of it when it was found."""

    @property
    def name(self) -> str:
        """Of its file."""
        return f"{self.target}-{hashlib.sha256(self.to_json().encode()).hexdigest()[:10]}.json"

    def to_json(self) -> str:
        """Readable where it is text."""
        content = {"target": self.target, "why": self.why, "pieces": [_form(piece) for piece in self.pieces]}
        return json.dumps(content, indent=1) + "\n"

    @classmethod
    def read(cls, path: Path) -> Case:
        """A case from its file."""
        content = json.loads(path.read_text("utf-8"))
        return cls(content["target"], tuple(_piece(form) for form in content["pieces"]), content["why"])


def _form(piece: Piece) -> Any:
    return piece if isinstance(piece, str) else {"base64": base64.b64encode(piece).decode()}


def _piece(form: Any) -> Piece:
    return form if isinstance(form, str) else base64.b64decode(form["base64"])
