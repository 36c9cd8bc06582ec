"""The caller talks while the agent does, or is about to: at every stage, in earnest and in vain."""

from __future__ import annotations

from dataclasses import replace

from duologue.agent.events import PlaybackReported
from duologue.agent.notices import Interrupted, LatencyMeasured
from duologue.agent.settings import AgentSettings, InterruptionPolicy, Pacing, PacingPolicy
from duologue.agent.turntaking import Stage
from tests.conversations.call import Answer, Call, Voice
from tests.conversations.log_lines import script

LONG = "One two three. Four five six seven eight nine. Ten."


def lines_from(call: Call, at: float) -> str:
    """The log from `at` on."""
    return "\n".join(line for line in call.log().splitlines() if float(line.split()[0]) >= at)


def test_a_barge_in_cuts_audio_work_and_history_in_one_step() -> None:
    call = Call(answers=[LONG, "Sorry."])
    call.says(1.0, "hello")
    call.starts(2.0)
    call.voice(2.1, 0.10)
    call.voice(2.4, 0.16)
    call.ends(3.0, "stop it")
    call.until(10.0)
    assert lines_from(call, 1.2) == script(
        """
        1.20  AGENT SAYS 1 'One two three.'
        1.20  AGENT SPEAKS 1
        1.20  play 1 0.90 s
        1.90  AGENT SAYS 1 'Four five six seven eight nine.'
        1.90  play 1 1.80 s
        2.40  clear 1
        2.40  CALLER SPEAKS
        2.40  INTERRUPTED 1 heard 'One two three. Four'
        2.40  AGENT DONE 1 (interrupted)
        3.00  CALLER SAID 'stop it'
        3.00  generate 2.1 on 'stop it'
        3.10  synthesize 2.1 'Sorry.'
        3.20  AGENT SAYS 2 'Sorry.'
        3.20  AGENT SPEAKS 2
        3.20  play 2 0.30 s
        3.20  AGENT DONE 2
        """
    )
    assert call.history() == ["caller: hello", "agent: One two three. Four", "caller: stop it", "agent: Sorry."]


def test_an_interrupted_reply_is_measured_too_and_one_that_never_sounded_is_not() -> None:
    call = Call(answers=[LONG, Answer("Never said.", after=2.0), "Yes?"])
    call.says(1.0, "hello")
    call.starts(2.0)
    call.voice(2.4, 0.16)
    assert [notice.reply for notice in call.told() if isinstance(notice, LatencyMeasured)] == [1]
    call.ends(3.0, "and")
    call.starts(3.5)
    call.voice(3.7, 0.16)
    call.ends(4.5, "so")
    call.until(9.0)
    assert [notice.reply for notice in call.told() if isinstance(notice, LatencyMeasured)] == [1, 3]


def test_work_still_going_on_is_stopped_in_the_documented_order() -> None:
    call = Call(answers=[Answer(LONG, every=0.1)], voice=Voice(after=0.1))
    call.says(1.0, "hello")
    call.starts(1.9)
    call.voice(2.0, 0.2)
    assert lines_from(call, 2.0) == script(
        """
        2.00  clear 1
        2.00  stop synthesis 1
        2.00  stop generating 1
        2.00  CALLER SPEAKS
        2.00  INTERRUPTED 1 heard 'One two'
        2.00  AGENT DONE 1 (interrupted)
        """
    )


def test_facts_on_their_way_when_the_caller_interrupted_change_nothing() -> None:
    call = Call(answers=[Answer(LONG, every=0.1), "Sorry."], obedient=False)
    call.says(1.0, "hello")
    call.starts(1.9)
    call.voice(2.0, 0.2)
    call.ends(2.8, "stop")
    call.until(10.0)
    assert call.history() == ["caller: hello", "agent: One two", "caller: stop", "agent: Sorry."]
    assert call.session.late_facts >= 3


