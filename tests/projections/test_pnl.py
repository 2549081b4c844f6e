"""docs/semantics.md 4, 5: what open positions are worth; every figure is from there or done by hand."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oms.domain.records import AccountRecord, PositionRecord, SymbolRecord
from oms.domain.words import number_of
from oms.projections.margin_inputs import NOT_ASKED, MarginInputs
from oms.projections.pnl import Valued, accrued, equity, floating, value
from oms.projections.rates import Forex, Leg, Price, Rates
from oms.projections.specification import calc_mode
from protocol.enums import CalcMode

from .journal import NETTING, D, Journal
from .test_positions import N1

USD = AccountRecord(currency="USD", digits=2, margin_mode="retail_hedging", margin_free_mode="all")
ASKED = MarginInputs(rules=())


def specification(symbol: str, profit: str, **more: Any) -> SymbolRecord:
    usual: dict[str, Any] = {
        "currency_base": symbol[:3],
        "currency_profit": profit,
        "currency_margin": symbol[:3],
        "base_digits": 2,
        "profit_digits": 2,
        "contract_size": D("100000"),
        "calc_mode": "forex",
    }
    return SymbolRecord(symbol, **(usual | more))


SYMBOLS = {
    one.symbol: one
    for one in (
        specification("EURUSD", "USD"),
        specification("GBPUSD", "USD"),
        specification("USDJPY", "JPY", profit_digits=0),
        specification("EURJPY", "JPY", profit_digits=0),
        specification("XAUUSD", "USD", calc_mode="cfd", contract_size=D("100")),
        specification("DAX", "EUR", calc_mode="cfd", contract_size=D("1"), currency_margin="EUR"),
        specification("BUND", "EUR", calc_mode="exch_bonds", contract_size=D("1"), face_value=D("1000")),
        specification(
            "TBOND",
            "USD",
            calc_mode="exch_bonds",
            contract_size=D("1"),
            face_value=D("1000"),
            currency_margin="USD",
        ),
        specification("SHARE", "USD", calc_mode="exch_stocks", contract_size=D("1")),
        specification("OIL", "USD", calc_mode="cfd", contract_size=D("1000"), tick_flags=8),
        specification("ODD", "USD", calc_mode=""),
    )
}
EURUSD, USDJPY = Price(1.0800, 1.0802), Price(150.00, 150.02, time=1_700_000_000_123)


def held(symbol: str, side: str, volume: str, price: str, **more: Any) -> PositionRecord:
    return PositionRecord("7", symbol=symbol, side=side, volume=D(volume), price=D(price), **more)


def worth(
    position: PositionRecord,
    quotes: Mapping[str, Price],
    account: AccountRecord | None = USD,
    margin_rate: float = 0.0,
) -> Valued:
    rates = Rates(Forex((name, calc_mode(one)) for name, one in SYMBOLS.items()), quotes.get)
    return value(position, account, SYMBOLS.get, quotes.get, rates, margin_rate)


def profit(position: PositionRecord, quotes: Mapping[str, Price]) -> str:
    found = worth(position, quotes)
    assert found.reason is None
    return str(found.profit)


def test_tc_n1_a_short_position_is_valued_at_the_ask() -> None:
    journal = Journal(NETTING)
    journal.see(*N1)
    (position,) = journal.books.positions
    assert profit(position, {"EURUSD": Price(1.10095, 1.10100)}) == "15.00"


@pytest.mark.parametrize(
    ("symbol", "opened", "closed"), [("EURUSD", "1.09910", 1.10210), ("GBPUSD", "1.22730", 1.23030)]
)
def test_tc_p1_three_hundred_points_of_a_lot(symbol: str, opened: str, closed: float) -> None:
    assert profit(held(symbol, "buy", "1.00", opened), {symbol: Price(closed, closed + 0.0002)}) == "300.00"


@pytest.mark.parametrize(
    ("side", "opened", "quote", "expected"),
    [("buy", "108.183", (108.483, 108.490), "276.54"), ("sell", "108.179", (107.870, 107.879), "278.09")],
)
def test_tc_p2_yen_convert_at_the_trades_own_close_price(
    side: str, opened: str, quote: tuple[float, float], expected: str
) -> None:
    assert profit(held("USDJPY", side, "1.00", opened), {"USDJPY": Price(*quote)}) == expected


def test_tc_p3_eight_points_of_a_tenth_of_a_lot() -> None:
    assert profit(held("USDJPY", "buy", "0.10", "108.023"), {"USDJPY": Price(108.015, 108.018)}) == "-0.74"


def test_tc_p4_equity_is_balance_credit_floating() -> None:
    open_ = floating([Valued(held("EURUSD", "buy", "1.00", "1"), 1.0, D("-32981.00"))], 2)
    assert str(equity(USD, D("101300.53"), D("0.00"), open_, ASKED)) == "68319.53"


@pytest.mark.parametrize(
    ("side", "close", "expected"),
    [
        ("buy", 160.500, "166.67"),
        ("buy", 159.500, "-166.67"),
        ("sell", 160.500, "-166.64"),
        ("sell", 159.500, "166.64"),
    ],
)
def test_tc_p5_forex_converts_by_side_whatever_the_sign(side: str, close: float, expected: str) -> None:
    quotes = {"EURJPY": Price(close, close), "USDJPY": USDJPY}
    assert profit(held("EURJPY", side, "0.50", "160.000"), quotes) == expected


def test_tc_p5_the_rates_evidence_is_told() -> None:
    found = worth(held("EURJPY", "sell", "0.50", "160"), {"EURJPY": Price(160.5, 160.5), "USDJPY": USDJPY})
    assert found.conversion is not None
    assert found.conversion.legs == (Leg("USDJPY", "ask", 150.02, True, 1_700_000_000_123),)
    assert found.conversion.rate == pytest.approx(1 / 150.02)


def test_tc_p6_gold() -> None:
    assert profit(held("XAUUSD", "buy", "0.03", "2349.80"), {"XAUUSD": Price(2351.27, 2351.60)}) == "4.41"


def test_tc_p7_a_profit_in_euros_is_sold() -> None:
    position = held("DAX", "buy", "2.00", "18000.5")
    found = worth(position, {"DAX": Price(18050.5, 18051.0), "EURUSD": EURUSD})
    assert str(found.profit) == "108.00"
    assert found.conversion is not None
    assert [(leg.pair, leg.side) for leg in found.conversion.legs] == [("EURUSD", "bid")]


def test_a_loss_in_euros_is_bought() -> None:
    position = held("DAX", "buy", "2.00", "18050.5")
    # -100 EUR at the ask of 1.0802
    assert profit(position, {"DAX": Price(18000.5, 18001.0), "EURUSD": EURUSD}) == "-108.02"


def test_tc_p8_without_a_rate_the_value_is_unknown_and_totals_are_incomplete() -> None:
    eurjpy = worth(held("EURJPY", "buy", "0.50", "160"), {"EURJPY": Price(160.5, 160.5)})
    eurusd = worth(held("EURUSD", "buy", "0.10", "1.0700", swap=D("-1.25")), {"EURUSD": EURUSD})
    assert (eurjpy.profit, eurjpy.reason, eurjpy.price) == (None, "no_rate", 160.5)
    open_ = floating([eurjpy, eurusd], 2)
    assert (str(open_.profit), str(open_.swap), str(open_.total)) == ("100.00", "-1.25", "98.75")
    assert open_.incomplete
    assert equity(USD, D("1000.00"), D("0.00"), open_, ASKED) is None


@pytest.mark.parametrize(
    "yen", [Price(0.0, 150.02), Price(150.0, 0.0), USDJPY._replace(live=False), USDJPY._replace(fresh=False)]
)
def test_a_quote_with_one_side_delayed_or_too_old_is_no_rate(yen: Price) -> None:
    quotes = {"EURJPY": Price(160.5, 160.5), "USDJPY": yen}
    assert worth(held("EURJPY", "buy", "0.50", "160"), quotes).reason == "no_rate"


@pytest.mark.parametrize(
    ("position", "price", "account", "reason"),
    [
        (held("EURUSD", "buy", "0.10", "1.07"), None, USD, "no_price"),
        (held("EURUSD", "buy", "0.10", "1.07"), Price(1.08, 0.0), USD, "no_price"),
        (held("EURUSD", "buy", "0.10", "1.07"), EURUSD._replace(live=False), USD, "delayed_price"),
        (held("EURUSD", "buy", "0.10", "1.07"), EURUSD, None, "no_account"),
        (held("NZDUSD", "buy", "0.10", "1.07"), EURUSD, USD, "no_symbol"),
        (held("ODD", "buy", "0.10", "1.07"), EURUSD, USD, "no_symbol"),
        (held("SHARE", "buy", "5.00", "10"), Price(11.0, 11.1), USD, "no_price"),  # never a last price
        (held("OIL", "buy", "1.00", "10"), Price(0.0, 0.0), USD, "no_price"),  # negative prices, yet none
    ],
)
def test_what_is_missing_is_named(
    position: PositionRecord, price: Price | None, account: AccountRecord | None, reason: str
) -> None:
    found = worth(position, {position.symbol: price} if price else {}, account)
    assert (found.profit, found.reason) == (None, reason)


def test_an_old_price_still_values_a_position_of_the_accounts_currency() -> None:
    assert profit(held("EURUSD", "buy", "0.10", "1.07"), {"EURUSD": EURUSD._replace(fresh=False)}) == "100.00"


def test_exchange_symbols_are_valued_at_the_last_price() -> None:
    assert profit(held("SHARE", "buy", "5.00", "10"), {"SHARE": Price(11.0, 11.1, 10.5)}) == "2.50"


def test_bonds_need_the_rate_of_their_opening_unless_the_currency_is_the_accounts() -> None:
    price = Price(101.0, 101.2, 101.5)
    assert worth(held("BUND", "buy", "1.00", "100"), {"BUND": price, "EURUSD": EURUSD}).reason == (
        "no_margin_rate"
    )
    # 1000 × 1.5 %
    assert profit(held("TBOND", "buy", "1.00", "100"), {"TBOND": price}) == "15.00"
    # the same in euros at the rate at which its margin was taken, whatever the euro is worth now
    found = worth(held("BUND", "buy", "1.00", "100"), {"BUND": price, "EURUSD": EURUSD}, margin_rate=1.1)
    assert str(found.profit) == "16.50"


def test_equity_is_unknown_where_the_venue_keeps_a_part_of_it_to_itself() -> None:
    account = AccountRecord(currency="USD", margin_mode="exchange")
    assert equity(account, D("100.00"), D("0.00"), floating([], 2), ASKED) is None


def test_equity_is_unknown_until_the_venue_has_told_of_the_day() -> None:
    assert equity(USD, D("100.00"), D("0.00"), floating([], 2), NOT_ASKED) is None


def test_commissions_that_are_not_booked_yet_are_in_equity() -> None:
    """docs/protocol.md 7.3: balance + floating + credit + (daily + monthly)."""
    today = MarginInputs(rules=(), commission_daily=-3.25, commission_monthly=-1.5, acc_profit=40.0)
    open_ = floating([Valued(held("EURUSD", "buy", "1.00", "1"), 1.0, D("10.00"))], 2)
    assert str(equity(USD, D("100.00"), D("25.00"), open_, today)) == "130.25"


@pytest.mark.parametrize(
    ("mode", "kept", "acc_profit", "expected"),
    [
        ("retail_hedging", 3, 40.0, "60.00"),
        ("retail_hedging", 3, -40.0, "100.00"),
        ("retail_hedging", 1, 40.0, "100.00"),
        ("retail_netting", 1, 40.0, "60.00"),
        ("retail_netting", 3, 40.0, "100.00"),
    ],
)
def test_the_days_profit_is_kept_out_where_the_terms_say_so(
    mode: str, kept: int, acc_profit: float, expected: str
) -> None:
    account = AccountRecord(currency="USD", margin_mode=mode, margin_free_profit_mode=kept)
    today = MarginInputs(rules=(), acc_profit=acc_profit)
    assert str(equity(account, D("100.00"), D("0.00"), floating([], 2), today)) == expected


def test_nothing_open_is_worth_nothing() -> None:
    open_ = floating([], 2)
    assert (str(open_.total), open_.incomplete) == ("0.00", False)
    assert str(equity(USD, D("100.00"), D("25.00"), open_, ASKED)) == "125.00"


def test_what_has_accrued_is_summed_where_it_is_known() -> None:
    positions = [
        held("EURUSD", "buy", "1.00", "1", swap=D("-0.18"), commission=D("-3.50")),
        held("EURUSD", "buy", "1.00", "1", swap=D("0.05")),
    ]
    assert tuple(map(str, accrued(positions, 2))) == ("-0.13", "-3.50")


def test_words_are_numbers_again() -> None:
    assert [number_of(CalcMode, one) for one in ("forex", "exch_bonds_moex", "77", "", "nonsense", "²")] == [
        *(0, 39, 77, -1, -1, -1)
    ]


PRICES = st.builds(
    Price, *[st.floats(allow_nan=True, allow_infinity=True)] * 3, live=st.booleans(), fresh=st.booleans()
)


@settings(deadline=None)
@given(
    symbol=st.sampled_from(sorted(SYMBOLS)),
    side=st.sampled_from(["buy", "sell"]),
    volume=st.decimals(0, 10**9, places=8),
    opened=st.decimals(-(10**6), 10**9, places=8),
    quotes=st.dictionaries(st.sampled_from(sorted(SYMBOLS)), PRICES),
)
def test_any_prices_give_a_value_or_a_reason(
    symbol: str, side: str, volume: Decimal, opened: Decimal, quotes: dict[str, Price]
) -> None:
    found = worth(held(symbol, side, str(volume), str(opened)), quotes)
    assert (found.profit is None) == (found.reason is not None)
    assert found.profit is None or found.profit.is_finite()
    floating([found], 2)
