"""Leases."""

from __future__ import annotations

import pytest

from duologue.auth.authenticator import ANYBODY, Identity
from duologue.auth.concurrency import RETRY_AFTER_S, ConcurrencyLimiter, Kind
from duologue.errors import Refused

ANN, BOB = Identity("ann"), Identity("bob")


def limiter(total: int = 10) -> ConcurrencyLimiter:
    return ConcurrencyLimiter({Kind.STT: 2, Kind.TTS: 1, Kind.AGENT: 1}, total)


def test_keys_and_kinds_are_counted_apart() -> None:
    limits = limiter()
    for who in (ANN, BOB):
        for kind in (Kind.STT, Kind.STT, Kind.TTS, Kind.AGENT):
            limits.lease(who, kind)
    with pytest.raises(Refused, match="already has 2 stt connections"):
        limits.lease(ANN, Kind.STT)


def test_one_connection_is_told_as_one() -> None:
    limits = limiter()
    limits.lease(ANN, Kind.AGENT)
    with pytest.raises(Refused, match=r"^This key already has 1 agent connection, which is the limit$"):
        limits.lease(ANN, Kind.AGENT)


def test_those_without_a_key_share_a_limit_of_their_own() -> None:
    limits = ConcurrencyLimiter({Kind.STT: 1, Kind.TTS: 1, Kind.AGENT: 1}, total=10, keyless=3)
    for _ in range(3):
        limits.lease(ANYBODY, Kind.AGENT)
    with pytest.raises(Refused, match=r"^Clients without a key already have 3 agent connections"):
        limits.lease(ANYBODY, Kind.AGENT)
    limits.lease(ANYBODY, Kind.STT)


@pytest.mark.parametrize(
    ("identity", "agents", "speech"),
    [
        (Identity("a"), 1, 1),
        (Identity("b", agents=4), 4, 1),
        (Identity("c", connections=3), 3, 3),
        (Identity("d", connections=3, agents=2), 2, 3),
    ],
)
def test_a_keys_limit_of_agents_goes_before_that_of_every_kind(identity: Identity, agents: int, speech: int) -> None:
    limits = limiter(total=100)
    for kind, many in ((Kind.AGENT, agents), (Kind.TTS, speech)):
        for _ in range(many):
            limits.lease(identity, kind)
        with pytest.raises(Refused):
            limits.lease(identity, kind)


def test_a_refusal_says_when_to_come_back() -> None:
    limits = limiter(total=0)
    with pytest.raises(Refused) as caught:
        limits.lease(ANN, Kind.STT)
    assert caught.value.code == "concurrency_limited"
    assert caught.value.retry_after_s == RETRY_AFTER_S


def test_a_keys_own_limit_goes_before_the_configuration() -> None:
    limits = limiter()
    lucky = Identity("lucky", connections=3)
    for _ in range(3):
        limits.lease(lucky, Kind.TTS)
    with pytest.raises(Refused):
        limits.lease(lucky, Kind.TTS)


def test_the_total_is_a_bound_for_everybody() -> None:
    limits = limiter(total=1)
    held = limits.lease(ANN, Kind.STT)
    with pytest.raises(Refused, match="full"):
        limits.lease(BOB, Kind.TTS)
    held.release()
    limits.lease(BOB, Kind.TTS)


def test_a_lease_is_given_back_once_whatever_happens() -> None:
    limits = limiter()
    lease = limits.lease(ANN, Kind.TTS)
    with pytest.raises(ZeroDivisionError), lease:
        raise ZeroDivisionError
    lease.release()
    assert limits.held == 0
    limits.lease(ANN, Kind.TTS)
    assert limits.held == 1


def test_leases_are_counted_by_kind_whoever_holds_them() -> None:
    limits = limiter()
    for who, kind in ((ANN, Kind.STT), (BOB, Kind.STT), (ANN, Kind.AGENT), (BOB, Kind.TTS)):
        limits.lease(who, kind)
    assert limits.held_for(Kind.STT, Kind.AGENT) == 3
