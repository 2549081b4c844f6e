"""The book of a symbol, made from its quote.

A book is a function of instrument and price: the best level stands at bid and ask, each further one a step
away, with the lots that the instrument names.  What is sent and what can be filled are the same book.
"""

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from protocol.enums import BookType, Side
from protocol.records.market import BookLevel

from .catalog import Instrument
from .model import Price

BOOK_AVAILABLE: Final = 1  # permissions_flags of the trade settings (docs/protocol.md 4.2)


class Fills(NamedTuple):
    """What an order takes from a book: price and volume of each part, and what is left of it."""

    parts: tuple[tuple[float, int], ...]
    rest: int


def liquidity(instrument: Instrument, price: Price, side: Side) -> list[tuple[float, int]]:
    """Price and lots × 10^8 of each level that an order of this side meets, best first.

    A buy meets the sell side.  Empty where the symbol has no quote.
    """
    scale = 10**instrument.spec.digits
    return [(points / scale, volume) for points, volume in _side(instrument, price, side)]


def levels(instrument: Instrument, price: Price) -> list[BookLevel]:
    """The snapshot to send: the sell side, then the buy side, best first (docs/protocol.md 5.5).

    Price × 10^digits; volume in units × 10^8, units being lots × contract size.  Empty where the symbol has
    no book or no quote; at most permissions_bookdepth levels a side.
    """
    trade = instrument.spec.trade
    if not trade.permissions_flags & BOOK_AVAILABLE:
        return []
    depth, contract = trade.permissions_bookdepth, instrument.spec.trade_contract_size
    return [
        BookLevel(book_type=int(kind), price=points, volume=round(volume * contract))
        for kind, side in ((BookType.SELL, Side.BUY), (BookType.BUY, Side.SELL))
        for points, volume in list(_side(instrument, price, side))[:depth]
    ]


def consume(book: Sequence[tuple[float, int]], volume: int, side: Side, limit: float | None = None) -> Fills:
    """What an order of a volume takes from a book, best price first, none beyond its limit."""
    parts = []
    for price, available in book:
        beyond = limit is not None and (price > limit if side == Side.BUY else price < limit)
        if volume <= 0 or beyond:
            break
        taken = min(volume, available)
        parts.append((price, taken))
        volume -= taken
    return Fills(tuple(parts), volume)


def _side(instrument: Instrument, price: Price, side: Side) -> Iterator[tuple[int, int]]:
    """Price in points and lots × 10^8 of the levels that an order of this side meets, best first."""
    spec = instrument.spec
    best = price.ask if side == Side.BUY else price.bid
    if best <= 0:
        return
    scale = 10**spec.digits
    away = max(1, round(spec.trade_tick_size * scale)) * (1 if side == Side.BUY else -1)
    points = round(best * scale)
    for volume in instrument.depth_lots:
        if points <= 0:
            return
        yield points, volume
        points += away
