"""Margin and totals of an account: worked numbers, and the rules of docs/protocol.md 7.3 and 7.4."""

import math
import sys
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from oms.paper.margin import Terms, Totals, margin_rate, profits, required, stop_out, summed, totals
from oms.paper.model import Account
from oms.paper.money import Rates
from protocol.enums import CalcMode, MarginMode, OrderType, RangeMode, Side
from protocol.records.account import LeverageRule, LeverageTier, TradeSettings
from protocol.records.symbols import FullSymbol
from protocol.records.trade import Order, Position

from .test_money import forex, money, quote

LOT = 100_000_000
ONES = (1.0,) * 8


def settings(**changes: Any) -> TradeSettings:
    standard: dict[str, Any] = {
        "margin_rates_initial": ONES,
        "margin_rates_maintenance": (0.0,) * 8,
        "margin_hedged": 100_000.0,
    }
    return TradeSettings(**({"symbol_path": "Forex\\EURUSD"} | standard | changes))


def position(side: Side, lots: float, opened: float, rate: float = 1.0, **changes: Any) -> Position:
    standard: dict[str, Any] = {"trade_symbol": "EURUSD"}
    return Position(
        trade_action=side,
        trade_volume=round(lots * LOT),
        price_open=opened,
        rate_margin=rate,
        **(standard | changes),
    )


def order(kind: OrderType, lots: float, price: float, rate: float = 1.0, **changes: Any) -> Order:
    standard: dict[str, Any] = {"trade_symbol": "EURUSD"}
    return Order(
        order_type=kind,
        volume_initial=round(lots * LOT),
        volume_current=round(lots * LOT),
        price_order=price,
        margin_rate=rate,
        **(standard | changes),
    )


def account(
    positions: Iterable[Position] = (),
    orders: Iterable[Order] = (),
    mode: MarginMode = MarginMode.RETAIL_HEDGING,
    **changes: Any,
) -> Account:
    standard: dict[str, Any] = {"login": 1, "name": "", "currency": "USD", "digits": 2, "leverage": 100}
    return Account(
        margin_mode=mode,
        password="",
        investor_password="",
        positions={n: msgspec.structs.replace(one, position_id=n) for n, one in enumerate(positions, 1)},
        orders={n: msgspec.structs.replace(one, trade_order=n) for n, one in enumerate(orders, 101)},
        **(standard | changes),
    )


QUOTES = {
    "EURUSD": 1.0991,
    "GBPUSD": 1.2273,
    "USDJPY": 108.0,
    "USDCHF": 0.99,
    "EURJPY": 118.7,
    "GBPJPY": 132.5,
}


def needed(
    one: Account,
    *specs: FullSymbol,
    quotes: dict[str, float] | None = None,
    rules: Sequence[LeverageRule] = (),
    adding: Order | None = None,
) -> Decimal | None:
    """The margin of an account, with the pairs of `quotes` known beside the symbols that are given."""
    quotes = quotes or {}
    known = {name: forex(name, trade=settings()) for name in quotes} | {
        spec.trade_symbol: spec for spec in specs
    }
    prices = {name: quote(price) for name, price in quotes.items()}
    return required(one, known, prices, Rates(known, prices), rules=rules, adding=adding)


