"""Markdown without the signs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duologue.speak.mapped_text import MappedText
from duologue.speak.markdown_text import read_markdown


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("**bold** and *light* and __bold__ and _light_", "bold and light and bold and light"),
        ("2 * 3 and snake_case", "2 * 3 and snake_case"),
        ("**cut off. ", "cut off. "),
        ("## Title", "Title"),
        ("- one\n* two\n• three", "one\ntwo\nthree"),
        ("- [x] done", "done"),
        ("> quoted", "quoted"),
        ("a `code` b", "a code b"),
        ("```python\nx\n```", "\nx\n"),
        ("~~gone~~", "gone"),
        ("[our site](https://x.io/a_b) here", "our site here"),
        ('![a cat](cat.png "Tom")', "a cat"),
        ("<https://x.io>", "https://x.io"),
        ("<b>bold</b> a<br/>b", "bold ab"),
        ("| a | b |\n|---|---|\n| 1 | 2 |", "a, b\n\n1, 2"),
        ("---", ""),
        (r"5 \* 3", "5 * 3"),
        ("Plain text, nothing else.", "Plain text, nothing else."),
    ],
)
def test_signs_for_the_eye_go(written: str, read: str) -> None:
    assert read_markdown(MappedText.of(written)).text == read


def test_the_words_of_a_link_keep_their_own_places() -> None:
    source = "see [our site](https://x.io) now"
    text = read_markdown(MappedText.of(source))
    at = text.text.index("site")
    assert text.span(at, at + 4) == (source.index("site"), source.index("site") + 4)


@given(st.text(alphabet="ab*_`[]()#-|>~<! \n", max_size=60))
def test_any_text_is_read_and_no_letter_is_lost_outside_links_and_tags(text: str) -> None:
    read = read_markdown(MappedText.of(text))
    assert list(read.starts) == sorted(read.starts)
    if not any(sign in text for sign in "(<`~"):
        assert [sign for sign in read.text if sign in "ab"] == [sign for sign in text if sign in "ab"]
