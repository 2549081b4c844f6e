"""The merge of ticks against docs/protocol.md 5.1 written out word for word, and single rules of 5.1, 5.2."""

import math
import struct
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.bodies import Batch
from protocol.quotes import NEVER, Quotes, SymbolQuotes, TickRow
from protocol.records.market import TICK, Statistics, Tick

# The literal transcription: 7.1, 7.5, 5.1.


def n(x: float, digits: int) -> float:
    """7.1, with IEEE for what is not finite."""
    scale = 10.0 ** min(max(digits, 0), 8)
    if x != x or math.isinf(x):
        return x
    if x >= 0:
        scaled = x * scale + 0.5000001
        return scaled if math.isinf(scaled) else float(math.floor(scaled)) / scale
    scaled = x * scale - 0.5000001
    return scaled if math.isinf(scaled) else float(math.ceil(scaled)) / scale


def ieee_divide(x: float, y: float) -> float:
    if y:
        return x / y
    return math.nan if x == 0 or x != x else math.copysign(math.inf, x) * math.copysign(1, y)


def adjusted(bid: float, ask: float, point: float, digits: int, t: int, e: int) -> tuple[float, float]:
    """7.5."""
    k = t - int(t / 2)
    new_bid = n(bid - point * (k - e), digits) if t > 0 else n(bid - point * (k + e), digits)
    return new_bid, n(new_bid + point * n(ieee_divide(ask - bid, point) + t, 0), digits)


@dataclass
class Slow:
    """One state of 5.1."""

    digits: int
    point: float
    spread_diff: int
    balance: int
    price_close: float | None = None
    bid: float = 0.0
    ask: float = 0.0
    bid_last: float | None = None
    ask_last: float | None = None
    bid_src: float | None = None
    ask_src: float | None = None
    last_last: float = 0.0
    vol_last: int = 0
    fields: int = 0
    tick_time: int = 0
    tick_time_ms: int = 0
    lasttime_bidask: int | None = None
    lasttime_last: int | None = None
    price_change: float | None = None

    def tick(self, row: TickRow) -> bool:
        _, seconds, fields, wire_bid, wire_ask, wire_last, volume, delta, _ = row
        d = min(self.digits, 8)
        # 2
        t = seconds * 1000 + delta
        if (fields & 1 or fields & 2) and self.lasttime_bidask and t < self.lasttime_bidask:
            return False
        if fields & 4 and self.lasttime_last and t < self.lasttime_last:
            return False
        # 3
        self.tick_time, self.tick_time_ms = seconds * 1000, t
        self.fields = 0
        bid_before = self.bid
        # 4
        if fields & 1 and wire_bid != 0:
            self.bid_src = n(wire_bid / 10**d, d)
            self.fields += 1
            self.lasttime_bidask = t
        if fields & 2 and wire_ask != 0:
            self.ask_src = n(wire_ask / 10**d, d)
            self.fields += 2
            self.lasttime_bidask = t
        if fields & 4 and wire_last != 0:
            self.last_last = n(wire_last / 10**d, d)
            self.fields += 4
            self.lasttime_last = t
        # 5
        if fields & 8:
            self.vol_last = volume
            self.fields += 8
        # 7: a side is known once it has a value, and 0 is none
        bid, ask = self.bid_src or 0.0, self.ask_src or 0.0
        if self.spread_diff == 0 or bid == 0 or ask == 0:
            self.bid = self.bid_last = bid
            self.ask = self.ask_last = ask
        else:
            new_bid, new_ask = adjusted(bid, ask, self.point, d, self.spread_diff, self.balance)
            if new_bid > new_ask:
                self.bid, self.ask = bid, ask
            else:
                self.bid = self.bid_last = new_bid
                self.ask = self.ask_last = new_ask
        # 8
        if self.fields & 1 and self.price_close:
            self.price_change = n((bid_before - self.price_close) / self.price_close * 100, 2)
        return True


COMPARED = [
    *("bid", "ask", "bid_last", "ask_last", "bid_src", "ask_src", "last_last", "vol_last", "fields"),
    *("tick_time", "tick_time_ms", "lasttime_bidask", "lasttime_last", "price_change"),
]


def shown(state: Any) -> list[str]:
    """All that is compared, as text: nan equals nan, and 0.0 equals -0.0."""
    values = ((name, None if (value := getattr(state, name)) == NEVER else value) for name in COMPARED)
    return [f"{name}={value + 0.0 if isinstance(value, float) else value!r}" for name, value in values]


