"""Hearing a conversation once: the engines get what a listening stream would give them."""

from __future__ import annotations

import numpy as np

from duologue.listen.engines.scripted import ScriptedRecognizer, ScriptedSettings, ScriptedVoiceActivity
from duologue.listen.hypothesis import CaptureMode, ListenOptions, VoiceActivity
from duologue.listen.policy import GatePolicy
from duologue.sim.turn_bench import Dialogue, Turn
from duologue.sim.turn_hearing import hear_reference, hear_voice, hear_words, plain, segments, told_apart, turn_at

SETTINGS = ScriptedSettings(script="0.5-1.5 hello there\n3.0-4.0 good bye")
DIALOGUE = Dialogue(
    "two turns",
    6.0,
    "clean",
    (
        Turn(0.5, 1.5, "command", "hello there", words=(("hello", 0.5, 1.0), ("there", 1.0, 1.5))),
        Turn(3.0, 4.0, "spelling", "good bye", words=(("good", 3.0, 3.5), ("bye", 3.5, 4.0))),
    ),
)
PCM = np.zeros(6 * 16_000, np.float32)


def test_every_step_has_an_activity_and_the_gate_makes_two_segments() -> None:
    activities = plain(hear_voice(ScriptedVoiceActivity(SETTINGS), PCM))
    assert len(activities) == 188
    assert [number for number, _ in segments(activities, GatePolicy())] == [1, 2]


def test_the_recogniser_answers_every_segment_whatever_it_expects() -> None:
    activities = plain(hear_voice(ScriptedVoiceActivity(SETTINGS), PCM))
    options: list[Turn] = []

    def expect(turn: Turn) -> ListenOptions:
        options.append(turn)
        return ListenOptions(capture=CaptureMode.SPELLING if turn.kind == "spelling" else CaptureMode.FREE)

    for told in (None, expect):
        heard = hear_words(ScriptedRecognizer(SETTINGS), DIALOGUE, PCM, activities, GatePolicy(), told)
        finals = [heard.hypotheses[number][-1] for number in (1, 2)]
        assert [(final.segment, final.text, final.final) for final in finals] == [
            (1, "hello there", True),
            (2, "good bye", True),
        ]
    assert [turn.kind for turn in options] == ["command", "spelling"]


def test_what_is_not_expected_is_not_decoded_again() -> None:
    activities = plain(hear_voice(ScriptedVoiceActivity(SETTINGS), PCM))
    open_words = hear_words(ScriptedRecognizer(SETTINGS), DIALOGUE, PCM, activities, GatePolicy())

    def expect(turn: Turn) -> ListenOptions:
        return ListenOptions(keyterms=("bye",)) if turn.kind == "spelling" else ListenOptions()

    deaf = ScriptedRecognizer(ScriptedSettings(script="9-10 nothing"))
    heard = hear_words(deaf, DIALOGUE, PCM, activities, GatePolicy(), expect, open_words)
    assert heard.hypotheses[1] is open_words.hypotheses[1]
    assert heard.hypotheses[2][-1].text == ""


def test_the_true_words_fall_into_the_segments_they_were_said_in() -> None:
    activities = plain(hear_voice(ScriptedVoiceActivity(SETTINGS), PCM))
    heard = hear_reference(DIALOGUE, activities, GatePolicy(), lambda words: 0.9 if words else None)
    assert [heard.hypotheses[number][-1].text for number in (1, 2)] == ["hello there", "good bye"]
    assert heard.hypotheses[1][-1].ending == 0.9


def test_the_turn_of_a_stretch_of_audio_is_the_one_it_overlaps_most() -> None:
    assert turn_at(DIALOGUE, 0, 20_000) is DIALOGUE.turns[0]
    assert turn_at(DIALOGUE, 16_000 * 5, 16_000 * 6) is None


def test_a_detector_that_tells_no_levels_is_believed_either_way() -> None:
    said = hear_voice(ScriptedVoiceActivity(SETTINGS), PCM)
    assert told_apart(said) == plain(said)


def test_voices_behind_the_caller_are_told_apart_by_their_level() -> None:
    said = [VoiceActivity(place * 512, 0.95, -25.0 if place % 60 < 30 else -36.0) for place in range(1, 400)]
    assert min(speech for _, speech in plain(said)) == 0.95
    assert min(speech for _, speech in told_apart(said)) < 0.2
