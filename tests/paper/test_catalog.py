"""The default symbols make sense by docs/protocol.md 4.2, 4.5, 7; their weeks open and close as they say."""

from math import isclose
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oms.paper import hours
from oms.paper.catalog import (
    Instrument,
    default_instruments,
    last_quoted,
    next_quoted,
    quoted,
    quoted_until,
    tradable,
)
from oms.paper.model import LOT
from protocol.records.symbols import FULL_SYMBOL, FullSymbol, Schedule

ALL = default_instruments()
BY_NAME = {one.spec.trade_symbol: one for one in ALL}
EACH = pytest.mark.parametrize("one", ALL, ids=list(BY_NAME))

SUNDAY = 1_795_305_600  # 2026-11-22 00:00
SATURDAY_NOON = SUNDAY - 12 * 3600
HOUR, DAY = 3600, 86_400

REHEARSAL = {"EURUSD": 2, "EURUSD.req": 0, "EURUSD.ins": 1, "EURUSD.exc": 3}


def test_there_are_more_than_thirty_with_ids_from_one_and_different_names() -> None:
    assert len(ALL) > 30
    assert [one.spec.symbol_id for one in ALL] == list(range(1, len(ALL) + 1))
    assert len(BY_NAME) == len(ALL)


def test_every_kind_that_the_venue_promises_is_there() -> None:
    modes = {one.spec.trade_calc_mode for one in ALL}
    assert {0, 2, 3, 4, 5, 32, 33} <= modes
    assert {one.spec.trade.trade_exemode for one in ALL} == {0, 1, 2, 3}
    assert {one.spec.trade.trade_mode for one in ALL} == {1, 2, 3, 4}
    assert {0, 1, 5} <= {one.spec.trade.swap_mode for one in ALL}
    assert {one.spec.digits for one in ALL if one.spec.trade_calc_mode == 0} >= {3, 5}
    assert any(one.spec.trade.trade_stops_level >= 500 for one in ALL)
    assert any("." in name and name.rpartition(".")[2] == "x" for name in BY_NAME)
    future = next(one for one in ALL if one.spec.trade_calc_mode == 33)
    assert future.spec.time_expiration > SUNDAY
    assert future.spec.trade.margin_initial > 0


@EACH
def test_prices_lie_on_the_point_and_the_tick(one: Instrument) -> None:
    spec = one.spec
    assert spec.point == float(f"1e-{spec.digits}")
    ticks = spec.trade_tick_size / spec.point
    assert isclose(ticks, round(ticks))
    assert round(ticks) >= 1
    steps = one.start / spec.trade_tick_size
    assert isclose(steps, round(steps), rel_tol=1e-12)
    assert one.spread_points >= 1


@EACH
def test_one_tick_of_one_lot_is_worth_the_tick_value(one: Instrument) -> None:
    spec = one.spec
    # 7.2: c·S − o·S for most, (c − o)·L·tv / ts for futures: both must be the same money.
    assert isclose(spec.trade_tick_value, spec.trade_contract_size * spec.trade_tick_size)


@EACH
def test_a_lot_at_the_start_needs_a_margin_one_can_think_of(one: Instrument) -> None:
    spec, trade = one.spec, one.spec.trade
    assert trade.margin_rates_initial == trade.margin_rates_maintenance == (1.0,) * 8
    size, price = spec.trade_contract_size, one.start
    margin = {  # 7.4, leverage 100, in margin currency
        0: size / 100,
        5: size,
        2: size * price,
        3: size * price / spec.trade_tick_size * spec.trade_tick_value,
        4: size * price / 100,
        32: size * price,
        33: trade.margin_initial,
    }[spec.trade_calc_mode]
    dollars = {"JPY": 150.0}.get(spec.currency_margin, 1.0)
    if spec.trade_calc_mode == 3:
        assert isclose(margin, size * price * spec.trade_contract_size)
    assert 1 <= margin / dollars <= 110_000
    assert trade.margin_hedged > 0


