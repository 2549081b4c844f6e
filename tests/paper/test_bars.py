"""Bars: what docs/protocol.md 4.6 and 4.11 ask of them, and what the ticks said."""

from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oms.paper.bars import KEPT, MINUTE, Bars
from oms.paper.catalog import default_instruments, quoted
from oms.paper.feed import Tick
from oms.paper.model import LOT
from protocol.enums import Timeframe
from protocol.records.market import Rate

ALL = default_instruments()
BY_NAME = {one.spec.trade_symbol: one for one in ALL}
PERIODS = [period for period in Timeframe if period]

M1, M5, M30, H1, H4, D1, W1, MN1 = (
    Timeframe.M1,
    Timeframe.M5,
    Timeframe.M30,
    Timeframe.H1,
    Timeframe.H4,
    Timeframe.D1,
    Timeframe.W1,
    Timeframe.MN1,
)
END = 2**31 - 1
DAY = 86_400


def at(*when: int) -> int:
    return int(datetime(*when, tzinfo=UTC).timestamp())  # type: ignore[misc, arg-type]


NOON = at(2026, 11, 18, 12)  # a Wednesday, server time


def eurusd(bid: float, last: float = 0.0, volume: int = 0, symbol: str = "EURUSD") -> Tick:
    return Tick(symbol, 0, bid, bid + 0.00002, last, volume)


def test_a_bar_holds_open_high_low_close_and_the_number_of_ticks() -> None:
    bars = Bars(ALL, 1, NOON)
    for second, bid in ((0, 1.08), (10, 1.0803), (20, 1.0799), (59, 1.0801), (60, 1.0802)):
        bars.add(eurusd(bid), (NOON + second) * 1000 + 999)
    assert bars.rates("EURUSD", M1, NOON, END) == [
        Rate(NOON, 1.08, 1.0803, 1.0799, 1.0801, 4, 0.0),
        Rate(NOON + 60, 1.0802, 1.0802, 1.0802, 1.0802, 1, 0.0),
    ]
    assert bars.rates("EURUSD", M5, NOON, END) == [Rate(NOON, 1.08, 1.0803, 1.0799, 1.0802, 5, 0.0)]


def test_a_chart_by_last_takes_the_last_price_and_sums_the_lots() -> None:
    bars = Bars(ALL, 1, NOON)
    for last, volume in ((0.0, 0), (190.5, 100 * LOT), (190.52, 50 * LOT), (190.52, 0)):
        bars.add(eurusd(190.0, last, volume, "AAPL"), NOON * 1000)
    assert bars.rates("AAPL", M1, NOON, NOON) == [Rate(NOON, 190.5, 190.52, 190.5, 190.52, 3, 150.0)]


@pytest.mark.parametrize("symbol", ["EURUSD", "GBPUSD", "AAPL", "JP225"])
@pytest.mark.parametrize("period", PERIODS)
def test_bars_are_aligned_as_the_terminal_demands_and_in_order(symbol: str, period: Timeframe) -> None:
    bars = Bars(ALL, 1, NOON)
    bars.add(eurusd(BY_NAME[symbol].start, BY_NAME[symbol].start, 0, symbol), NOON * 1000)
    rates = bars.rates(symbol, period, 0, END)
    assert len(rates) > 10
    assert all(one.time < other.time for one, other in pairwise(rates))
    for rate in rates:
        moment = datetime.fromtimestamp(rate.time, UTC)
        clock = (moment.hour, moment.minute, moment.second)
        match period:
            case Timeframe.H1:
                assert clock[1:] == (0, 0)
            case Timeframe.H4:
                assert (clock[0] % 4, *clock[1:]) == (0, 0, 0)
            case Timeframe.D1:
                assert clock == (0, 0, 0)
            case Timeframe.W1:
                assert (moment.isoweekday(), *clock) == (7, 0, 0, 0)
            case Timeframe.MN1:
                assert (moment.day, *clock) == (1, 0, 0, 0)
            case _:
                assert (clock[1] % int(period), clock[2]) == (0, 0)


@pytest.mark.parametrize("symbol", list(BY_NAME))
def test_the_past_is_sound_on_the_grid_inside_the_sessions_and_meets_the_first_price(symbol: str) -> None:
    one, bars = BY_NAME[symbol], Bars(ALL, 1, NOON)
    start = round(one.start * 1.01 / one.spec.trade_tick_size) * one.spec.trade_tick_size
    bars.add(eurusd(start, start, 0, symbol), NOON * 1000)
    for period in PERIODS:
        for rate in bars.rates(symbol, period, 0, END):
            assert rate.low <= min(rate.open, rate.close) <= max(rate.open, rate.close) <= rate.high
            assert rate.low > 0
            assert rate.tick_volume >= 1
            assert rate.high == round(rate.high, one.spec.digits) or rate.time + 2678400 > NOON
    minutes = bars.rates(symbol, M1, 0, NOON - 1)
    assert minutes[-1].close == pytest.approx(start)
    assert all(quoted(one.spec, rate.time) for rate in minutes)
    assert all(before.close == after.open for before, after in pairwise(minutes))


