import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.maths.conversion import Quote, index_pairs, margin_rate
from protocol.maths.margin import AccountMargin, MarginGap
from protocol.maths.margin_base import base_margin
from protocol.maths.margin_input import MarginOrder, MarginPosition
from tests.protocol.maths.margin_scene import (
    EXCHANGE,
    HEDGING,
    NETTING,
    account,
    buy,
    order,
    result,
    sell,
    symbol,
    total,
)

QUOTES = index_pairs([Quote("EURUSD", 0, 1.0990, 1.0991), Quote("GBPUSD", 0, 1.2272, 1.2273)])


@pytest.mark.parametrize(
    ("name", "currency", "price", "expected"),
    [
        ("EURUSD", "EUR", 1.0991, 109.91),
        ("GBPUSD", "GBP", 1.2273, 122.73),
        ("USDJPY", "USD", 108.48, 100.00),
        ("USDCHF", "USD", 0.9, 100.00),
        ("EURJPY", "EUR", 119.2, 109.91),
        ("GBPJPY", "GBP", 133.1, 122.73),
    ],
)
def test_tc_m1_a_tenth_of_a_lot(name: str, currency: str, price: float, expected: float) -> None:
    rate = margin_rate(QUOTES, currency, "USD", traded=name, price=price, is_buy=True).value
    assert total([order(0, 0.1, price, rate, symbol=name)], [symbol(name)]) == expected


def test_tc_m2_hedged_positions() -> None:
    rates = (2.0, 4.0, *(1.0,) * 6)
    eurusd = symbol(margin_rates_initial=rates)
    sells = [sell(1, 1.11943, 1.11943) for _ in range(3)]
    buys = [buy(1, 1.11953, 1.11953) for _ in range(2)]
    assert total([*sells, *buys], [eurusd], account(margin_leverage=500.0)) == 2238.91


def test_tc_m4_cfd_with_leverage() -> None:
    cfd = symbol(trade_calc_mode=4, trade_contract_size=5000.0)
    positions = [buy(1, 15.436), buy(2, 15.432)]
    assert total(positions, [cfd]) == 2315.00
    assert total([*positions, order(2, 1, 15.412)], [cfd]) == 3085.60


def test_tc_m5_fixed_margin() -> None:
    future = symbol(trade_calc_mode=1, margin_initial=1000.0, margin_maintenance=500.0, margin_hedged=500.0)
    assert total([buy(1, 10.0)], [future]) == 500.0
    assert total([order(1, 2, 10.0)], [future]) == 2000.0
    assert total([buy(1, 10.0), order(1, 2, 10.0)], [future]) == 1500.0
    assert total([buy(1, 10.0), sell(2, 10.0)], [future]) == 1000.0


def test_tc_m7_margin_currency() -> None:
    quotes = index_pairs([Quote("EURUSD", 0, 1.2788, 1.2790)])
    rate = margin_rate(quotes, "EUR", "USD", traded="EURGBP", price=0.85, is_buy=True).value
    assert total([order(0, 1, 0.85, rate)]) == 1279.00
    raised = symbol(margin_rates_initial=(1.15, *(1.0,) * 7))
    assert total([order(0, 1, 0.85, rate)], [raised]) == 1470.85


# 2 lots of 10 at 100: S = 20.  M = 50 per lot.  Leverage 100, tick value 0.5, tick size 0.25, face 1000.
BASE = [
    (0, 1.0, 0.2),
    (5, 100.0, 20.0),
    *((mode, 100.0, 2000.0) for mode in (2, 32, 35, 36, 38)),
    *((mode, 100.0, 0.0) for mode in (1, 33, 34)),
    (3, 100.0, 4000.0),
    (4, 1.0, 20.0),
    (37, 100.0, 20000.0),
    (39, 100.0, 20000.0),
    (64, 0.0, 0.0),
    (6, 100.0, 0.0),
]


@pytest.mark.parametrize(("mode", "fixed", "floating"), BASE)
def test_base_margin(mode: int, fixed: float, floating: float) -> None:
    one = symbol(trade_calc_mode=mode, trade_face_value=1000.0, trade_tick_value=0.5, trade_tick_size=0.25)
    assert base_margin(one, 100.0, 2.0, 100.0, fixed=50.0, contract=10.0) == fixed
    assert base_margin(one, 100.0, 2.0, 100.0, fixed=0.0, contract=10.0) == floating


def test_an_index_without_tick_size_needs_no_margin() -> None:
    assert base_margin(symbol(trade_calc_mode=3), 100.0, 2.0, 100.0, fixed=0.0, contract=10.0) == 0.0


