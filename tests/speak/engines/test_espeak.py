"""What the espeak engine decides by itself; the library is met in `test_contract.py` and `tests/real`."""

from __future__ import annotations

from itertools import pairwise

import pytest

from duologue.errors import Violation
from duologue.speak.engines.espeak import (
    MAX_CALL,
    EspeakEngine,
    find_language,
    list_variants,
    split_calls,
    time_phonemes,
    time_words,
)
from duologue.speak.engines.espeak_library import PhonemeMark, WordMark
from duologue.speak.speech import SpeakOptions, SpokenPhoneme

KNOWN = {
    "en-us": "gmw/en-US",
    "en-gb": "gmw/en",
    "de": "gmw/de",
    "fr-fr": "roa/fr",
    "cmn": "sit/cmn",
    "vi-vn-x-south": "aav/x",
}


@pytest.mark.parametrize(
    ("language", "found"),
    [
        ("en-us", "gmw/en-US"),
        ("EN_GB", "gmw/en"),
        ("en", "gmw/en-US"),
        ("de-DE", "gmw/de"),
        ("fr", "roa/fr"),
        ("fr-CA", "roa/fr"),
        ("zh", "sit/cmn"),
        ("zh-CN", "sit/cmn"),
        ("vi", "aav/x"),
        ("xx", None),
        ("", None),
    ],
)
def test_languages_and_locales_find_the_nearest_voice(language: str, found: str | None) -> None:
    assert find_language(language, KNOWN) == found


def test_words_end_where_their_sounds_fall_silent_or_the_next_begins() -> None:
    marks = [
        WordMark(0, 0),
        PhonemeMark(0, sounds=True),
        PhonemeMark(90, sounds=False),
        PhonemeMark(120, sounds=False),
        WordMark(130, 7),
        PhonemeMark(130, sounds=True),
        WordMark(200, 13),
        PhonemeMark(200, sounds=True),
        PhonemeMark(280, sounds=False),
    ]
    words = time_words("Hello, world now", marks, 300)
    assert [(word.text, word.start, word.end) for word in words] == [
        ("Hello,", 0, 90),
        ("world", 130, 200),
        ("now", 200, 280),
    ]


def test_marks_inside_one_word_are_one_word() -> None:
    marks = [WordMark(0, 0), PhonemeMark(40, sounds=False), WordMark(50, 5), PhonemeMark(60, sounds=True)]
    assert [(word.text, word.start, word.end) for word in time_words("well-known", marks, 100)] == [
        ("well-known", 0, 100)
    ]


def test_a_silence_inside_a_word_does_not_end_it() -> None:
    marks = [WordMark(0, 0), PhonemeMark(20, sounds=False), PhonemeMark(30, sounds=True), WordMark(50, 4)]
    assert [word.end for word in time_words("a.m. yes", marks, 90)] == [50, 90]


def test_marks_for_no_word_of_ours_are_dropped() -> None:
    assert time_words("—", [WordMark(0, 0)], 10) == []
    assert time_words("hi", [WordMark(0, 0), WordMark(5, 9)], 10)[0].end == 10


def test_without_a_voice_the_language_chooses() -> None:
    engine = EspeakEngine()

    def words(options: SpeakOptions) -> int:
        return sum(len(chunk.pcm) for chunk in engine.open(options).feed("12345"))

    assert abs(words(SpeakOptions()) - words(SpeakOptions(voice="en-us+f3"))) < 2_000
    assert abs(words(SpeakOptions(language="de")) - words(SpeakOptions(voice="de+f3"))) < 2_000
    assert abs(words(SpeakOptions(language="de")) - words(SpeakOptions())) > 2_000


def test_words_that_are_run_together_share_the_time_by_their_letters() -> None:
    words = time_words("sat in the sun", [WordMark(0, 0), WordMark(100, 4), WordMark(200, 11)], 300)
    assert [(word.text, word.start, word.end, word.exact) for word in words] == [
        ("sat", 0, 100, True),
        ("in", 100, 140, False),
        ("the", 140, 200, False),
        ("sun", 200, 300, True),
    ]
    assert [word.start for word in time_words("a b c", [WordMark(90, 2)], 120)] == [90, 100, 110]


def test_long_phrases_are_spoken_in_several_calls_cut_at_spaces() -> None:
    assert split_calls("short") == [(0, 5)]
    text = "word " * 300
    stretches = split_calls(text)
    assert "".join(text[start:end] for start, end in stretches) == text
    assert all(end - start <= MAX_CALL for start, end in stretches)
    assert all(text[end - 1] == " " for _, end in stretches[:-1])
    assert split_calls("x" * (MAX_CALL + 5)) == [(0, MAX_CALL), (MAX_CALL, MAX_CALL + 5)]


def test_unknown_voices_and_languages_are_refused_when_a_stream_is_opened() -> None:
    engine = EspeakEngine()
    with pytest.raises(Violation, match="espeak does not speak 'qqq'"):
        engine.open(SpeakOptions(voice="qqq"))
    with pytest.raises(Violation, match="no variant 'nobody'"):
        engine.open(SpeakOptions(voice="en-us+nobody"))
    assert {"f3", "m3", "annie"} <= list_variants()


def test_sounds_last_until_the_next_or_silence_and_are_placed_in_the_phrase() -> None:
    marks = [
        WordMark(0, 0),
        PhonemeMark(10, sounds=True, text="h"),
        PhonemeMark(30, sounds=True, text="aɪ"),
        PhonemeMark(90, sounds=False),
        PhonemeMark(120, sounds=True, text="m"),
    ]
    assert time_phonemes(marks, 1000, 1150) == [
        SpokenPhoneme("h", 1010, 1030),
        SpokenPhoneme("aɪ", 1030, 1090),
        SpokenPhoneme("m", 1120, 1150),
    ]
    assert time_phonemes([], 0, 10) == []


def test_sounds_are_told_when_they_are_asked_for() -> None:
    asked = list(EspeakEngine().open(SpeakOptions(phonemes=True)).feed("Hello."))
    sounds = [sound for chunk in asked for sound in chunk.phonemes]
    assert "".join(sound.text for sound in sounds) == "həlˈoʊ"
    assert all(before.end <= after.start for before, after in pairwise(sounds))
    assert sounds[-1].end <= sum(len(chunk.pcm) for chunk in asked)
    assert not any(chunk.phonemes for chunk in EspeakEngine().open(SpeakOptions()).feed("Hello."))
