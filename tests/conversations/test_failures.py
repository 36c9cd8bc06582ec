"""Models that hang or fail, voices that die, callers who say nothing: never silence for ever."""

from __future__ import annotations

from duologue.agent.events import (
    CallerLeft,
    CompletionReceived,
    CustomReceived,
    DrainRequested,
    KeyPressed,
    ListeningFailed,
    SpeechEnded,
    SpeechFailed,
    SpeechReceived,
    Started,
    ThinkChanged,
)
from duologue.agent.settings import (
    AgentSettings,
    IdlePolicy,
    InterruptionPolicy,
    LimitsPolicy,
    Pacing,
    PacingPolicy,
    ThinkSettings,
)
from duologue.agent.turntaking import Stage
from duologue.speak.speech import SpeechChunk
from duologue.think.completion import ProviderFailed
from tests.conversations.call import Answer, Call, Voice, speak
from tests.conversations.log_lines import script

FALLBACK = AgentSettings(fallback_line="Once more?")
MUTE = AgentSettings(fallback_line="")
LONG = "One two three. Four five six seven eight nine. Ten."


def test_a_model_that_hangs_becomes_the_fallback_line_within_patience() -> None:
    call = Call(FALLBACK, answers=[Answer(hangs=True)])
    call.says(1.0, "hello")
    call.until(20.0)
    assert call.log() == script(
        """
        0.00  CALLER SPEAKS
        1.00  CALLER SAID 'hello'
        1.00  generate 1.1 on 'hello'
        5.00  WARNED slow_think
        11.00  stop generating 1
        11.00  WARNED think_failed
        11.00  synthesize 2.1 'Once more?'
        11.10  AGENT SAYS 2 'Once more?'
        11.10  AGENT SPEAKS 2
        11.10  play 2 0.60 s
        11.10  AGENT DONE 2
        """
    )


def test_a_model_that_fails_without_a_fallback_line_is_an_error() -> None:
    call = Call(MUTE, answers=[Answer(fails="down")])
    call.says(1.0, "hello")
    call.until(20.0)
    assert call.log().endswith("1.10  FAILED think_failed")


def test_a_model_that_says_nothing_becomes_the_fallback_line() -> None:
    for text in ("", "  \n "):
        call = Call(FALLBACK, answers=[Answer(text)])
        call.says(1.0, "hello")
        call.until(20.0)
        assert "WARNED empty_reply" in call.log()
        assert call.history() == ["caller: hello", "agent: Once more?"]


def test_a_model_that_fails_in_the_middle_is_heard_as_far_as_it_came() -> None:
    call = Call(FALLBACK, answers=[Answer("One two three. Four", every=0.3, fails="down")])
    call.says(1.0, "hello")
    call.until(20.0)
    assert "WARNED think_failed" in call.log()
    assert call.history() == ["caller: hello", "agent: One two three. Four"]


def test_a_failed_provider_is_told_while_the_next_one_answers() -> None:
    call = Call(answers=[Answer("Yes.", after=1.0)])
    call.says(1.0, "hello")
    call.feed(CompletionReceived(1, 1, ProviderFailed("first", "down")), 1.5)
    call.until(5.0)
    assert "1.50  WARNED think_request_failed" in call.log()
    assert call.history()[-1] == "agent: Yes."


def test_a_provider_this_server_does_not_have_is_told_once_until_the_settings_change() -> None:
    call = Call(answers=["Yes.", "Yes.", "Yes."])
    for turn, lasting in ((1, True), (2, True), (3, False)):
        call.says(turn * 10.0, "hello")
        trouble = ProviderFailed("first", "there is none" if lasting else "down", lasting)
        call.feed(CompletionReceived(turn, 1, trouble), turn * 10.0 + 0.05)
    call.until(40.0)
    assert call.log().count("WARNED think_request_failed") == 2
    call.feed(ThinkChanged(ThinkSettings()), 41.0)
    call.says(50.0, "hello")
    call.feed(CompletionReceived(4, 1, ProviderFailed("first", "there is none", lasting=True)), 50.05)
    assert call.log().count("WARNED think_request_failed") == 3