def test_before_the_first_word_an_interruption_leaves_no_line_and_both_turns_are_answered() -> None:
    call = Call(answers=[Answer("Never said.", after=2.0), "Both."])
    call.says(1.0, "hello")
    call.starts(1.5)
    call.voice(1.7, 0.2)
    call.ends(2.5, "and more")
    call.until(10.0)
    assert call.log() == script(
        """
        0.00  CALLER SPEAKS
        1.00  CALLER SAID 'hello'
        1.00  generate 1.1 on 'hello'
        1.50  CALLER SPEAKS
        1.70  stop generating 1
        1.70  INTERRUPTED 1 heard ''
        2.50  CALLER SAID 'and more'
        2.50  generate 2.1 on 'and more'
        2.60  synthesize 2.1 'Both.'
        2.70  AGENT SAYS 2 'Both.'
        2.70  AGENT SPEAKS 2
        2.70  play 2 0.30 s
        2.70  AGENT DONE 2
        """
    )
    assert call.history() == ["caller: hello", "caller: and more", "agent: Both."]


def test_a_phantom_that_cancelled_the_answer_does_not_leave_silence() -> None:
    call = Call(answers=[Answer("Never said.", after=2.0), "Again."])
    call.says(1.0, "hello")
    call.starts(1.5)
    call.voice(1.7, 0.2)
    call.ends(2.5, "")
    call.until(10.0)
    assert call.history() == ["caller: hello", "agent: Again."]


def test_a_short_noise_before_the_first_word_only_holds_the_answer() -> None:
    call = Call(answers=[Answer("Here it is.", after=1.0)])
    call.says(1.0, "hello")
    call.starts(1.5)
    call.voice(1.7, 0.1)
    call.until(2.4)
    assert call.session.stage is Stage.OVERLAP
    call.ends(2.5, "")
    call.until(10.0)
    assert lines_from(call, 2.0) == script(
        """
        2.00  synthesize 1.1 'Here it is.'
        2.50  AGENT SAYS 1 'Here it is.'
        2.50  AGENT SPEAKS 1
        2.50  play 1 0.90 s
        2.50  AGENT DONE 1
        """
    )


def test_a_short_noise_over_speech_changes_nothing_and_is_not_told() -> None:
    call = Call(answers=[LONG])
    call.says(1.0, "hello")
    call.starts(2.0)
    call.voice(2.1, 0.1)
    call.ends(2.9, "")
    call.until(10.0)
    assert "INTERRUPTED" not in call.log()
    assert call.log().count("CALLER SPEAKS") == 1
    assert call.history() == ["caller: hello", f"agent: {LONG}"]


def test_a_reply_cut_in_vain_goes_on_at_the_word_that_was_cut() -> None:
    call = Call(answers=[LONG])
    call.says(1.0, "hello")
    call.starts(2.6)
    call.voice(2.8, 0.2)
    call.ends(3.6, "")
    call.until(10.0)
    assert lines_from(call, 2.8) == script(
        """
        2.80  clear 1
        2.80  CALLER SPEAKS
        2.80  INTERRUPTED 1 heard 'One two three. Four five'
        2.80  AGENT DONE 1 (interrupted)
        3.60  AGENT SAYS 2 'six seven eight nine.'
        3.60  AGENT SPEAKS 2
        3.60  play 2 1.20 s
        4.60  AGENT SAYS 2 'Ten.'
        4.60  play 2 0.30 s
        4.60  AGENT DONE 2
        """
    )
    assert call.history() == ["caller: hello", f"agent: {LONG}"]


def test_a_reply_that_goes_on_can_be_cut_again_and_its_line_stays_what_was_heard() -> None:
    call = Call(answers=[LONG, "Bye."])
    call.says(1.0, "hello")
    call.starts(2.6)
    call.voice(2.8, 0.2)
    call.ends(3.6, "")
    call.starts(4.0)
    call.voice(4.2, 0.2)
    call.ends(5.0, "")
    call.starts(5.3)
    call.voice(5.5, 0.2)
    call.ends(6.0, "that will do")
    call.until(10.0)
    assert call.history()[1:] == [
        "agent: One two three. Four five six seven eight nine.",
        "caller: that will do",
        "agent: Bye.",
    ]


def test_what_a_model_had_written_but_nobody_spoke_before_a_cut_in_vain_is_never_in_the_history() -> None:
    slow = Answer("One two three. Four five six seven eight nine ten.", every=0.3)
    call = Call(answers=[slow, "Then this. And much more of that.", "Bye."])
    call.says(1.0, "hello")
    call.starts(3.0)
    call.voice(3.2, 0.2)
    call.ends(3.6, "")
    call.starts(4.6)
    call.voice(4.8, 0.2)
    call.ends(5.2, "")
    call.until(12.0)
    assert call.history() == ["caller: hello", "agent: One two three.", "agent: Then this. And much more of that."]


