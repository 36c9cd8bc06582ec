"""English readings: each row of the table in docs/speech.md."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duologue.speak.english import rewrite_english
from duologue.speak.mapped_text import MappedText


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("It is $3.50.", "It is three dollars and fifty cents."),
        ("$1", "one dollar"),
        ("$0.01", "one cent"),
        ("€0.99", "ninety nine cents"),
        ("£1,200", "one thousand two hundred pounds"),
        ("$5 million", "five million dollars"),
        ("$2.5bn", "two point five billion dollars"),
        ("¥3.123", "three point one two three yen"),
        ("10:30 pm", "ten thirty PM"),
        ("10:30pm.", "ten thirty PM."),
        ("at 9:05", "at nine oh five"),
        ("10:00", "ten o'clock"),
        ("10:00 a.m.", "ten AM"),
        ("14:00", "fourteen hundred"),
        ("7 am", "seven AM"),
        ("2024-03-03", "March third, twenty twenty four"),
        ("3/14/2025", "March fourteenth, twenty twenty five"),
        ("March 3, Dec. 21", "March third, Dec. twenty first"),
        ("may 5 people", "may five people"),
        ("the 21st", "the twenty first"),
        ("(555) 123-4567", "(five five five,  one two three, four five six seven"),
        ("555-1234", "five five five, one two three four"),
        ("5-10", "five to ten"),
        ("5–10 km", "five to ten kilometers"),
        ("1990-2000", "nineteen ninety to two thousand"),
        ("1/2, 3/4 and 2/3", "one half, three quarters and two thirds"),
        ("20°C", "twenty degrees Celsius"),
        ("1 ft", "one foot"),
        ("1 km/h", "one kilometer per hour"),
        ("-5 °F", "minus five degrees Fahrenheit"),
        ("50%", "fifty percent"),
        ("#5", "number five"),
        ("No. 7", "number seven"),
        ("in 1984", "in nineteen eighty four"),
        ("2,024 or 007", "two thousand twenty four or zero zero seven"),
        ("3.14", "three point one four"),
        ("-3", "minus three"),
        ("2.0.1", "two point zero point one"),
        ("192.168.0.1", "one hundred ninety two point one hundred sixty eight point zero point one"),
        ("Dr. Who vs. Mr. X", "Doctor Who versus Mister X"),
        ("salt & sugar", "salt and sugar"),
        ("1 + 1 = 2", "one plus one equals two"),
        ("and/or, yes/no", "and or, yes or no"),
        ("w/ milk w/o sugar", "with  milk without sugar"),
        ("A4 x2 1990s Q3", "A4 x2 1990s Q3"),
        ("No. It is so.", "No. It is so."),
    ],
)
def test_what_is_written_in_signs_is_said_in_words(written: str, said: str) -> None:
    assert rewrite_english(MappedText.of(written)).text == said


def test_every_part_keeps_its_own_place() -> None:
    source = "pay $5 million at 10:30 pm"
    text = rewrite_english(MappedText.of(source))
    for spoken, written in (("five", "$5"), ("dollars", "million"), ("ten", "10:30"), ("PM", " pm")):
        at = text.text.index(spoken)
        start, end = text.span(at, at + len(spoken))
        assert source[start:end] == written


@given(st.text(alphabet="0123456789 .,:-/$%#°ampth+()", max_size=30))
def test_any_signs_are_read_and_places_never_run_backwards(source: str) -> None:
    text = rewrite_english(MappedText.of(source))
    assert list(text.starts) == sorted(text.starts)
    assert list(text.ends) == sorted(text.ends)


def test_an_amount_may_have_any_number_of_digits() -> None:
    assert rewrite_english(MappedText.of("$" + "7" * 5_000)).text == " ".join(["seven"] * 5_000) + " dollars"
    assert rewrite_english(MappedText.of("$001")).text.endswith(" dollar")
