"""Margin now and after an order; figures of docs/semantics.md 6, or by hand by docs/protocol.md 7.3, 7.4."""

from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from oms.domain.decide.facts import Exposure
from oms.domain.events import AccountChanged, Event, OrderUpdated
from oms.domain.events.command import JudgedMargin
from oms.domain.intent import Intent
from oms.projections import Books
from oms.projections.in_flight import exposures
from oms.projections.margin import Figures, MarginView
from oms.projections.margin_inputs import NOT_ASKED, MarginInputs
from oms.projections.rates import Forex, Price
from protocol.maths.margin_input import LeverageRule, LeverageTier

from .margin_scene import (
    HEDGING,
    NETTING,
    ONES,
    D,
    dollars,
    exposure,
    held,
    resting,
    symbol,
    view,
)

BOTH = pytest.mark.parametrize("mode", [HEDGING, NETTING])
# What one unit of a pair costs; bid and ask alike, so that a figure has one price.
PAIRS = {
    name: Price(price, price)
    for name, price in (
        *(("EURUSD", 1.0991), ("GBPUSD", 1.2273), ("USDJPY", 108.0), ("USDCHF", 0.99)),
        *(("EURJPY", 118.7), ("GBPJPY", 132.5)),
    )
}


def now(one: MarginView, in_flight: list[Exposure] | None = None) -> str:
    """The margin, which must be free of gaps."""
    found = one.now(in_flight or [])
    assert found.gaps == ()
    return str(found.margin)


def after(one: MarginView, order: Exposure, in_flight: list[Exposure] | None = None) -> tuple[str, str]:
    """The margin with an order, and what of it the order adds."""
    found = one.after(order, in_flight or [])
    assert found.gaps == ()
    return str(found.margin), str(found.added)


def gaps(one: MarginView, order: Exposure | None = None) -> tuple[str, ...]:
    """Why there is no margin."""
    found = one.now() if order is None else one.after(order)
    assert found.margin is None
    assert (found.margin_free if isinstance(found, Figures) else found.free) is None
    return found.gaps


