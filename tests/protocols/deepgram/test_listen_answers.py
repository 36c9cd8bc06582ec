"""What the live socket and the answer for a recording share."""

from __future__ import annotations

import json
from itertools import count
from typing import Any

from duologue.audio.spans import TimedWord
from duologue.listen.events import TurnEnded
from duologue.protocols.codec import encode
from duologue.protocols.deepgram.listen_answers import (
    alternative,
    model_info,
    recording_answer,
    recording_metadata,
    rfc3339,
)
from duologue.protocols.deepgram.listen_query import read_hearing, read_recording
from duologue.protocols.query import read_query
from tests.protocols.deepgram.turn_events import ended

HEARING = read_hearing(read_query("model=nova-3&punctuate=true"))


def answered(query: str, *channels: list[TurnEnded]) -> dict[str, Any]:
    request = read_recording(read_query(f"model=nova-3&{query}"))
    heard = channels or ([],)
    metadata = recording_metadata("req", "sha", rfc3339(0.0), 5.04321, model_info(HEARING, "scripted"), len(heard))
    names = map(str, count())
    answer: dict[str, Any] = json.loads(encode(recording_answer(request, heard, metadata, lambda: next(names))))
    return answer


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


def test_words_and_transcripts_say_how_sure_the_recogniser_was() -> None:
    words = [TimedWord("twenty", 0, 8000, 0.9), TimedWord("five", 8000, 9000, 0.30004), TimedWord("lattes", 9000, 9900)]
    told = alternative("twenty five lattes", words, HEARING)
    assert [word.confidence for word in told.words] == [0.9, 0.3, 1.0]
    assert told.confidence == 0.7333
    figures = alternative("twenty five lattes", words, read_hearing(read_query("numerals=true")))
    assert [(word.word, word.confidence) for word in figures.words] == [("25", 0.3), ("lattes", 1.0)]
    assert alternative("unknown", (), HEARING).confidence == 1.0


def test_capitals_and_stops_are_given_to_who_asks_for_them() -> None:
    ends = [ended(2.0, "can i get a latte"), ended(5.0, "thank you")]
    for query, text in {
        "punctuate=true": "Can I get a latte. Thank you.",
        "smart_format=true": "Can I get a latte. Thank you.",
        "punctuate=true&language=fr": "can i get a latte thank you",
        "": "can i get a latte thank you",
    }.items():
        best = answered(query, ends)["results"]["channels"][0]["alternatives"][0]
        assert best["transcript"] == text
        assert [word["word"] for word in best["words"]] == "can i get a latte thank you".split()
        if query:
            assert [word["punctuated_word"] for word in best["words"]] == text.split()


def test_the_answer_for_a_recording() -> None:
    ends = [ended(2.0, "hello there"), ended(3.0, ""), ended(5.0, "good bye")]
    answer = answered("utterances=true", ends)
    assert answer["metadata"]["created"] == "1970-01-01T00:00:00.000Z"
    assert answer["metadata"]["duration"] == 5.043
    best = answer["results"]["channels"][0]["alternatives"][0]
    assert best["transcript"] == "hello there good bye"
    assert len(best["words"]) == 4
    told = answer["results"]["utterances"]
    assert [(each["id"], each["transcript"]) for each in told] == [("0", "hello there"), ("1", "good bye")]
    assert (told[0]["start"], told[0]["end"], told[0]["channel"]) == (1.0, 1.5, 0)
    assert "utterances" not in answered("", ends)["results"]
    assert "paragraphs" not in best


def test_channels_that_were_heard_apart_are_told_apart_and_their_utterances_by_time() -> None:
    answer = answered("utterances=true", [ended(5.0, "good bye")], [ended(2.0, "twenty lattes")], [])
    texts = [channel["alternatives"][0]["transcript"] for channel in answer["results"]["channels"]]
    assert texts == ["good bye", "twenty lattes", ""]
    told = answer["results"]["utterances"]
    assert [(each["channel"], each["transcript"]) for each in told] == [(1, "twenty lattes"), (0, "good bye")]
    assert answer["metadata"]["channels"] == 3


def test_a_recording_to_be_read_has_sentences_and_paragraphs() -> None:
    ends = [ended(2.0, "Hello. It is ten"), ended(3.5, "so be it"), ended(8.0, "good bye")]
    told = answered("smart_format=true", ends)["results"]["channels"][0]["alternatives"][0]["paragraphs"]
    assert told["transcript"] == "\nHello. It is 10. So be it.\n\nGood bye."
    first, second = told["paragraphs"]
    assert [sentence["text"] for sentence in first["sentences"]] == ["Hello.", "It is 10.", "So be it."]
    assert (first["num_words"], first["start"], first["end"]) == (7, 0.5, 3.0)
    assert second["sentences"] == [{"text": "Good bye.", "start": 7.0, "end": 7.5}]
    assert answered("paragraphs=true")["results"]["channels"][0]["alternatives"][0]["paragraphs"] == {
        "transcript": "",
        "paragraphs": [],
    }


def test_a_silent_recording_has_an_answer() -> None:
    answer = answered("utterances=true")
    assert answer["results"]["channels"][0]["alternatives"] == [{"transcript": "", "confidence": 0.0, "words": []}]
    assert answer["results"]["utterances"] == []
