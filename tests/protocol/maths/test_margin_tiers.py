import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.maths.doubles import MAX_DOUBLE
from protocol.maths.margin import AccountMargin, MarginGap
from protocol.maths.margin_input import LeverageTier, Lots, MarginSymbol, RateBuy
from protocol.maths.margin_tiers import Bucket, tier_value, walk
from tests.protocol.maths.margin_scene import (
    HEDGING,
    NETTING,
    account,
    buy,
    order,
    result,
    rule,
    sell,
    symbol,
    tiers,
    total,
)

# A lot of EURUSD costs 1000.  Initial rates 1, 2, 4 at 0-1, 1-3, 3-10 lots; maintenance 10 times that.
STEPS = ((0.0, 1.0, 1.0, 10.0), (1.0, 3.0, 2.0, 20.0), (3.0, 10.0, 4.0, 40.0))


@pytest.mark.parametrize("mode", [0, 1])
def test_positions_take_maintenance_orders_initial_each_from_the_first_tier(mode: int) -> None:
    # 2 lots: 1 x 10 + 1 x 20; in flight 1 lot: 1; pending 4 lots with the lot in flight: 5 lots at a
    # margin of 4000: (1 x 1 + 2 x 2 + 2 x 4) / 5 x 4000
    items = [buy(2, 1.0), order(0, 1, 1.0), order(2, 4, 1.0)]
    assert total(items, rules=[rule(mode, *STEPS)]) == 30000.0 + 1000.0 + 10400.0
    assert total([buy(2, 1.0), order(0, 1, 1.0)], rules=[rule(mode, *STEPS)]) == 31000.0
    assert total([buy(2, 1.0), order(2, 4, 1.0)], rules=[rule(mode, *STEPS)]) == 30000.0 + 9000.0


def test_pendings_without_a_rate_take_no_room_in_the_tiers() -> None:
    one = symbol(margin_rates_initial=(1.0, 1.0, 1.0, 1.0, 0.0, 0.0, 1.0, 1.0))
    assert total([order(2, 1, 1.0), order(4, 5, 1.0)], [one], rules=[rule(1, *STEPS)]) == 1000.0


def test_volume_beyond_the_last_tier_takes_its_rate() -> None:
    assert total([order(2, 12, 1.0)], rules=[rule(1, *STEPS)]) == 1000.0 + 4000.0 + 28000.0 + 8000.0


def test_mode_0_pools_the_symbols_of_a_rule() -> None:
    both = [symbol(), symbol("GBPUSD")]
    items = [buy(1, 1.0), buy(1, 1.0, name="GBPUSD")]
    assert total(items, both, rules=[rule(0, *STEPS)]) == 30000.0
    assert total(items, both, rules=[rule(1, *STEPS)]) == 20000.0


def test_mode_2_pools_the_values_of_a_rule() -> None:
    both = [symbol(), symbol("GBPUSD")]
    items = [buy(1, 1.0), buy(1, 1.0, name="GBPUSD")]
    steps = ((0.0, 100000.0, 1.0, 1.0), (100000.0, MAX_DOUBLE, 5.0, 5.0))
    assert total(items, both, rules=[rule(2, *steps)]) == 6000.0
    assert total(items, both, rules=[rule(3, *steps)]) == 2000.0


def test_each_symbol_follows_the_first_rule_that_matches() -> None:
    both = [symbol(), symbol("GBPUSD")]
    items = [buy(1, 1.0), buy(1, 1.0, name="GBPUSD")]
    rules = [
        rule(0, (0.0, 9.0, 3.0, 3.0), path="*\\GBP*"),
        rule(0, (0.0, 9.0, 7.0, 7.0), path="*\\GBP*"),
    ]
    assert total(items, both, rules=rules) == 4000.0


def test_hedged_volume_counts_by_its_share_of_the_contract() -> None:
    # covered 2 lots at half the contract: volume 1, margin 1000; uncovered 1 lot: volume 1, margin 1000
    half = symbol(margin_hedged=50000.0)
    assert total([buy(3, 1.0), sell(2, 1.0)], [half], rules=[rule(1, *STEPS)]) == 10000.0 + 20000.0


