from __future__ import annotations

import pytest

from duologue.bridge.ingress.tickets import LIFE_S, Tickets
from duologue.errors import Refused


def refused(tickets: Tickets, call: str, ticket: str, wall: float) -> str:
    with pytest.raises(Refused) as caught:
        tickets.redeem(call, ticket, wall)
    assert caught.value.code == "forbidden"
    return caught.value.message


def test_a_ticket_lets_its_call_in_once() -> None:
    tickets = Tickets("secret")
    ticket = tickets.issue("CA1", 1e9)
    tickets.redeem("CA1", ticket, 1e9 + 5)
    assert "used" in refused(tickets, "CA1", ticket, 1e9 + 6)


def test_another_process_with_the_same_secret_believes_it() -> None:
    Tickets("secret").redeem("CA1", Tickets("secret").issue("CA1", 1e9), 1e9)


def test_it_is_good_for_two_minutes() -> None:
    tickets = Tickets("secret")
    assert "too old" in refused(tickets, "CA1", tickets.issue("CA1", 1e9), 1e9 + LIFE_S + 1)


@pytest.mark.parametrize("ticket", ["", ".", "1", "x.y", "9999999999.00", "²³.x", "99999999999999999999.x"])
def test_what_was_not_issued_here_is_refused(ticket: str) -> None:
    assert "not given out" in refused(Tickets("secret"), "CA1", ticket, 1e9)


def test_neither_call_nor_expiry_nor_secret_can_be_changed() -> None:
    tickets = Tickets("secret")
    expiry, _, proof = tickets.issue("CA1", 1e9).partition(".")
    refused(tickets, "CA2", f"{expiry}.{proof}", 1e9)
    refused(tickets, "CA1", f"{int(expiry) + 1}.{proof}", 1e9)
    refused(Tickets("another"), "CA1", f"{expiry}.{proof}", 1e9)


def test_used_tickets_are_forgotten_when_they_would_have_expired() -> None:
    tickets = Tickets("secret")
    for number in range(3):
        call = f"CA{number}"
        tickets.redeem(call, tickets.issue(call, 1e9 + 200 * number), 1e9 + 200 * number)
    assert len(tickets._used) == 1