class TestWorkedNumbers:
    @BOTH
    @pytest.mark.parametrize(
        ("name", "expected"),
        [
            ("EURUSD", "109.91"),
            ("GBPUSD", "122.73"),
            ("USDJPY", "100.00"),
            ("USDCHF", "100.00"),
            ("EURJPY", "109.91"),
            ("GBPJPY", "122.73"),
        ],
    )
    def test_tc_m1_order_calc_margin(self, name: str, expected: str, mode: str) -> None:
        one = view(symbols=[symbol(pair) for pair in PAIRS], prices=PAIRS, mode=mode)
        order = exposure("buy", "0.10", str(PAIRS[name].ask), name)
        assert after(one, order) == (expected, expected)

    def test_tc_m2_hedged_in_basic_mode(self) -> None:
        eurusd = symbol(margin_rates_initial=(D(2), D(4), *ONES[2:]))
        sells = [held(ticket, "sell", "1.00", "1.11943") for ticket in (1, 2, 3)]
        buys = [held(ticket, "buy", "1.00", "1.11953") for ticket in (4, 5)]
        rates = dict.fromkeys("123", 1.11943) | dict.fromkeys("45", 1.11953)
        inputs = MarginInputs(rules=(), positions=rates)
        assert now(view([*sells, *buys], [eurusd], inputs=inputs, leverage=500)) == "2238.91"

    @BOTH
    def test_tc_m4_cfd_with_leverage_and_a_limit(self, mode: str) -> None:
        cfd = dollars("OIL", calc_mode="cfd_leverage", contract_size=D(5000), currency_profit="USD")
        bought = [held(1, "buy", "1.00", "15.436", "OIL"), held(2, "buy", "2.00", "15.432", "OIL")]
        prices = {"OIL": Price(15.4, 15.5)}
        if mode == NETTING:  # one position at the average price; the same margin
            bought = [held(1, "buy", "3.00", "15.4333333333333333333", "OIL")]
        limit = resting(3, "buy_limit", "1.00", "15.412", "OIL")
        assert now(view(bought, [cfd], prices, mode=mode)) == "2315.00"
        assert now(view([*bought, limit], [cfd], prices, mode=mode)) == "3085.60"
        order = exposure("buy_limit", "1.00", "15.412", "OIL")
        assert after(view(bought, [cfd], prices, mode=mode), order) == ("3085.60", "770.60")

    def test_tc_m5_fixed_margin(self) -> None:
        future = dollars(
            "ES",
            calc_mode="futures",
            currency_profit="USD",
            margin_initial=D(1000),
            margin_maintenance=D(500),
            margin_hedged=D(500),
        )
        prices = {"ES": Price(10.0, 10.0)}
        buy, sell = held(1, "buy", "1.00", "10", "ES"), held(2, "sell", "2.00", "10", "ES")
        order = exposure("sell", "2.00", "10", "ES")
        assert now(view([buy], [future], prices)) == "500.00"
        assert after(view([], [future], prices), order) == ("2000.00", "2000.00")
        assert after(view([buy], [future], prices), order) == ("1500.00", "1000.00")
        assert now(view([buy, sell], [future], prices)) == "1000.00"

    @BOTH
    @pytest.mark.parametrize(("rate", "expected"), [("1", "1279.00"), ("1.15", "1470.85")])
    def test_tc_m7_margin_currency(self, rate: str, expected: str, mode: str) -> None:
        cross = symbol("EURGBP", margin_rates_initial=(D(rate), *ONES[1:]))
        prices = {"EURUSD": Price(1.2788, 1.2790), "GBPUSD": Price(1.5, 1.5)}
        pairs = [symbol("EURUSD"), symbol("GBPUSD")]
        one = view(symbols=[cross, *pairs], prices=prices, mode=mode)
        assert after(one, exposure("buy", "1.00", "0.85", "EURGBP")) == (expected, expected)

    def test_tc_p4_order_check_sample(self) -> None:
        future = dollars(
            "ES", calc_mode="futures", currency_profit="USD", tick_value=D(1), margin_initial=D("51193.67")
        )
        one = view(
            [held(1, "buy", "1.00", "42981", "ES")],
            [future],
            {"ES": Price(10_000.0, 10_001.0)},  # 32 981 below its open price, 1 a point
            balance="101300.53",
        )
        assert one.now() == Figures(D("51193.67"), D("17125.86"), D("133.45308121"))


class TestRates:
    """Where the rate from margin currency to account currency comes from."""

    def test_an_order_converts_at_its_own_price_where_it_is_the_pair(self) -> None:
        one = view(symbols=[symbol()], prices={"EURUSD": Price(1.3, 1.4)})
        assert after(one, exposure("buy", "1.00", "1.25")) == ("1250.00", "1250.00")

    @pytest.mark.parametrize(("kind", "expected"), [("buy", "1400.00"), ("sell", "1300.00")])
    def test_a_cross_converts_by_its_side(self, kind: str, expected: str) -> None:
        one = view(symbols=[symbol(), symbol("EURJPY")], prices={"EURUSD": Price(1.3, 1.4)})
        assert after(one, exposure(kind, "1.00", "160", "EURJPY"))[0] == expected

    @pytest.mark.parametrize(
        "quote", [Price(1.3, 1.4, live=False), Price(1.3, 1.4, fresh=False), Price(0.0, 0.0), None]
    )
    def test_without_a_live_fresh_quote_there_is_no_rate(self, quote: Price | None) -> None:
        prices = {"EURUSD": quote} if quote else {}
        one = view(symbols=[symbol(), symbol("EURJPY")], prices=prices)
        assert gaps(one, exposure("buy", "1.00", "160", "EURJPY")) == ("no_rate EURJPY",)
        assert one.now().margin == D("0.00")  # the account itself needs no rate

    def test_an_open_order_has_its_own_rate_else_the_quotes(self) -> None:
        order = resting(5, "buy_limit", "1.00", "1.05")
        own = MarginInputs(rules=(), orders={"5": 1.2})
        assert now(view([order], [symbol()], inputs=own)) == "1200.00"
        for unknown in (MarginInputs(rules=()), MarginInputs(rules=(), orders={"5": 0.0})):
            assert now(view([order], [symbol()], inputs=unknown)) == "1050.00"  # its price: it is the pair

    def test_a_position_has_its_own_rate_or_none(self) -> None:
        bought = held(1, "buy", "1.00", "1.10")
        own = MarginInputs(rules=(), positions={"1": 1.2})
        assert now(view([bought], [symbol()], inputs=own)) == "1200.00"
        for rate in ({}, {"1": 0.0}, {"1": float("nan")}, {"1": -1.0}):
            unknown = MarginInputs(rules=(), positions=rate)
            assert gaps(view([bought], [symbol()], inputs=unknown)) == ("no_margin_rate 1",)

    def test_of_one_and_the_same_currency_it_is_one(self) -> None:
        assert now(view([held(1, "buy", "1.00", "1.10")], [dollars()])) == "1000.00"


