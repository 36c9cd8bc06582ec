"""What is said of a text written to be read."""

from __future__ import annotations

import pytest

from duologue.speak.mapped_text import MappedText
from duologue.speak.spoken_text import say_aloud, spell_address


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("See https://www.example.com/a-b/?x=1#y.", "See example dot com slash a dash b."),
        ("Mail bob.smith@example.com!", "Mail bob dot smith at example dot com!"),
        ("www.example.org", "example dot org"),
        ("Nice 😀👍🏽 day ☀️", "Nice  day "),
        ("**Only $5** for [you](https://x.io)", "Only five dollars for you"),
    ],
)
def test_addresses_pictures_and_signs(written: str, said: str) -> None:
    assert say_aloud(MappedText.of(written)).text == said


def test_other_languages_keep_their_digits() -> None:
    assert (
        say_aloud(MappedText.of("Das kostet 3,50 € bei a@b.de"), "de-DE").text
        == "Das kostet 3,50 € bei a ät b Punkt de"
    )
    assert say_aloud(MappedText.of("It is 5"), "en_GB").text == "It is five"


def test_an_address_is_one_word_of_the_source() -> None:
    source = "at https://x.io now"
    text = say_aloud(MappedText.of(source))
    at = text.text.index("dot")
    assert text.span(at, at + 3) == (3, 15)
    assert spell_address("a_b+c@d.e") == "a underscore b plus c at d dot e"