def test_a_backchannel_over_speech_is_remembered_not_answered_and_the_reply_goes_on() -> None:
    call = Call(answers=[LONG])
    call.says(1.0, "hello")
    call.starts(2.0)
    call.voice(2.2, 0.2)
    call.ends(2.8, "Mm-hmm.")
    call.until(10.0)
    assert "caller mutters 'Mm-hmm.'" in call.log()
    assert call.history() == ["caller: hello", f"agent: {LONG}"]


def test_a_backchannel_is_an_answer_when_the_agent_had_asked_and_was_done() -> None:
    call = Call(answers=["Shall I order it?", "Ordered."])
    call.says(1.0, "a coffee")
    call.says(5.0, "yeah")
    call.until(10.0)
    assert call.history()[-2:] == ["caller: yeah", "agent: Ordered."]


def test_a_backchannel_is_an_answer_when_it_cuts_in_right_after_the_question() -> None:
    call = Call(answers=["Shall I order it? I can also wait a little longer.", "Ordered."])
    call.says(1.0, "a coffee")
    call.starts(2.2)
    call.voice(2.4, 0.2)
    call.ends(3.0, "okay")
    call.until(10.0)
    assert call.history()[1:] == ["agent: Shall I order it?", "caller: okay", "agent: Ordered."]


def test_a_short_okay_right_after_the_question_is_an_answer_even_if_the_agent_has_gone_on() -> None:
    call = Call(answers=["Shall I order it? I can also wait a little longer.", "Ordered."])
    call.says(1.0, "a coffee")
    call.starts(2.45)
    call.voice(2.6, 0.1)
    call.ends(3.2, "okay")
    call.until(10.0)
    assert call.history()[-2:] == ["caller: okay", "agent: Ordered."]


def test_a_short_okay_in_the_middle_of_a_sentence_is_none() -> None:
    call = Call(answers=["Shall I order it? I can also wait a little longer.", "Ordered."])
    call.says(1.0, "a coffee")
    call.starts(1.9)
    call.voice(2.0, 0.1)
    call.ends(2.7, "okay")
    call.until(10.0)
    assert "caller mutters 'okay'" in call.log()


def test_a_reply_cut_after_its_last_word_has_nothing_to_go_on_with() -> None:
    call = Call(answers=["One two."], voice=Voice())
    call.says(1.0, "hello")
    call.starts(1.6)
    call.voice(1.78, 0.2)
    call.ends(2.5, "")
    call.until(10.0)
    assert call.log().count("AGENT SAYS") == 1
    assert call.history() == ["caller: hello", "agent: One two."]
    assert call.session.stage is Stage.IDLE


def test_a_caller_who_talks_through_an_overlap_interrupts_whatever_is_recognised() -> None:
    settings = AgentSettings(interruption=InterruptionPolicy(min_words=3))
    call = Call(settings, answers=[LONG, "Yes?"])
    call.says(1.0, "hello")
    call.starts(1.5)
    call.voice(2.0, 0.5)
    call.words(2.2, "wait")
    call.until(2.9)
    assert call.session.stage is Stage.OVERLAP
    call.until(3.0)
    assert [notice.heard for notice in call.told() if isinstance(notice, Interrupted)] == [
        "One two three. Four five six"
    ]


def test_with_words_required_the_words_interrupt() -> None:
    settings = AgentSettings(interruption=InterruptionPolicy(min_words=2))
    call = Call(settings, answers=[LONG, "Yes?"])
    call.says(1.0, "hello")
    call.starts(1.5)
    call.voice(1.9, 0.4)
    call.words(2.0, "mm-hmm yeah")
    assert call.session.stage is Stage.OVERLAP
    call.words(2.2, "wait please")
    assert call.session.stage is Stage.IDLE


def test_the_protected_start_of_a_reply_is_not_interrupted_but_a_caller_who_goes_on_is_heard() -> None:
    settings = AgentSettings(interruption=InterruptionPolicy(ignore_first=1.0))
    call = Call(settings, answers=[LONG, "Yes?"])
    call.says(1.0, "hello")
    call.starts(1.5)
    call.voice(1.9, 0.4)
    call.until(2.1)
    assert call.session.stage is Stage.SPEAKING
    call.voice(2.3, 0.6)
    assert call.session.stage is Stage.IDLE
    assert lines_from(call, 2.3).splitlines()[0].endswith("clear 1")