class TestOrders:
    @BOTH
    def test_what_is_left_of_an_order_counts(self, mode: str) -> None:
        order = resting(5, "buy_limit", "1.00", "1.05")
        assert now(view([order], mode=mode)) == "1000.00"
        part = OrderUpdated(
            "5", symbol="EURUSD", type="buy_limit", state="partial", volume=D("1.00"), price=D("1.05")
        )
        filled = held(6, "buy", "0.40", "1.05")
        deal = replace(filled[0], order="5")
        assert now(view([order, [deal, filled[1]], part], mode=mode)) == "1000.00"  # 0.40 held, 0.60 left

    @BOTH
    def test_a_stop_limit_counts_at_its_limit_price(self, mode: str) -> None:
        cfd = dollars(calc_mode="cfd", contract_size=D(10))
        waiting = exposure("buy_stop_limit", "1.00", "35", limit_price=D(33))
        assert after(view(symbols=[cfd], mode=mode), waiting)[0] == "330.00"
        assert gaps(view(symbols=[cfd], mode=mode), replace(waiting, limit_price=None)) == (
            "no_price EURUSD",
        )

    def test_a_market_order_without_a_price_counts_at_the_quote(self) -> None:
        cfd = dollars(calc_mode="cfd", contract_size=D(10))
        prices = {"EURUSD": Price(33.0, 34.0)}
        assert after(view(symbols=[cfd], prices=prices), exposure("buy", "1.00", None))[0] == "340.00"
        assert after(view(symbols=[cfd], prices=prices), exposure("sell", "1.00", None))[0] == "330.00"
        assert gaps(view(symbols=[cfd], prices={}), exposure("buy", "1.00", None)) == ("no_price EURUSD",)

    @BOTH
    def test_some_orders_need_no_margin(self, mode: str) -> None:
        free = symbol("EURJPY", margin_rates_initial=(D(1), D(1), D(0), *ONES[3:]))
        orders = [
            resting(5, "close_by", "1.00", "160", "EURJPY"),
            resting(6, "buy_limit", "1.00", "160", "EURJPY"),  # and so no rate for it
        ]
        assert now(view(orders, [free], mode=mode)) == "0.00"

    def test_in_hedging_a_closing_order_is_free(self) -> None:
        bought = held(1, "buy", "1.00", "1.10")
        closing = resting(5, "sell", "1.00", "0", position="1")
        assert now(view([bought, closing])) == "1000.00"
        assert after(view([bought]), exposure("sell", "3.00", "1.1", position="1")) == ("1000.00", "0.00")

    def test_in_netting_the_other_side_is_reduced_by_the_position(self) -> None:
        bought = held(1, "buy", "1.00", "1.10")
        one = view([bought], mode=NETTING)
        assert after(one, exposure("sell", "1.00", "1.1", position="1")) == ("1000.00", "0.00")
        assert after(one, exposure("sell", "3.00", "1.1")) == ("2000.00", "1000.00")

    def test_the_margin_falls_where_the_order_covers(self) -> None:
        """Only after it is open: in flight it never makes the margin smaller."""
        cheap = dollars(margin_hedged=D(0))
        bought, sold = held(1, "buy", "1.00", "1.10"), held(2, "sell", "1.00", "1.10")
        assert after(view([bought], [cheap]), exposure("sell", "1.00", "1.1")) == ("1000.00", "0.00")
        assert now(view([bought, sold], [cheap])) == "0.00"


