"""Points and ticks as prices."""

from decimal import Decimal

from ..records import SymbolRecord
from ..values import EXACT


def point_of(symbol: SymbolRecord) -> Decimal:
    """The smallest step of the symbol's price; of one without it that of its digits."""
    return symbol.point or Decimal(1).scaleb(-symbol.digits)


def tick_of(symbol: SymbolRecord) -> Decimal:
    """The grid of the symbol's prices: its tick size, without one its point."""
    return symbol.tick_size or point_of(symbol)


def distance(symbol: SymbolRecord, points: int) -> Decimal:
    """So many points as a difference of prices."""
    return EXACT.multiply(point_of(symbol), Decimal(points))