class TestWorkedNumbers:
    """semantics.md 5 and 6."""

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
    @pytest.mark.parametrize("mode", [MarginMode.RETAIL_HEDGING, MarginMode.RETAIL_NETTING])
    def test_tc_m1_order_calc_margin(self, name: str, expected: str, mode: MarginMode) -> None:
        asked = order(OrderType.BUY, 0.1, QUOTES[name], 0.0, trade_symbol=name)
        assert needed(account(mode=mode), quotes=QUOTES, adding=asked) == money(expected)

    def test_tc_m2_hedged_in_basic_mode(self) -> None:
        spec = forex("EURUSD", trade=settings(margin_rates_maintenance=(2.0, 4.0, *ONES[2:])))
        sells = [position(Side.SELL, 1, 1.11943, 1.11943)] * 3
        buys = [position(Side.BUY, 1, 1.11953, 1.11953)] * 2
        assert needed(account([*sells, *buys], leverage=500), spec) == money("2238.91")

    def test_tc_m4_cfd_with_leverage_and_a_limit(self) -> None:
        spec = forex("EURUSD", trade_calc_mode=4, trade_contract_size=5000.0, trade=settings())
        held = [position(Side.BUY, 1, 15.436), position(Side.BUY, 2, 15.432)]
        assert needed(account(held), spec) == money("2315.00")
        assert needed(account(held, [order(OrderType.BUY_LIMIT, 1, 15.412)]), spec) == money("3085.60")

    def test_tc_m5_fixed_margin(self) -> None:
        fixed = settings(margin_initial=1000.0, margin_maintenance=500.0, margin_hedged=500.0)
        spec = forex("EURUSD", trade_calc_mode=CalcMode.FUTURES, trade=fixed)
        buy, sell = position(Side.BUY, 1, 1.1), order(OrderType.SELL, 2, 1.1)
        assert needed(account([buy]), spec) == money("500.00")
        assert needed(account([], [sell]), spec) == money("2000.00")
        assert needed(account([buy], [sell]), spec) == money("1500.00")
        assert needed(account([buy, position(Side.SELL, 2, 1.1)]), spec) == money("1000.00")

    def test_tc_m7_margin_currency_at_its_ask(self) -> None:
        asked = order(OrderType.BUY, 1, 1.2790, 0.0)
        assert needed(account(), quotes={"EURUSD": 1.2790}, adding=asked) == money("1279.00")
        dear = forex("EURUSD", trade=settings(margin_rates_initial=(1.15,) * 8))
        assert needed(account(), dear, quotes={"EURUSD": 1.2790}, adding=asked) == money("1470.85")

    def test_tc_p4_order_check_sample(self) -> None:
        one = account([position(Side.BUY, 1, 1.1)], balance=money("101300.53"))
        reached = summed(one, {"EURUSD": forex("EURUSD")}, {1: money("-32981.00")}, money("51193.67"))
        assert reached is not None
        assert reached.equity == money("68319.53")
        assert reached.margin_free == money("17125.86")
        assert reached.margin_level is not None
        assert round(reached.margin_level, 8) == money("133.45308121")

    def test_tc_p8_without_a_quote_the_totals_are_unknown(self) -> None:
        cross = position(Side.BUY, 0.5, 160.0, trade_symbol="EURJPY")
        one = account([cross, position(Side.BUY, 1, 1.1)])
        specs = {name: forex(name, trade=settings()) for name in ("EURJPY", "EURUSD")}
        prices = {"EURJPY": quote(160.5), "EURUSD": quote(1.2)}
        rates = Rates(specs, prices)
        assert profits(one, specs, prices, rates) == {1: None, 2: money("10000.00")}
        assert totals(one, specs, prices, rates) is None


EURUSD = forex("EURUSD", trade=settings())