def test_leverage_zero_is_no_error() -> None:
    assert base_margin(symbol(), 0.0, 2.0, 1.1, fixed=0.0, contract=1.0) == float("inf")
    assert base_margin(symbol(), 0.0, 0.0, 1.1, fixed=0.0, contract=1.0) == 0.0


@pytest.mark.parametrize("mode", [NETTING, HEDGING])
def test_positions_use_maintenance_orders_initial(mode: int) -> None:
    one = symbol(
        trade_calc_mode=1,
        margin_initial=300.0,
        margin_maintenance=200.0,
        margin_rates_initial=(2.0,) * 8,
        margin_rates_maintenance=(3.0, 0.0, *(0.0,) * 6),
    )
    assert total([buy(1, 1.0)], [one], account(mode)) == 600.0
    assert total([sell(1, 1.0)], [one], account(mode)) == 400.0  # rate 0: the initial one
    assert total([order(2, 1, 1.0)], [one], account(mode)) == 600.0


@pytest.mark.parametrize("mode", [NETTING, HEDGING])
def test_orders_of_no_rate_need_no_margin(mode: int) -> None:
    free = symbol(margin_rates_initial=(1.0, 1.0, 0.0, -1.0, 0.0, -2.0, 0.0, 0.0))
    pendings = [order(kind, 1, 1.0) for kind in range(2, 8)]
    assert total([buy(1, 1.0), *pendings], [free], account(mode)) == 1000.0


@pytest.mark.parametrize("mode", [NETTING, HEDGING])
def test_prices_of_orders(mode: int) -> None:
    cfd = symbol(trade_calc_mode=2, trade_contract_size=1.0)
    assert total([order(6, 1, 50.0, price_trigger=40.0)], [cfd], account(mode)) == 40.0
    assert total([order(0, 1, 0.0, price_current=45.0)], [cfd], account(mode)) == 45.0
    assert total([order(0, 1, 44.0, price_current=45.0)], [cfd], account(mode)) == 44.0
    assert total([order(2, 1, 0.0, price_current=45.0)], [cfd], account(mode)) == 0.0


def test_hedging_averages_orders_of_one_type_before_rates() -> None:
    # averages: price (1 x 10 + 3 x 20) / 4 = 17.5, rate (1 x 1 + 3 x 2) / 4 = 1.75; 4 x 17.5 x 1.75
    cfd = symbol(trade_calc_mode=2, trade_contract_size=1.0)
    pendings = [order(2, 1, 10.0, 1.0), order(2, 3, 20.0, 2.0)]
    assert total(pendings, [cfd]) == 122.5
    # netting takes each for itself: 10 + 120
    assert total(pendings, [cfd], account(NETTING)) == 130.0


def test_hedging_ignores_closing_market_orders_only() -> None:
    one = symbol(margin_hedged=0.0)
    assert total([buy(1, 1.0), order(1, 3, 1.0, position_id=7)], [one]) == 1000.0
    assert total([buy(1, 1.0), order(8, 3, 1.0)], [one]) == 1000.0
    assert total([buy(1, 1.0), order(3, 3, 1.0, position_id=7)], [one]) == 4000.0
    assert total([buy(1, 1.0), order(1, 3, 1.0)], [one]) == 2000.0


def test_hedging_covered_part() -> None:
    halves = symbol(margin_hedged=50000.0)
    # 1 uncovered: 1000; 2 covered at half: 1000
    assert total([buy(3, 1.0), sell(2, 1.0)], [halves]) == 2000.0
    free = symbol(margin_hedged=0.0)
    assert total([buy(3, 1.0), sell(2, 1.0)], [free]) == 1000.0
    assert total([buy(2, 1.0), sell(2, 1.0)], [free]) == 0.0


def test_hedging_in_flight_never_lowers_the_margin() -> None:
    free = symbol(margin_hedged=0.0)
    assert total([buy(3, 1.0), order(1, 1, 1.0)], [free]) == 3000.0


def test_hedging_in_flight_uses_initial_margin_for_its_part() -> None:
    one = symbol(trade_calc_mode=1, margin_initial=300.0, margin_maintenance=200.0, margin_hedged=0.0)
    assert total([buy(2, 1.0), order(0, 1, 1.0)], [one]) == 700.0
    # 4 - 3 = 1 uncovered on the sell side, all of it in flight
    assert total([buy(3, 1.0), sell(1, 1.0), order(1, 3, 1.0)], [one]) == 400.0  # without: 2 x 200
    assert total([buy(1, 1.0), sell(1, 1.0), order(1, 3, 1.0)], [one]) == 900.0


