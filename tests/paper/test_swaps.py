"""Swap in each mode that has an amount; the numbers are reckoned by hand from the formulas of the manual."""

from decimal import Decimal
from typing import Any

import pytest

from oms.paper.money import Rates, swap
from protocol.enums import SwapMode
from protocol.records.account import TradeSettings
from protocol.records.trade import Position

from .test_money import forex, money, quote, rates

LONG = Position(trade_symbol="EURUSD", trade_action=0, trade_volume=200_000_000, price_open=1.05)
SHORT = Position(trade_symbol="EURUSD", trade_action=1, trade_volume=50_000_000, price_open=1.05)


def swapped(
    mode: int, held: Position, days: int | Decimal = 1, known: Rates | None = None, **changes: Any
) -> Decimal | None:
    terms = TradeSettings(swap_mode=mode, swap_long=-3.6, swap_short=1.8)
    spec = forex("EURUSD", point=0.00001, trade=terms, **changes)
    return swap(spec, held, quote(1.1, 1.2, 1.15), "USD", 2, known or rates(EURUSD=(1.1, 1.2)), days)


@pytest.mark.parametrize(
    ("mode", "held", "expected"),
    [
        (SwapMode.DISABLED, LONG, "0.00"),
        (SwapMode.POINTS, LONG, "-7.20"),  # 3.6 points of 1 dollar, 2 lots
        (SwapMode.POINTS, SHORT, "0.90"),
        (SwapMode.CURRENCY_BASE, LONG, "-8.64"),  # 7.20 euro owed, at 1.2
        (SwapMode.CURRENCY_BASE, SHORT, "0.99"),  # 0.90 euro earned, at 1.1
        (SwapMode.CURRENCY_MARGIN, LONG, "-8.64"),
        (SwapMode.CURRENCY_DEPOSIT, LONG, "-7.20"),
        (SwapMode.INTEREST_CURRENT, LONG, "-22.00"),  # 200 000 × 1.1 × 3.6 % / 360
        (SwapMode.INTEREST_CURRENT, SHORT, "3.00"),  # 50 000 × 1.2 × 1.8 % / 360
        (SwapMode.INTEREST_OPEN, LONG, "-21.00"),
    ],
)
def test_the_swap_of_a_day(mode: SwapMode, held: Position, expected: str) -> None:
    assert swapped(mode, held) == money(expected)


def test_three_days_are_rounded_once() -> None:
    tiny = Position(trade_symbol="EURUSD", trade_volume=1_000_000)
    assert swapped(SwapMode.CURRENCY_DEPOSIT, tiny) == money("-0.04")  # 0.036
    assert swapped(SwapMode.CURRENCY_DEPOSIT, tiny, 3) == money("-0.11")  # 0.108
    assert swapped(SwapMode.CURRENCY_DEPOSIT, tiny, money("1.5")) == money("-0.05")  # 0.054
    assert swapped(SwapMode.CURRENCY_DEPOSIT, tiny, 0) == 0


def test_points_of_a_future_are_worth_its_ticks() -> None:
    future: dict[str, Any] = {"trade_calc_mode": 33, "trade_tick_value": 12.5, "trade_tick_size": 0.25}
    assert swapped(SwapMode.POINTS, LONG, 10_000, **future) == money("-36.00")


def test_interest_on_a_bond_is_on_its_face_value() -> None:
    bond: dict[str, Any] = {"trade_calc_mode": 37, "trade_contract_size": 1.0, "trade_face_value": 1000.0}
    # 2 × 1000 × 1.15 % × 3.6 % / 360 × 10 000 days
    assert swapped(SwapMode.INTEREST_CURRENT, LONG, 10_000, **bond) == money("-23.00")


@pytest.mark.parametrize("mode", [SwapMode.REOPEN_CLOSE_PRICE, SwapMode.REOPEN_BID, 9])
def test_reopening_and_unknown_modes_have_no_amount(mode: int) -> None:
    assert swapped(mode, LONG) is None


def test_without_a_rate_or_a_price_there_is_no_swap() -> None:
    assert swapped(SwapMode.CURRENCY_BASE, LONG, known=rates()) is None
    terms = TradeSettings(swap_mode=SwapMode.INTEREST_CURRENT, swap_long=-1.0)
    spec = forex("EURUSD", trade=terms)
    assert swap(spec, LONG, quote(0.0), "USD", 2, rates(), 1) is None
    assert (
        swap(
            forex("EURUSD", trade=TradeSettings(swap_mode=1, swap_long=float("nan"))),
            LONG,
            quote(1.1),
            "USD",
            2,
            rates(),
            1,
        )
        is None
    )
