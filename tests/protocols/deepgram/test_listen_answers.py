"""What the live socket and the answer for a recording share."""

from __future__ import annotations

import json

from duologue.audio.spans import TimedWord
from duologue.protocols.codec import encode
from duologue.protocols.deepgram.listen_answers import (
    alternative,
    model_info,
    recording_answer,
    recording_metadata,
    rfc3339,
)
from duologue.protocols.deepgram.listen_query import read_hearing
from duologue.protocols.query import read_query
from tests.protocols.deepgram.turn_events import ended

HEARING = read_hearing(read_query("model=nova-3&punctuate=true"))


def test_words_come_plain_and_with_their_signs() -> None:
    words = [TimedWord("Don't,", 0, 8000), TimedWord("—", 8000, 9000), TimedWord("(Paris!)", 9000, 16_000)]
    told = alternative(" Don't, — (Paris!) ", words, HEARING)
    assert told.transcript == "Don't, — (Paris!)"
    assert [(word.word, word.punctuated_word) for word in told.words] == [
        ("don't", "Don't,"),
        ("—", "—"),
        ("paris", "(Paris!)"),
    ]
    plain = alternative("Don't,", words[:1], read_hearing(read_query("")))
    assert plain.words[0].punctuated_word is None


def test_the_answer_for_a_recording() -> None:
    ends = [ended(2.0, "hello there"), ended(3.0, ""), ended(5.0, "good bye")]
    metadata = recording_metadata("req", "sha", rfc3339(0.0), 5.04321, model_info(HEARING, "scripted"))
    answer = json.loads(encode(recording_answer(HEARING, ends, metadata, ["a", "b", "c"])))
    assert answer["metadata"]["created"] == "1970-01-01T00:00:00.000Z"
    assert answer["metadata"]["duration"] == 5.043
    best = answer["results"]["channels"][0]["alternatives"][0]
    assert best["transcript"] == "hello there good bye"
    assert len(best["words"]) == 4
    told = answer["results"]["utterances"]
    assert [(each["id"], each["transcript"]) for each in told] == [("a", "hello there"), ("c", "good bye")]
    assert (told[0]["start"], told[0]["end"]) == (1.0, 1.5)
    assert "utterances" not in json.loads(encode(recording_answer(HEARING, ends, metadata, None)))["results"]


def test_a_silent_recording_has_an_answer() -> None:
    metadata = recording_metadata("req", "sha", rfc3339(0.0), 5.0, model_info(HEARING, "scripted"))
    answer = json.loads(encode(recording_answer(HEARING, [], metadata, [])))
    assert answer["results"]["channels"][0]["alternatives"] == [{"transcript": "", "confidence": 0.0, "words": []}]
    assert answer["results"]["utterances"] == []
