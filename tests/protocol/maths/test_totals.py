from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.maths.totals import (
    Totals,
    TotalsAccount,
    TotalsPosition,
    commissions_of,
    exchange_so_activation,
    floating_of,
    margin_level_of,
    totals,
)


def account(**changes: Any) -> TotalsAccount:
    values = {"balance": 1000.0, "margin_so_call": 100.0, "margin_so_so": 50.0}
    return TotalsAccount(**{**values, **changes})


def made(profit: float, swap: float = 0.0, *, is_buy: bool = True, **flags: bool) -> TotalsPosition:
    return TotalsPosition(profit, swap, is_buy, **flags)


def test_totals_of_a_plain_account() -> None:
    assert totals(account(credit=50.0), [made(30.0, -1.5), made(-10.0, is_buy=False)], 200.0) == Totals(
        margin=200.0,
        margin_free=868.5,
        margin_level=534.25,
        equity=1068.5,
        floating=18.5,
        profit=20.0,
        storage=-1.5,
        excluded=0.0,
        so_activation=0,
        stop_out=False,
    )


def test_the_official_order_check_sample() -> None:
    found = totals(account(balance=101300.53), [made(-32981.00)], 51193.67)
    assert found.equity == 68319.53
    assert found.margin_free == 17125.86
    assert round(found.margin_level, 8) == 133.45308121


def test_every_addition_is_rounded() -> None:
    assert floating_of([made(0.004)] * 3, 2).profit == 0.0
    assert floating_of([made(0.0, 0.006)] * 3, 2).storage == 0.03
    found = totals(account(balance=1000.004, credit=0.004), [], 0.0)
    assert (found.equity, found.margin_free) == (1000.0, 1000.0)


def test_exchange_valuation_and_commissions_count() -> None:
    found = totals(
        account(assets=70.0, liabilities=-20.0, commission_daily=-3.333, commission_monthly=-1.111), [], 100.0
    )
    assert commissions_of(account(commission_daily=-3.333, commission_monthly=-1.111)) == -4.44
    assert found.equity == 1045.56
    assert found.margin_free == 945.56


@pytest.mark.parametrize(
    ("mode", "gain", "loss"),
    [(0, 900.0, 900.0), (1, 920.0, 880.0), (2, 920.0, 900.0), (3, 900.0, 880.0), (4, 900.0, 900.0)],
)
def test_floating_profit_in_free_margin(mode: int, gain: float, loss: float) -> None:
    assert totals(account(margin_free_mode=mode), [made(20.0)], 100.0).margin_free == gain
    assert totals(account(margin_free_mode=mode), [made(-20.0)], 100.0).margin_free == loss
    cents = totals(account(margin_free_mode=mode), [made(0.5)], 100.0).margin_free
    assert cents == (900.0 if gain == 900.0 else 900.5)


def test_excluded_profit_is_that_of_buys_without_swap() -> None:
    positions = [
        made(30.0, -2.0, excluded=True),
        made(5.0, is_buy=False, excluded=True),
        made(7.0),
    ]
    found = totals(account(), positions, 100.0)
    assert found.excluded == 30.0
    assert found.equity == 1040.0
    assert found.margin_free == 910.0
    assert found.margin_level == 1010.0


def test_collateral_is_in_no_sum() -> None:
    found = totals(account(), [made(30.0, 4.0, collateral=True, excluded=True), made(1.0)], 0.0)
    assert (found.profit, found.storage, found.excluded, found.equity) == (1.0, 0.0, 0.0, 1001.0)


@pytest.mark.parametrize(
    ("margin_mode", "free_mode", "taken"),
    [(2, 3, True), (2, 1, False), (0, 1, True), (0, 3, False), (1, 1, True), (2, 0, False)],
)
def test_the_days_profit_is_taken_off(margin_mode: int, free_mode: int, *, taken: bool) -> None:
    values = {"margin_mode": margin_mode, "margin_free_profit_mode": free_mode}
    found = totals(account(acc_profit=40.0, **values), [], 100.0)
    assert (found.equity, found.margin_free) == ((960.0, 860.0) if taken else (1000.0, 900.0))
    loss = totals(account(acc_profit=-40.0, **values), [], 100.0)
    assert (loss.equity, loss.margin_free) == (1000.0, 900.0)


