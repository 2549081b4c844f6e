"""Merged market data (docs/protocol.md 5.1, 5.2, 5.5) as events of the market log.

Doubles as the official client has them; None for what is not a number.
"""

from math import isfinite

from oms.domain.events import BookChanged, QuoteTicked, StatisticsChanged
from oms.domain.events.market import BookLevel
from protocol.book import Depth, OrderBook
from protocol.quotes import DELAYED_STATISTICS, STATISTICS_FIELDS, Quote, QuoteTick
from protocol.records.market import Book, Statistics

from .reading import storable

LOT = 100_000_000
DAY_MS = 86_400_000
LARGEST_INTEGER = 2**53
PRICE_CHANGE_BIT = 23
# The current prices and the extremes of bid and ask, which the merge handles apart from the rest.
_ADJUSTED = {0: "bid_last", 1: "bid_high", 2: "bid_low", 3: "ask_last", 4: "ask_high", 5: "ask_low"}
_LAST = {6: "last_last", 9: "vol_last", PRICE_CHANGE_BIT: "price_change"}
FIELDS = tuple(sorted((_ADJUSTED | _LAST | {one.bit: one.name for one in STATISTICS_FIELDS}).items()))


def quote(tick: QuoteTick, symbol: str) -> QuoteTicked:
    """A tick."""
    return QuoteTicked(
        storable(symbol),
        tick.time,
        _number(tick.bid),
        _number(tick.ask),
        _number(tick.last),
        tick.volume / LOT,
        tick.fields,
        tick.delayed,
    )


def book(head: Book, merged: OrderBook, symbol: str) -> BookChanged:
    """A book as it stands after a push; best prices first."""
    at = head.books_time * 1000 + head.time_msc
    return BookChanged(storable(symbol), at, _levels(merged.buy), _levels(merged.sell[::-1]))


def statistics(record: Statistics, merged: Quote, symbol: str) -> StatisticsChanged:
    """The statistics that a push set, by name, as the merge left them."""
    values = {name: _figure(getattr(merged, name)) for bit, name in FIELDS if record.fields >> bit & 1}
    at = record.lasttime * 1000
    if 0 <= record.lasttime_msc < DAY_MS:  # more is not a part of a time
        at += record.lasttime_msc
    return StatisticsChanged(storable(symbol), at, values, bool(record.flags & DELAYED_STATISTICS))


def _levels(side: list[Depth]) -> tuple[BookLevel, ...]:
    return tuple(
        BookLevel(level.price, level.lots) for level in side if isfinite(level.price) and isfinite(level.lots)
    )


def _figure(value: float | None) -> float | int | None:
    """An integer that JSON readers cannot hold exactly becomes a double."""
    if value is None or (isinstance(value, int) and abs(value) < LARGEST_INTEGER):
        return value
    return _number(float(value))


def _number(value: float) -> float | None:
    return value if isfinite(value) else None