def test_in_flight_volume_is_the_uncovered_part_of_it() -> None:
    # 3 sells in flight against 1 buy: 2 uncovered, all in flight: 1 x 1 + 1 x 2;
    # covered 1 lot at the full contract: maintenance 1 x 10
    items = [buy(1, 1.0), order(1, 3, 1.0)]
    assert total(items, rules=[rule(1, *STEPS)]) == 3000.0 + 10000.0


def test_larger_leg_walks_the_larger_side_alone() -> None:
    # sells: 1 lot held (10), 3 lots ordered, market or not: 1 x 1 + 2 x 2
    one = symbol(margin_flags=4)
    items = [buy(2, 1.0), sell(1, 1.0), order(1, 1, 1.0), order(5, 2, 1.0)]
    assert total(items, [one], rules=[rule(1, *STEPS)]) == 10000.0 + 5000.0


def test_netting_walks_the_larger_side_unreduced() -> None:
    net = account(NETTING)
    # sells 3000 less 1000 against buys 1000: sells, 3 lots: 1 x 1 + 2 x 2
    assert total([buy(1, 1.0), order(3, 3, 1.0)], acc=net, rules=[rule(1, *STEPS)]) == 5000.0
    # sells 1500 less 1000 against buys 1000: buys, maintenance
    assert total([buy(1, 1.0), order(3, 1.5, 1.0)], acc=net, rules=[rule(1, *STEPS)]) == 10000.0


@pytest.mark.parametrize("mode", [NETTING, HEDGING])
def test_a_rule_without_tiers_changes_nothing(mode: int) -> None:
    assert total([buy(2, 1.0), order(2, 1, 1.0)], acc=account(mode), rules=[rule(0)]) == 3000.0


def test_an_unknown_range_mode_needs_no_margin() -> None:
    assert total([buy(2, 1.0)], rules=[rule(4, *STEPS)]) == 0.0


def by_initial(tier: LeverageTier) -> float:
    return tier.margin_rate_initial


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ([(0, 1, 1, 0), (1, 4, 2, 0)], 700.0),
        ([(0, 1, 1, 0), (1, 1, 9, 0), (5, 2, 9, 0), (1, 4, 2, 0)], 700.0),  # no width
        ([(0, 1, 1, 0), (1, MAX_DOUBLE, 9, 0), (0, 9, 3, 0)], 1000.0),  # the last of the list
        ([(0, 1, 1, 0), (MAX_DOUBLE, 1, 9, 0), (0, 9, 3, 0)], 1000.0),
        ([(2, 3, 1, 0), (7, 8, 2, 0)], 700.0),  # only widths count
        ([], 400.0),
    ],
)
def test_walking(steps: list[tuple[float, float, float, float]], expected: float) -> None:
    assert walk(tiers(*steps), Bucket(400.0, 4.0), by_initial, 2) == expected


def test_each_part_is_rounded() -> None:
    steps = [(0.0, 1.0, 0.4, 0.0), (1.0, 2.0, 0.4, 0.0), (2.0, 3.0, 0.4, 0.0)]
    # 0.4 of a cent three times is nothing, all at once a cent
    assert walk(tiers(*steps), Bucket(0.03, 3.0), by_initial, 2) == 0.0
    assert walk(tiers((0.0, 3.0, 0.4, 0.0)), Bucket(0.03, 3.0), by_initial, 2) == 0.01


def test_an_empty_bucket_needs_nothing() -> None:
    assert walk(tiers(*STEPS), Bucket(), by_initial, 2) == 0.0


STEP = st.tuples(st.floats(0, 100), st.floats(0, 100), st.floats(1, 5), st.floats(1, 5))


@given(st.lists(STEP, min_size=1, max_size=6), st.floats(0.01, 1e6), st.floats(0.01, 200))
def test_walking_stays_between_the_extreme_rates(
    steps: list[tuple[float, float, float, float]], margin: float, quantity: float
) -> None:
    rates = [step[2] for step in steps]
    found = walk(tiers(*steps), Bucket(margin, quantity), by_initial, 2)
    slack = 0.0051 * (len(steps) + 1)
    assert margin * min(rates) - slack <= found <= margin * max(rates) + slack


ANY = st.floats(allow_nan=True, allow_infinity=True)


@given(st.lists(st.tuples(ANY, ANY, ANY, ANY), max_size=4), ANY, ANY)
def test_walking_never_raises(
    steps: list[tuple[float, float, float, float]], margin: float, quantity: float
) -> None:
    assert isinstance(walk(tiers(*steps), Bucket(margin, quantity), by_initial, 2), float)


