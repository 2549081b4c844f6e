"""What holds of the margin of any account: it is not negative, and nothing strange is an exception."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from protocol.enums import CalcMode, MarginMode, OrderType, RangeMode, Side
from protocol.records.account import LeverageRule, TradeSettings
from protocol.records.trade import Order, Position

from .test_margin import LOT, account, needed, order, position, rule, settings
from .test_money import forex

LOTS = st.integers(1, 10**11).map(lambda volume: volume / LOT)
PRICES = st.floats(0.0001, 100_000)
RATES = st.floats(0, 1000)
EIGHT = st.tuples(*[RATES] * 8)
POSITIONS = st.builds(position, st.sampled_from(Side), LOTS, PRICES, RATES)
ORDERS = st.builds(
    order,
    st.sampled_from(OrderType),
    LOTS,
    PRICES,
    st.floats(0.001, 1000),
    price_trigger=PRICES,
    position_id=st.integers(0, 1),
)
SETTINGS = st.builds(
    settings,
    margin_flags=st.sampled_from([0, 4]),
    margin_initial=st.sampled_from([0.0, 1000.0]),
    margin_maintenance=st.sampled_from([0.0, 500.0]),
    margin_hedged=st.sampled_from([0.0, 700.0, 100_000.0]),
    margin_rates_initial=EIGHT,
    margin_rates_maintenance=EIGHT,
)
RULES = st.lists(st.builds(rule, st.sampled_from(RangeMode)), max_size=1)
MODES = st.sampled_from(
    sorted({*CalcMode} - {CalcMode.EXCH_FUTURES_FORTS})
)  # 34 may earn on the way to settlement


@given(
    st.sampled_from([MarginMode.RETAIL_HEDGING, MarginMode.RETAIL_NETTING]),
    st.lists(POSITIONS, max_size=4),
    st.lists(ORDERS, max_size=4),
    MODES,
    SETTINGS,
    RULES,
)
def test_margin_is_not_negative(
    mode: MarginMode,
    held: list[Position],
    orders: list[Order],
    calc: CalcMode,
    terms: TradeSettings,
    rules: list[LeverageRule],
) -> None:
    netted = held[:1] if mode == MarginMode.RETAIL_NETTING else held
    spec = forex("EURUSD", trade_calc_mode=calc, trade_tick_value=0.5, trade_tick_size=0.25, trade=terms)
    dollars = msgspec.structs.replace(
        spec, currency_base="USD", currency_margin="USD", trade_face_value=1000.0
    )
    margin = needed(account(netted, orders, mode), dollars, rules=rules)
    if not rules:  # only a rule may find nothing to measure by
        assert margin is not None
    assert margin is None or margin >= 0


@given(
    st.sampled_from([MarginMode.RETAIL_HEDGING, MarginMode.RETAIL_NETTING]),
    st.lists(st.builds(position, st.sampled_from(Side), LOTS, st.floats(), st.floats()), max_size=2),
    st.lists(st.builds(order, st.sampled_from(OrderType), LOTS, st.floats(), st.floats()), max_size=2),
    st.sampled_from(CalcMode),
    st.floats(),
    st.floats(),
    st.floats(),
    RULES,
)
def test_nothing_strange_is_more_than_no_number(
    mode: MarginMode,
    held: list[Position],
    orders: list[Order],
    calc: CalcMode,
    contract: float,
    tick: float,
    number: float,
    rules: list[LeverageRule],
) -> None:
    terms = settings(margin_initial=number, margin_hedged=tick, margin_rates_maintenance=(contract,) * 8)
    spec = forex(
        "EURUSD", trade_calc_mode=calc, trade_contract_size=contract, trade_tick_size=tick, trade=terms
    )
    margin = needed(account(held, orders, mode), spec, rules=rules)
    assert margin is None or margin.is_finite()