def test_margin_level_needs_margin() -> None:
    assert margin_level_of(1000.0, 0.0, 0.0) == 0.0
    assert margin_level_of(1000.0, 0.0, -5.0) == 0.0
    assert margin_level_of(1000.0, 100.0, 300.0) == 900.0 / 300.0 * 100


@pytest.mark.parametrize(
    ("so_mode", "equity", "expected"),
    [
        (0, 200.0, 0),  # level 100, not below the call
        (0, 199.0, 1),
        (0, 100.0, 1),
        (0, 99.0, 2),
        (1, 100.0, 0),
        (1, 99.0, 1),
        (1, 49.0, 2),
        (2, 1.0, 0),
    ],
)
def test_stop_out_states(so_mode: int, equity: float, expected: int) -> None:
    found = totals(account(balance=equity, margin_so_mode=so_mode), [], 200.0)
    assert found.so_activation == expected
    assert found.stop_out is (expected == 2)


def test_a_stop_out_needs_the_call() -> None:
    upside_down = account(balance=100.0, margin_so_call=20.0, margin_so_so=900.0)
    assert totals(upside_down, [], 200.0).so_activation == 0


def test_money_mode_does_not_take_excluded_profit_off() -> None:
    held = [made(500.0, excluded=True)]
    assert totals(account(balance=0.0, margin_so_mode=1), held, 200.0).so_activation == 0
    assert totals(account(balance=0.0, margin_so_mode=0), held, 200.0).so_activation == 2


def test_negative_margin_still_has_a_state() -> None:
    assert totals(account(), [], -5.0).so_activation == 2


def test_without_margin_flag_128_stops_a_hedging_account_out() -> None:
    def state(**changes: Any) -> tuple[int, bool]:
        values = {"balance": -10.0, "trade_flags": 128, "margin_so_mode": 1, **changes}
        positions = values.pop("positions", [made(1.0)])
        found = totals(account(**values), positions, 0.0)
        return found.so_activation, found.stop_out

    assert state() == (2, True)
    assert state(margin_so_mode=0) == (0, True)
    assert state(margin_mode=0) == (0, False)
    assert state(trade_flags=127) == (0, False)
    assert state(balance=10.0) == (0, False)
    assert state(balance=-1.0) == (0, False)  # the profit of 1 makes up for it
    assert state(balance=-1.01) == (2, True)
    assert state(positions=[]) == (0, False)
    assert state(positions=[made(0.0, 1.0)]) == (2, True)


@pytest.mark.parametrize(("equity", "state"), [(100.0, 0), (99.0, 1), (50.0, 1), (49.0, 2)])
def test_exchange_states(equity: float, state: int) -> None:
    assert exchange_so_activation(equity, 100.0, 50.0) == state


MONEY = st.floats(-1e6, 1e6)
HELD = st.lists(st.builds(TotalsPosition, MONEY, MONEY, st.booleans(), st.booleans(), st.booleans()))


@given(MONEY, MONEY, HELD, st.floats(0, 1e6))
def test_equity_is_balance_credit_floating(
    balance: float, credit: float, held: list[TotalsPosition], margin: float
) -> None:
    found = totals(TotalsAccount(balance=balance, credit=credit), held, margin)
    assert abs(found.equity - (balance + credit + found.floating)) <= 0.02
    assert abs(found.floating - (found.profit + found.storage)) <= 0.006
    assert abs(found.equity - found.excluded - margin - found.margin_free) <= 0.04


ANY = st.floats(allow_nan=True, allow_infinity=True)


@given(ANY, ANY, ANY, ANY, st.integers(0, 3), st.integers(0, 5))
def test_totals_never_raise(
    balance: float, profit: float, swap: float, margin: float, so_mode: int, free_mode: int
) -> None:
    acc = account(balance=balance, margin_so_mode=so_mode, margin_free_mode=free_mode)
    assert totals(acc, [made(profit, swap)], margin).so_activation in (0, 1, 2)
