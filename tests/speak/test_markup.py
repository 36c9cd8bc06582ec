"""Inline tags: effect, never words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duologue.speak.markup import MAX_BREAK, Style, hide_tags, pronounce_ipa, read_markup, strip_tags

PLAIN = Style()


def read(source: str, style: Style = PLAIN) -> list[tuple[str, Style, float]]:
    return [(passage.text.text, passage.style, passage.pause) for passage in read_markup(source, style)]


def test_text_without_tags_is_one_passage() -> None:
    assert read("Hello.") == [("Hello.", PLAIN, 0.0)]
    assert read("") == [("", PLAIN, 0.0)]
    assert read("3 < 4 and [1]") == [("3 < 4 and [1]", PLAIN, 0.0)]


def test_speed_volume_and_emotion_hold_from_where_they_stand() -> None:
    assert read('One <speed ratio="1.2"/>two <volume ratio="0.5"/>three <emotion value="calm"/>four') == [
        ("One ", PLAIN, 0.0),
        ("two ", Style(speed=1.2), 0.0),
        ("three ", Style(speed=1.2, volume=0.5), 0.0),
        ("four", Style(speed=1.2, volume=0.5, emotion="calm"), 0.0),
    ]


@pytest.mark.parametrize(
    ("tag", "emotion"),
    [
        ("<emotion value=calm>", "calm"),
        ("< Emotion  value = ' Very  calm ' />", "very  calm"),
        ('<emotion value="mock-sad"/>', "mock-sad"),
        ('<emotion value=" "/>', ""),
        ('<emotion value=""/>', ""),
    ],
)
def test_an_emotion_may_be_written_in_many_ways(tag: str, emotion: str) -> None:
    assert read(f"{tag}One", Style(emotion="sad")) == [("One", Style(emotion=emotion), 0.0)]
    assert read('<emotion value="a\tb"/>')[0][0] == '<emotion value="a\tb"/>'


def test_a_tag_at_the_end_holds_for_what_follows() -> None:
    assert read('One <speed ratio="9"/>') == [("One ", PLAIN, 0.0), ("", Style(speed=2.0), 0.0)]
    assert read("Two", Style(speed=2.0)) == [("Two", Style(speed=2.0), 0.0)]


@pytest.mark.parametrize(
    ("tag", "pause"), [('<break time="700ms"/>', 0.7), ("<break time='1s'/>", 1.0), ('<break time="99s"/>', MAX_BREAK)]
)
def test_a_break_is_silence_before_what_follows(tag: str, pause: float) -> None:
    assert read(f"One{tag}two") == [("One", PLAIN, 0.0), ("two", PLAIN, pause)]


def test_breaks_add_up_and_one_at_the_end_is_kept() -> None:
    assert read('<break time="1s"/> <break time="1s"/>a') == [("a", PLAIN, 2.0)]
    assert read('a<break time="1s"/>') == [("a", PLAIN, 0.0), ("", PLAIN, 1.0)]


def test_spelling_says_letter_by_letter() -> None:
    said = read("Code <spell>a-b 12</spell>, ok")
    assert said == [("Code ", PLAIN, 0.0), ("A, B,  1, 2, ", PLAIN, 0.0), (", ok", PLAIN, 0.0)]


def test_sounds_are_left_out_and_phonemes_said_in_letters() -> None:
    assert read("Ha [laughter] we <<m|ɛ|t>> here") == [("Ha  we meht here", PLAIN, 0.0)]
    assert pronounce_ipa("tʃ|ˈiː|z") == "cheez"
    assert strip_tags('<speed ratio="1"/>Ha[laughter]<<m|ɛ|t>>') == "Hamɛt"


def test_hidden_tags_leave_every_place_where_it_was() -> None:
    source = 'a <break time="1s"/>b [laughter] c'
    hidden = hide_tags(source)
    assert hidden.split() == ["a", "b", "c"]
    assert [place for place, sign in enumerate(hidden) if sign != " "] == [0, source.index("b ["), len(source) - 1]


def test_passages_know_their_places_in_the_source() -> None:
    source = 'Hi <speed ratio="1.2"/>there'
    passage = read_markup(source, PLAIN)[1]
    assert passage.text.span(0, 5) == (source.index("there"), len(source))


@given(
    st.lists(
        st.sampled_from(["a", " ", "<", "[laughter]", '<speed ratio="1"/>', "<spell>", "</spell>", ">", "."]),
        max_size=12,
    )
)
def test_any_text_is_read_and_stays_in_order(parts: list[str]) -> None:
    source = "".join(parts)
    passages = read_markup(source, PLAIN)
    assert passages
    places = [start for passage in passages for start in passage.text.starts]
    assert places == sorted(places)
    assert len(hide_tags(source)) == len(source)