class TestOrders:
    def test_an_order_counts_until_it_is_replaced(self) -> None:
        one = account([], [order(OrderType.BUY_LIMIT, 1, 1.1)])  # ticket 101
        more = order(OrderType.BUY_LIMIT, 3, 1.1)
        assert needed(one, EURUSD) == money("1000.00")
        assert needed(one, EURUSD, adding=more) == money("4000.00")
        assert needed(one, EURUSD, adding=msgspec.structs.replace(more, trade_order=101)) == money("3000.00")

    def test_what_is_left_of_an_order_counts(self) -> None:
        part = msgspec.structs.replace(order(OrderType.BUY_LIMIT, 1, 1.1), volume_current=40_000_000)
        assert needed(account([], [part]), EURUSD) == money("400.00")
        assert needed(account([], [msgspec.structs.replace(part, volume_current=0)]), EURUSD) == 0

    def test_in_hedging_a_closing_market_order_needs_nothing_a_pending_one_does(self) -> None:
        held = position(Side.BUY, 1, 1.1)
        closing = order(OrderType.SELL, 3, 1.1, position_id=1)
        pending = order(OrderType.SELL_LIMIT, 3, 1.2, position_id=1)
        assert needed(account([held], [closing]), EURUSD) == money("1000.00")
        assert needed(account([held], [pending]), EURUSD) == money("4000.00")

    @pytest.mark.parametrize("mode", [MarginMode.RETAIL_HEDGING, MarginMode.RETAIL_NETTING])
    def test_a_close_by_or_an_order_rate_of_0_needs_nothing(self, mode: MarginMode) -> None:
        spec = forex("EURUSD", trade=settings(margin_rates_initial=(1.0, 1.0, 0.0, -1.0, *ONES[4:])))
        free = [
            order(OrderType.CLOSE_BY, 1, 1.1),
            order(OrderType.BUY_LIMIT, 1, 1.1),
            order(OrderType.SELL_LIMIT, 1, 1.1),
        ]
        assert needed(account([], free, mode), spec) == 0

    @pytest.mark.parametrize("mode", [MarginMode.RETAIL_HEDGING, MarginMode.RETAIL_NETTING])
    def test_a_stop_limit_is_taken_at_its_limit_price(self, mode: MarginMode) -> None:
        spec = forex("EURUSD", trade_calc_mode=2, trade_contract_size=10.0, trade=settings())
        waiting = order(OrderType.BUY_STOP_LIMIT, 1, 35.0, price_trigger=33.0)
        assert needed(account([], [waiting], mode), spec) == money("330.00")

    def test_a_market_order_without_a_price_takes_the_current_one_else_the_quote(self) -> None:
        spec = forex("EURUSD", trade_calc_mode=2, trade_contract_size=10.0, trade=settings())
        at_market = order(OrderType.BUY, 1, 0.0, price_current=33.5)
        assert needed(account([], [at_market]), spec) == money("335.00")
        unpriced = msgspec.structs.replace(at_market, price_current=0.0)
        known = {"EURUSD": spec}
        prices = {"EURUSD": quote(33.0, 34.0)}
        assert required(account([], [unpriced]), known, prices, Rates(known, prices)) == money("340.00")
        assert needed(account([], [unpriced]), spec) is None

    def test_the_orders_own_price_converts_where_it_is_the_pair(self) -> None:
        known = {"EURUSD": EURUSD}
        rates = Rates(known, {"EURUSD": quote(1.3, 1.4)})
        assert margin_rate(EURUSD, Side.BUY, money("1.25"), "USD", rates) == money("1.25")
        euro = forex("EURUSD", currency_margin="USD")
        assert margin_rate(euro, Side.BUY, money("1.25"), "EUR", rates) == money("0.8")
        cross = forex("EURJPY")
        assert margin_rate(cross, Side.BUY, money("160"), "USD", rates) == money("1.4")
        assert margin_rate(cross, Side.SELL, money("160"), "USD", rates) == money("1.3")
        assert margin_rate(cross, Side.SELL, money("160"), "GBP", rates) is None


def tiers(*steps: tuple[float, float, float, float]) -> list[LeverageTier]:
    return [LeverageTier(*step) for step in steps]


STEPS = tiers((0.0, 1.0, 1.0, 1.0), (1.0, 10.0, 2.0, 3.0))


def rule(
    mode: RangeMode, steps: list[LeverageTier] = STEPS, currency: str = "", path: str = "*"
) -> LeverageRule:
    return LeverageRule(
        path=path, range_mode=mode, range_currency=currency, range_currency_digits=2, tiers=steps
    )


