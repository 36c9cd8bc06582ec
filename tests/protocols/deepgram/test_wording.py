"""How transcripts are written."""

from __future__ import annotations

import pytest

from duologue.audio.spans import TimedWord
from duologue.errors import Violation
from duologue.protocols.deepgram.wording import MAX_REPLACEMENTS, Wording, read_wording
from duologue.protocols.query import read_query


def wording(query: str, language: str = "en") -> Wording:
    return read_wording(read_query(query), language)


def timed(text: str) -> list[TimedWord]:
    return [TimedWord(word, 100 * place, 100 * place + 90) for place, word in enumerate(text.split())]


@pytest.mark.parametrize(
    ("query", "said", "expected"),
    [
        ("", "twenty five latte", "twenty five latte"),
        ("numerals=true", "twenty five latte", "25 latte"),
        ("smart_format=true", "Twenty-five, please.", "25, please."),
        ("numerals=true", "Twenty, five.", "20, 5."),
        ("numerals=true", "I said: twenty five!", "I said: 25!"),
        ("replace=latte:coffee", "a Latte, please", "a coffee, please"),
        ("replace=latte", "a latte please", "a please"),
        ("replace=flat+white:coffee&numerals=true", "five flat white", "5 coffee"),
        ("replace=five:V&numerals=true", "twenty five", "20 V"),
        ("replace=:x", "as it is", "as it is"),
        ("numerals=true", "", ""),
    ],
)
def test_text_and_words_are_written_alike(query: str, said: str, expected: str) -> None:
    assert wording(query).text(said) == expected
    assert " ".join(word.text for word in wording(query).words(timed(said))) == expected


def test_words_that_become_one_sound_from_the_first_to_the_last() -> None:
    first, second = wording("numerals=true").words(timed("twenty five latte"))
    assert (first.start, first.end, second.start) == (0, 190, 200)


def test_only_english_numbers_are_known() -> None:
    assert wording("numerals=true", "en-GB").numerals
    assert not wording("numerals=true", "es").numerals


def test_a_text_that_stays_keeps_its_spaces() -> None:
    assert wording("numerals=true").text(" no  number ") == " no  number "


def test_replacements_have_a_bound() -> None:
    with pytest.raises(Violation) as caught:
        wording("&".join(f"replace=a{n}:b" for n in range(MAX_REPLACEMENTS + 1)))
    assert caught.value.path == "replace"