NOW = 1_700_000_000
PRICE = st.one_of(
    st.sampled_from([0.0, 0.0, 108000.0, 108002.0, 108003.0, 1e18]),
    st.integers(100_000, 120_000).map(float),
    st.integers(-(2**53), 2**53).map(float),
    st.integers(2**49 - 3, 2**49 + 3).map(float),
    st.floats(),
    st.floats(-1e6, 1e6).map(lambda x: round(x * 2) / 2),
)
ROW = st.tuples(
    st.sampled_from([1, 1, 1, 2, 9]),
    st.integers(NOW - 2, NOW + 5) | st.sampled_from([0, -1, -(2**31), 2**31 - 1]),
    st.integers(0, 15) | st.integers(0, 2**32 - 1),
    PRICE,
    PRICE,
    PRICE,
    st.sampled_from([0, -1, 10**8]) | st.integers(-(2**63), 2**63 - 1),
    st.integers(0, 1500) | st.just(2**32 - 1),
    st.sampled_from([0, 0, 0, 512, 513, 65535, 256]),
)
SMALL = st.integers(-12, 12)
SYMBOL = st.tuples(
    st.sampled_from([5, 5, 3, 0, 8, 9, 20]),
    st.sampled_from([1e-5, 1e-3, 1.0, 0.0, 0.25]),
    st.just(0) | SMALL | st.integers(-(2**31), 2**31 - 1),
    st.just(0) | SMALL,
)
CLOSE = st.none() | st.sampled_from([107900.0, 0.0, -108000.0, 1e-5])


@pytest.mark.slow
@settings(max_examples=400, deadline=None)
@given(st.lists(ROW, max_size=12), SYMBOL, SYMBOL, CLOSE, st.integers(0, 12))
def test_ticks_merge_as_the_document_says(
    rows: list[TickRow],
    one: tuple[int, float, int, int],
    two: tuple[int, float, int, int],
    close: float | None,
    cut: int,
) -> None:
    quotes = Quotes()
    symbols = {1: SymbolQuotes(*one), 2: SymbolQuotes(*two)}
    slow = {(i, late): Slow(*how) for i, how in ((1, one), (2, two)) for late in (False, True)}
    for number, symbol in symbols.items():
        quotes.add(number, symbol)
        if close is not None:  # of the live state only
            quotes.apply_statistics([Statistics(symbol_id=number, fields=1 << 21, price_close=close)])
            slow[number, False].price_close = n(close / 10 ** min(symbol.digits, 8), symbol.digits)
    expected = []
    for row in rows:
        key = (row[0], bool(row[8] & 512))
        if key in slow and slow[key].tick(row):
            state = slow[key]
            price = [state.bid, state.ask, state.last_last]
            expected.append(f"{row[0]} {state.tick_time_ms} {price} {state.vol_last} {state.fields} {key[1]}")
    applied = quotes.apply_ticks(rows[:cut]) + quotes.apply_ticks(rows[cut:])
    told = [
        f"{a.symbol_id} {a.time} {[a.bid, a.ask, a.last]} {a.volume} {a.fields} {a.delayed}" for a in applied
    ]
    assert [t.replace("-0.0", "0.0") for t in told] == [t.replace("-0.0", "0.0") for t in expected]
    for number, symbol in symbols.items():
        assert shown(symbol.live) == shown(slow[number, False])
        assert shown(symbol.delayed) == shown(slow[number, True])


def merged(*ticks: Tick, **symbol: Any) -> SymbolQuotes:
    """A symbol of 5 digits after some ticks, read from bytes as pushes are."""
    quotes = Quotes()
    state = SymbolQuotes(5, 1e-5, **symbol)
    quotes.add(1, state)
    quotes.apply_ticks(Batch(TICK, b"".join(map(TICK.dump, ticks))).rows())
    return state


def tick(fields: int, bid: float = 0.0, ask: float = 0.0, at: int = NOW, **more: Any) -> Tick:
    return Tick(symbol_id=1, tick_time=at, fields=fields, bid=bid, ask=ask, **more)


def test_a_price_of_zero_is_no_price_even_with_its_bit_set() -> None:
    state = merged(tick(3, 108000, 108002), tick(3, 0, 108005)).live
    assert (state.bid, state.ask, state.fields) == (1.08, 1.08005, 2)