def test_a_voice_that_hangs_or_dies_before_the_first_word_is_an_error() -> None:
    for voice, at in ((Voice(hangs_at=1), "11.10"), (Voice(dies_at=1), "1.20")):
        call = Call(FALLBACK, answers=["Yes."], voice=voice)
        call.says(1.0, "hello")
        call.until(20.0)
        assert f"{at:>6}  FAILED speak_failed" in call.log()
        assert call.history() == ["caller: hello"]


def test_a_voice_that_dies_in_the_middle_is_heard_as_far_as_it_came() -> None:
    call = Call(FALLBACK, answers=[LONG], voice=Voice(dies_at=2))
    call.says(1.0, "hello")
    call.until(20.0)
    assert (
        call.log().splitlines()[-4:]
        == script(
            """
        1.20  AGENT SPEAKS 1
        1.20  play 1 0.90 s
        1.20  WARNED speak_failed
        1.20  AGENT DONE 1
        """
        ).splitlines()
    )
    assert call.history() == ["caller: hello", "agent: One two three."]


def test_a_voice_that_hangs_in_the_middle_ends_the_reply_with_a_warning() -> None:
    call = Call(FALLBACK, answers=[LONG], voice=Voice(hangs_at=2))
    call.says(1.0, "hello")
    call.until(30.0)
    assert (
        call.log().splitlines()[-3:]
        == script(
            """
        11.20  stop synthesis 1
        11.20  AGENT DONE 1
        11.20  WARNED speak_failed
        """
        ).splitlines()
    )
    assert call.history() == ["caller: hello", "agent: One two three."]


def test_a_turn_that_waited_for_a_reply_is_answered_when_the_voice_of_that_reply_hangs() -> None:
    protected = AgentSettings(interruption=InterruptionPolicy(ignore_first=30.0))
    call = Call(protected, answers=[LONG, "Yes?"], voice=Voice(hangs_at=2))
    call.says(1.0, "hello")
    call.says(2.6, "and another thing")
    call.until(20.0)
    assert call.history() == ["caller: hello", "agent: One two three.", "caller: and another thing", "agent: Yes?"]


def test_another_voice_taking_over_is_a_warning() -> None:
    call = Call(answers=["Yes."])
    call.says(1.0, "hello")
    call.until(1.15)
    call.feed(SpeechFailed(1, "down", fallback=True), 1.15)
    call.until(5.0)
    assert "WARNED speak_request_failed" in call.log()
    assert call.history()[-1] == "agent: Yes."


def test_a_voice_that_ends_too_early_is_heard_as_far_as_it_came() -> None:
    call = Call(answers=["One two. Three."], voice=Voice(hangs_at=1))
    call.says(1.0, "hello")
    call.until(1.2)
    call.feed(SpeechReceived(1, SpeechChunk(speak("One two.", 1).pcm, 1)), 1.3)
    call.feed(SpeechReceived(1, speak("nonsense", 7)), 1.3)
    call.feed(SpeechEnded(1), 1.4)
    call.until(9.0)
    assert "AGENT DONE 1" in call.log()
    assert "WARNED speak_failed" in call.log()


def test_a_voice_that_ends_without_a_sound_is_an_error() -> None:
    call = Call(answers=["One two."], voice=Voice(hangs_at=1))
    call.says(1.0, "hello")
    call.until(1.2)
    call.feed(SpeechEnded(1), 1.3)
    assert call.log().endswith("1.30  FAILED speak_failed")


def test_a_reply_that_cannot_be_heard_is_told_and_over() -> None:
    call = Call(answers=["..."], voice=Voice(hangs_at=1))
    call.says(1.0, "hello")
    call.until(1.2)
    call.feed(SpeechReceived(1, SpeechChunk(speak("", 1).pcm, 1, last=True)), 1.3)
    call.until(9.0)
    assert "1.30  AGENT SAYS 1 '...'\n  1.30  AGENT DONE 1" in call.log()
    assert call.session.stage is Stage.IDLE


