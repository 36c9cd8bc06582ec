"""`agent.listen` to `ListenSettings` (Deepgram docs: Voice Agent listen, Flux configuration; D§5.3, D§6.1).

Deepgram's thresholds are confidences that the turn is over; ours are levels of the floor: one is one minus the other.
"""

from __future__ import annotations

from dataclasses import replace

from duologue.agent.settings import ListenSettings
from duologue.errors import Violation
from duologue.listen.hypothesis import ListenOptions
from duologue.listen.policy import TurnPolicy
from duologue.protocols.codec import check_range, join_path
from duologue.protocols.deepgram.settings_messages import LanguageObject, Listen, ListenProvider

EOT_THRESHOLD, EOT_RANGE = 0.7, (0.5, 1.0)
"""1.0 never ends a turn by confidence; older documentation stops at 0.9 (D§14)."""
EAGER_EOT_RANGE = (0.3, 0.9)
"""Unset switches eager ends off."""
EOT_TIMEOUT_MS, EOT_TIMEOUT_RANGE_MS = 5_000.0, (500.0, 60_000.0)
MAX_KEYTERMS = 100
DEFAULT_LANGUAGE = "en"
MULTILINGUAL = "flux-general-multi"
"""The model for several languages: its clients are told which one was heard."""


def read_listen(given: Listen | None, language: str = "", *, model: str | None = None) -> ListenSettings:
    """How the agent listens from the start. `language` and `model` are used where `given` names none. Raises `Violation`."""
    listen = given or Listen()
    provider = listen.provider or ListenProvider()
    name = provider.model or listen.model or model or ("flux-general-en" if _is_v2(provider) else "")
    keyterms = terms_of(provider.keyterms, provider.keyterm, listen.keyterms) or ()
    hints = terms_of(provider.language_hints, provider.language_hint) or ()
    spoken = provider.language or (hints[0] if hints else "") or language or DEFAULT_LANGUAGE
    return ListenSettings(
        model=name,
        options=ListenOptions(language=spoken, keyterms=keyterms),
        turns=tuned(plain_turns(), provider, "agent.listen.provider"),
        hinted=bool(hints) and not provider.language,
    )


def update_listen(given: Listen, before: ListenSettings) -> ListenSettings:
    """How the agent listens from now on: what is left out stays, but for language hints, which are cleared (D§5.6).

    Raises `Violation("listen_family")` for a change between Flux and other models.
    """
    provider = given.provider or ListenProvider()
    name = provider.model or given.model or before.model
    if is_flux(name) != is_flux(before.model):
        raise Violation(
            "listen_family",
            f"the listener cannot change from {before.model[:80]!r} to {name[:80]!r}",
            path="listen.provider.model",
            remedy="Open a new session.",
        )
    keyterms = terms_of(provider.keyterms, provider.keyterm, given.keyterms)
    hints = terms_of(provider.language_hints, provider.language_hint)
    kept = DEFAULT_LANGUAGE if before.hinted else before.options.language
    options = replace(
        before.options,
        language=provider.language or (hints[0] if hints else kept),
        keyterms=before.options.keyterms if keyterms is None else keyterms,
    )
    hinted = bool(hints) and not provider.language
    return ListenSettings(name, options, tuned(before.turns, provider, "listen.provider"), hinted)


def is_flux(model: str) -> bool:
    """The model's name decides: Python 7 writes `version: v1` beside Flux models (D§5.3)."""
    return model.lower().startswith("flux")


def read_language(given: str | LanguageObject | None) -> str:
    """A language as text or as early typings' object; empty when not given."""
    return (given.type if isinstance(given, LanguageObject) else given) or ""


def _is_v2(provider: ListenProvider) -> bool:
    return (provider.version or "").lower() == "v2"


def plain_turns() -> TurnPolicy:
    """What holds for a client that names no thresholds."""
    return TurnPolicy(eager_end=None, end=_level(EOT_THRESHOLD), end_timeout=EOT_TIMEOUT_MS / 1000)


def tuned(before: TurnPolicy, provider: ListenProvider, path: str) -> TurnPolicy:
    """The policy with the thresholds that are given, which stand at `path`. Raises `Violation("invalid_settings")`."""
    eot = 1.0 - before.end if provider.eot_threshold is None else provider.eot_threshold
    check_range(eot, *EOT_RANGE, join_path(path, "eot_threshold"), "invalid_settings")
    eager = provider.eager_eot_threshold
    if eager is None and before.eager_end is not None:
        eager = 1.0 - before.eager_end
    if eager is not None:
        check_range(eager, *EAGER_EOT_RANGE, join_path(path, "eager_eot_threshold"), "invalid_settings")
        if _level(eager) < _level(eot):  # equality is allowed (D§6.1)
            raise Violation(
                "invalid_settings",
                "the eager threshold must not be above the other",
                path=join_path(path, "eager_eot_threshold"),
                expected=f"at most eot_threshold ({eot:g})",
            )
    timeout_ms = before.end_timeout * 1000 if provider.eot_timeout_ms is None else provider.eot_timeout_ms
    check_range(timeout_ms, *EOT_TIMEOUT_RANGE_MS, join_path(path, "eot_timeout_ms"), "invalid_settings")
    return replace(
        before,
        eager_end=None if eager is None else _level(eager),
        end=_level(eot),
        end_timeout=timeout_ms / 1000,
    )


def _level(confidence: float) -> float:
    """The floor at which the confidence is reached; rounded, so that 0.7 gives 0.3."""
    return round(1.0 - confidence, 6)


def terms_of(*given: list[str] | str | None, path: str = "agent.listen.provider.keyterms") -> tuple[str, ...] | None:
    """The first list that was given, under any of its names; `None` when none was."""
    for terms in given:
        if terms is not None:
            found = tuple(term for term in ([terms] if isinstance(terms, str) else terms) if term)
            if len(found) > MAX_KEYTERMS:
                raise Violation(
                    "invalid_settings",
                    f"{len(found)} keyterms",
                    path=path,
                    expected=f"at most {MAX_KEYTERMS}",
                )
            return found
    return None