def test_an_older_tick_is_dropped_whole() -> None:
    state = merged(tick(1, 108000), tick(9, 109000, at=NOW - 1, tick_volume=5)).live
    assert (state.bid, state.vol_last, state.tick_time) == (1.08, 0, NOW * 1000)


def test_the_same_time_passes_and_volume_alone_is_never_late() -> None:
    state = merged(tick(1, 108000), tick(1, 108001), tick(8, at=NOW - 9, tick_volume=7)).live
    assert (state.bid, state.vol_last, state.fields) == (1.08001, 7, 8)
    assert state.tick_time == (NOW - 9) * 1000


def test_an_older_last_drops_the_record_though_its_bid_is_new() -> None:
    state = merged(
        tick(4, last=108000, time_ms_delta=500), tick(5, 109000, last=108001, time_ms_delta=499)
    ).live
    assert (state.last_last, state.bid) == (1.08, 0.0)


def test_a_stored_time_of_zero_counts_as_unset() -> None:
    state = merged(tick(5, 108000, last=108000, at=0), tick(5, 108001, last=108001, at=-5)).live
    assert (state.bid, state.last_last, state.tick_time) == (1.08001, 1.08001, -5000)


def test_delayed_and_live_quotes_never_mix() -> None:
    state = merged(tick(3, 108000, 108002), tick(3, 107000, 107002, flags=512))
    assert (state.live.bid, state.delayed.bid) == (1.08, 1.07)


def test_a_spread_that_crosses_shows_the_raw_pair_and_keeps_the_last() -> None:
    state = merged(tick(3, 108000, 108020), tick(3, 108010, 108012), spread_diff=-4).live
    assert (state.bid, state.ask) == (1.0801, 1.08012)
    assert (state.bid_last, state.ask_last) == (1.08002, 1.08018)


def test_half_a_pair_is_shown_raw() -> None:
    state = merged(tick(1, 108000), spread_diff=4).live
    assert (state.bid, state.bid_last, state.ask, state.ask_last) == (1.08, 1.08, 0.0, 0.0)


def test_records_of_unknown_symbols_are_ignored() -> None:
    quotes = Quotes()
    assert quotes.apply_ticks([(7, NOW, 1, 1.0, 0.0, 0.0, 0, 0, 0)]) == []
    assert quotes.apply_statistics([Statistics(symbol_id=7, fields=1)]) == []
    assert quotes.symbol(7) is None


def after(*records: Statistics, **symbol: Any) -> SymbolQuotes:
    quotes = Quotes()
    state = SymbolQuotes(5, 1e-5, **symbol)
    quotes.add(1, state)
    assert len(quotes.apply_statistics(records)) == len(records)
    assert quotes.symbol(1) is state
    return state


# Bit, field, wire value, merged value: the table of 5.2, for 5 digits.
STATISTICS = [
    (0, "bid_last", 108000.0, 1.08),
    (1, "bid_high", 108100.0, 1.081),
    (2, "bid_low", 107900.0, 1.079),
    (3, "ask_last", 108000.0, 1.08),
    (4, "ask_high", 108100.0, 1.081),
    (5, "ask_low", 107900.0, 1.079),
    (6, "last_last", 108000.0, 1.08),
    (7, "last_high", 108000.0, 1.08),
    (8, "last_low", 108000.0, 1.08),
    (9, "vol_last", -7, -7),
    (10, "vol_high", 7, 7),
    (11, "vol_low", 7, 7),
    (12, "trade_buy_volume", 7, 7),
    (13, "trade_sell_volume", 7, 7),
    (14, "trade_buy_orders", 7, 7),
    (15, "trade_sell_orders", 7, 7),
    (16, "trade_deals", 7, 7),
    (17, "trade_volume", 7, 7),
    (18, "trade_turnover", 7, 7),
    (19, "trade_interest", 7, 7),
    (20, "price_open", 108000.0, 1.08),
    (21, "price_close", 108000.0, 1.08),
    (22, "price_aw", 108000.0, 1.08),
    (23, "price_change", -1234.0, -12.34),
    (24, "price_volatility", 1234.0, 1.234),
    (25, "price_theoretical", 108000.0, 1.08),
    (34, "price_greeks_delta", 150000, 1.5),
    (35, "price_greeks_theta", 150000, 1.5),
    (36, "price_greeks_gamma", 150000, 1.5),
    (37, "price_greeks_vega", 150000, 1.5),
    (38, "price_greeks_rho", 150000, 1.5),
    (39, "price_greeks_omega", 150000, 1.5),
    (40, "price_sensitivity", 150000, 1.5),
]