class TestLeverageRules:
    """Two symbols of a rule, 1 lot each: 1000 of margin each, at rate 1."""

    both = account([position(Side.BUY, 1, 1.1), position(Side.BUY, 1, 1.2, trade_symbol="GBPUSD")])
    pound = forex("GBPUSD", trade=settings(symbol_path="Forex\\GBPUSD"))

    def test_a_total_rule_pools_its_symbols(self) -> None:
        assert needed(self.both, EURUSD, self.pound, rules=[rule(RangeMode.VOLUME_TOTAL)]) == money("4000.00")

    def test_a_symbol_rule_starts_again_for_each(self) -> None:
        assert needed(self.both, EURUSD, self.pound, rules=[rule(RangeMode.VOLUME_SYMBOL)]) == money(
            "2000.00"
        )

    def test_a_rule_is_for_its_own_symbols(self) -> None:
        only = rule(RangeMode.VOLUME_TOTAL, tiers((0.0, 9.0, 5.0, 5.0)), path="*GBPUSD")
        assert needed(self.both, EURUSD, self.pound, rules=[only]) == money("6000.00")

    def test_a_rule_without_tiers_is_the_plain_sum(self) -> None:
        assert needed(self.both, EURUSD, self.pound, rules=[rule(RangeMode.VOLUME_TOTAL, [])]) == money(
            "2000.00"
        )

    def test_after_the_last_tier_its_rate_goes_on(self) -> None:
        short = rule(RangeMode.VOLUME_TOTAL, tiers((0.0, 1.0, 1.0, 1.0)))
        assert needed(self.both, EURUSD, self.pound, rules=[short]) == money("2000.00")

    def test_an_open_end_ends_the_walk_at_the_last_rate(self) -> None:
        ends = rule(RangeMode.VOLUME_TOTAL, tiers((0.0, sys.float_info.max, 9.0, 9.0), (0.0, 1.0, 7.0, 7.0)))
        assert needed(self.both, EURUSD, self.pound, rules=[ends]) == money("14000.00")

    def test_a_value_is_converted_from_the_base_currency(self) -> None:
        one = account([position(Side.BUY, 1, 1.1)])
        in_dollars = rule(
            RangeMode.VALUE_TOTAL, tiers((0.0, 60_000.0, 1.0, 1.0), (0.0, 1e9, 2.0, 2.0)), "GBP"
        )
        # 100 000 EUR = 120 000 GBP: half of the margin of 1000 at rate 1, half at rate 2
        quotes = {"EURGBP": 1.2}
        assert needed(one, EURUSD, quotes=quotes, rules=[in_dollars]) == money("1500.00")
        assert needed(one, EURUSD, rules=[in_dollars]) is None

    def test_a_value_in_account_currency_takes_the_margin_rate(self) -> None:
        one = account([position(Side.BUY, 1, 1.2, 1.2)])
        value = rule(RangeMode.VALUE_SYMBOL, tiers((0.0, 60_000.0, 1.0, 1.0), (0.0, 1e9, 2.0, 2.0)))
        assert needed(one, EURUSD, rules=[value]) == money("1800.00")

    def test_a_bond_is_measured_in_profit_currency_with_its_accrued_interest(self) -> None:
        bond = forex(
            "BONDS.",
            currency_base="EUR",
            currency_profit="USD",
            currency_margin="EUR",
            trade_calc_mode=CalcMode.EXCH_BONDS,
            trade_contract_size=1.0,
            trade_face_value=1000.0,
            trade_accrued_interest=10.0,
            trade=settings(),
        )
        one = account([position(Side.BUY, 1, 100.0, trade_symbol="BONDS.")])
        # 1000 EUR at the ask of 1.2, and 10 of interest: 1210, the first half of it at rate 1
        value = rule(RangeMode.VALUE_SYMBOL, tiers((0.0, 605.0, 1.0, 1.0), (0.0, 1e9, 2.0, 2.0)))
        assert needed(one, bond, quotes={"EURUSD": 1.2}, rules=[value]) == money("1500.00")

    def test_a_pool_measures_only_what_is_at_stake(self) -> None:
        pending = order(OrderType.BUY_LIMIT, 2, 1.2, trade_symbol="GBPUSD")
        one = account([position(Side.BUY, 1, 1.1)], [pending])
        value = rule(RangeMode.VALUE_TOTAL, tiers((0.0, 100_000.0, 1.0, 1.0), (0.0, 1e9, 2.0, 2.0)))
        # the position 1000 at rate 1; the order 1000 at rate 1 and 1000 at rate 2
        assert needed(one, EURUSD, self.pound, rules=[value]) == money("4000.00")

    def test_margin_without_a_value_to_measure_is_unknown(self) -> None:
        fixed = forex(
            "EURUSD", trade_calc_mode=1, trade_tick_value=1.0, trade=settings(margin_initial=1000.0)
        )
        value, held = rule(RangeMode.VALUE_TOTAL), account([position(Side.BUY, 1, -37.0)])
        assert needed(held, fixed) == money("1000.00")
        assert needed(held, fixed, rules=[value]) is None  # it divides by a tick size of 0
        ticking = msgspec.structs.replace(fixed, trade_tick_size=1.0, currency_base="EUR")
        assert needed(held, ticking, rules=[value]) is None  # it is worth less than nothing

    def test_an_unknown_range_mode_asks_for_nothing(self) -> None:
        unknown = msgspec.structs.replace(rule(RangeMode.VOLUME_TOTAL), range_mode=4)
        assert needed(self.both, EURUSD, self.pound, rules=[unknown]) == 0


