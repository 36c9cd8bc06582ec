"""Prices of connected hours."""

from __future__ import annotations

import math

import pytest

from duologue.usage.meter import RowStatus, UsageMeter, UsageRow
from duologue.usage.prices import PriceList, Rates

JUNE = 1_000_000.0


def row(
    kind: str = "agent", route: str = "/agent", *, opened: float = 0.0, hours: float = 2.0, own: str = ""
) -> UsageRow:
    return UsageMeter("1", "", kind, route, opened, own=own).row(opened + hours * 3_600, RowStatus.CLOSED)


EARLY_ACCESS = PriceList([Rates(-math.inf, {"agent": 4.5, "agent_own_model": 3.9})])


def test_an_hour_costs_less_with_a_model_of_ones_own() -> None:
    assert EARLY_ACCESS.price(row()) == pytest.approx(9.0)
    assert EARLY_ACCESS.price(row(own="model")) == pytest.approx(7.8)


def test_a_minute_costs_a_sixtieth() -> None:
    assert EARLY_ACCESS.price(row(hours=1 / 60)) == pytest.approx(0.075)


def test_without_a_rate_of_its_own_it_costs_what_others_do() -> None:
    assert PriceList([Rates(0.0, {"agent": 4.5})]).price(row(own="model")) == pytest.approx(9.0)


def test_what_nobody_priced_has_no_price() -> None:
    assert EARLY_ACCESS.price(row("stt", "/stt")) is None
    assert PriceList().price(row()) is None
    assert not PriceList()
    assert not PriceList([Rates(0.0, {})])
    assert EARLY_ACCESS


def test_a_path_goes_before_its_kind() -> None:
    prices = PriceList([Rates(0.0, {"stt": 0.4, "/stt": 0.1})])
    assert prices.hour(row("stt", "/stt")) == 0.1
    assert prices.hour(row("stt", "/stt/websocket")) == 0.4


def test_a_price_holds_from_its_day_on_and_others_stay() -> None:
    prices = PriceList([Rates(JUNE, {"agent": 6.0}), Rates(-math.inf, {"agent": 4.5, "agent_own_model": 3.9})])
    assert prices.hour(row(opened=JUNE - 1)) == 4.5
    assert prices.hour(row(opened=JUNE)) == 6.0
    assert prices.hour(row(opened=JUNE, own="model")) == 3.9


def test_before_the_first_price_there_is_none() -> None:
    assert PriceList([Rates(JUNE, {"agent": 6.0})]).price(row(opened=JUNE - 1)) is None
