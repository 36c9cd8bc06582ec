"""Lexicons."""

from __future__ import annotations

import pytest

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
