"""Events of market data.  They stand in the market log alone: trade facts never depend on them.

Numbers are doubles rounded to the symbol's digits; None = not known, or not a number.  Times are the
server's wall clock in ms since 1970.
"""

import msgspec

from .fact import Fact


class QuoteTicked(Fact, frozen=True, tag="quote.ticked", gc=False):
    """A tick, merged: the quote as it stands after it."""

    symbol: str
    time: int  # ms of server time
    bid: float | None = None
    ask: float | None = None
    last: float | None = None
    volume: float | None = None  # lots of the last trade
    fields: int = 0  # which the tick changed: 1 bid, 2 ask, 4 last, 8 volume
    delayed: bool = False


class BookLevel(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What stands at a price."""

    price: float
    volume: float  # lots


class BookChanged(Fact, frozen=True, tag="book.changed"):
    """The depth of market as it stands now."""

    symbol: str
    time: int  # ms of server time
    bids: tuple[BookLevel, ...] = ()  # best first
    asks: tuple[BookLevel, ...] = ()  # best first


class StatisticsChanged(Fact, frozen=True, tag="statistics.changed"):
    """The day's statistics, those that changed, by the names of docs/protocol.md 5.2."""

    symbol: str
    time: int  # ms of server time
    values: dict[str, float | int | None] = {}
    delayed: bool = False
