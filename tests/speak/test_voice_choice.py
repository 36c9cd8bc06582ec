"""Who can speak a text, and in what order they are tried."""

from __future__ import annotations

import pytest

from duologue.errors import Violation
from duologue.runtime.inline import InlineHost
from duologue.speak.engines.tone import ToneEngine, ToneSettings
from duologue.speak.mapped_text import MappedText
from duologue.speak.speech import SpeakOptions
from duologue.speak.voice_choice import SpeakEngines, VoiceChoice
from duologue.speak.voices import Gender, Voice, VoiceCatalogue

FIRST = InlineHost(ToneEngine(ToneSettings(sample_rate=8_000)))
SECOND = InlineHost(ToneEngine(ToneSettings(sample_rate=16_000)))
VOICES = [
    Voice("tina", "1", "first", "t", Gender.FEMININE),
    Voice("bob", "2", "second", "b", Gender.MASCULINE),
    Voice("zoe", "3", "elsewhere", "z", Gender.FEMININE),
]


def engines(*, strict: bool = False) -> SpeakEngines:
    return SpeakEngines({"first": FIRST, "second": SECOND}, VoiceCatalogue(VOICES, default="tina", strict=strict))


def told(choices: list[VoiceChoice]) -> list[tuple[str, str]]:
    return [(choice.engine, choice.options.voice) for choice in choices]


def test_the_wanted_voices_come_first_and_every_other_engine_is_a_spare() -> None:
    assert told(engines().choose([SpeakOptions(voice="tina")])) == [("first", "t"), ("second", "")]
    assert told(engines().choose([SpeakOptions(voice="bob"), SpeakOptions(voice="tina")])) == [
        ("second", "b"),
        ("first", "t"),
    ]


def test_a_voice_whose_engine_is_not_here_is_spoken_by_the_default_engine() -> None:
    assert told(engines().choose([SpeakOptions(voice="zoe")])) == [("first", ""), ("second", "")]


def test_a_spare_keeps_the_language_and_forgets_the_engines_own_settings() -> None:
    *_, spare = engines().choose([SpeakOptions(voice="tina", language="fr", extras={"pitch": 3})])
    assert (spare.options.language, spare.options.extras) == ("fr", None)


def test_a_strict_catalogue_refuses_an_unknown_voice() -> None:
    with pytest.raises(Violation, match="there is no voice 'nobody'"):
        engines(strict=True).choose([SpeakOptions(voice="nobody")])


def test_all_audio_is_at_the_rate_of_the_first_engine() -> None:
    assert engines().rate == 8_000


def test_a_voice_writes_numbers_out_unless_it_was_told_to_leave_the_text_alone() -> None:
    plain, off = (
        VoiceChoice("first", FIRST, SpeakOptions(language="en", normalization=each)) for each in ("auto", "off")
    )
    assert plain.write_out(MappedText.of("$5")).text == "five dollars"
    assert off.write_out(MappedText.of("$5")).text == "$5"