@EACH
def test_currencies_fit_the_formulas(one: Instrument) -> None:
    spec = one.spec
    if spec.trade_calc_mode in (0, 5):
        assert spec.trade_symbol[:6] == spec.currency_base + spec.currency_profit
        assert spec.currency_margin == spec.currency_base
    else:
        assert spec.currency_margin == spec.currency_profit
    for kind in ("base", "profit", "margin"):
        expected = 0 if getattr(spec, f"currency_{kind}") == "JPY" else 2
        assert getattr(spec, f"currency_{kind}_digits") == expected


@EACH
def test_volumes_are_whole_steps_between_least_and_largest(one: Instrument) -> None:
    trade = one.spec.trade
    assert 0 < trade.volume_min <= trade.volume_max
    assert trade.volume_min % trade.volume_step == 0
    assert trade.volume_max % trade.volume_step == 0
    assert trade.volume_limit % trade.volume_step == 0
    assert all(lots > 0 and lots % trade.volume_step == 0 for lots in one.depth_lots)


@EACH
def test_the_swap_has_a_triple_day_where_its_rates_have_one(one: Instrument) -> None:
    trade = one.spec.trade
    assert len(trade.swap_rates) == 7
    if trade.swap_rollover3days < 7:
        assert trade.swap_rates[trade.swap_rollover3days] == 3.0
        assert sum(trade.swap_rates) == 7
    else:
        assert len(set(trade.swap_rates)) == 1


@EACH
def test_path_book_and_feed_are_sound_and_the_wire_holds_it_all(one: Instrument) -> None:
    spec = one.spec
    assert spec.trade.symbol_path.split("\\")[-1] == spec.trade_symbol
    assert len(spec.trade_symbol) <= 31
    if spec.trade.permissions_flags & 1:
        assert spec.trade.permissions_bookdepth == spec.ticks_bookdepth <= len(one.depth_lots)
    assert 0 < one.volatility < 0.001
    assert one.ticks_per_second >= 1
    assert sum(weight**2 for _, weight in one.factors) <= 1 + 1e-9
    assert one.has_last == (spec.trade_calc_mode >= 32) == (spec.ticks_chart_mode == 1)
    assert FULL_SYMBOL.load(FULL_SYMBOL.dump(spec)) == spec


@EACH
def test_it_trades_only_while_it_is_quoted_and_not_always_closed(one: Instrument) -> None:
    spec = one.spec
    week = range(SUNDAY, SUNDAY + 7 * DAY, 300)
    traded = [at for at in week if tradable(spec, at)]
    assert traded
    assert all(quoted(spec, at) for at in traded)