class TestInFlight:
    """What was sent and has no outcome counts in the worse direction."""

    cheap = dollars(margin_hedged=D(0))  # what is covered costs nothing

    @BOTH
    def test_another_order_of_the_side_adds(self, mode: str) -> None:
        one = view(mode=mode)
        buy = exposure("buy", "1.00", "1.1")
        assert now(one, [buy]) == "1000.00"
        assert after(one, buy, [buy]) == ("2000.00", "1000.00")

    @BOTH
    def test_one_of_the_other_side_counts_as_not_executed(self, mode: str) -> None:
        one = view(symbols=[self.cheap], mode=mode)
        assert after(one, exposure("buy", "1.00", "1.1"), [exposure("sell", "1.00", "1.1")])[0] == "1000.00"
        # of two opposite orders in doubt only one
        both = [exposure("buy", "1.00", "1.1"), exposure("sell", "1.00", "1.1")]
        assert now(one, both) == "1000.00"

    @BOTH
    def test_a_pending_order_counts(self, mode: str) -> None:
        pending = exposure("buy_limit", "0.50", "1.05")
        assert now(view(mode=mode), [pending]) == "500.00"
        assert after(view(mode=mode), exposure("buy", "1.00", "1.1"), [pending]) == ("1500.00", "1000.00")

    def test_the_close_of_a_covered_position_counts_as_executed(self) -> None:
        one = view([held(1, "buy", "2.00", "1.10"), held(2, "sell", "1.00", "1.10")], [self.cheap])
        assert now(one) == "1000.00"
        assert now(one, [exposure("buy", "1.00", "1.1", position="2")]) == "2000.00"
        assert now(one, [exposure("buy", "0.40", "1.1", position="2")]) == "1400.00"
        # more than there is closes what there is
        assert now(one, [exposure("buy", "9.00", "1.1", position="2")]) == "2000.00"

    def test_the_close_of_an_uncovered_position_counts_as_not_executed(self) -> None:
        one = view([held(1, "buy", "2.00", "1.10"), held(2, "sell", "1.00", "1.10")], [self.cheap])
        assert now(one, [exposure("sell", "2.00", "1.1", position="1")]) == "1000.00"
        assert now(one, [exposure("sell", "2.00", "1.1", position="77")]) == "1000.00"  # not open any more

    def test_a_pending_order_that_names_a_position_closes_nothing_yet(self) -> None:
        one = view([held(1, "buy", "2.00", "1.10"), held(2, "sell", "1.00", "1.10")], [self.cheap])
        assert now(one, [exposure("buy_limit", "1.00", "1.05", position="2")]) == "2000.00"  # 1 + 1 pending

    def test_what_opens_and_what_closes_a_side_are_in_doubt_together(self) -> None:
        one = view([held(1, "buy", "1.00", "1.10"), held(2, "sell", "3.00", "1.10")], [self.cheap])
        opens, closes = exposure("buy", "3.00", "1.1"), exposure("sell", "1.00", "1.1", position="1")
        # bought are 0 to 4 lots, sold 3: with none bought all 3 are uncovered
        assert now(one, [opens, closes]) == "3000.00"

    def test_each_symbol_is_judged_for_itself(self) -> None:
        pounds = dollars("GBPUSD", margin_hedged=D(0))
        prices = {"EURUSD": Price(1.1, 1.1), "GBPUSD": Price(1.3, 1.3)}
        bought = [held(1, "buy", "1.00", "1.10"), held(2, "sell", "1.00", "1.30", "GBPUSD")]
        one = view(bought, [self.cheap, pounds], prices)
        sent = [exposure("sell", "3.00", "1.1"), exposure("buy", "1.00", "1.3", "GBPUSD")]
        # EURUSD executed: 2 sold uncovered; GBPUSD not: its covering would make it free
        assert now(one, sent) == "3000.00"

    def test_what_changes_or_removes_adds_nothing(self) -> None:
        usual: dict[str, Any] = {"symbol": "EURUSD", "type": "buy", "volume": D("1.00")}
        sent = [
            Intent(action=action, **usual)
            for action in ("request_prices", "sltp", "modify", "remove", "close_by")
        ]
        assert exposures(sent) == []
        deal = Intent(action="deal_market", position="7", **usual)
        pending = Intent(action="pending", price=D("1.05"), limit_price=D("1.04"), **usual)
        assert exposures([deal, pending]) == [
            Exposure("EURUSD", "buy", D("1.00"), None, None, "7"),
            Exposure("EURUSD", "buy", D("1.00"), D("1.05"), D("1.04")),
        ]

    def test_a_gap_in_what_is_in_flight_is_one(self) -> None:
        found = view().now([exposure("buy", "1.00", "1.1", "NZDUSD")])
        assert (found.margin, found.gaps) == (None, ("symbol_not_loaded NZDUSD",))


