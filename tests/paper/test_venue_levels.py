"""Money that is missing: margin call, stop-out, margin of several currencies, leverage by tiers."""

import sys
from decimal import Decimal
from typing import Any

import pytest

from oms.paper.feed import Tick
from protocol.enums import OrderState, Reason, StopOutMode
from protocol.records.account import LeverageRule, LeverageTier

from .venue_scene import BUY, EURO, HEDGE, NET, SELL, Scene, account, instrument, lines

BUY_LIMIT, SELL_LIMIT = 2, 3


def poor(login: int = HEDGE, balance: str = "1000", **more: Any) -> Scene:
    """0.50 lots bought at 1.10010 with 1 000.00: a margin of 550.05, no spread at 1.10010 / 1.10010."""
    scene = Scene([instrument("EURUSD")], [account(login, balance=Decimal(balance), **more)])
    scene.quote(1.10010, 1.10010)
    scene.deal(login, BUY, "0.50", comment="mine")
    return scene


@pytest.mark.parametrize("login", [HEDGE, NET])
def test_margin_call_and_stop_out_by_level(login: int) -> None:
    """Call below 100 %: 550.05 of equity; stop-out below 50 %: 275.025."""
    scene = poor(login)
    for bid, standing in ((1.09111, 0), (1.09110, 1), (1.08561, 1)):
        assert scene.quote(bid, bid) == []
        assert scene.venue.standing(login) == standing
    assert scene.quote(1.08560, 1.08560) == [
        "10 {1,0} #2 sell filled 0.00/0.50",
        "10 {2,0} deal 3 sell out 0.50 @ 1.0856 -725.00 SO; position 1 buy 0.00 @ 1.1001; balance 275.00",
    ]
    order, deal = scene.account(login).history[-1], scene.account(login).deals[-1]
    assert (order.type_reason, order.comment, deal.trade_reason, deal.comment) == (
        Reason.SO,
        "",
        Reason.SO,
        "",
    )
    assert scene.venue.standing(login) == 0


def test_margin_call_and_stop_out_by_money() -> None:
    terms: dict[str, Any] = {
        "margin_so_mode": StopOutMode.MONEY,
        "margin_so_call": 500.0,
        "margin_so_so": 300.0,
    }
    scene = poor(**terms)
    for bid, standing in ((1.09010, 0), (1.09009, 1), (1.08610, 1)):
        assert scene.quote(bid, bid) == []
        assert scene.venue.standing(HEDGE) == standing
    assert scene.quote(1.08609, 1.08609)[1].startswith("10 {2,0} deal 3 sell out 0.50 @ 1.08609 -700.50 SO")


def test_credit_carries_an_account() -> None:
    """Equity is balance + credit + floating: 200.00 of credit are worth 400 points of 0.50 lots."""
    scene = poor()
    scene.venue.deposit(scene.moment, HEDGE, Decimal(200), 3)
    assert scene.quote(1.08161, 1.08161) == []
    assert len(scene.quote(1.08160, 1.08160)) == 2


def test_orders_go_before_positions_and_only_as_many_as_must() -> None:
    """Orders hold margin of 105.00 and 315.00: without the larger one the account is above its level."""
    scene = poor()
    scene.venue.set_spec(instrument("EURUSD", margin_hedged=0.0, margin_flags=0).spec)
    scene.deal(HEDGE, SELL, "0.01")  # a small hedge, which is no candidate
    for lots in ("0.10", "0.30"):
        scene.pending(HEDGE, BUY_LIMIT, lots, 1.05)
    before = scene.venue.totals(HEDGE)
    assert before is not None
    # 0.49 lots uncovered at 1.10010: 539.05; 0.10 and 0.30 lots at 1.05: 105.00 and 315.00.
    assert before.margin == Decimal("959.05")
    # Half of it is 479.525: a loss of 520.475 on 0.49 lots is 1 062.2 points.
    assert scene.quote(1.08948, 1.08948) == []
    assert scene.quote(1.08947, 1.08947) == [
        "10 {0,2} #4 buy_limit canceled 0.30/0.30",
        "10 {1,0} #4 buy_limit canceled 0.30/0.30",
    ]
    assert list(scene.account(HEDGE).orders) == [3]
    assert scene.venue.standing(HEDGE) == 1
    assert scene.account(HEDGE).history[-1].order_state == OrderState.CANCELED


