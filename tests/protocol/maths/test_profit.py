import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.maths.conversion import Quote, index_pairs, rate_buy, rate_sell
from protocol.maths.profit import (
    Holding,
    Profit,
    ProfitRates,
    ProfitSymbol,
    can_revalue,
    price_profit,
    profit,
    revaluation_price,
)

HEDGING, EXCHANGE = 2, 1
FOREX = ProfitSymbol(trade_calc_mode=0, trade_contract_size=100000)


def booked(
    symbol: ProfitSymbol,
    holding: Holding,
    rates: ProfitRates | None = None,
    *,
    margin_mode: int = HEDGING,
    collateral: bool = False,
) -> Profit:
    return profit(
        symbol,
        holding,
        rates or ProfitRates(),
        margin_mode=margin_mode,
        account_digits=2,
        collateral=collateral,
    )


def test_tc_p1_eurusd_300_points() -> None:
    assert booked(FOREX, Holding(True, 1, 1.09910, 1.10210)).profit == 300.00
    assert booked(FOREX, Holding(True, 1, 1.22730, 1.23030)).profit == 300.00


def yen(bid: float, ask: float) -> ProfitRates:
    pairs = index_pairs([Quote("USDJPY", 0, bid=bid, ask=ask)])
    return ProfitRates(rate_buy(pairs, "JPY", "USD").value, rate_sell(pairs, "JPY", "USD").value)


def test_tc_p2_usdjpy_converts_at_its_own_close() -> None:
    rates = yen(108.483, 107.879)
    assert booked(FOREX, Holding(True, 1, 108.183, 108.483), rates).profit == 276.54
    assert booked(FOREX, Holding(False, 1, 108.179, 107.879), rates).profit == 278.09


@pytest.mark.parametrize(
    ("is_buy", "close", "expected"),
    [(True, 160.5, 166.67), (True, 159.5, -166.67), (False, 160.5, -166.64), (False, 159.5, 166.64)],
)
def test_tc_p5_forex_converts_by_side(close: float, expected: float, *, is_buy: bool) -> None:
    rates = yen(150.00, 150.02)
    assert rates == ProfitRates(1 / 150.00, 1 / 150.02)
    assert booked(FOREX, Holding(is_buy, 0.5, 160.0, close), rates).profit == expected


def test_tc_p6_gold() -> None:
    gold = ProfitSymbol(trade_calc_mode=2, trade_contract_size=100)
    assert booked(gold, Holding(True, 0.03, 2349.80, 2351.27)).profit == 4.41


def test_tc_p7_a_gain_in_euro_converts_at_the_bid() -> None:
    pairs = index_pairs([Quote("EURUSD", 0, bid=1.0800, ask=1.0802)])
    rates = ProfitRates(rate_buy(pairs, "EUR", "USD").value, rate_sell(pairs, "EUR", "USD").value)
    index = ProfitSymbol(trade_calc_mode=2, trade_contract_size=1)
    assert booked(index, Holding(True, 2, 18000.5, 18050.5), rates) == Profit(108.00, 1.08)
    assert booked(index, Holding(True, 2, 18050.5, 18000.5), rates) == Profit(-108.02, 1.0802)


def test_forex_terms_are_rounded_before_they_are_subtracted() -> None:
    # 0.015 and 0.024 of a yen: 0.02 - 0.02 = 0, where the difference alone would round to 0.01
    tiny = ProfitSymbol(trade_calc_mode=5, trade_contract_size=1)
    assert price_profit(tiny, Holding(True, 1, 0.015, 0.024)) == 0.0
    cfd = ProfitSymbol(trade_calc_mode=2, trade_contract_size=1)
    assert booked(cfd, Holding(True, 1, 0.015, 0.024)).profit == 0.01


