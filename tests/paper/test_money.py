"""Profit, conversion and rounding of the venue: worked numbers, the official client's vectors, properties."""

import json
import math
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oms.paper.model import Price
from oms.paper.money import Rates, closing_price, exact, profit, rounded
from protocol.enums import CalcMode, MarginMode, Side
from protocol.records.account import TradeSettings
from protocol.records.symbols import FullSymbol

FOLDER = Path(__file__).parent.parent / "protocol" / "vectors"
LOT = 100_000_000


def forex(name: str, **changes: Any) -> FullSymbol:
    """A forex symbol of 100 000 units; changes win."""
    base, quoted = name[:3], name[3:6]
    digits = 0 if quoted == "JPY" else 2
    standard: dict[str, Any] = {
        "trade_symbol": name,
        "currency_base": base,
        "currency_profit": quoted,
        "currency_margin": base,
        "currency_base_digits": 2,
        "currency_profit_digits": digits,
        "trade_contract_size": 100_000.0,
        "trade": TradeSettings(symbol_path=f"Forex\\{name}"),
    }
    return FullSymbol(**(standard | changes))


def quote(bid: float, ask: float | None = None, last: float = 0.0) -> Price:
    return Price(bid, bid if ask is None else ask, last, 0)


def rates(**quotes: tuple[float, float]) -> Rates:
    """Rates out of forex symbols and their (bid, ask)."""
    return Rates(
        {name: forex(name) for name in quotes}, {name: quote(*sides) for name, sides in quotes.items()}
    )


def money(text: str) -> Decimal:
    return Decimal(text)


class TestRounding:
    @pytest.mark.parametrize(
        ("value", "digits", "expected"),
        [
            ("2.675", 2, "2.68"),
            ("-2.675", 2, "-2.68"),
            ("0.4999999999", 0, "0"),
            ("-0.5", 0, "-1"),
            ("1.123456785", 12, "1.12345679"),  # digits above 8 act as 8
            ("15.5", -3, "16"),
        ],
    )
    def test_half_goes_away_from_zero(self, value: str, digits: int, expected: str) -> None:
        assert rounded(money(value), digits) == money(expected)

    def test_a_double_is_what_it_is_written_as(self) -> None:
        assert exact(1.08517) == money("1.08517")
        assert exact(1e-05) == money("0.00001")

    @given(st.decimals(-(10**12), 10**12, allow_nan=False, places=10), st.integers(0, 8))
    def test_rounding_moves_by_half_a_step_at_most(self, value: Decimal, digits: int) -> None:
        step = Decimal(1).scaleb(-digits)
        assert abs(rounded(value, digits) - value) <= step / 2
        assert rounded(-value, digits) == -rounded(value, digits)


class TestRates:
    def test_one_currency_is_1(self) -> None:
        assert rates().rate("USD", "USD") == (Decimal(1), Decimal(1))
        assert rates().rate("RUB", "RUR") == (Decimal(1), Decimal(1))

    def test_a_pair_buys_at_its_ask(self) -> None:
        assert rates(EURUSD=(1.0800, 1.0802)).rate("EUR", "USD") == (money("1.0802"), money("1.0800"))

    def test_an_inverse_pair_buys_at_1_by_its_bid(self) -> None:
        assert rates(USDCHF=(0.8, 1.25)).rate("CHF", "USD") == (money("1.25"), money("0.8"))

    def test_a_direct_pair_goes_before_its_inverse(self) -> None:
        assert rates(EURUSD=(1.1, 1.1), USDEUR=(0.5, 0.5)).rate("EUR", "USD") == (money("1.1"), money("1.1"))

    def test_without_a_pair_the_way_is_by_dollars(self) -> None:
        crossed = rates(EURUSD=(1.1, 1.2), USDJPY=(150.0, 151.0)).rate("EUR", "JPY")
        assert crossed == (money("181.2"), money("165"))

    def test_a_traded_suffix_goes_first_else_the_first_by_alphabet(self) -> None:
        several = rates(**{"EURUSD.b": (1.2, 1.2), "EURUSD.a": (1.1, 1.1), "EURJPY.b": (160, 160)})
        assert several.rate("EUR", "USD", "EURJPY.b") == (money("1.2"), money("1.2"))
        assert several.rate("EUR", "USD", "EURJPY.c") == (money("1.1"), money("1.1"))
        assert several.rate("EUR", "USD") == (money("1.1"), money("1.1"))

    def test_only_forex_symbols_are_pairs(self) -> None:
        specs = {
            "EURUSD": forex("EURUSD", trade_calc_mode=2),
            "EURUSD.x": forex("EURUSD.x", trade_calc_mode=5),
        }
        prices = {"EURUSD": quote(1.1), "EURUSD.x": quote(1.2)}
        assert Rates(specs, prices).rate("EUR", "USD") == (money("1.2"), money("1.2"))

    def test_only_a_forex_symbol_lends_its_suffix(self) -> None:
        specs = {
            "EURUSD": forex("EURUSD"),
            "EURUSD.x": forex("EURUSD.x"),
            "GER40m.x": forex("x", trade_calc_mode=3),
        }
        prices = {"EURUSD": quote(1.1), "EURUSD.x": quote(1.2)}
        assert Rates(specs, prices).rate("EUR", "USD", "GER40m.x") == (money("1.1"), money("1.1"))

    def test_an_orders_price_stands_for_the_traded_pair(self) -> None:
        known = rates(EURUSD=(1.1, 1.2), GBPUSD=(1.3, 1.4))
        assert known.rate("EUR", "USD", "EURUSD", money("1.25")) == (money("1.25"), money("1.25"))
        assert known.rate("USD", "EUR", "EURUSD", money("1.25")) == (money("0.8"), money("0.8"))
        assert known.rate("GBP", "USD", "EURUSD", money("1.25")) == (money("1.4"), money("1.3"))

    @pytest.mark.parametrize("bid", [0.0, -1.0, math.nan, math.inf])
    def test_without_both_prices_there_is_no_rate(self, bid: float) -> None:
        assert rates(EURUSD=(bid, 1.1)).rate("EUR", "USD") is None
        assert rates(EURUSD=(1.1, bid)).rate("EUR", "USD") is None

    def test_without_a_quote_or_a_symbol_there_is_no_rate(self) -> None:
        assert Rates({"EURUSD": forex("EURUSD")}, {}).rate("EUR", "USD") is None
        assert rates(EURUSD=(1.1, 1.1)).rate("", "USD") is None
        assert rates(EURUSD=(1.1, 1.1)).rate("EUR", "JPY") is None