def test_the_four_rehearsal_symbols_differ_in_execution_alone() -> None:
    def but_for_execution(spec: FullSymbol) -> dict[str, Any]:
        trade = {name: getattr(spec.trade, name) for name in spec.trade.__struct_fields__}
        fields = {name: getattr(spec, name) for name in spec.__struct_fields__} | {"trade": trade}
        for name in ("trade_symbol", "symbol_id"):
            del fields[name]
        for name in ("symbol_path", "trade_exemode", "trade_fill_flags"):
            del trade[name]
        return fields

    specs = {name: BY_NAME[name].spec for name in REHEARSAL}
    assert {name: spec.trade.trade_exemode for name, spec in specs.items()} == REHEARSAL
    fills = {name: spec.trade.trade_fill_flags for name, spec in specs.items()}
    assert fills == {"EURUSD": 3, "EURUSD.req": 3, "EURUSD.ins": 3, "EURUSD.exc": 7}
    for spec in specs.values():
        assert but_for_execution(spec) == but_for_execution(specs["EURUSD"])
    eurusd = specs["EURUSD"].trade
    assert (eurusd.trade_order_flags, eurusd.trade_time_flags) == (127, 15)
    assert (eurusd.permissions_flags, eurusd.permissions_bookdepth) == (1, 5)
    assert (eurusd.volume_min, eurusd.volume_max, eurusd.volume_step) == (LOT // 100, 100 * LOT, LOT // 100)
    assert (specs["EURUSD"].trade_contract_size, eurusd.symbol_path) == (100_000, "Forex\\EURUSD")
    assert all(BY_NAME[name].ticks_per_second * 2 / 3 >= 5 for name in REHEARSAL)


def test_on_a_saturday_the_rehearsal_symbols_and_crypto_are_open() -> None:
    open_now = {name for name, one in BY_NAME.items() if tradable(one.spec, SATURDAY_NOON)}
    assert open_now == {*REHEARSAL, "BTCUSD", "ETHUSD"}


def test_forex_is_quoted_from_sunday_22_to_friday_22() -> None:
    spec = BY_NAME["GBPUSD"].spec
    opens, closes = SUNDAY + 22 * HOUR, SUNDAY + 5 * DAY + 22 * HOUR
    assert [quoted(spec, at) for at in (opens - 1, opens, closes - 1, closes)] == [False, True, True, False]
    assert next_quoted(spec, SATURDAY_NOON) == opens
    assert last_quoted(spec, SATURDAY_NOON) == SUNDAY - DAY - 2 * HOUR - 1
    assert quoted_until(spec, opens + 5) == SUNDAY + DAY  # a new day is a new session


def test_triangles_of_currencies_close_at_the_start() -> None:
    start = {name: one.start for name, one in BY_NAME.items()}
    for base, quote in (("EUR", "JPY"), ("GBP", "JPY"), ("AUD", "JPY")):
        assert isclose(start[f"{base}USD"] * start["USDJPY"], start[base + quote], rel_tol=1e-5)


def test_an_expired_symbol_is_neither_quoted_nor_traded() -> None:
    spec = BY_NAME["BRN.dec30.x"].spec
    end = spec.time_expiration
    assert not any((quoted(spec, end), tradable(spec, end)))
    assert next_quoted(spec, end) is None
    before = last_quoted(spec, end + 30 * DAY)
    assert before is not None
    assert quoted(spec, before)
    assert end - DAY <= before < end


SESSION_LISTS = st.lists(st.integers(0, 1440), max_size=8, unique=True).map(
    lambda edges: list(zip(*[iter(sorted(edges))] * 2, strict=False))
)
WEEKS = st.dictionaries(st.integers(0, 6), SESSION_LISTS, max_size=7)


@pytest.mark.slow
@given(WEEKS, st.integers(0, 14 * DAY))
def test_openings_closings_and_what_is_open_agree(days: dict[int, list[tuple[int, int]]], at: int) -> None:
    sessions = hours.week(days)
    spec = FullSymbol(schedule=Schedule(sessions, sessions))
    at += 30 * DAY
    marks = range(at - at % 60, at + 9 * DAY, 60)
    expected = at if quoted(spec, at) else next((t for t in marks if t >= at and quoted(spec, t)), None)
    assert next_quoted(spec, at) == expected
    end = quoted_until(spec, at)
    if quoted(spec, at):
        assert all(quoted(spec, t) for t in range(at, end))
        assert (
            end % DAY == 0
            or not quoted(spec, end)
            or any(end % DAY == opens * 60 for opens, _ in days[hours.weekday(end)])
        )
    else:
        assert end == at
    last = last_quoted(spec, at)
    if last is not None:
        assert last <= at
        assert quoted(spec, last)
        assert last == at or not any(quoted(spec, t) for t in range(last + 1, at + 1, 60))


@pytest.mark.parametrize(
    "sessions", [[(5, 5)], [(10, 20), (15, 30)], [(0, 1441)], [(n, n + 1) for n in range(17)]]
)
def test_sessions_that_no_day_can_hold_are_refused(sessions: list[tuple[int, int]]) -> None:
    with pytest.raises(ValueError, match="day 3"):
        hours.week({3: sessions})