@pytest.mark.parametrize("mode", [1, 33, 35, 36])
def test_tick_valued_modes(mode: int) -> None:
    future = ProfitSymbol(
        trade_calc_mode=mode, trade_contract_size=999, trade_tick_value=12.5, trade_tick_size=0.25
    )
    assert booked(future, Holding(True, 2, 4500.25, 4501.0)).profit == 75.0
    without = ProfitSymbol(trade_calc_mode=mode, trade_contract_size=999, trade_tick_value=12.5)
    assert booked(without, Holding(False, 2, 4500.25, 4501.0)).profit == -18.75


def test_forts_terms_are_rounded_before_the_volume() -> None:
    forts = ProfitSymbol(
        trade_calc_mode=34, trade_contract_size=1, trade_tick_value=1, trade_tick_size=3
    )  # 10/3 = 3.33, 11/3 = 3.67
    assert booked(forts, Holding(True, 10, 10, 11)).profit == 3.4
    assert booked(forts, Holding(False, 10, 10, 11)).profit == -3.4


def test_collateral_has_a_profit_only_when_evaluated() -> None:
    paper = ProfitSymbol(trade_calc_mode=64, trade_contract_size=10)
    assert booked(paper, Holding(True, 2, 98.5, 99.25)).profit == 0.0
    assert booked(paper, Holding(True, 2, 98.5, 99.25), collateral=True).profit == 15.0
    assert booked(paper, Holding(True, 2, 98.5, 0.0), collateral=True).profit == -1970.0
    assert booked(paper, Holding(True, 2, 98.5, -1.0), collateral=True).profit == 0.0


def test_a_cfd_at_zero_is_not_collateral() -> None:
    cfd = ProfitSymbol(trade_calc_mode=2, trade_contract_size=10)
    assert booked(cfd, Holding(True, 2, 98.5, 0.0), collateral=True).profit == 0.0


def test_nonsense_profits_count_as_nothing_beyond_exactly_1e11() -> None:
    cfd = ProfitSymbol(trade_calc_mode=2, trade_contract_size=1)
    assert booked(cfd, Holding(True, 1, 0, 1e11)).profit == 1e11
    assert booked(cfd, Holding(False, 1, 0, 1e11)).profit == -1e11
    assert booked(cfd, Holding(True, 1, 0, 1e11 + 1)).profit == 0.0
    assert booked(cfd, Holding(False, 1, 0, 1e11 + 1)).profit == 0.0


def test_flag_1_makes_forex_convert_by_sign() -> None:
    rates = ProfitRates(buy=2.0, sell=3.0)
    by_sign = ProfitSymbol(trade_calc_mode=0, trade_contract_size=100, trade_flags=1)
    other_bit = ProfitSymbol(trade_calc_mode=0, trade_contract_size=100, trade_flags=2)
    assert booked(by_sign, Holding(True, 1, 1.0, 1.5), rates) == Profit(150.0, 3.0)
    assert booked(by_sign, Holding(False, 1, 1.0, 1.5), rates) == Profit(-100.0, 2.0)
    assert booked(by_sign, Holding(False, 1, 1.0, 1.0), rates) == Profit(0.0, 2.0)
    assert booked(other_bit, Holding(True, 1, 1.0, 1.5), rates) == Profit(100.0, 2.0)
    assert booked(other_bit, Holding(False, 1, 1.0, 1.5), rates) == Profit(-150.0, 3.0)


@pytest.mark.parametrize("mode", [32, 38])
def test_exchange_stocks_keep_their_purchase_at_the_margin_rate(mode: int) -> None:
    stock = ProfitSymbol(trade_calc_mode=mode, trade_contract_size=1)
    rates = ProfitRates(buy=1.2, sell=1.1, margin=0.9)
    # 10 x 12 x 1.1 - 10 x 10 x 0.9 = 132 - 90;  90 - 10 x 12 x 1.2 = 90 - 144
    assert booked(stock, Holding(True, 10, 10, 12), rates, margin_mode=EXCHANGE) == Profit(42.0, 1.1)
    assert booked(stock, Holding(False, 10, 10, 12), rates, margin_mode=EXCHANGE) == Profit(-54.0, 1.2)
    assert booked(stock, Holding(True, 10, 10, 0), rates, margin_mode=EXCHANGE) == Profit(-90.0, 1.1)
    # elsewhere: (12 - 10) x 10 x 1.1
    assert booked(stock, Holding(True, 10, 10, 12), rates) == Profit(22.0, 1.1)