def earned(
    spec: FullSymbol, side: Side, lots: str, opened: float, closed: float, known: Rates
) -> Decimal | None:
    volume = int(money(lots) * LOT)
    answer = profit(spec, side, volume, opened, closed, "USD", 2, known)
    return None if answer is None else answer[0]


class TestWorkedNumbers:
    """docs of the project: semantics.md 5."""

    @pytest.mark.parametrize(
        ("name", "opened", "closed"), [("EURUSD", 1.09910, 1.10210), ("GBPUSD", 1.2273, 1.2303)]
    )
    def test_tc_p1_300_points_of_a_dollar_pair(self, name: str, opened: float, closed: float) -> None:
        assert earned(forex(name), Side.BUY, "1", opened, closed, rates()) == money("300.00")

    def test_tc_p2_300_points_of_usdjpy_convert_at_its_own_close(self) -> None:
        up, down = rates(USDJPY=(108.483, 108.483)), rates(USDJPY=(107.879, 107.879))
        assert earned(forex("USDJPY"), Side.BUY, "1", 108.183, 108.483, up) == money("276.54")
        assert earned(forex("USDJPY"), Side.SELL, "1", 108.179, 107.879, down) == money("278.09")

    def test_tc_p3_order_send_sample(self) -> None:
        known = rates(USDJPY=(108.015, 108.018))
        assert earned(forex("USDJPY"), Side.BUY, "0.1", 108.023, 108.015, known) == money("-0.74")

    @pytest.mark.parametrize(
        ("side", "closed", "expected"),
        [
            (Side.BUY, 160.5, "166.67"),
            (Side.BUY, 159.5, "-166.67"),
            (Side.SELL, 160.5, "-166.64"),
            (Side.SELL, 159.5, "166.64"),
        ],
    )
    def test_tc_p5_a_cross_converts_by_side(self, side: Side, closed: float, expected: str) -> None:
        known = rates(USDJPY=(150.00, 150.02))
        assert earned(forex("EURJPY"), side, "0.50", 160.0, closed, known) == money(expected)

    def test_tc_p6_gold(self) -> None:
        gold = forex("XAUUSD", trade_contract_size=100.0)
        assert earned(gold, Side.BUY, "0.03", 2349.80, 2351.27, rates()) == money("4.41")

    def test_tc_p7_a_cfd_in_euro_converts_its_gain_at_the_bid(self) -> None:
        index = forex("GER40", trade_calc_mode=CalcMode.CFD, trade_contract_size=1.0, currency_profit="EUR")
        known = rates(EURUSD=(1.0800, 1.0802))
        assert earned(index, Side.BUY, "2", 18000.5, 18050.5, known) == money("108.00")
        assert earned(index, Side.SELL, "2", 18000.5, 18050.5, known) == money("-108.02")

    def test_tc_p8_without_a_rate_the_profit_is_unknown(self) -> None:
        assert earned(forex("EURJPY"), Side.BUY, "0.50", 160.0, 160.5, rates()) is None

    def test_the_rate_used_is_told(self) -> None:
        answer = profit(forex("EURUSD"), Side.BUY, LOT, 1.1, 1.2, "EUR", 2, rates(EURUSD=(1.25, 1.25)))
        assert answer == (money("8000.00"), money("0.8"))


def covered(vector: dict[str, Any]) -> bool:
    """All but the stocks of exchange accounts, a margin mode that the venue does not have."""
    fields = vector["fields"]
    exchange = fields.get("margin_mode") == MarginMode.EXCHANGE
    stocks = fields.get("trade_calc_mode") in (CalcMode.EXCH_STOCKS, CalcMode.EXCH_STOCKS_MOEX)
    return vector.get("topic") == "profit" and not (exchange and stocks)


