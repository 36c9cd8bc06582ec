"""Lexicons."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duologue.errors import Violation
from duologue.speak.mapped_text import MappedText
from duologue.speak.pronunciation import Lexicon
from duologue.speak.speech import MAX_ENTRIES, Pronunciation


def test_whole_words_are_replaced_the_longest_entry_first() -> None:
    lexicon = Lexicon([Pronunciation("SQL", "sequel"), Pronunciation("SQL Server", "sequel server")])
    assert lexicon.apply(MappedText.of("sql, SQL Server and SQLite")).text == "sequel, sequel server and SQLite"


def test_case_counts_only_where_it_is_asked_for() -> None:
    lexicon = Lexicon([Pronunciation("US", "U S", case_sensitive=True)])
    assert lexicon.apply(MappedText.of("US or us")).text == "U S or us"


def test_a_case_sensitive_entry_in_small_letters_also_begins_a_sentence() -> None:
    lexicon = Lexicon([Pronunciation("will", "wil", case_sensitive=True)])
    assert lexicon.apply(MappedText.of("Will Will? Will WILL will.")).text == "wil Will? wil WILL wil."


@pytest.mark.parametrize(
    ("entry", "text", "said"),
    [
        ("北京", "我在北京。", "我在X。"),
        ("C++", "C++ or C+++ or c++.", "X or X+ or X."),
        ("@home", "@home, a@home", "X, aX"),
        ("New York", "new york, New Yorker, New  York", "X, New Yorker, New  York"),
        (" a b ", "a b c", "X c"),
        ("a", "a_b a-b aß a", "a_b X-b aß X"),
        ("straße", "STRASSE Straße STRAßE", "STRASSE X X"),
        ("é", "é e", "X e"),
    ],
)
def test_words_end_where_no_letter_follows(entry: str, text: str, said: str) -> None:
    assert Lexicon([Pronunciation(entry, "X")]).apply(MappedText.of(text)).text == said


def test_an_entry_whose_case_counts_goes_before_the_same_in_any_case() -> None:
    lexicon = Lexicon([Pronunciation("US", "us"), Pronunciation("US", "U S", case_sensitive=True)])
    assert lexicon.apply(MappedText.of("US, Us")).text == "U S, us"
    again = Lexicon([Pronunciation("US", "first"), Pronunciation("us", "second")])
    assert again.apply(MappedText.of("Us")).text == "second", "of two entries for the same the later one counts"


@given(
    st.lists(st.text("ab .", min_size=1), max_size=8).map(lambda texts: [t for t in texts if t.strip()]),
    st.text("ab .A"),
)
def test_looking_up_changes_nothing_where_every_word_is_said_as_it_is(entries: list[str], text: str) -> None:
    lexicon = Lexicon([Pronunciation(entry, entry.strip(), case_sensitive=True) for entry in entries])
    assert lexicon.apply(MappedText.of(text)).text.casefold() == text.casefold()


def test_an_alias_may_be_phonemes() -> None:
    assert Lexicon([Pronunciation("met", "<<m|ɛ|t>>")]).apply(MappedText.of("met")).text == "meht"


def test_replaced_words_keep_their_place() -> None:
    text = Lexicon([Pronunciation("nginx", "engine x")]).apply(MappedText.of("use nginx"))
    assert text.span(4, 12) == (4, 9)


def test_an_empty_lexicon_changes_nothing() -> None:
    text = MappedText.of("abc")
    assert Lexicon().apply(text) is text


def test_bad_lexicons_are_refused_with_the_entry() -> None:
    with pytest.raises(Violation, match="an entry without text") as caught:
        Lexicon([Pronunciation("a", "b"), Pronunciation(" ", "b")])
    assert caught.value.path == "items[1].text"
    Lexicon(Pronunciation(f"w{number}", "x") for number in range(MAX_ENTRIES))
    with pytest.raises(Violation, match="more than 2000 entries"):
        Lexicon(Pronunciation(f"w{number}", "x") for number in range(MAX_ENTRIES + 1))