class TestTotals:
    def test_profits_need_a_specification_and_a_quote_but_collateral_nothing(self) -> None:
        names = ("EURUSD", "GBPUSD", "OTHER", "SHARES", "EURCHF")
        one = account([position(Side.SELL, 1, 1.1, trade_symbol=name) for name in names])
        specs = {name: forex(name) for name in ("EURUSD", "GBPUSD", "EURCHF")}
        specs["SHARES"] = forex("SHARES", trade_calc_mode=CalcMode.COLLATERAL)
        prices = {"EURUSD": quote(1.05, 1.09), "OTHER": quote(1.0), "EURCHF": quote(1.0, 0.0)}
        reached = profits(one, specs, prices, Rates(specs, prices))
        assert reached == {1: money("1000.00"), 2: None, 3: None, 4: money("0"), 5: None}

    def test_an_account_at_the_present_quotes(self) -> None:
        held = position(Side.BUY, 1, 1.08, 1.08, storage=-1.5)
        one = account([held], balance=money("10000"))
        specs, prices = {"EURUSD": EURUSD}, {"EURUSD": quote(1.08025, 1.08035)}
        reached = totals(one, specs, prices, Rates(specs, prices))
        assert reached is not None
        assert reached.margin_level is not None
        assert reached._replace(margin_level=round(reached.margin_level, 10)) == Totals(
            balance=money("10000"),
            credit=money("0"),
            profit=money("25.00"),
            storage=money("-1.50"),
            equity=money("10023.50"),
            margin=money("1080.00"),
            margin_free=money("8943.50"),
            margin_level=money("928.1018518519"),
        )

    def test_without_margin_there_is_no_level(self) -> None:
        reached = totals(account(balance=money("50")), {}, {}, Rates({}, {}))
        zero, fifty = money("0"), money("50")
        assert reached == Totals(fifty, zero, zero, zero, fifty, zero, fifty, None)
        assert reached is not None
        assert stop_out(account(), reached) == 0

    @pytest.mark.parametrize("level", [math.nan, -math.inf])
    def test_a_level_that_is_no_number_stops_nothing(self, level: float) -> None:
        reached = Totals(*map(money, ("0", "0", "0", "0", "-5", "10", "-15", "-50")))
        assert stop_out(account(margin_so_call=level, margin_so_so=level), reached) == 0
        assert stop_out(account(), reached) == 2

    @pytest.mark.parametrize(("by", "state"), [(0, 0), (1, 2)])
    def test_a_debt_without_margin_ends_a_hedging_account_by_money_only(self, by: int, state: int) -> None:
        zero, debt = money("0"), money("-5")
        reached = Totals(zero, zero, debt, zero, debt, zero, debt, None)
        assert stop_out(account(margin_so_mode=by), reached, Terms(trade_flags=128)) == state

    def test_an_unknown_stop_out_mode_stops_nothing(self) -> None:
        reached = Totals(*map(money, ("0", "0", "0", "0", "-5", "10", "-15", "-50")))
        assert stop_out(account(margin_so_mode=2), reached) == 0


class TestNoNumber:
    @pytest.mark.parametrize(
        ("one", "spec"),
        [
            (account([position(Side.BUY, 1, 1.1)], leverage=0), EURUSD),
            (account([position(Side.BUY, 1, 1.1)], mode=MarginMode.EXCHANGE), EURUSD),
            (account([position(Side.BUY, 1, 1.1, trade_symbol="OTHER")]), EURUSD),
            (
                account([position(Side.BUY, 1, 1.1)]),
                forex("EURUSD", trade=settings(), trade_contract_size=math.nan),
            ),
            (account([position(Side.BUY, 1, 1.1)]), forex("EURUSD", trade=settings(), trade_calc_mode=40)),
            (account([], [msgspec.structs.replace(order(OrderType.BUY, 1, 1.1), order_type=9)]), EURUSD),
            (account([position(Side.BUY, 1, 1.1, math.inf)]), EURUSD),
            (account([], [order(OrderType.BUY, 1, 1.1, 0.0, trade_symbol="EURUSD")], currency="GBP"), EURUSD),
        ],
        ids=["leverage", "exchange", "unknown-symbol", "nan", "calc-mode", "order-type", "inf", "no-rate"],
    )
    def test_what_cannot_be_known_is_none(self, one: Account, spec: FullSymbol) -> None:
        assert needed(one, spec) is None