def test_the_past_comes_from_the_seed() -> None:
    def day(seed: int) -> list[Rate]:
        return Bars(ALL, seed, NOON).rates("EURUSD", H1, 0, END)

    assert day(1) == day(1) != day(2)
    assert day(1)[-1].close == BY_NAME["EURUSD"].start


TICKS = st.lists(
    st.tuples(st.integers(0, 5000), st.integers(107_000, 109_000), st.integers(0, 3)),
    min_size=1,
    max_size=120,
)


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(TICKS, st.integers(NOON - 40 * DAY, NOON))
def test_every_period_says_of_the_ticks_what_the_ticks_say(
    steps: list[tuple[int, int, int]], start: int
) -> None:
    bars, seconds = Bars(ALL, 3, start), start
    told: list[tuple[int, float, int]] = []
    for step, points, volume in steps:
        seconds += step
        told.append((seconds, points / 1e5, volume * LOT))
        bars.add(Tick("EURUSD", 0, points / 1e5, 2.0, 0.0, volume * LOT), seconds * 1000)
    first_minute = start + steps[0][0] - (start + steps[0][0]) % 60
    for period in PERIODS:
        rates = bars.rates("EURUSD", period, 0, END)
        for rate, following in zip(rates, [*rates[1:], None], strict=True):
            if rate.time < first_minute:
                continue  # in part a past that never was
            inside = [t for t in told if rate.time <= t[0] and (following is None or t[0] < following.time)]
            prices = [price for _, price, _ in inside]
            assert (rate.open, rate.high, rate.low, rate.close) == (
                prices[0],
                max(prices),
                min(prices),
                prices[-1],
            )
            assert rate.tick_volume == len(inside)
            assert rate.real_volume == sum(volume for _, _, volume in inside) / LOT


def test_longer_bars_are_made_of_the_shorter_ones_across_the_seam() -> None:
    bars = Bars(ALL, 1, NOON)
    for minute in range(300):
        bars.add(eurusd(1.08 + minute / 1e5), (NOON + 60 * minute) * 1000)
    today = NOON - NOON % DAY
    minutes, hours = bars.rates("EURUSD", M1, today, END), bars.rates("EURUSD", H1, today, END)
    (day,) = bars.rates("EURUSD", D1, today, END)
    for parts in (minutes, hours):
        assert (day.open, day.close) == (parts[0].open, parts[-1].close)
        assert (day.high, day.low) == (max(p.high for p in parts), min(p.low for p in parts))
        assert day.tick_volume == sum(p.tick_volume for p in parts)


def test_a_clock_set_back_makes_no_bar_twice() -> None:
    bars = Bars(ALL, 1, NOON)
    for seconds, bid in ((0, 1.08), (60, 1.081), (60 - 3600, 1.07), (60, 1.082), (120, 1.083)):
        bars.add(eurusd(bid), (NOON + seconds) * 1000)
    rates = bars.rates("EURUSD", M1, NOON, END)
    assert [(rate.time - NOON, rate.low, rate.close) for rate in rates] == [
        (0, 1.08, 1.08),
        (60, 1.07, 1.082),
        (120, 1.083, 1.083),
    ]


def test_memory_is_bounded_and_what_is_left_is_whole() -> None:
    bars = Bars(ALL, 1, NOON)
    for minute in range(2 * KEPT[MINUTE] + 17):
        bars.add(eurusd(1.08), (NOON + 60 * minute) * 1000)
    minutes = bars.rates("EURUSD", M1, 0, END)
    assert KEPT[MINUTE] <= len(minutes) <= KEPT[MINUTE] + 1
    half_hours = bars.rates("EURUSD", M30, 0, END)
    assert half_hours[0].time % 1800 == 0
    assert {rate.tick_volume for rate in half_hours[:-1]} == {30}


def test_only_bars_that_open_in_the_window_are_told() -> None:
    bars = Bars(ALL, 1, NOON)
    for minute in range(5):
        bars.add(eurusd(1.08), (NOON + 60 * minute) * 1000)
    times = [rate.time - NOON for rate in bars.rates("EURUSD", M1, NOON + 60, NOON + 180)]
    assert times == [60, 120, 180]
    assert bars.rates("EURUSD", M1, NOON + 180, NOON + 60) == []


@pytest.mark.parametrize(("symbol", "period"), [("NOPE", 1), ("EURUSD", 0), ("EURUSD", 2)])
def test_what_is_not_known_has_no_bars(symbol: str, period: int) -> None:
    bars = Bars(ALL, 1, NOON)
    bars.add(eurusd(1.0, symbol="NOPE"), NOON * 1000)
    assert bars.rates(symbol, period, 0, END) == []
