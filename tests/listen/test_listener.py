"""The listener by drawings: `#` is a step of speech, `.` of silence, 32 ms each."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from duologue.listen.events import Progressed, Trigger, TurnEagerEnded, TurnEnded, TurnResumed, TurnStarted, TurnUpdated
from duologue.listen.gate import Forward
from duologue.listen.hypothesis import CaptureMode, Completeness, EndSegment, Hypothesis, VoiceActivity
from duologue.listen.listener import AskEndOfTurn, ListenAction, Listener
from duologue.listen.policy import TurnPolicy
from tests.listen.scene import LEVELS, STEP, Scene, activities, final, names

POLICY = TurnPolicy()


def scene(*texts: str, policy: TurnPolicy = POLICY, slow: bool = False) -> Scene:
    return Scene(Listener(policy), texts, slow=slow)


def test_a_turn_is_begun_updated_eagerly_ended_and_ended() -> None:
    told = scene("a latte please").hear("...##########" + "." * 40)
    assert told == [
        "TurnStarted",
        "TurnUpdated 'a latte please'",
        "TurnEagerEnded 'a latte please'",
        "TurnEnded 'a latte please'",
    ]


def test_one_loud_step_is_no_turn() -> None:
    assert scene("what").hear("...#" + "." * 40) == []


def test_an_open_sentence_waits_longer_than_a_finished_one() -> None:
    def ended(text: str) -> float:
        acted = scene(text)
        acted.hear("##########" + "." * 100)
        (end,) = [event for event in acted.events if isinstance(event, TurnEnded)]
        return (end.position - end.speech_end) / 16_000

    assert ended("a latte and") > 1.5
    assert ended("a latte please") < 0.5


def test_speech_in_a_pause_resumes_the_turn_and_its_words_follow() -> None:
    acted = scene("i would like a", "latte please")
    acted.hear("##########" + "." * 25)
    told = acted.hear("##########" + "." * 30)
    assert told == [
        "TurnResumed",
        "TurnUpdated 'i would like a latte please'",
        "TurnEagerEnded 'i would like a latte please'",
        "TurnEnded 'i would like a latte please'",
    ]


def test_words_without_voice_resume_an_eagerly_ended_turn() -> None:
    acted = scene("well", "yes")
    acted.hear("##########" + "." * 15)
    assert [*map(type, acted.events)][-1] is TurnEagerEnded
    told = acted.hear("+" + "." * 9)
    assert told[:2] == ["TurnResumed", "TurnUpdated 'well yes'"]
    resumed = next(event for event in acted.events if isinstance(event, TurnResumed))
    assert resumed.decision.trigger is Trigger.TEXT


def test_a_sound_without_words_ends_with_empty_text() -> None:
    told = scene("").hear("##########" + "." * 60)
    assert told == ["TurnStarted", "TurnEagerEnded ''", "TurnEnded ''"]


def test_a_turn_is_parked_until_the_final_words_arrive_and_progress_is_not() -> None:
    acted = scene("hello there", slow=True)
    assert acted.hear("##########" + "." * 60) == ["TurnStarted"]
    waiting = acted.listener.waiting
    assert waiting is not None
    assert (waiting.segment, waiting.for_words) == (1, True)
    progress = [action for action in acted.actions if isinstance(action, Progressed)]
    assert len(progress) == 22
    assert progress[-1].floor < 0.1
    assert acted.answer() == ["TurnUpdated 'hello there'", "TurnEagerEnded 'hello there'", "TurnEnded 'hello there'"]
    assert acted.listener.waiting is None


def test_activities_behind_a_parked_end_wait_in_order() -> None:
    drawing = "##########" + "." * 60 + "##########" + "." * 60
    slow, prompt = scene("yes", "no", slow=True), scene("yes", "no")
    slow.hear(drawing)
    assert slow.answer() == ["TurnUpdated 'yes'", "TurnEagerEnded 'yes'", "TurnEnded 'yes'", "TurnStarted"]
    slow.answer()
    prompt.hear(drawing)
    assert [(type(event), event.position) for event in slow.events if not isinstance(event, TurnUpdated)] == [
        (type(event), event.position) for event in prompt.events if not isinstance(event, TurnUpdated)
    ]


def test_giving_up_makes_the_text_so_far_final() -> None:
    acted = scene(slow=True)
    acted.hear("##########")
    acted.read(Hypothesis(1, 5 * STEP, "hello"))
    acted.hear("." * 60)
    assert names(acted.listener.give_up()) == ["TurnEagerEnded 'hello'", "TurnEnded 'hello'"]
    assert acted.listener.read(final(1, "hello there")) == []


def test_interim_words_update_the_turn_and_those_before_its_start_are_told_behind_it() -> None:
    listener = Listener(POLICY)
    told: list[ListenAction] = []
    told += listener.hear(VoiceActivity(STEP, 0.9))
    told += listener.read(Hypothesis(1, STEP, "h"))
    assert names(told) == []
    for activity in activities("###", 1):
        told += listener.hear(activity)
    told += listener.read(Hypothesis(1, 3 * STEP, "hello"))
    assert names(told) == ["TurnStarted", "TurnUpdated 'h'", "TurnUpdated 'hello'"]


def test_words_of_a_segment_that_never_became_a_turn_are_dropped() -> None:
    acted = scene("noise", "hello")
    acted.hear("++" + "." * 20)
    assert acted.hear("####" + "." * 40)[-1] == "TurnEnded 'hello'"


def test_the_client_may_end_the_turn_in_the_middle_of_speech() -> None:
    acted = scene("stop", slow=True)
    acted.hear("##########")
    acted.take(acted.listener.force_end())
    assert acted.answer() == ["TurnUpdated 'stop'", "TurnEnded 'stop'"]
    end = acted.events[-1]
    assert isinstance(end, TurnEnded)
    assert end.decision.trigger is Trigger.FORCED
    assert acted.hear("####") == ["TurnStarted"]


def test_forcing_an_end_while_nobody_speaks_does_nothing() -> None:
    acted = scene()
    acted.hear("....")
    assert names(acted.listener.force_end()) == []


def test_finishing_ends_the_open_turn_when_its_words_are_there() -> None:
    acted = scene("good bye", slow=True)
    acted.hear("##########")
    assert acted.finish() == []
    assert not acted.listener.finished
    assert acted.answer() == ["TurnUpdated 'good bye'", "TurnEnded 'good bye'"]
    assert acted.listener.finished
    assert acted.hear("####") == []


def test_a_turn_says_where_its_speech_began_and_ended() -> None:
    acted = scene("hello")
    acted.hear("..." + "#" * 10 + "." * 60)
    start = next(event for event in acted.events if isinstance(event, TurnStarted))
    end = next(event for event in acted.events if isinstance(event, TurnEnded))
    assert (start.speech_start, end.speech_end) == (3 * STEP, 13 * STEP)


def test_progress_comes_every_tenth_of_a_second_and_counts_the_turns_speech() -> None:
    acted = scene("hello")
    acted.hear("..." + "#" * 10 + "." * 12)
    progress = [action for action in acted.actions if isinstance(action, Progressed)]
    assert [event.position // 1600 for event in progress] == list(range(1, 9))
    assert progress[0].voiced == 0.0
    assert progress[-1].voiced == pytest.approx(0.32)


def test_other_thresholds_hold_from_where_they_were_given() -> None:
    acted = scene("hello", slow=True)
    acted.hear("##########" + "." * 60)
    acted.take(acted.listener.retune(TurnPolicy(eager_end=None, end=0.01)))
    assert acted.answer()[-1] == "TurnEnded 'hello'"


def test_another_kind_of_answer_changes_how_finished_words_sound() -> None:
    acted = scene("five five")
    acted.listener.expect(CaptureMode.DIGITS)
    acted.hear("##########" + "." * 40)
    assert [*map(type, acted.events)][-1] is not TurnEnded


def test_a_replayed_activity_is_dropped() -> None:
    listener = Listener(POLICY)
    listener.hear(VoiceActivity(STEP, 0.9))
    assert listener.hear(VoiceActivity(STEP, 0.9)) == []


class TestWithAnEndOfTurnModel:
    """The model is asked where a segment closes; the end waits for words and judgement both."""

    def listener(self) -> tuple[Listener, list[ListenAction]]:
        listener = Listener(POLICY, asks=True)
        return listener, [action for item in activities("#" * 10 + "." * 60) for action in listener.hear(item)]

    def test_its_judgement_is_mixed_in(self) -> None:
        listener, actions = self.listener()
        (question,) = [action for action in actions if isinstance(action, AskEndOfTurn)]
        assert names(listener.read(final(1, "a large latte"))) == []
        waiting = listener.waiting
        assert waiting is not None
        assert not waiting.for_words
        told = listener.judge(Completeness(question.position, 1.0))
        end = told[-1]
        assert isinstance(end, TurnEnded)
        assert end.decision.completeness == pytest.approx(0.75)

    def test_a_judgement_nobody_waits_for_is_dropped(self) -> None:
        listener, _ = self.listener()
        assert listener.judge(Completeness(1, 1.0)) == []

    def test_without_the_model_nothing_waits_for_it_any_more(self) -> None:
        listener, _ = self.listener()
        listener.read(final(1, "a large latte"))
        assert names(listener.stop_asking())[-1] == "TurnEnded 'a large latte'"


STREAM = st.text(alphabet="##..+", max_size=30).flatmap(lambda text: st.just("".join(char * 4 for char in text)))


class Recogniser:
    """Gives interims and a final for every segment, deterministic in the audio it is given; keeps its answers until asked for."""

    def __init__(self, words: list[str]) -> None:
        self._words = words
        self._segment = 1
        self._given: list[str] = []
        self.waiting: list[Hypothesis] = []

    def take(self, action: ListenAction) -> None:
        if isinstance(action, Forward):
            word = self._words[(action.end // STEP) % len(self._words)]
            if word:
                self._given.append(word)
            self.waiting.append(Hypothesis(self._segment, action.end, " ".join(self._given)))
        elif isinstance(action, EndSegment):
            self.waiting.append(Hypothesis(action.segment, 0, " ".join(self._given), final=True))
            self._segment, self._given = action.segment + 1, []


def run(drawing: str, words: list[str], answers: list[int]) -> list[ListenAction]:
    """Everything told, with the recogniser answering `answers[n]` hypotheses after step n, and the rest at the end."""
    listener, recogniser = Listener(POLICY), Recogniser(words)
    told: list[ListenAction] = []

    def take(actions: list[ListenAction]) -> None:
        for action in actions:
            told.append(action)
            recogniser.take(action)

    for place, char in enumerate(drawing):
        take(listener.hear(VoiceActivity((place + 1) * STEP, LEVELS[char])))
        for _ in range(answers[place % len(answers)] if answers else 0):
            if recogniser.waiting:
                take(listener.read(recogniser.waiting.pop(0)))
    take(listener.finish())
    while recogniser.waiting:
        take(listener.read(recogniser.waiting.pop(0)))
    assert listener.finished
    return told


WORDS = st.lists(st.sampled_from(["", "yes", "and", "latte"]), min_size=1, max_size=7)


@settings(max_examples=60)
@given(STREAM, WORDS, st.lists(st.integers(0, 3), max_size=9))
def test_the_turn_events_do_not_depend_on_when_words_arrive(drawing: str, words: list[str], answers: list[int]) -> None:
    turns = [[a for a in run(drawing, words, when) if not isinstance(a, Progressed)] for when in ([9], answers, [])]
    kinds = [[a for a in told if not isinstance(a, Forward | EndSegment)] for told in turns]
    assert kinds[0] == kinds[1] == kinds[2]


@settings(max_examples=60)
@given(STREAM, WORDS, st.lists(st.integers(0, 2), max_size=9))
def test_any_stream_obeys_the_grammar(drawing: str, words: list[str], answers: list[int]) -> None:
    told = run(drawing, words, answers)
    allowed: dict[type | None, set[type]] = {
        None: {TurnStarted},
        TurnStarted: {TurnUpdated, TurnEagerEnded, TurnEnded},
        TurnUpdated: {TurnUpdated, TurnEagerEnded, TurnEnded},
        TurnEagerEnded: {TurnResumed, TurnEnded},
        TurnResumed: {TurnUpdated, TurnEagerEnded, TurnEnded},
        TurnEnded: {TurnStarted},
    }
    before: type | None = None
    stable, turn = "", 0
    for action in told:
        if isinstance(action, Forward | EndSegment | Progressed | AskEndOfTurn):
            continue
        assert type(action) in allowed[before], (before, action)
        before = type(action)
        if isinstance(action, TurnStarted):
            assert action.turn == turn + 1
            stable, turn = "", action.turn
        elif not isinstance(action, TurnResumed):
            assert action.turn == turn
            assert action.stable_text.startswith(stable)
            assert action.text.startswith(action.stable_text)
            stable = action.stable_text
        if isinstance(action, TurnEnded):
            assert action.text == action.stable_text
    assert before in {None, TurnEnded}