def tiers(*steps: tuple[float, float, float, float]) -> tuple[LeverageTier, ...]:
    return tuple(LeverageTier(*step) for step in steps)


class TestLeverageRules:
    """1 lot at rate 1, all above it at 3; orders at rate 1 and 2."""

    steps = tiers((0.0, 1.0, 1.0, 1.0), (1.0, 100.0, 2.0, 3.0))

    @pytest.mark.parametrize(("mode", "expected"), [(0, "4000.00"), (1, "2000.00")])
    def test_positions_of_a_rule(self, mode: int, expected: str) -> None:
        """Pooled: 1000 at rate 1, 1000 at rate 3; by symbol: both at rate 1."""
        rules = (LeverageRule(path="Forex\\*", range_mode=mode, tiers=self.steps),)
        one = view(
            [held(1, "buy", "1.00", "1.10"), held(2, "buy", "1.00", "1.30", "GBPUSD")],
            [dollars(), dollars("GBPUSD")],
            {"EURUSD": Price(1.1, 1.1), "GBPUSD": Price(1.3, 1.3)},
            MarginInputs(rules=rules),
        )
        assert now(one) == expected

    def test_orders_are_walked_apart(self) -> None:
        rules = (LeverageRule(path="*", range_mode=1, tiers=self.steps),)
        one = view([held(1, "buy", "1.00", "1.10")], inputs=MarginInputs(rules=rules))
        assert after(one, exposure("buy_limit", "2.00", "1.05")) == ("4000.00", "3000.00")

    def test_the_first_rule_that_fits_is_the_symbols(self) -> None:
        dear = tiers((0.0, 100.0, 5.0, 5.0))
        rules = (
            LeverageRule(path="*,!Forex*", range_mode=1, tiers=dear),
            LeverageRule(path="*", range_mode=1, tiers=tiers((0.0, 100.0, 1.0, 2.0))),
        )
        assert now(view([held(1, "buy", "1.00", "1.10")], inputs=MarginInputs(rules=rules))) == "2000.00"

    def test_values_need_a_rate(self) -> None:
        rule = LeverageRule(
            path="*", range_mode=3, tiers=tiers((0.0, 60_000.0, 1.0, 1.0), (0.0, 1e9, 2.0, 2.0)),
            range_currency="GBP",
        )  # fmt: skip
        bought = [held(1, "buy", "1.00", "1.10")]
        pairs = [dollars(), symbol("EURGBP")]
        inputs = MarginInputs(rules=(rule,))
        # 100 000 EUR are 120 000 GBP: half of 1000 at rate 1, half at rate 2
        prices = {"EURUSD": Price(1.1, 1.1), "EURGBP": Price(1.19, 1.2)}
        assert now(view(bought, pairs, prices, inputs)) == "1500.00"
        assert gaps(view(bought, pairs, inputs=inputs)) == ("no_rate EURUSD",)

    def test_an_unlisted_measure_is_a_gap_where_it_concerns_a_symbol(self) -> None:
        """The official client counts no margin then, which is no figure to rely on."""
        bought = [held(1, "buy", "1.00", "1.10")]
        for path, expected in (("*", ("range_mode EURUSD",)), ("Metals*", ())):
            rules = (LeverageRule(path=path, range_mode=4, tiers=self.steps),)
            assert view(bought, inputs=MarginInputs(rules=rules)).now().gaps == expected


