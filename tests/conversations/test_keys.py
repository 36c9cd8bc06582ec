"""Keys of the telephone: gathered into one turn, stopping the agent like a voice would."""

from __future__ import annotations

from dataclasses import replace

from duologue.agent.settings import AgentSettings, CustomUse, IdlePolicy, KeypadPolicy
from tests.conversations.call import Answer, Call
from tests.conversations.log_lines import script

SETTINGS = AgentSettings(
    greeting="Please enter your account number, then the hash key.", keypad=KeypadPolicy(said_as="keys {keys}")
)


def test_a_caller_enters_a_number_over_the_greeting_and_ends_it_with_hash() -> None:
    call = Call(SETTINGS, answers=["Thank you, Ada."])
    call.presses(1.0, "4711#")
    call.until(5.0)
    assert call.log() == script(
        """
        0.00  synthesize 1.1 'Please enter your account number, then the hash key.'
        0.10  AGENT SAYS 1 'Please enter your account number, then the hash key.'
        0.10  AGENT SPEAKS 1
        0.10  play 1 2.70 s
        0.10  AGENT DONE 1
        1.00  clear 1
        1.00  CALLER SPEAKS
        1.00  INTERRUPTED 1 heard 'Please enter your'
        2.20  CALLER SAID 'keys 4711'
        2.20  generate 2.1 on 'keys 4711'
        2.30  synthesize 2.1 'Thank you, Ada.'
        2.40  AGENT SAYS 2 'Thank you, Ada.'
        2.40  AGENT SPEAKS 2
        2.40  play 2 0.90 s
        2.40  AGENT DONE 2
        """
    )
    assert call.history() == ["agent: Please enter your", "caller: keys 4711", "agent: Thank you, Ada."]


def test_a_pause_completes_what_was_entered() -> None:
    call = Call(replace(SETTINGS, greeting=""))
    call.presses(1.0, "42")
    call.until(3.29)
    assert "CALLER SAID" not in call.log()
    call.until(3.3)
    assert "3.30  CALLER SAID 'keys 42'" in call.log()


def test_hash_alone_is_what_was_pressed() -> None:
    call = Call(replace(SETTINGS, greeting=""))
    call.presses(1.0, "#")
    assert "1.00  CALLER SAID 'keys #'" in call.log()


def test_the_agent_that_is_about_to_answer_waits_for_the_keys() -> None:
    call = Call(replace(SETTINGS, greeting=""), answers=[Answer("Right away.", after=1.0), "All of it."])
    call.says(1.0, "my number is")
    call.presses(1.5, "12#")
    call.until(5.0)
    assert [message.text for message in call.requests[1].messages] == ["my number is", "keys 12"]
    assert "AGENT SAYS 1" not in call.log(), "the first answer was never said"
    assert call.history()[-1] == "agent: All of it."


def test_what_is_said_while_keys_are_entered_is_answered_and_so_are_the_keys() -> None:
    call = Call(replace(SETTINGS, greeting=""), answers=["Speech.", "Keys."])
    call.presses(1.0, "1")
    call.says(2.4, "hello")
    call.until(8.0)
    assert call.history() == ["caller: hello", "agent: Speech.", "caller: keys 1", "agent: Keys."]


def test_keys_that_do_not_interrupt_are_answered_when_the_agent_has_spoken() -> None:
    settings = replace(SETTINGS, keypad=KeypadPolicy(interrupts=False, said_as="keys {keys}"))
    call = Call(settings, answers=["Thank you."])
    call.presses(0.5, "7#")
    call.until(6.0)
    assert "INTERRUPTED" not in call.log()
    assert call.history() == [
        "agent: Please enter your account number, then the hash key.",
        "caller: keys 7",
        "agent: Thank you.",
    ]


def test_what_is_no_key_means_nothing_and_keys_keep_the_line_alive() -> None:
    call = Call(AgentSettings(idle=IdlePolicy(hang_up_after=5.0), keypad=KeypadPolicy(pause=30.0)))
    call.presses(1.0, "x")
    assert call.session.late_facts == 1
    call.presses(4.0, "12")
    call.until(20.0)
    assert "end" not in call.log(), "somebody is entering something"


def test_data_of_the_application_is_known_from_the_next_request_on() -> None:
    call = Call(answers=["Gold it is."])
    call.data(1.0, '{"plan":"gold"}')
    call.until(3.0)
    assert call.log() == ""
    call.says(5.0, "which plan?")
    assert [message.text for message in call.requests[0].messages] == [
        'Data from the application: {"plan":"gold"}',
        "which plan?",
    ]


def test_data_may_be_answered_at_once_or_ignored() -> None:
    answered = Call(AgentSettings(custom=CustomUse.TURN), answers=["I see."])
    answered.data(1.0, "{}")
    answered.until(3.0)
    assert answered.history() == ["caller: Data from the application: {}", "agent: I see."]
    ignored = Call(AgentSettings(custom=CustomUse.IGNORE))
    ignored.data(1.0, "{}")
    assert ignored.history() == []


def test_data_that_is_too_long_is_cut_and_told() -> None:
    call = Call()
    call.data(1.0, "x" * 9_000)
    assert call.log() == "  1.00  WARNED custom_too_long"
    assert len(call.history()[0]) < 8_100