def test_a_turn_that_ends_within_the_protected_start_is_answered_after_the_reply() -> None:
    settings = AgentSettings(interruption=InterruptionPolicy(ignore_first=3.0))
    call = Call(settings, answers=["One two three four.", "Yes?"])
    call.says(1.0, "hello")
    call.starts(1.5)
    call.voice(1.9, 0.2)
    call.ends(2.1, "hey")
    call.until(10.0)
    assert lines_from(call, 2.1) == script(
        """
        2.10  CALLER SAID 'hey'
        2.40  generate 2.1 on 'hey'
        2.50  synthesize 2.1 'Yes?'
        2.60  AGENT SAYS 2 'Yes?'
        2.60  AGENT SPEAKS 2
        2.60  play 2 0.30 s
        2.60  AGENT DONE 2
        """
    )


def test_a_reply_that_drains_under_the_callers_voice_is_heard_to_its_end() -> None:
    call = Call(answers=["One two.", "Yes?"])
    call.says(1.0, "hello")
    call.starts(1.7)
    call.voice(1.75, 0.05)
    call.until(1.9)
    assert call.session.stage is Stage.IDLE
    assert lines_from(call, 1.75) == script("1.80  CALLER SPEAKS")
    call.ends(2.9, "right then")
    call.until(6.0)
    assert call.history()[1:] == ["agent: One two.", "caller: right then", "agent: Yes?"]


def test_where_the_client_reports_playback_what_was_heard_is_exact() -> None:
    call = Call(AgentSettings(pacing=PacingPolicy(pacing=Pacing.AS_AVAILABLE)), answers=[LONG])
    call.says(1.0, "hello")
    call.until(1.9)
    call.feed(PlaybackReported(1, 0), 1.9)
    call.starts(2.6)
    call.voice(2.8, 0.2)
    assert [notice.heard for notice in call.told() if isinstance(notice, Interrupted)] == ["One two three."]


def test_a_reply_is_still_audible_after_everything_was_sent_and_can_still_be_cut() -> None:
    call = Call(AgentSettings(pacing=PacingPolicy(pacing=Pacing.AS_AVAILABLE)), answers=[LONG, "Yes?"])
    call.says(1.0, "hello")
    call.until(1.3)
    assert "AGENT DONE 1" in call.log()
    call.starts(1.8)
    call.voice(2.0, 0.2)
    assert lines_from(call, 2.0) == script(
        """
        2.00  clear 1
        2.00  CALLER SPEAKS
        2.00  INTERRUPTED 1 heard 'One two three.'
        """
    )


def test_at_speaking_pace_little_is_ahead_of_the_loudspeaker() -> None:
    settings = AgentSettings(pacing=PacingPolicy(pacing=Pacing.SPEAKING_PACE))
    call = Call(settings, answers=[LONG])
    call.says(1.0, "hello")
    call.until(1.55)
    sent = sum(float(line.split()[-2]) for line in call.log().splitlines() if " play " in line)
    assert 0.35 <= sent <= 0.35 + 0.21
    call.until(10.0)
    sent = sum(float(line.split()[-2]) for line in call.log().splitlines() if " play " in line)
    assert round(sent, 1) == 3.0


def test_a_long_answer_is_not_synthesised_far_ahead() -> None:
    call = Call(answers=[Answer("One two three four five. " * 40)])
    call.says(1.0, "hello")
    call.until(3.0)
    assert call.log().count("synthesize") <= 6
    call.until(100.0)
    assert call.log().count("synthesize") == 40
    assert call.history()[-1] == "agent: " + ("One two three four five. " * 40).strip()


def test_changed_numbers_need_no_other_code() -> None:
    patient = replace(InterruptionPolicy(), min_voice=0.5)
    call = Call(AgentSettings(interruption=patient), answers=[LONG])
    call.says(1.0, "hello")
    call.starts(1.5)
    call.voice(2.0, 0.45)
    assert call.session.stage is Stage.OVERLAP
    call.voice(2.1, 0.55)
    assert call.session.stage is Stage.IDLE