class TestWhatIsLeft:
    bought = held(1, "buy", "1.00", "1.09", swap=D("-1.50"))  # at 1.10 it has earned 1000.00
    lost = held(1, "buy", "1.00", "1.11", swap=D("-1.50"))

    @pytest.mark.parametrize(
        ("mode", "gains", "loses"),
        [
            ("all", "9998.50", "7998.50"),
            ("none", "9000.00", "9000.00"),
            ("profit", "9998.50", "9000.00"),
            ("loss", "9000.00", "7998.50"),
        ],
    )
    def test_free_margin_counts_floating_by_its_mode(self, mode: str, gains: str, loses: str) -> None:
        """10 000 - 1000 of margin, and 998.50 or -1001.50."""
        prices = {"EURUSD": Price(1.1, 1.1)}
        for position, expected in ((self.bought, gains), (self.lost, loses)):
            assert str(view([position], prices=prices, margin_free_mode=mode).now().margin_free) == expected

    def test_what_is_not_booked_yet_counts(self) -> None:
        inputs = MarginInputs(rules=(), commission_daily=-7.25, commission_monthly=-2.5, acc_profit=100.0)
        found = view([self.bought], prices={"EURUSD": Price(1.1, 1.1)}, inputs=inputs).now()
        # 9998.50 - 9.75; (10 000 + 998.50 - 9.75) / 1000
        assert (found.margin_free, found.margin_level) == (D("9988.75"), D("1098.875"))

    @pytest.mark.parametrize(("mode", "terms"), [(HEDGING, 3), (NETTING, 1)])
    def test_the_profit_of_the_day_is_kept_out_by_the_accounts_terms(self, mode: str, terms: int) -> None:
        inputs = MarginInputs(rules=(), acc_profit=100.0)
        prices = {"EURUSD": Price(1.1, 1.1)}
        one = view([self.bought], prices=prices, inputs=inputs, mode=mode, margin_free_profit_mode=terms)
        assert (one.now().margin_free, one.now().margin_level) == (D("9898.50"), D("1089.85"))

    def test_profit_of_buys_may_be_excluded(self) -> None:
        sold = held(2, "sell", "1.00", "1.12")
        one = view([self.bought, sold], [dollars(margin_flags=8)], {"EURUSD": Price(1.1, 1.1)})
        # 1000 each covered, which costs 1000; 2998.50 floating, 1000 of it the buy's
        found = one.now()
        assert (found.margin, found.margin_free) == (D("1000.00"), D("10998.50"))
        assert found.margin_level == D("1199.85")

    def test_an_order_takes_its_margin_from_what_is_free(self) -> None:
        found = view([self.bought], prices={"EURUSD": Price(1.1, 1.1)}).after(exposure("buy", "9.00", "1.1"))
        # 10 000 of margin; 998.50 left; (10 998.50) / 10 000
        assert found == JudgedMargin(D("10000.00"), D("998.50"), D("109.985"), D("9000.00"))

    def test_it_may_be_less_than_nothing(self) -> None:
        found = view().after(exposure("buy", "10.01", "1.1"))
        assert (found.free, found.added) == (D("-10.00"), D("10010.00"))

    def test_nothing_open_has_no_level(self) -> None:
        assert view().now() == Figures(D("0.00"), D("10000.00"), None)

    def test_money_has_the_accounts_digits(self) -> None:
        one = view(
            [held(1, "buy", "0.01", "160.005", "USDJPY")],
            [symbol("USDJPY", profit_digits=0)],
            {"USDJPY": Price(160.0, 160.0)},
            MarginInputs(rules=(), positions={"1": 160.005}),
            currency="JPY",
            digits=0,
            balance="50000",
        )
        # 1000 / 100 × 160.005 = 1600.05; -5 yen
        assert [str(one.now().margin), str(one.now().margin_free)] == ["1600", "48395"]


