"""Books: the wire's scaling (docs/protocol.md 5.5), and that what is shown is what fills."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from oms.paper.catalog import Instrument, default_instruments
from oms.paper.depth import Fills, consume, levels, liquidity
from oms.paper.model import LOT, Price
from protocol.enums import Side
from protocol.records.market import BookLevel

ALL = default_instruments()
BY_NAME = {one.spec.trade_symbol: one for one in ALL}
EURUSD = replace(BY_NAME["EURUSD"], depth_lots=(LOT, 3 * LOT // 2, 4 * LOT))
PRICE = Price(1.08, 1.08002, 0.0, 0)


def test_a_snapshot_has_scaled_prices_and_units_and_starts_at_the_quote() -> None:
    # 1.5 lots of 100 000 are 150 000 units, × 10^8
    assert levels(EURUSD, PRICE) == [
        BookLevel(book_type=1, price=108_002, volume=100_000 * LOT),
        BookLevel(book_type=1, price=108_003, volume=150_000 * LOT),
        BookLevel(book_type=1, price=108_004, volume=400_000 * LOT),
        BookLevel(book_type=2, price=108_000, volume=100_000 * LOT),
        BookLevel(book_type=2, price=107_999, volume=150_000 * LOT),
        BookLevel(book_type=2, price=107_998, volume=400_000 * LOT),
    ]


def test_a_buy_meets_the_sell_side_and_a_sell_the_buy_side() -> None:
    assert liquidity(EURUSD, PRICE, Side.BUY)[:2] == [(1.08002, LOT), (1.08003, 3 * LOT // 2)]
    assert liquidity(EURUSD, PRICE, Side.SELL)[:2] == [(1.08, LOT), (1.07999, 3 * LOT // 2)]


@pytest.mark.parametrize("one", ALL, ids=list(BY_NAME))
def test_what_is_shown_is_what_fills_a_tick_apart(one: Instrument) -> None:
    spec, tick = one.spec, one.spec.trade_tick_size
    bid = round(round(one.start / tick) * tick, spec.digits)
    price = Price(bid, round(bid + one.spread_points * tick, spec.digits), 0.0, 0)
    shown = levels(one, price)
    if not spec.trade.permissions_flags & 1:
        assert shown == []
    for kind, side in ((1, Side.BUY), (2, Side.SELL)):
        real = liquidity(one, price, side)
        assert real[0][0] == (price.ask if side == Side.BUY else price.bid)
        steps = [(b[0] - a[0]) / tick for a, b in pairwise(real)]
        assert steps == pytest.approx([1.0 if side == Side.BUY else -1.0] * len(steps))
        mine = [level for level in shown if level.book_type == kind]
        assert len(mine) == (spec.trade.permissions_bookdepth if shown else 0)
        for level, (at, lots) in zip(mine, real, strict=False):
            assert level.price / 10**spec.digits == at
            assert level.volume == lots * int(spec.trade_contract_size)


def test_a_symbol_without_a_quote_has_no_book() -> None:
    nothing = Price(0.0, 0.0, 0.0, 0)
    assert levels(EURUSD, nothing) == []
    assert liquidity(EURUSD, nothing, Side.BUY) == []


def test_no_level_stands_at_zero_or_below() -> None:
    assert liquidity(EURUSD, Price(0.00002, 0.00003, 0.0, 0), Side.SELL) == [
        (0.00002, LOT),
        (0.00001, 3 * LOT // 2),
    ]


def test_an_order_walks_the_book_and_stops_at_its_limit() -> None:
    book = liquidity(EURUSD, PRICE, Side.BUY)
    assert consume(book, 2 * LOT, Side.BUY) == Fills(((1.08002, LOT), (1.08003, LOT)), 0)
    assert consume(book, 2 * LOT, Side.BUY, 1.08002) == Fills(((1.08002, LOT),), LOT)
    assert consume(book, LOT, Side.BUY, 1.08) == Fills((), LOT)
    assert consume(book, 7 * LOT, Side.BUY).rest == LOT // 2
    sells = liquidity(EURUSD, PRICE, Side.SELL)
    assert consume(sells, 2 * LOT, Side.SELL, 1.08) == Fills(((1.08, LOT),), LOT)


@given(st.lists(st.integers(1, 10**10), max_size=8), st.integers(1, 10**11), st.sampled_from(Side))
def test_nothing_is_made_or_lost_by_an_order(lots: list[int], volume: int, side: Side) -> None:
    book = liquidity(replace(EURUSD, depth_lots=tuple(lots)), PRICE, side)
    fills = consume(book, volume, side)
    done = [part for _, part in fills.parts]
    assert sum(done) + fills.rest == volume
    assert fills.rest == max(0, volume - sum(lots))
    assert all(part > 0 for part in done)
    assert all(part <= there for part, there in zip(done, lots, strict=False))