VECTORS = [
    vector
    for file in ("profit_margin", "more_profit")
    for vector in json.loads((FOLDER / f"{file}.json").read_text("utf-8"))
    if covered(vector)
]


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_the_profit_is_the_official_clients(vector: dict[str, Any]) -> None:
    fields, expected = vector["fields"], vector["parsed"]
    spec = forex(
        "TESTED",
        currency_profit="AAA",
        currency_base_digits=fields["currency_base_digits"],
        currency_profit_digits=fields["currency_profit_digits"],
        trade_calc_mode=fields["trade_calc_mode"],
        trade_contract_size=fields["contract_size"],
        trade_tick_value=fields["tick_value"],
        trade_tick_size=fields["tick_size"],
        trade_face_value=fields["face_value"],
        trade_flags=fields["trade_flags"],
        trade_accrued_interest=fields.get("accrued_interest", 0.0),
    )
    answer = profit(
        spec,
        Side.BUY if fields["is_buy"] else Side.SELL,
        int(exact(fields["volume"]) * LOT),
        fields["price_open"],
        fields["price_close"],
        "USD",
        fields["currency_digits"],
        rates(AAAUSD=(fields["rate_sell"], fields["rate_buy"])),
        rate_margin=fields["rate_margin"],
    )
    assert answer == (exact(expected["profit"]), exact(expected["rate_profit"]))


def test_all_covered_vectors_are_there() -> None:
    assert len(VECTORS) == 63 - 4


class TestClosingPrice:
    @pytest.mark.parametrize(
        ("mode", "side", "expected"),
        [(0, Side.BUY, 1.1), (4, Side.SELL, 1.2), (32, Side.BUY, 1.15), (39, Side.SELL, 1.15)],
    )
    def test_last_for_exchange_modes_else_the_side_that_closes(
        self, mode: int, side: Side, expected: float
    ) -> None:
        spec = forex("EURUSD", trade_calc_mode=mode)
        assert closing_price(spec, side, quote(1.1, 1.2, 1.15)) == expected

    def test_a_price_below_zero_is_one_only_where_it_may_be(self) -> None:
        oil = forex("USOIL.", trade_calc_mode=2)
        assert closing_price(oil, Side.BUY, quote(-37.6, -37.5)) is None
        assert (
            closing_price(forex("USOIL.", trade_calc_mode=2, ticks_flags=8), Side.BUY, quote(-37.6, -37.5))
            == -37.6
        )

    def test_a_symbol_without_its_last_price_has_no_value(self) -> None:
        assert closing_price(forex("STOCK.", trade_calc_mode=32), Side.BUY, quote(1.1, 1.2)) is None


class TestBonds:
    def test_without_a_margin_rate_the_open_price_converts_the_pair_itself(self) -> None:
        bond = forex(
            "BOND",
            trade_calc_mode=37,
            trade_contract_size=1.0,
            trade_face_value=1000.0,
            currency_profit="USD",
            currency_margin="EUR",
        )
        answer = profit(bond, Side.BUY, 10 * LOT, 98.0, 99.0, "USD", 2, rates(EURUSD=(1.1, 1.2)))
        # 10 × 1000 × 1 % = 100, at the rate_buy of a buy
        assert answer is not None
        assert answer[0] == money("120.00")

    def test_without_any_rate_there_is_no_profit(self) -> None:
        bond = forex("BOND", trade_calc_mode=37, currency_profit="USD", currency_margin="EUR")
        assert profit(bond, Side.BUY, LOT, 98.0, 99.0, "USD", 2, rates()) is None


PRICES = st.floats(0.00001, 100_000.0)
MODES = st.sampled_from([*CalcMode])


@given(MODES, st.integers(1, 10**12), PRICES, PRICES, st.integers(0, 8))
def test_a_sell_mirrors_a_buy(mode: CalcMode, volume: int, opened: float, closed: float, digits: int) -> None:
    # "A sell has the opposite sign"; in one currency, so that the two rates do not part them.
    spec = forex(
        "EURUSD", trade_calc_mode=mode, trade_tick_value=0.5, trade_tick_size=0.25, trade_face_value=1000.0
    )
    buy = profit(spec, Side.BUY, volume, opened, closed, "USD", digits, rates(), rate_margin=1.3)
    sell = profit(spec, Side.SELL, volume, opened, closed, "USD", digits, rates(), rate_margin=1.3)
    assert buy is not None
    assert sell == (-buy[0], buy[1])


@given(
    MODES,
    st.sampled_from(["trade_contract_size", "trade_tick_value", "trade_tick_size", "trade_face_value"]),
    st.floats(),
    st.floats(),
    st.floats(),
)
def test_nothing_strange_is_more_than_no_number(
    mode: CalcMode, name: str, value: float, opened: float, closed: float
) -> None:
    answer = profit(
        forex("EURUSD", trade_calc_mode=mode, **{name: value}),
        Side.BUY,
        LOT,
        opened,
        closed,
        "USD",
        2,
        rates(),
    )
    assert answer is None or answer[0].is_finite()
    if math.isnan(opened):
        assert answer is None