def test_hedging_in_flight_without_a_rate_is_free() -> None:
    free = symbol(
        margin_rates_initial=(0.0, -1.0, *(1.0,) * 6), margin_rates_maintenance=(1.0, 1.0, *(0.0,) * 6)
    )
    assert total([buy(1, 1.0), order(0, 5, 1.0), order(1, 5, 1.0)], [free]) == 1000.0


def test_hedging_larger_leg() -> None:
    one = symbol(margin_flags=4)
    assert total([buy(3, 1.0), sell(2, 1.0)], [one]) == 3000.0
    assert total([buy(3, 1.0), sell(2, 1.0), order(5, 2, 1.0)], [one]) == 4000.0
    assert total([buy(3, 1.0), sell(2, 1.0), order(1, 2, 1.0)], [one]) == 4000.0
    assert total([buy(3, 1.0), sell(2, 1.0), order(1, 2, 1.0, position_id=1)], [one]) == 3000.0


def test_netting_closes_the_opposite_position_first() -> None:
    net = account(NETTING)
    assert total([buy(1, 1.0), order(3, 3, 1.0)], acc=net) == 2000.0
    assert total([sell(1, 1.0), order(2, 3, 1.0)], acc=net) == 2000.0
    assert total([buy(1, 1.0), order(3, 3, 1.0), order(2, 2, 1.0)], acc=net) == 3000.0
    assert total([buy(1, 1.0), order(1, 3, 1.0, position_id=9)], acc=net) == 2000.0
    assert total([buy(1, 1.0), order(8, 3, 1.0)], acc=net) == 1000.0


def test_netting_rounds_each_addition() -> None:
    small = symbol(trade_contract_size=1.0)  # 0.006 each
    orders = [order(2, 0.6, 1.0) for _ in range(3)]
    assert total(orders, [small], account(NETTING)) == 0.03
    assert total(orders, [small], account(HEDGING)) == 0.02


FORTS = symbol(
    trade_calc_mode=34,
    trade_contract_size=1.0,
    trade_tick_value=2.0,
    trade_tick_size=1.0,
    trade_price_settle=100.0,
    trade_price_limit_min=90.0,
    trade_price_limit_max=120.0,
    margin_initial=1000.0,
    margin_maintenance=700.0,
    margin_rate_currency=50.0,
    margin_rates_initial=(1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0),
)


@pytest.mark.parametrize(
    ("kind", "expected"),
    # one tick of distance is 2 x 1.5 = 3
    [
        (0, 1060.0),  # 120 - 100
        (1, 730.0),  # 100 - 90
        (2, 1030.0),  # own price 110
        (3, 670.0),
        (4, 1060.0),
        (5, 730.0),
        (6, 1015.0),  # trigger 105
        (7, 685.0),
    ],
)
def test_forts_in_a_netting_account(kind: int, expected: float) -> None:
    one = order(kind, 1, 110.0, price_trigger=105.0)
    assert total([one], [FORTS], account(NETTING)) == expected


def test_forts_position_and_its_opposite_in_a_netting_account() -> None:
    net = account(NETTING)
    assert total([buy(2, 110.0, 1.5)], [FORTS], net) == 3090.0  # 2 x (1000 + 30) x 1.5
    assert total([sell(2, 110.0)], [FORTS], net) == 1340.0  # 2 x (700 - 30)
    # 6 x (700 - 30) x 1.5 = 6030, less 2 x 670 without a rate
    assert total([buy(2, 110.0), order(3, 6, 110.0, 1.5)], [FORTS], net) == 4690.0


def test_forts_order_rates_count_but_not_in_the_reduction() -> None:
    net = account(NETTING)
    rated = msgspec.structs.replace(FORTS, margin_rates_initial=(1.0, 1.0, 3.0, 3.0, *(1.0,) * 4))
    assert total([order(2, 1, 110.0)], [rated], net) == 3090.0
    held = msgspec.structs.replace(FORTS, margin_rates_maintenance=(2.0, 5.0, *(0.0,) * 6))
    assert total([buy(1, 110.0)], [held], net) == 2060.0
    # 4 x 670 x 3 = 8040, less 670
    assert total([buy(1, 110.0), order(3, 4, 110.0)], [rated], net) == 7370.0