class TestGaps:
    def test_of_a_position(self) -> None:
        bought = [held(1, "buy", "1.00", "1.10"), held(2, "buy", "1.00", "3", "COPPER")]
        copper = dollars("COPPER", calc_mode="77", currency_profit="USD")
        prices = {"EURUSD": Price(1.1, 1.1), "COPPER": Price(3.0, 3.0)}
        assert gaps(view(bought, prices=prices)) == ("symbol_not_loaded COPPER", "unvalued 2")
        assert gaps(view(bought, [dollars(), copper], prices)) == ("calc_mode COPPER",)

    def test_a_position_without_a_price_has_a_margin_but_no_profit(self) -> None:
        bought = held(1, "buy", "1.00", "1.10")
        assert view([bought], prices={}).now() == Figures(D("1000.00"), gaps=("unvalued 1",))
        found = view([bought], prices={}).after(exposure("buy", "1.00", "1.1"))
        assert found == JudgedMargin(D("2000.00"), added=D("1000.00"), gaps=("unvalued 1",))

    @pytest.mark.parametrize(
        "changes",
        [
            {"contract_size": None},
            {"margin_initial": None},
            {"margin_hedged": None},
            {"margin_rates_initial": (None, *ONES[1:])},
            {"margin_rates_maintenance": (None, *ONES[1:])},
            {"margin_rates_initial": ONES[:2]},
        ],
    )
    def test_a_number_that_is_none_is_not_0(self, changes: dict[str, Any]) -> None:
        one = view(symbols=[dollars(**changes)])
        assert gaps(one, exposure("buy", "1.00", "1.1")) == ("not_finite EURUSD",)

    def test_a_leverage_of_0(self) -> None:
        assert gaps(view(leverage=0), exposure("buy", "1.00", "1.1")) == ("not_finite",)

    @pytest.mark.parametrize("kind", ["", "9", "-1", "buy_something"])
    def test_an_unlisted_type_of_order(self, kind: str) -> None:
        assert gaps(view(), exposure(kind, "1.00", "1.1")) == ("order_type EURUSD",)
        assert gaps(view([resting(5, kind, "1.00", "1.1")])) == ("order_type 5",)

    def test_an_order_without_a_price(self) -> None:
        order = resting(5, "buy_limit", "1.00", "1.1")
        assert gaps(view([replace(order, price=None)])) == ("no_price 5",)

    def test_an_exchange_account(self) -> None:
        assert gaps(view(mode="exchange"), exposure("buy", "1.00", "1.1")) == ("margin_mode",)

    def test_rules_that_were_not_asked_for_yet(self) -> None:
        assert gaps(view(inputs=NOT_ASKED)) == ("leverage_rules",)
        assert gaps(view(inputs=NOT_ASKED), exposure("buy", "1.00", "1.1")) == ("leverage_rules",)

    def test_an_account_of_which_nothing_is_known(self) -> None:
        books, prices = Books(), dict[str, Price]()
        one = MarginView(books, prices.get, Forex([]), MarginInputs(rules=()))
        assert one.now() == Figures(gaps=("no_account",))
        assert one.after(exposure("buy", "1.00", "1.1")) == JudgedMargin(gaps=("no_account",))
        books.fold(AccountChanged(currency="USD", margin_mode=HEDGING, leverage=100))
        one = MarginView(books, prices.get, Forex([]), MarginInputs(rules=()))
        assert one.now() == Figures(D("0.00"), gaps=("not_booked",))

    def test_of_many_the_first_are_told(self) -> None:
        bought: list[list[Event]] = [held(ticket, "buy", "1.00", "1.10") for ticket in range(1, 31)]
        found = view(bought, prices={}).now()
        assert found.gaps == (*(f"unvalued {ticket}" for ticket in range(1, 21)), "more 10")


def test_prices_are_asked_for_once_a_look() -> None:
    asked: list[str] = []

    def price(name: str) -> Price:
        asked.append(name)
        return Price(1.1, 1.1)

    known = view(
        [held(ticket, "buy", "1.00", "1.10") for ticket in range(1, 6)], [symbol(), dollars("GBPUSD")]
    )
    forex = Forex((name, 0) for name in ("EURUSD", "GBPUSD", "USDJPY"))
    rates = MarginInputs(rules=(), positions=dict.fromkeys("12345", 1.1))
    found = MarginView(known._books, price, forex, rates).after(exposure("buy", "1.00", "1.1"))
    assert (found.margin, asked) == (Decimal("6600.00"), ["EURUSD"])
