"""Who is let in."""

from __future__ import annotations

from dataclasses import replace

import pytest

from duologue.auth.authenticator import ANYBODY, Authenticator, Identity
from duologue.auth.credentials import Credentials
from duologue.auth.keys import KeyRecord
from duologue.auth.tokens import TokenSigner
from duologue.errors import Refused

NOW = 1_000.0


class TwoKeys:
    """A key store that holds `good` and `old`."""

    def __init__(self, *, empty: bool = False) -> None:
        self.empty = empty

    def find(self, text: str) -> KeyRecord | None:
        known = {
            "good": KeyRecord("duo_1", "laptop", 0.0, connections=2, agents=5),
            "old": KeyRecord("duo_2", "guest", 0.0, expires_at=NOW),
            "gone": KeyRecord("duo_3", "ex", 0.0, revoked_at=1.0),
        }
        return known.get(text)

    def named(self, prefix: str) -> KeyRecord | None:
        records = (self.find(text) for text in ("good", "old", "gone"))
        return next((record for record in records if record and record.prefix == prefix), None)

    def any(self) -> bool:
        return not self.empty


def authenticator(keys: TwoKeys | None, *, open_door: bool = False) -> Authenticator:
    return Authenticator(keys, lambda: NOW, open_until_first_key=open_door)


def test_a_right_key_says_who_is_asking() -> None:
    found = authenticator(TwoKeys()).identify(Credentials("good"))
    assert found == Identity("duo_1", "laptop", connections=2, agents=5)


@pytest.mark.parametrize(
    ("secret", "text"),
    [
        (None, "An API key is required"),
        ("wrong", "Invalid credentials"),
        ("old", "Invalid credentials: the key is expired"),
        ("gone", "Invalid credentials: the key is revoked"),
    ],
)
def test_others_are_refused_with_the_reason(secret: str | None, text: str) -> None:
    with pytest.raises(Refused) as caught:
        authenticator(TwoKeys()).identify(Credentials(secret))
    assert (caught.value.code, caught.value.message) == ("unauthorized", text)


def test_without_keys_everybody_may_and_no_database_is_asked() -> None:
    nobody_asked = authenticator(None)
    assert nobody_asked.asks_nothing
    assert nobody_asked.identify(Credentials(None)) is ANYBODY


def test_the_first_key_closes_an_open_door() -> None:
    keys = TwoKeys(empty=True)
    door = authenticator(keys, open_door=True)
    assert door.identify(Credentials("whatever an SDK insists on")) is ANYBODY
    keys.empty = False
    with pytest.raises(Refused):
        door.identify(Credentials("whatever an SDK insists on"))


def test_where_keys_are_a_must_having_none_lets_nobody_in() -> None:
    with pytest.raises(Refused):
        authenticator(TwoKeys(empty=True)).identify(Credentials(None))


def test_a_part_of_this_process_is_known_by_its_own_secret_and_by_tokens_made_with_it() -> None:
    tokens = TokenSigner(b"s" * 32)
    bridge = Identity("bridge", "bridge", connections=100)
    door = Authenticator(TwoKeys(), lambda: NOW, open_until_first_key=False, tokens=tokens)
    door.trust("own secret", bridge)
    assert door.identify(Credentials("own secret")) == bridge
    token = tokens.issue("bridge", ["agent"], NOW, 60, "t1")
    assert door.identify(Credentials(token)) == replace(bridge, grants=frozenset({"agent"}))
    assert door.identify(Credentials("good")).name == "laptop"
    for wrong in ("own secre", "", None):
        with pytest.raises(Refused):
            door.identify(Credentials(wrong))