def test_forts_maintenance_is_not_replaced_by_initial() -> None:
    bare = symbol(trade_calc_mode=34, trade_tick_value=2.0, trade_tick_size=1.0, margin_initial=1000.0)
    assert total([sell(1, -10.0)], [bare], account(NETTING)) == 20.0
    assert total([sell(1, -10.0)], [bare], account(HEDGING)) == 1000.0


def test_symbols_add_up() -> None:
    both = [symbol(), symbol("GBPUSD")]
    items = [buy(1, 1.0), sell(2, 1.0, name="GBPUSD"), order(2, 1, 1.0, symbol="GBPUSD")]
    assert total(items, both) == 4000.0
    assert total(items, both, account(NETTING)) == 3000.0  # 1000 + max(2000, 1000 less 2 x 1000)


def test_nothing_open_needs_nothing() -> None:
    assert result([]) == AccountMargin(0.0)


@pytest.mark.parametrize("mode", [EXCHANGE, 3])
def test_exchange_accounts_have_no_figure(mode: int) -> None:
    assert result([buy(1, 1.0)], acc=account(mode)) == AccountMargin(None, (MarginGap("margin_mode"),))


def test_every_symbol_without_a_figure_is_named() -> None:
    odd = symbol("ODD", trade_calc_mode=6)
    found = result([buy(1, 1.0), buy(1, 1.0, name="ODD"), buy(1, 1.0, name="LOST")], [symbol(), odd])
    assert found == AccountMargin(
        None, (MarginGap("calc_mode", "ODD"), MarginGap("symbol_not_loaded", "LOST"))
    )


def test_a_margin_that_is_no_number_is_named() -> None:
    found = result([buy(1, 1.0)], acc=account(margin_leverage=0.0))
    assert found == AccountMargin(float("inf"), (MarginGap("not_finite"),))


def test_spreads_leave_an_upper_bound_in_netting_accounts() -> None:
    found = result([buy(1, 1.0)], acc=account(NETTING), spreads=("EURUSD", "GBPUSD"))
    assert found == AccountMargin(1000.0, (MarginGap("spreads", "EURUSD"),))
    assert result([buy(1, 1.0)], spreads=("EURUSD",)) == AccountMargin(1000.0)


MODES = st.sampled_from([0, 1, 2, 3, 4, 5, 32, 33, 35, 36, 37, 38, 39, 64])
VOLUMES, PRICES, RATES = st.floats(0.01, 100), st.floats(0.0, 1e5), st.floats(0, 10)
POSITIONS = st.builds(
    MarginPosition,
    symbol=st.just("EURUSD"),
    is_buy=st.booleans(),
    volume=VOLUMES,
    price_open=PRICES,
    margin_rate=RATES,
)
ORDERS = st.builds(
    MarginOrder,
    symbol=st.just("EURUSD"),
    order_type=st.integers(0, 8),
    volume=VOLUMES,
    price_order=PRICES,
    price_trigger=PRICES,
    margin_rate=RATES,
    position_id=st.integers(0, 1),
)
EIGHT = st.tuples(*[RATES] * 8)


@given(
    st.lists(POSITIONS, max_size=4),
    st.lists(ORDERS, max_size=4),
    MODES,
    EIGHT,
    EIGHT,
    st.floats(0, 1e5),
    st.sampled_from([0, 4]),
    st.sampled_from([NETTING, HEDGING]),
)
def test_margin_is_never_negative_for_rates_that_are_not(
    positions: list[MarginPosition],
    orders: list[MarginOrder],
    mode: int,
    initial: tuple[float, ...],
    maintenance: tuple[float, ...],
    hedged: float,
    flags: int,
    margin_mode: int,
) -> None:
    one = symbol(
        trade_calc_mode=mode,
        trade_tick_value=1.0,
        trade_tick_size=0.5,
        trade_face_value=100.0,
        margin_hedged=hedged,
        margin_flags=flags,
        margin_rates_initial=initial,
        margin_rates_maintenance=maintenance,
    )
    if margin_mode == NETTING:  # which holds one position of a symbol
        del positions[1:]
    found = total([*positions, *orders], [one], account(margin_mode))
    assert found is not None
    assert found >= 0


@given(st.lists(ORDERS, min_size=1, max_size=3), st.lists(POSITIONS, max_size=3))
def test_in_flight_orders_never_lower_a_hedging_margin(
    orders: list[MarginOrder], positions: list[MarginPosition]
) -> None:
    one = symbol(margin_hedged=30000.0)
    alone, together = total(positions, [one]), total([*positions, *orders], [one])
    assert alone is not None
    assert together is not None
    assert together >= alone
