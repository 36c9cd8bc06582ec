"""Marked speech: what is said is what is found."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from duologue.audio.spans import AudioSpan
from duologue.listen.hypothesis import EndSegment, ListenOptions
from duologue.sim.marked import Lexicon, MarkedRecognizer, MarkedSynthesizer, find_words, say, to_int16
from duologue.speak.speech import SpeakOptions

LINES = st.lists(st.sampled_from(["one", "two", "two", "latte", "I'd", "please."]), max_size=8).map(" ".join)


@given(LINES)
def test_every_word_said_is_found_in_order(line: str) -> None:
    lexicon = Lexicon()
    assert [word.text for word in find_words(say(line, lexicon), lexicon)] == line.split()


@given(LINES, st.integers(100, 5000))
def test_the_recogniser_hears_the_line_however_it_is_cut(line: str, length: int) -> None:
    lexicon = Lexicon()
    pcm = (say(line, lexicon) / np.float32(32768)).astype(np.float32)
    stream = MarkedRecognizer(lexicon).open(ListenOptions())
    texts = [
        hypothesis.text
        for start in range(0, len(pcm), length)
        for hypothesis in stream.feed(AudioSpan(start, pcm[start : start + length]))
    ]
    (final,) = stream.feed(EndSegment(1))
    assert final.final
    assert final.text == line
    assert all(line.startswith(text) for text in texts)


@given(LINES)
def test_the_synthesiser_says_where_each_word_is(line: str) -> None:
    lexicon = Lexicon()
    chunks = list(MarkedSynthesizer(lexicon).open(SpeakOptions()).feed(line))
    samples = to_int16(np.concatenate([chunk.pcm for chunk in chunks]))
    words = [word for chunk in chunks for word in chunk.words]
    assert [(word.text, word.start, word.end - word.start) for word in words] == [
        (found.text, found.start, found.length) for found in find_words(samples, lexicon)
    ]
    assert [line[word.text_start : word.text_end] for word in words] == line.split()
    assert [chunk.last for chunk in chunks] == [False] * (len(chunks) - 1) + [True]


def test_a_second_segment_starts_from_nothing() -> None:
    lexicon = Lexicon()
    stream = MarkedRecognizer(lexicon).open(ListenOptions())
    pcm = (say("one", lexicon) / np.float32(32768)).astype(np.float32)
    list(stream.feed(AudioSpan(0, pcm)))
    list(stream.feed(EndSegment(1)))
    (final,) = stream.feed(EndSegment(2))
    assert (final.segment, final.text) == (2, "")
