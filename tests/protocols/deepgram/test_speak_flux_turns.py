"""Turns of speech, and what of them was heard."""

from __future__ import annotations

from duologue.protocols.deepgram.speak_flux_turns import SpeechTurn, SpeechTurns
from duologue.speak.speech import SpokenWord


def say(turns: SpeechTurns, name: str, text: str) -> SpeechTurn:
    turn = turns.open or turns.begin(name)
    turns.write(turn, text)
    return turn


def words(text: str, audio_at: int, text_at: int = 0) -> list[SpokenWord]:
    """A hundred samples each."""
    found, end = [], 0
    for place, word in enumerate(text.split()):
        start = text.index(word, end)
        end = start + len(word)
        at = audio_at + 100 * place
        found.append(SpokenWord(word, at, at + 100, text_at + start, text_at + end))
    return found


def test_text_goes_to_the_last_turn_and_audio_to_the_first() -> None:
    turns = SpeechTurns()
    assert (turns.active, turns.open, turns.finish(), turns.interrupt(None)) == (None, None, None, None)
    first = say(turns, "a", "one two")
    first.flushed = True
    second = say(turns, "b", "three")
    assert (turns.active, turns.open) == (first, second)
    turns.speak(200, words("one two", 0))
    assert turns.finish() is first
    assert (first.samples, second.samples, turns.active) == (200, 0, second)
    assert (turns.samples, turns.characters) == (200, 12)


def test_an_interrupt_cuts_the_text_behind_the_last_word_that_was_heard_whole() -> None:
    turns = SpeechTurns()
    say(turns, "a", "one two.").flushed = True
    second = say(turns, "b", "three four five")
    say(turns, "b", " six")
    turns.speak(200, words("one two.", 0))
    turns.finish()
    turns.speak(300, words("three four five", 200, len("one two.")))
    cut = turns.interrupt(450)
    assert cut == (second, ("three four", " five six"))
    assert turns.samples == 450, "as the client says"
    assert (turns.active, turns.open) == (None, None)


def test_without_an_offset_no_text_is_cut_and_the_first_turn_may_be_all_that_was_heard() -> None:
    turns = SpeechTurns()
    say(turns, "a", "one").flushed = True
    turns.speak(100, words("one", 0))
    turns.finish()
    turn = say(turns, "b", "two")
    turns.speak(100, words("two", 100, 3))
    assert turns.interrupt(None) == (turn, None)
    assert turns.samples == 200
    turn = say(turns, "c", "three")
    turns.speak(100, words("three", 0))
    assert turns.interrupt(120) == (turn, ("", "three")), "of the session, not of the turn"


def test_a_turn_that_goes_on_in_another_context_keeps_its_counts() -> None:
    turns = SpeechTurns()
    turn = say(turns, "a", "one. ")
    turns.speak(100, words("one.", 0))
    turns.renew()
    say(turns, "a", "two three")
    turns.speak(200, words("two three", 0))
    assert turns.interrupt(200) == (turn, ("one. two", " three"))
    say(turns, "b", "four")
    assert turns.active is not None
    assert (turns.active.audio_at, turns.active.text_at) == (0, 0)