def test_the_biggest_loser_is_closed_first_and_no_more_than_must() -> None:
    """Three longs of 0.20 from 1.1000, 1.1100 and 1.1050: 663.00 of margin; the second loses most."""
    scene = Scene([instrument("EURUSD")], [account(HEDGE, balance=Decimal(1000))])
    for price in (1.1000, 1.1100, 1.1050):
        scene.quote(price, price)
        scene.deal(HEDGE, BUY, "0.20")
    totals = scene.venue.totals(HEDGE)
    assert totals is not None
    assert totals.margin == Decimal("663.00")
    # Half of it is 331.50: the loss of 668.50 on 0.60 lots is 1 114.2 points below the mean of 1.1050.
    assert scene.quote(1.09386, 1.09386) == []
    said = scene.quote(1.09385, 1.09385)
    assert [line.partition(";")[0] for line in said[1:]] == [
        "10 {2,0} deal 5 sell out 0.20 @ 1.09385 -323.00 SO"
    ]
    assert list(scene.account(HEDGE).positions) == [1, 3]


def test_what_cannot_be_closed_now_is_left_for_later() -> None:
    """On Saturday gold is closed; EURUSD goes in its stead, though gold loses more."""
    scene = Scene([instrument("EURUSD"), instrument("XAUUSD")], [account(HEDGE, balance=Decimal(5000))])
    scene.quote(2350.00, 2350.00, "XAUUSD")
    scene.quote(1.10000, 1.10000)
    scene.deal(HEDGE, BUY, "0.10")
    scene.deal(HEDGE, BUY, "1.00", trade_symbol="XAUUSD", digits=2, type_filling=1)
    scene.wait(2 * 86_400_000 + 20 * 3_600_000)  # Saturday
    assert scene.quote(2300.00, 2300.00, "XAUUSD") == []  # 5 000 lost; its market is closed
    said = scene.quote(1.10000, 1.10000)
    assert [line.partition(";")[0] for line in said] == [
        "10 {1,0} #3 sell filled 0.00/0.10",
        "10 {2,0} deal 4 sell out 0.10 @ 1.1 0.00 SO",
    ]
    scene.wait(2 * 86_400_000)
    assert scene.quote(2300.00, 2300.00, "XAUUSD")[1].startswith("10 {2,0} deal 5 sell out 1.00 @ 2300 -5000")


def test_levels_are_looked_at_at_once_and_then_every_200_ms() -> None:
    """A quote that leads into stop-out 50 ms after another waits for the rest of the 200, not for a quote."""
    scene = poor()
    scene.quote(1.10000, 1.10000)
    scene.utc_ms += 50
    tick = Tick("EURUSD", scene.utc_ms, 1.08000, 1.08000, 0.0, 0)
    assert lines(scene.venue.tick(scene.moment, [tick])) == []
    assert scene.venue.next_clock_ms() == scene.utc_ms + 150
    assert scene.wait(149) == []
    assert scene.wait(1)[1].startswith("10 {2,0} deal 3 sell out 0.50 @ 1.08 -1005.00 SO")
    assert scene.account(HEDGE).balance == Decimal("-5.00")


def test_a_withdrawal_leads_to_stop_out_with_the_next_quote() -> None:
    scene = poor()
    scene.venue.deposit(scene.moment, HEDGE, Decimal(-725))
    assert scene.venue.standing(HEDGE) == 2
    assert len(scene.quote(1.10010, 1.10010)) == 2