def value(one: MarginSymbol, lots: Lots, rate_buy: RateBuy | None = None, **more: str | int) -> float | None:
    def rates(source: str, target: str) -> float:
        known = {("EUR", "USD"): 1.1, ("EUR", "CHF"): 0.95, ("USD", "USD"): 1.0, ("EUR", "EUR"): 1.0}
        return known.get((source, target), 0.0)

    return tier_value(rule(3, *STEPS, **more), account(), one, lots, rate_buy or rates)


@pytest.mark.parametrize(
    ("mode", "expected"),
    # 2 lots of 10 at 101.5, margin rate 0.5; tick value 0.5, tick size 0.25
    [
        *((mode, 10.0) for mode in (0, 5)),
        *((mode, 1015.0) for mode in (2, 3, 4, 32, 35, 36, 38, 64)),
        *((mode, 203.0) for mode in (1, 33, 34)),
        (37, 10175.0),  # 20 x 1000 x 101.5% = 20300, accrued 20 x 2.5 = 50
        (39, 10175.0),
    ],
)
def test_values_by_calc_mode(mode: int, expected: float) -> None:
    one = symbol(
        trade_calc_mode=mode,
        trade_contract_size=10.0,
        trade_tick_value=0.5,
        trade_tick_size=0.25,
        trade_face_value=1000.0,
        trade_accrued_interest=2.5,
    )
    assert value(one, Lots(2, 101.5, 0.5)) == expected


EURO = symbol(trade_calc_mode=2, trade_contract_size=1.0, currency_base="EUR", currency_margin="EUR")
CROSS = symbol(trade_calc_mode=2, trade_contract_size=1.0, currency_base="EUR", currency_margin="USD")


def test_the_margin_rate_converts_values_of_the_margin_currency() -> None:
    assert value(EURO, Lots(1, 100.0, 1.2345)) == 123.45
    assert value(EURO, Lots(1, 100.0, 1.2345), range_currency="USD") == 123.45


def test_another_base_currency_converts_by_rate_buy() -> None:
    assert value(CROSS, Lots(1, 100.0, 1.2345)) == 110.0
    assert value(CROSS, Lots(1, 100.07, 1.2345), range_currency_digits=0) == 110.0
    assert value(CROSS, Lots(1, 100.07, 1.2345), range_currency_digits=3) == 110.077


def test_another_range_currency_converts_by_rate_buy() -> None:
    assert value(EURO, Lots(1, 100.0, 1.2345), range_currency="CHF") == 95.0
    assert value(EURO, Lots(1, 100.0, 1.2345), range_currency="EUR") == 100.0


def test_a_missing_rate_is_no_value() -> None:
    assert value(EURO, Lots(1, 100.0, 1.2345), range_currency="JPY") is None
    bond = symbol(trade_calc_mode=37, currency_base="EUR", currency_profit="JPY", currency_margin="EUR")
    assert value(bond, Lots(1, 100.0, 1.0)) is None


def test_bonds_convert_from_base_to_profit_currency() -> None:
    bond = symbol(
        trade_calc_mode=37,
        trade_contract_size=1.0,
        trade_face_value=1000.0,
        trade_accrued_interest=2.0,
        currency_base="EUR",
        currency_profit="USD",
        currency_margin="EUR",
    )
    # 1000 x 1.1 + 2, then the margin rate
    assert value(bond, Lots(1, 100.0, 0.5)) == 551.0


def test_a_future_without_tick_size_is_no_error() -> None:
    assert value(symbol(trade_calc_mode=33, trade_tick_value=1.0), Lots(1, 100.0, 1.0)) == math.inf


def test_a_missing_rate_empties_the_margin_with_a_gap() -> None:
    steps = ((0.0, 100.0, 1.0, 1.0),)
    items = [buy(1, 100.0, 1.1), buy(1, 1.0, name="GBPUSD")]
    both = [EURO, symbol("GBPUSD")]
    yen = [rule(3, *steps, range_currency="JPY", path="*\\EUR*")]
    assert result(items, both, rules=yen) == AccountMargin(
        1000.0, (MarginGap("no_conversion_rate", "EURUSD"),)
    )