@pytest.mark.parametrize("mode", [37, 39])
@pytest.mark.parametrize("margin_mode", [0, 1, 2])
def test_bonds_are_a_percentage_of_their_face(mode: int, margin_mode: int) -> None:
    bond = ProfitSymbol(trade_calc_mode=mode, trade_contract_size=1, trade_face_value=1000)
    rates = ProfitRates(buy=1.2, sell=1.1, margin=0.9)
    # 5 x 1000 x 99% x 0.9 - 5 x 1000 x 98% x 0.9 = 4455 - 4410
    assert booked(bond, Holding(True, 5, 98, 99), rates, margin_mode=margin_mode) == Profit(45.0, 1.1)
    assert booked(bond, Holding(False, 5, 98, 99), rates, margin_mode=margin_mode) == Profit(-45.0, 1.2)
    assert booked(bond, Holding(True, 5, 98, 0), rates, margin_mode=margin_mode) == Profit(-4410.0, 1.1)


PRICES = st.floats(0.0001, 1e5)
RATES = st.floats(0.01, 100)
MODES = st.sampled_from([0, 1, 2, 3, 4, 5, 6, 32, 33, 34, 35, 36, 37, 38, 39, 40, 64])


@given(MODES, PRICES, PRICES, st.floats(0.01, 100), RATES)
def test_a_sell_mirrors_a_buy_when_all_rates_are_one(
    mode: int, opened: float, closed: float, volume: float, tick: float
) -> None:
    symbol = ProfitSymbol(
        trade_calc_mode=mode,
        trade_contract_size=100,
        trade_tick_value=tick,
        trade_tick_size=tick / 2,
        trade_face_value=10,
    )
    buy = booked(symbol, Holding(True, volume, opened, closed))
    sell = booked(symbol, Holding(False, volume, opened, closed))
    assert buy.profit == -sell.profit


ANY = st.floats(allow_nan=True, allow_infinity=True)


@given(MODES, ANY, ANY, ANY, ANY, ANY, st.booleans(), st.integers(0, 2))
def test_profit_never_raises(
    mode: int, volume: float, opened: float, closed: float, tick: float, rate: float, is_buy: bool, mm: int
) -> None:
    symbol = ProfitSymbol(
        trade_calc_mode=mode, trade_contract_size=tick, trade_tick_value=rate, trade_tick_size=tick
    )
    rates = ProfitRates(rate, rate, rate)
    result = booked(symbol, Holding(is_buy, volume, opened, closed), rates, margin_mode=mm)
    assert isinstance(result.profit, float)


def test_revaluation_price() -> None:
    assert revaluation_price(0, 1.0, 2.0, 3.0, is_buy=True) == 1.0
    assert revaluation_price(64, 1.0, 2.0, 3.0, is_buy=False) == 2.0
    for mode in range(32, 40):
        assert revaluation_price(mode, 1.0, 2.0, 3.0, is_buy=True) == 3.0
    assert revaluation_price(40, 1.0, 2.0, 3.0, is_buy=True) == 1.0


def test_revaluation_needs_rates_and_prices() -> None:
    good = ProfitRates(1.0, 1.0)
    assert can_revalue(good, 1.0, 1.1)
    assert can_revalue(ProfitRates(0.0067, 0.0066), 0.5, 0.6)
    assert not can_revalue(ProfitRates(0.0, 1.0), 1.0, 1.1)
    assert not can_revalue(ProfitRates(1.0, 0.0), 1.0, 1.1, negative_prices=True)
    assert not can_revalue(good, 0.0, 1.1)
    assert not can_revalue(good, 1.0, 0.0)
    assert can_revalue(good, -37.0, -36.9, negative_prices=True)
