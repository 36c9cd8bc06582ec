"""`agent.listen`: Deepgram's confidences as levels of the floor, and partial updates."""

from __future__ import annotations

import pytest

from duologue.errors import Violation
from duologue.listen.hypothesis import ListenOptions
from duologue.listen.policy import TurnPolicy
from duologue.protocols.codec import convert
from duologue.protocols.deepgram.listen_settings import is_flux, read_language, read_listen, update_listen
from duologue.protocols.deepgram.settings_messages import LanguageObject, Listen

FLUX = {"type": "deepgram", "version": "v2", "model": "flux-general-en"}


def listen(**provider: object) -> Listen:
    return convert({"provider": provider}, Listen)


def wrong(**provider: object) -> str:
    with pytest.raises(Violation) as caught:
        read_listen(listen(**provider))
    assert caught.value.code == "invalid_settings"
    return caught.value.path


def test_nothing_given_is_the_servers_own_listener() -> None:
    read = read_listen(None)
    assert read.model == ""
    assert read.turns == TurnPolicy(eager_end=None, end=0.3, end_timeout=5.0)


def test_confidences_become_levels() -> None:
    turns = read_listen(listen(**FLUX, eot_threshold=0.75, eager_eot_threshold="0.4", eot_timeout_ms=500)).turns
    assert (turns.end, turns.eager_end, turns.end_timeout) == (0.25, 0.6, 0.5)


def test_a_threshold_of_one_never_ends_a_turn_by_confidence() -> None:
    assert read_listen(listen(**FLUX, eot_threshold=1)).turns.end == 0.0


def test_equal_thresholds_are_allowed() -> None:
    turns = read_listen(listen(**FLUX, eot_threshold=0.7, eager_eot_threshold=0.7)).turns
    assert turns.eager_end == turns.end


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("eot_threshold", 0.49),
        ("eot_threshold", 1.01),
        ("eager_eot_threshold", 0.29),
        ("eager_eot_threshold", 0.91),
        ("eager_eot_threshold", 0.8),
        ("eot_timeout_ms", 499),
        ("eot_timeout_ms", 60_001),
        ("keyterms", ["x"] * 101),
    ],
)
def test_values_out_of_range_are_named(member: str, value: object) -> None:
    assert wrong(**FLUX, **{member: value}) == f"agent.listen.provider.{member}"


@pytest.mark.parametrize("name", ["keyterm", "keyterms"])
@pytest.mark.parametrize("value", ["a", ["a", ""]])
def test_keyterms_in_both_spellings(name: str, value: object) -> None:
    assert read_listen(listen(**FLUX, **{name: value})).options.keyterms == ("a",)


def test_languages_in_order_of_preference() -> None:
    assert read_listen(listen(language="fr"), "de").options.language == "fr"
    assert read_listen(listen(language_hints=["es", "en"]), "de").options.language == "es"
    assert read_listen(listen(language_hint="es")).options.language == "es"
    assert read_listen(listen(), "de").options.language == "de"
    assert read_listen(None).options.language == "en"
    assert read_language(LanguageObject(type="en")) == "en"
    assert read_language(None) == ""


def test_the_models_name_decides_not_the_version() -> None:
    assert read_listen(listen(version="v1", model="flux-general-en")).model == "flux-general-en"
    assert read_listen(listen(version="v2")).model == "flux-general-en"
    assert is_flux("FLUX-general-multi")
    assert not is_flux("nova-3")


def test_the_early_access_form() -> None:
    read = read_listen(convert({"model": "nova-2", "keyterms": ["a"]}, Listen))
    assert (read.model, read.options.keyterms) == ("nova-2", ("a",))
    assert read_listen(None, model="nova-3").model == "nova-3"


def test_an_update_keeps_what_it_leaves_out() -> None:
    before = read_listen(listen(**FLUX, eot_threshold=0.8, eager_eot_threshold=0.5, keyterms=["a"], language="fr"))
    after = update_listen(listen(eot_timeout_ms=1000), before)
    assert after.turns == TurnPolicy(eager_end=0.5, end=0.2, end_timeout=1.0)
    assert after.options == ListenOptions(language="fr", keyterms=("a",))
    changed = update_listen(listen(keyterms=[], language_hints=["es"], model="flux-general-multi"), after)
    assert (changed.options.keyterms, changed.options.language, changed.model) == ((), "es", "flux-general-multi")


def test_hints_that_an_update_leaves_out_are_cleared_and_a_language_stays() -> None:
    hinted = read_listen(listen(language_hints=["es", "en"], model="flux-general-multi"))
    assert hinted.options.language == "es"
    assert update_listen(listen(), hinted).options.language == "en"
    again = update_listen(listen(language_hints=["fr"]), hinted)
    assert (again.options.language, again.hinted) == ("fr", True)
    named = read_listen(listen(language="de", model="nova-3"))
    assert update_listen(listen(), named).options.language == "de"


def test_an_update_cannot_change_the_family() -> None:
    before = read_listen(listen(**FLUX))
    with pytest.raises(Violation) as caught:
        update_listen(listen(model="nova-3"), before)
    assert caught.value.code == "listen_family"