@pytest.mark.parametrize(("bit", "name", "wire", "expected"), STATISTICS, ids=[s[1] for s in STATISTICS])
def test_a_statistics_bit_brings_its_field(bit: int, name: str, wire: Any, expected: Any) -> None:
    sent: dict[str, Any] = {name: wire, "symbol_id": 1}
    assert getattr(after(Statistics(fields=1 << bit, **sent)).live, name) == expected
    others = (2**41 - 1) & ~(1 << bit)
    unset = getattr(after(Statistics(fields=others, **sent)).live, name)
    assert not unset
    state = after(Statistics(fields=1 << bit, flags=1, **sent))
    assert getattr(state.delayed, name) == expected
    assert not getattr(state.live, name)


@pytest.mark.parametrize(("bit", "changed"), [(0, 1), (3, 2), (6, 4), (9, 8), (20, 0)])
def test_statistics_tell_the_change_of_the_four_prices_only(bit: int, changed: int) -> None:
    state = after(Statistics(symbol_id=1, fields=1 << bit, bid_last=1.0)).live
    assert (state.fields, state.lasttime_bidask, state.lasttime_last) == (changed, NEVER, NEVER)


def test_the_time_of_statistics_never_goes_back() -> None:
    first = Statistics(symbol_id=1, lasttime=NOW, lasttime_msc=250)
    assert after(first).live.tick_time_ms == NOW * 1000 + 250
    second = after(first, Statistics(symbol_id=1, lasttime=NOW - 5, lasttime_msc=900)).live
    assert (second.tick_time, second.tick_time_ms) == (NOW * 1000, NOW * 1000 + 250)
    assert after(Statistics(symbol_id=1, lasttime=-5, lasttime_msc=1)).live.tick_time_ms == -4999


def test_statistics_adjust_the_last_pair_and_leave_the_shown_one_raw() -> None:
    record = Statistics(symbol_id=1, fields=0b1001, bid_last=108000, ask_last=108010)
    state = after(record, spread_diff=3, spread_diff_balance=1).live
    assert (state.bid, state.ask) == (1.08, 1.0801)
    assert (state.bid_last, state.ask_last) == (1.07999, 1.08012)  # k = 3 - 1 - 1 = 1; 13 points wide
    assert state.bid_src == 1.08


def test_statistics_that_cross_leave_the_last_pair_raw() -> None:
    record = Statistics(symbol_id=1, fields=0b1001, bid_last=108000, ask_last=108010)
    state = after(record, spread_diff=-12).live
    assert (state.bid_last, state.ask_last) == (1.08, 1.0801)


def test_statistics_with_half_a_pair_adjust_nothing() -> None:
    state = after(Statistics(symbol_id=1, fields=1, bid_last=108000), spread_diff=3).live
    assert (state.bid_last, state.ask_last) == (1.08, None)


def test_high_and_low_of_statistics_are_adjusted() -> None:
    record = Statistics(symbol_id=1, fields=0b110110, bid_high=108100, bid_low=1, ask_high=108100, ask_low=1)
    state = after(record, spread_diff=4, spread_diff_balance=1).live
    assert (state.bid_high, state.bid_low) == (1.08099, 1e-5)  # 4 - 2 - 1 = 1 point down; 0 is not shown
    assert (state.ask_high, state.ask_low) == (1.08103, 4e-5)  # 2 + 1 = 3 points up


def test_a_tick_shows_the_change_since_the_close() -> None:
    quotes = Quotes()
    state = SymbolQuotes(5, 1e-5)
    quotes.add(1, state)
    quotes.apply_statistics([Statistics(symbol_id=1, fields=1 << 21, price_close=100000)])
    quotes.apply_ticks([(1, NOW, 1, 110000.0, 0.0, 0.0, 0, 0, 0)])
    assert state.live.price_change == -100.0  # 0 was shown before it
    quotes.apply_ticks([(1, NOW, 1, 120000.0, 0.0, 0.0, 0, 0, 0)])
    assert state.live.price_change == 10.0


def test_a_batch_gives_rows_in_the_order_of_the_layout() -> None:
    wire = struct.pack("<IiI3dqIH", 1, NOW, 15, 1.0, 2.0, 3.0, 4, 5, 6)
    assert list(Batch(TICK, wire).rows()) == [(1, NOW, 15, 1.0, 2.0, 3.0, 4, 5, 6)]
