"""What to say of a text written to be read."""

from __future__ import annotations

from duologue.speak.mapped_text import MappedText


def say_aloud(text: MappedText, language: str = "en") -> MappedText:
    """The text as it is spoken."""
    return text
