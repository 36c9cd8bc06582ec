"""The table of synthesisers."""

from __future__ import annotations

from importlib import import_module

import pytest

from duologue.errors import Violation
from duologue.runtime.engines import Role
from duologue.speak.engines.registry import DEFAULT_ENGINE, ENGINES, VOCABULARY, entry, spec
from duologue.speak.speech import SpeakOptions


def test_every_engine_can_be_made_from_its_spec() -> None:
    for name in ENGINES:
        made = spec(Role.SYNTHESIZER, name)
        module, function = made.factory.split(":")
        engine = getattr(import_module(module), function)(made.settings)
        assert engine.info.name == name == made.name
        assert engine.info.licence == entry(name).licence
        assert entry(name).version
        module, attribute = made.vocabulary.split(":")
        assert getattr(import_module(module), attribute) is VOCABULARY


def test_the_default_is_the_embedded_voice_and_never_inline() -> None:
    assert DEFAULT_ENGINE == "espeak" == spec().name
    assert not entry("espeak").inline
    assert entry("tone").inline
    assert VOCABULARY.kind(SpeakOptions()) != VOCABULARY.kind("text")


def test_unknown_names_are_refused_with_the_nearest() -> None:
    with pytest.raises(Violation, match=r"Did you mean 'espeak'\?") as caught:
        spec(Role.SYNTHESIZER, "espaek")
    assert caught.value.code == "unknown_engine"
    with pytest.raises(Violation, match="a recognizer does not speak"):
        spec(Role.RECOGNIZER, "espeak")


def test_an_engine_that_is_not_installed_says_what_to_type(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("duologue.speak.engines.registry.find_spec", lambda name: None)
    with pytest.raises(Violation, match="pip install espeakng-loader"):
        spec(Role.SYNTHESIZER, "espeak")
