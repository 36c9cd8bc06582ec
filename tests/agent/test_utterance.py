"""The spoken side of a reply, phrase by phrase."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from duologue.agent.phrase import find_remainder
from duologue.agent.settings import Pacing, PacingPolicy
from duologue.agent.utterance import Utterance
from duologue.speak.speech import SpeakOptions, SpeechChunk
from tests.conversations.call import speak

VOICE = (SpeakOptions(),)


def utterance(*texts: str, pacing: Pacing = Pacing.AS_AVAILABLE, ahead: float = 60.0) -> Utterance:
    made = Utterance(1000, PacingPolicy(pacing, ahead=ahead))
    for text in texts:
        made.add(text)
    made.closed = True
    return made


def test_blank_text_is_joined_to_the_phrase_behind_it() -> None:
    speech = utterance("One.", " ", "\n", "Two. ", "  ")
    orders = speech.let_out(1, VOICE, 0.0)
    assert [(order.phrase, order.text) for order in orders] == [(1, "One."), (2, " \nTwo. ")]


def test_text_is_let_out_only_while_little_unheard_speech_waits() -> None:
    speech = utterance(*["One two three four five. "] * 10, ahead=4.0)
    assert len(speech.let_out(1, VOICE, 0.0)) == 3  # estimated at 1.67 s each
    for phrase in (1, 2, 3):
        speech.receive(speak("One two three four five. ", phrase))
    list(speech.send(0.0))
    assert speech.let_out(1, VOICE, 0.4) == []
    due = speech.wake_at(0.4, sending=True)
    assert due is not None
    assert 0.4 < due <= 0.91
    assert len(speech.let_out(1, VOICE, 0.91)) == 1


def test_a_draft_speaks_its_first_phrase_only() -> None:
    speech = utterance("One.", "Two.")
    assert len(speech.let_out(1, VOICE, 0.0, most=1)) == 1
    assert len(speech.let_out(1, VOICE, 0.0, most=1)) == 0
    assert len(speech.let_out(1, VOICE, 0.0)) == 1


def test_audio_that_nobody_asked_for_is_refused() -> None:
    speech = utterance("One.", "Two.")
    assert not speech.receive(speak("One.", 1))
    speech.let_out(1, VOICE, 0.0)
    assert not speech.receive(speak("Two.", 2))
    assert speech.receive(speak("One.", 1))
    assert not speech.receive(speak("One.", 1))


def test_a_phrase_is_told_with_its_first_audio_and_a_silent_one_too() -> None:
    speech = utterance("One.", "...", "Two.")
    speech.let_out(1, VOICE, 0.0)
    speech.receive(SpeechChunk(np.zeros(100, np.float32), 1))
    speech.receive(SpeechChunk(np.zeros(100, np.float32), 1, last=True))
    speech.receive(SpeechChunk(np.zeros(0, np.float32), 2, last=True))
    speech.receive(speak("Two.", 3))
    out = [(out.phrase, out.text, None if out.pcm is None else len(out.pcm)) for out in speech.send(0.0)]
    assert out == [(1, "One.", 100), (1, None, 100), (2, "...", None), (3, "Two.", 300)]
    assert speech.all_sent
    assert not speech.drained(0.4)
    assert speech.wake_at(0.4, sending=True) == 0.5
    assert speech.drained(0.5)


def test_what_remains_joins_to_the_rest_of_the_text_and_keeps_its_audio() -> None:
    speech = utterance("One two. ", "Three four. ", "Five.")
    speech.let_out(1, VOICE, 0.0)
    speech.receive(speak("One two. ", 1))
    speech.receive(speak("Three four. ", 2))
    list(speech.send(0.0))
    heard = speech.alignment.text_before(speech.playback.clear(0.9))
    assert heard == "One two. Three"
    rest = speech.remainder(len(heard))
    assert [text for text, _ in rest.phrases] == [" four. ", "Five."]
    chunk = rest.phrases[0][1]
    assert chunk is not None
    assert len(chunk.pcm) == 300
    assert [(word.text, word.start, word.text_start, word.text_end) for word in chunk.words] == [("four.", 0, 1, 6)]
    assert rest.phrases[1][1] is None


def test_a_reply_that_goes_on_speaks_what_it_has_and_asks_for_the_rest() -> None:
    first = utterance("One two. ", "Three four. ", "Five.")
    first.let_out(1, VOICE, 0.0)
    first.receive(speak("One two. ", 1))
    list(first.send(0.0))
    first.playback.clear(0.4)
    second = utterance()
    second.go_on(first.remainder(len("One")))
    assert second.audible
    assert [(order.phrase, order.text) for order in second.let_out(2, VOICE, 1.0)] == [
        (2, "Three four. "),
        (3, "Five."),
    ]
    assert [(out.text, len(out.pcm)) for out in second.send(1.0) if out.pcm is not None] == [("two.", 300)]
    assert second.alignment.text_before(300) == " two."


def test_phrases_wholly_heard_let_go_of_their_audio() -> None:
    speech = utterance("One two.", "Three.")
    speech.let_out(1, VOICE, 0.0)
    speech.receive(speak("One two.", 1))
    speech.receive(speak("Three.", 2))
    list(speech.send(0.0))
    list(speech.send(0.7))
    assert [bool(phrase.kept) for phrase in speech._phrases] == [False, True]
    assert find_remainder(speech._phrases, speech.alignment.words, 0).phrases[0] == ("One two.", None)


def test_a_voice_that_broke_off_is_heard_as_far_as_its_words_came() -> None:
    speech = utterance("One two.", "Three four.", "Five.")
    speech.let_out(1, VOICE, 0.0)
    speech.receive(speak("One two.", 1))
    speech.receive(SpeechChunk(np.zeros(300, np.float32), 2, speak("Three four.", 2).words[:1]))
    speech.truncate()
    list(speech.send(0.0))
    assert speech.all_sent
    assert speech.text_spoken == "One two.Three"


def test_what_broke_off_is_spoken_anew_by_the_reply_that_goes_on() -> None:
    """Its audio does not hold the words its text does."""
    speech = utterance("One two three.")
    speech.let_out(1, VOICE, 0.0)
    speech.receive(SpeechChunk(np.zeros(450, np.float32), 1, speak("One two three.", 1).words[:2]))
    speech.truncate()
    list(speech.send(0.0))
    assert speech.remainder(len("One")).phrases == ((" two three.", None),)


@given(st.lists(st.sampled_from(["One. ", "Two three. ", " ", "Four five six. "]), max_size=6), st.integers(0, 4000))
def test_heard_and_remainder_always_join_to_the_text(texts: list[str], heard: int) -> None:
    speech = utterance(*texts)
    for order in speech.let_out(1, VOICE, 0.0):
        speech.receive(speak(order.text, order.phrase))
    whole = speech.alignment.text
    prefix = speech.alignment.text_before(heard)
    rest = "".join(text for text, _ in speech.remainder(len(prefix)).phrases)
    assert prefix + rest == whole or not whole[len(prefix) :].strip()
