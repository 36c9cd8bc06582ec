"""What the queries of Cartesia's two listening sockets have in common (C§7.1, C§8.1)."""

from __future__ import annotations

from collections.abc import Collection

from duologue.audio.formats import AudioFormat
from duologue.errors import Violation
from duologue.protocols.cartesia.formats import read_format
from duologue.protocols.query import Query

MAX_KEYTERMS = 100
"""Terms a client may name (C§7.1)."""
MAX_KEYTERM_CHARACTERS = 1_200
"""Their length altogether (C§7.1)."""


def check_stt_model(model: str, models: Collection[str]) -> None:
    """Refuse what is no model for hearing. Raises `Violation("model_not_found")`."""
    if not model.lower().startswith("ink") and model not in models:
        raise Violation("model_not_found", f"{model[:80]!r} is not a model", path="model", expected="ink-2")


def read_model(query: Query, models: Collection[str]) -> str:
    """The model, which must be named. Raises `Violation` for none, and for what `check_stt_model` refuses."""
    model = query.required("model")
    check_stt_model(model, models)
    return model


def read_audio(query: Query) -> AudioFormat:
    """The format of the audio; encoding and rate must both be named. Raises `Violation`."""
    encoding = query.required("encoding")
    query.required("sample_rate")
    return read_format(encoding, query.whole("sample_rate") or 0)


def read_keyterms(query: Query) -> tuple[str, ...]:
    """The terms a client named, in any way of writing lists. Raises `Violation("keyterms")` for too many."""
    keyterms = query.all("keyterm") + query.all("keyterms")
    if len(keyterms) > MAX_KEYTERMS or sum(map(len, keyterms)) > MAX_KEYTERM_CHARACTERS:
        raise Violation(
            "keyterms",
            "too many keyterms",
            path="keyterm",
            expected=f"at most {MAX_KEYTERMS} terms and {MAX_KEYTERM_CHARACTERS} characters",
        )
    return keyterms
