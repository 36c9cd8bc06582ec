"""Keys become one thing said."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from duologue.agent.keypad import KEYS, Keypad
from duologue.agent.settings import KeypadPolicy


def entered(keypad: Keypad, keys: str, at: float = 0.0) -> str:
    for key in keys:
        keypad.press(key, at)
    return keypad.take(at)


def test_the_end_key_completes_at_once_and_is_not_part_of_it() -> None:
    keypad = Keypad(KeypadPolicy())
    assert entered(keypad, "12") == ""
    assert keypad.gathering
    assert entered(keypad, "#") == "12"
    assert not keypad.gathering
    assert keypad.wake_at() is None


def test_a_pause_completes_and_every_key_puts_it_off() -> None:
    keypad = Keypad(KeypadPolicy(pause=2.0))
    keypad.press("1", 0.0)
    keypad.press("2", 1.5)
    assert keypad.wake_at() == 3.5
    assert keypad.take(3.4) == ""
    assert keypad.take(3.5) == "12"


def test_as_many_as_there_may_be_are_complete() -> None:
    assert entered(Keypad(KeypadPolicy(most=4)), "4711") == "4711"


def test_an_end_key_alone_is_what_was_said() -> None:
    assert entered(Keypad(KeypadPolicy()), "#") == "#"
    assert entered(Keypad(KeypadPolicy(end_keys="")), "#") == ""


def test_what_is_no_key_is_refused() -> None:
    keypad = Keypad(KeypadPolicy())
    assert not keypad.press("x", 0.0)
    assert not keypad.press("12", 0.0)
    assert not keypad.gathering


@given(st.text(alphabet=sorted(KEYS), max_size=80))
def test_no_key_is_lost_but_the_ends(keys: str) -> None:
    keypad = Keypad(KeypadPolicy(most=8))
    taken = [entered(keypad, key) for key in keys]
    rest = keypad.take(10.0)
    assert "".join([*taken, rest]).replace("#", "") == keys.replace("#", "")
    assert all(len(said) <= 8 for said in taken)