def test_a_hedged_account_in_debt_is_stopped_out_where_its_flags_say_so() -> None:
    """Buy and sell of 1 lot, no margin for what is covered; the spread alone makes equity negative.

    By money only (docs/protocol.md 7.3).
    """
    for flag, closed in ((False, 0), (True, 2)):
        money: dict[str, Any] = {"margin_so_mode": StopOutMode.MONEY, "balance": Decimal(1500)}
        scene = Scene(
            [instrument("EURUSD", margin_hedged=0.0)],
            [account(HEDGE, **money)],
            stop_out_without_margin=flag,
        )
        scene.quote(1.10000, 1.10010)
        scene.deal(HEDGE, BUY, "1.00")
        scene.deal(HEDGE, SELL, "1.00")
        scene.quote(1.10000, 1.12000)  # a spread of 2 000 points
        assert 2 - len(scene.books(HEDGE)) == closed


def test_margin_in_the_accounts_currency_is_averaged_in_netting() -> None:
    """0.10 at 1.10000 and 0.30 at 1.10400 are 0.40 at a rate of 1.10300: 441.20 at 1:100."""
    scene = Scene([instrument("EURUSD")], [account(NET)])
    for ask, lots in ((1.10000, "0.10"), (1.10400, "0.30")):
        scene.quote(ask, ask)
        scene.deal(NET, BUY, lots)
    (position,) = scene.account(NET).positions.values()
    assert position.rate_margin == 1.103
    totals = scene.venue.totals(NET)
    assert totals is not None
    assert totals.margin == Decimal("441.20")


def test_an_account_in_euros_needs_no_rate_for_its_margin() -> None:
    scene = Scene([instrument("EURUSD")], [account(EURO)])
    scene.quote(1.10000, 1.10010)
    scene.deal(EURO, BUY, "0.50")
    totals = scene.venue.totals(EURO)
    assert totals is not None
    assert totals.margin == Decimal("500.00")
    assert totals.profit == Decimal("-4.55")  # -5.00 USD x 1/1.10000: a buy converts at 1/bid


OPEN_END = sys.float_info.max


def tiers(*steps: tuple[float, float, float]) -> tuple[LeverageRule, ...]:
    made = [LeverageTier(start, end, rate, rate) for start, end, rate in steps]
    return (LeverageRule(path="Forex\\*", tier_count=len(made), tiers=made),)


@pytest.mark.parametrize(("balance", "code"), [("3300.29", 10019), ("3300.30", 10009)])
def test_leverage_tiers_decide_what_can_be_bought(balance: str, code: int) -> None:
    """2 lots at 1.10010: 1 100.10 for the first, twice that for the second."""
    rules = tiers((0.0, 1.0, 1.0), (1.0, OPEN_END, 2.0))
    terms: dict[str, Any] = {"balance": Decimal(balance)}
    scene = Scene([instrument("EURUSD")], [account(HEDGE, **terms)], leverage_rules=rules)
    scene.quote(1.10010, 1.10010)
    assert scene.code(HEDGE, scene.request(3, BUY, "2.00", type_filling=1)) == code
    if code == 10009:
        totals = scene.venue.totals(HEDGE)
        assert totals is not None
        assert (totals.margin, totals.margin_free) == (Decimal("3300.30"), Decimal(0))


def test_a_free_margin_that_leaves_out_floating_profit() -> None:
    """Mode 0: 100.00 of profit buy nothing."""
    for mode, code in ((1, 10009), (0, 10019)):
        terms: dict[str, Any] = {"balance": Decimal(1200), "margin_free_mode": mode}
        scene = Scene([instrument("EURUSD")], [account(HEDGE, **terms)])
        scene.quote(1.10000, 1.10000)
        scene.deal(HEDGE, BUY, "1.00")
        scene.quote(1.10100, 1.10100)
        assert scene.code(HEDGE, scene.request(3, BUY, "0.10", type_filling=1)) == code
