"""Keys: random, hashed, shown once."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import closing

import pytest
from sqlalchemy import select

from duologue.auth.keys import KeyStore, prefix_of
from duologue.errors import Violation
from duologue.storage import KEYS, Database

NOW = 1_000_000.0


@pytest.fixture
def database() -> Iterator[Database]:
    with closing(Database.open()) as opened:
        yield opened


@pytest.fixture
def store(database: Database) -> KeyStore:
    return KeyStore(database)


def test_a_key_is_found_by_its_whole_text_only(store: KeyStore) -> None:
    made = store.create("laptop", NOW)
    assert store.find(made.text) == made.record
    for wrong in (
        made.text[:-1],
        made.text + "x",
        made.record.prefix,
        f"{made.record.prefix}_",
        "",
        "sk_car_x",
        "\ud800",
    ):
        assert store.find(wrong) is None


def test_a_key_has_256_bits_behind_a_public_prefix(store: KeyStore) -> None:
    made = store.create("laptop", NOW)
    assert made.text.startswith("duo_")
    assert prefix_of(made.text) == made.record.prefix
    assert len(made.text.removeprefix(f"{made.record.prefix}_")) == 43


def test_only_the_hash_is_stored(database: Database) -> None:
    made = KeyStore(database).create("laptop", NOW)
    with database.transaction() as connection:
        row = connection.execute(select(KEYS)).one()
    assert hashlib.sha256(made.text.encode()).hexdigest() in row
    assert not any(made.text in str(value) for value in row)


def test_secrets_are_in_no_repr(store: KeyStore) -> None:
    made = store.create("laptop", NOW)
    assert made.text not in repr(made)
    assert made.record.digest not in repr(made)


def test_states_follow_the_clock_and_the_owner(store: KeyStore) -> None:
    made = store.create("guest", NOW, lifetime_s=60.0)
    assert made.record.state(NOW + 59.9) == "active"
    assert made.record.state(NOW + 60.0) == "expired"
    revoked = store.revoke(made.record.prefix, NOW + 1)
    assert revoked.state(NOW + 2) == "revoked"
    assert store.revoke(made.record.prefix, NOW + 9).revoked_at == NOW + 1


def test_revoking_an_unknown_key_says_how_to_find_the_right_one(store: KeyStore) -> None:
    with pytest.raises(Violation, match="duologue keys list"):
        store.revoke("duo_none", NOW)


@pytest.mark.parametrize("bad", [{"lifetime_s": 0.0}, {"lifetime_s": -1.0}, {"connections": 0}, {"agents": 0}])
def test_lifetimes_and_limits_are_positive(store: KeyStore, bad: dict[str, float]) -> None:
    with pytest.raises(Violation, match="must be positive"):
        store.create("x", NOW, **bad)  # type: ignore[arg-type]


def test_limits_can_be_changed_and_taken_away(store: KeyStore) -> None:
    made = store.create("shop", NOW, connections=3, agents=2)
    assert store.find(made.text) == made.record
    changed = store.limit(made.record.prefix, connections=None, agents=5)
    assert (changed.connections, changed.agents) == (None, 5)
    assert store.named(made.record.prefix) == changed
    with pytest.raises(Violation, match="must be positive"):
        store.limit(made.record.prefix, connections=None, agents=0)
    with pytest.raises(Violation, match="duologue keys list"):
        store.limit("duo_none", connections=1, agents=None)


def test_keys_are_listed_oldest_first_and_any_counts_revoked_ones(store: KeyStore) -> None:
    assert not store.any()
    first, second = store.create("a", NOW, connections=3), store.create("b", NOW + 1)
    assert [record.name for record in store.records()] == ["a", "b"]
    assert store.records()[0].connections == 3
    for made in (first, second):
        store.revoke(made.record.prefix, NOW)
    assert store.any()
