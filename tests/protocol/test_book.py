"""The merge of books against docs/protocol.md 5.5 written out word for word, and its single rules."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.book import OrderBook
from protocol.records.market import BookLevel

Level = tuple[int, int, int]
Shown = list[tuple[str, str, str]]


def n(x: float, digits: int) -> float:
    """7.1."""
    scale = 10.0 ** min(max(digits, 0), 8)
    if x != x or math.isinf(x):
        return x
    scaled = x * scale + (0.5000001 if x >= 0 else -0.5000001)
    if math.isinf(scaled):
        return scaled
    return float(math.floor(scaled) if x >= 0 else math.ceil(scaled)) / scale


class Slow:
    """5.5: rows of [price, units, lots]."""

    def __init__(self, digits: int, contract_size: float) -> None:
        self.digits, self.contract_size = digits, contract_size
        self.sides: dict[str, list[list[float]]] = {"sell": [], "buy": []}

    def push(self, books_flags: int, levels: list[Level]) -> None:
        if books_flags & 2:
            self.sides = {"sell": [], "buy": []}
        for book_type, wire_price, wire_volume in levels:
            if book_type == 0:
                self.sides = {"sell": [], "buy": []}
            elif book_type in (1, 3):
                self.level(self.sides["sell"], wire_price, wire_volume)
            elif book_type in (2, 4):
                self.level(self.sides["buy"], wire_price, wire_volume)

    def level(self, side: list[list[float]], wire_price: int, wire_volume: int) -> None:
        price = n(wire_price / 10.0 ** min(self.digits, 8), self.digits)
        units = wire_volume / 1e8
        if wire_volume < 0 and wire_volume > -(10**7):
            units = 0.0
        found = [row for row in side if row[0] == price]
        if units == 0:
            for row in found:
                side.remove(row)
            return
        if self.contract_size:
            lots = n(units / self.contract_size, 8)
        else:
            lots = math.copysign(math.inf, units) * math.copysign(1, self.contract_size)
        if not found:
            side.append([price, units, lots])
        elif found[0][1] + units <= 0:
            side.remove(found[0])
        else:
            found[0][1] += units
            found[0][2] += lots

    def shown(self, name: str) -> Shown:
        rows = sorted(self.sides[name], key=lambda row: -row[0])
        return [(repr(a + 0.0), repr(b), repr(c + 0.0)) for a, b, c in rows]


VOLUME = st.one_of(
    st.sampled_from([0, 10**7, -(10**7), 1 - 10**7, -(10**7) - 1, 3 * 10**7, -3 * 10**7, 10**13, -1]),
    st.integers(-(2**63), 2**63 - 1),
)
LEVEL = st.tuples(
    st.sampled_from([1, 1, 2, 2, 3, 4, 0, 5, 255]), st.integers(108000, 108003) | st.integers(-2, 2), VOLUME
)
PUSH = st.tuples(st.sampled_from([0, 0, 0, 2, 3, 1, 4]), st.lists(LEVEL, max_size=6))


def records(levels: list[Level]) -> list[BookLevel]:
    return [BookLevel(book_type=kind, price=price, volume=volume) for kind, price, volume in levels]


def shown(book: OrderBook) -> dict[str, Shown]:
    sides = {"sell": book.sell, "buy": book.buy}
    return {
        name: [(repr(d.price + 0.0), repr(d.units), repr(d.lots + 0.0)) for d in side]
        for name, side in sides.items()
    }


@pytest.mark.slow
@settings(max_examples=300, deadline=None)
@given(
    st.lists(PUSH, max_size=6),
    st.sampled_from([5, 0, 2, 8, 12]),
    st.sampled_from([100000.0, 1.0, 0.1, 3.0, -10.0, 0.0]),
)
def test_books_merge_as_the_document_says(
    pushes: list[tuple[int, list[Level]]], digits: int, contract_size: float
) -> None:
    book, slow = OrderBook(digits, contract_size), Slow(digits, contract_size)
    for flags, levels in pushes:
        book.apply(flags, records(levels))
        slow.push(flags, levels)
        assert shown(book) == {name: slow.shown(name) for name in ("sell", "buy")}


def merged(*pushes: tuple[int, list[Level]], contract_size: float = 1.0) -> OrderBook:
    book = OrderBook(2, contract_size)
    for flags, levels in pushes:
        book.apply(flags, records(levels))
    return book


ONE = 10**8


def test_a_snapshot_replaces_both_sides() -> None:
    book = merged((0, [(1, 101, ONE), (2, 99, ONE)]), (2, [(1, 102, ONE)]))
    assert (book.sell, book.buy) == ([(1.02, 1.0, 1.0)], [])


def test_differences_add_up_and_leave_their_dust() -> None:
    book = merged(*[(0, [(1, 101, volume)]) for volume in (ONE // 10, ONE // 5, -3 * ONE // 10)])
    (left,) = book.sell
    assert left.units == 0.1 + 0.2 - 0.3 == 5.551115123125783e-17


def test_a_sum_of_zero_removes_the_price() -> None:
    assert merged((2, [(2, 99, ONE)]), (0, [(2, 99, -ONE)])).buy == []


def test_a_new_level_is_stored_even_when_negative() -> None:
    assert merged((2, [(2, 99, -ONE)])).buy == [(0.99, -1.0, -1.0)]


def test_a_small_negative_volume_reads_as_zero_and_removes_the_price() -> None:
    assert merged((2, [(1, 101, ONE)]), (0, [(1, 101, -9_999_999)])).sell == []
    kept = merged((2, [(1, 101, ONE)]), (0, [(1, 101, -10_000_000)])).sell
    assert [level.units for level in kept] == [0.9]


def test_a_reset_clears_both_sides_and_unknown_types_do_nothing() -> None:
    assert merged((2, [(1, 101, ONE), (2, 99, ONE), (5, 99, 0)])).buy == [(0.99, 1.0, 1.0)]
    book = merged((2, [(1, 101, ONE), (2, 99, ONE)]), (0, [(0, 0, 0)]))
    assert (book.sell, book.buy) == ([], [])


def test_market_levels_stand_on_their_side_highest_price_first() -> None:
    book = merged((2, [(3, 101, ONE), (1, 103, ONE), (4, 98, ONE), (2, 99, ONE)]))
    assert [level.price for level in book.sell] == [1.03, 1.01]
    assert [level.price for level in book.buy] == [0.99, 0.98]


def test_lots_are_units_by_contract_size() -> None:
    assert merged((2, [(1, 101, 3 * ONE)]), contract_size=7.0).sell == [(1.01, 3.0, 0.42857143)]
