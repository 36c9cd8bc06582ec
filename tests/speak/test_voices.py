"""The catalogue and the vendors' names."""

from __future__ import annotations

import pytest

from duologue.errors import Violation
from duologue.speak.speech import SpeakOptions
from duologue.speak.voices import DEFAULT_VOICE, VOICES, Gender, VoiceCatalogue


def test_voices_are_found_by_name_and_id_in_any_case() -> None:
    catalogue = VoiceCatalogue()
    for voice in VOICES:
        assert catalogue.find(voice.name.upper()) is voice
        assert catalogue.find(voice.id) is voice
    assert [voice.name for voice in catalogue] == [voice.name for voice in VOICES]
    assert catalogue.find("").name == DEFAULT_VOICE


@pytest.mark.parametrize(
    ("name", "gender"),
    [
        ("aura-2-thalia-en", Gender.FEMININE),
        ("aura-2-zeus-en", Gender.MASCULINE),
        ("aura-asteria-en", Gender.FEMININE),
        ("aura-2-javier-es", Gender.MASCULINE),
        ("aura-2-viktoria-de", Gender.FEMININE),
        ("aura-2-fujin-ja", Gender.MASCULINE),
        ("flux-marcus-en", Gender.MASCULINE),
        ("flux-haley-en", Gender.FEMININE),
        ("onyx", Gender.MASCULINE),
        ("shimmer", Gender.FEMININE),
        ("Matthew", Gender.MASCULINE),
        ("Joanna", Gender.FEMININE),
        ("6ccbfb76-1fc6-48f7-b71d-91ac6298247b", Gender.FEMININE),
        ("a0e99841-438c-4a64-b679-ae501e7d6091", Gender.MASCULINE),
    ],
)
def test_vendors_names_lead_to_a_voice_of_their_gender_and_always_the_same(name: str, gender: Gender) -> None:
    assert VoiceCatalogue().find(name).gender is gender
    assert VoiceCatalogue().find(name) is VoiceCatalogue(strict=True).find(name)


def test_unknown_names_get_the_default_unless_strict() -> None:
    assert VoiceCatalogue().find("11111111-2222-4333-8444-555555555555").name == DEFAULT_VOICE
    with pytest.raises(Violation, match="there is no voice 'nobody'") as caught:
        VoiceCatalogue(strict=True).find("nobody")
    assert caught.value.code == "unknown_voice"
    assert "clara" in caught.value.expected


def test_aliases_of_the_configuration_come_first() -> None:
    assert VoiceCatalogue(aliases={"aura-2-zeus-en": "clara"}).find("AURA-2-Zeus-en").name == "clara"
    with pytest.raises(Violation, match="the catalogue has no voice 'clar'"):
        VoiceCatalogue(aliases={"x": "clar"})
    with pytest.raises(Violation, match="no voice 'zzz'"):
        VoiceCatalogue(default="zzz")


@pytest.mark.parametrize(
    ("options", "engine_voice"),
    [
        (SpeakOptions(), "en-us+f3"),
        (SpeakOptions(voice="grace"), "en-gb+f3"),
        (SpeakOptions(voice="henry", language="de"), "de+m3"),
        (SpeakOptions(voice="henry", language="pt_BR"), "pt-br+m3"),
        (SpeakOptions(voice="clara", language="en-GB"), "en-gb+f3"),
    ],
)
def test_options_become_the_engines_own_words(options: SpeakOptions, engine_voice: str) -> None:
    voice, resolved = VoiceCatalogue().resolve(options)
    assert voice.engine == "espeak"
    assert resolved.voice == engine_voice


def test_the_language_of_an_aura_voice_is_spoken() -> None:
    _, resolved = VoiceCatalogue().resolve(SpeakOptions(voice="aura-2-celeste-es"))
    assert resolved.language == "es"


def test_settings_of_a_voice_give_way_to_those_of_the_client() -> None:
    _, resolved = VoiceCatalogue().resolve(SpeakOptions(voice="walter", extras={"pitch": 60}))
    assert resolved.extras == {"pitch": 60}
    _, resolved = VoiceCatalogue().resolve(SpeakOptions(voice="walter"))
    assert resolved.extras == {"pitch": 35}


def test_ids_and_names_are_unique_and_every_gender_is_there() -> None:
    assert len({voice.id for voice in VOICES}) == len({voice.name for voice in VOICES}) == len(VOICES)
    assert {voice.gender for voice in VOICES} >= {Gender.FEMININE, Gender.MASCULINE}
    assert {voice.language for voice in VOICES} == {"en"}