def test_a_silent_caller_is_asked_once_and_then_the_call_ends() -> None:
    idle = IdlePolicy(check_in_after=5.0, hang_up_after=12.0)
    call = Call(AgentSettings(greeting="Hello.", idle=idle))
    call.until(60.0)
    assert call.log() == script(
        """
        0.00  synthesize 1.1 'Hello.'
        0.10  AGENT SAYS 1 'Hello.'
        0.10  AGENT SPEAKS 1
        0.10  play 1 0.30 s
        0.10  AGENT DONE 1
        5.40  synthesize 2.1 'Are you still there?'
        5.50  AGENT SAYS 2 'Are you still there?'
        5.50  AGENT SPEAKS 2
        5.50  play 2 1.20 s
        5.50  AGENT DONE 2
        12.40  end: idle
        """
    )


def test_any_sign_of_life_puts_off_the_check_in() -> None:
    call = Call(AgentSettings(idle=IdlePolicy(check_in_after=5.0)), answers=["Yes."])
    call.feed(KeyPressed("1"), 4.0)
    call.feed(CustomReceived("{}"), 8.0)
    call.says(12.0, "hello")
    call.until(16.0)
    assert "still there" not in call.log()
    call.until(18.0)
    assert "still there" in call.log()


def test_listening_that_recovers_is_a_warning_and_listening_that_is_lost_is_the_end() -> None:
    call = Call()
    call.feed(ListeningFailed("worker gone", recovered=True), 1.0)
    call.feed(ListeningFailed("worker gone", recovered=False), 2.0)
    call.feed(Started(), 3.0)
    assert call.log() == script(
        """
        1.00  WARNED listening_recovered
        2.00  FAILED listening_failed
        2.00  end: failed
        """
    )


def test_a_draining_session_finishes_its_reply_or_ends_at_once() -> None:
    call = Call()
    call.feed(DrainRequested(), 1.0)
    assert call.log() == script("1.00  end: drained")
    call = Call(answers=["One two three."])
    call.starts(0.0)
    call.eager(0.5, "hello")
    call.feed(DrainRequested(), 0.7)
    call.ends(1.0, "hello")
    call.until(9.0)
    assert call.log().splitlines()[-1] == "  1.90  end: drained"


def test_a_caller_who_speaks_into_a_drain_is_not_answered_any_more() -> None:
    call = Call(answers=[LONG])
    call.says(1.0, "hello")
    call.feed(DrainRequested(), 1.5)
    call.starts(1.6)
    call.voice(1.8, 0.2)
    assert call.log().splitlines()[-1] == "  1.80  end: drained"


def test_a_caller_who_leaves_ends_everything_with_what_was_heard_in_the_history() -> None:
    call = Call(answers=[Answer(LONG, every=0.2)])
    call.says(1.0, "hello")
    call.feed(CallerLeft(), 2.4)
    assert (
        call.log().splitlines()[-6:]
        == script(
            """
        2.40  clear 1
        2.40  stop synthesis 1
        2.40  stop generating 1
        2.40  INTERRUPTED 1 heard 'One two three.'
        2.40  AGENT DONE 1 (interrupted)
        2.40  end: caller_left
        """
        ).splitlines()
    )
    assert call.history() == ["caller: hello", "agent: One two three."]


def test_a_reply_beyond_its_bound_is_cut_with_a_warning() -> None:
    settings = AgentSettings(limits=LimitsPolicy(reply_characters=20), pacing=PacingPolicy(pacing=Pacing.AS_AVAILABLE))
    call = Call(settings, answers=[Answer("one two three four five six seven eight", every=0.1)])
    call.says(1.0, "hello")
    call.until(10.0)
    assert "WARNED reply_too_long" in call.log()
    assert call.history()[-1] == "agent: one two three four f"


def test_started_twice_greets_once() -> None:
    call = Call(AgentSettings(greeting="Hello."))
    call.feed(Started(), 0.05)
    call.until(3.0)
    assert call.log().count("AGENT SAYS") == 1
