"""When a caller must be given way, and what is only a sign of listening."""

from __future__ import annotations

import pytest

from duologue.agent.caller import CallerSide
from duologue.agent.interruption import insists, is_backchannel, is_echo, is_own, same_words
from duologue.agent.settings import InterruptionPolicy

POLICY = InterruptionPolicy()


@pytest.mark.parametrize("text", ["mhm", "Mm-hmm.", "uh huh", "Yeah, right.", "OK okay", "mm hmm yeah"])
def test_signs_of_listening(text: str) -> None:
    assert is_backchannel(text, POLICY)


@pytest.mark.parametrize("text", ["", "no", "yeah but wait", "stop", "okay then", "mm"])
def test_what_is_more_than_a_sign_of_listening(text: str) -> None:
    assert not is_backchannel(text, POLICY)


def test_texts_are_the_same_but_for_case_signs_and_spacing() -> None:
    assert same_words("I'd like TEA", "id like  tea.")
    assert not same_words("tea", "teas")


def test_a_closed_turn_never_insists() -> None:
    assert not insists(CallerSide(voiced=9.0), POLICY, None, 0.0)


def test_voice_words_and_time_insist() -> None:
    caller = CallerSide(open=True, voiced=0.2)
    assert insists(caller, POLICY, None, 0.0)
    wordy = InterruptionPolicy(min_words=2)
    assert not insists(caller, wordy, 1.0, 2.4)
    assert insists(caller, wordy, 1.0, 2.5)
    caller.text = "wait please"
    assert insists(caller, wordy, 1.0, 1.1)
    caller.text = "uh huh"
    assert not insists(caller, wordy, 1.0, 1.1)
    caller.text = "wait please"
    caller.forgive()
    assert not insists(caller, wordy, 1.0, 1.1)


def test_voice_is_our_own_from_the_policys_share_on() -> None:
    assert is_own(0.75, POLICY)
    assert not is_own(0.74, POLICY)
    assert not is_own(1.0, InterruptionPolicy(own_voice=0.0)), "nobody looks for it"


def test_a_turn_is_an_echo_until_somebody_else_has_been_heard_for_long_enough() -> None:
    caller = CallerSide(open=True, voiced=0.3)
    assert not is_echo(caller, POLICY), "nothing of ours was found"
    caller.echoes.append((0, 4_800))
    assert is_echo(caller, POLICY)
    assert not insists(caller, POLICY, 0.0, 99.0), "however long it lasts"
    caller.most_fresh = 0.14
    assert is_echo(caller, POLICY)
    assert is_echo(caller, InterruptionPolicy(min_voice=1.0))
    assert not is_echo(caller, InterruptionPolicy(min_voice=0.1))
    caller.most_fresh = 0.15
    assert not is_echo(caller, POLICY)
    assert not is_echo(caller, InterruptionPolicy(min_voice=1.0)), "half a second of somebody else is somebody else"
    caller.most_fresh = 0.0
    assert is_echo(caller, InterruptionPolicy(min_voice=0.0))
