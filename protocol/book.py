"""The official merge of book pushes (docs/protocol.md 5.5)."""

from collections.abc import Iterable
from typing import Final, NamedTuple

from .enums import BookType
from .maths.doubles import divide
from .maths.rounding import normalize, scale_price
from .records.market import BookLevel

SNAPSHOT: Final = 2  # bit of books_flags
UNITS: Final = 1e8
_READ_AS_ZERO: Final = -10_000_000  # a negative wire volume above this


class Depth(NamedTuple):
    """What stands at a price.  Both are sums of doubles, with their dust, as the official client shows."""

    price: float
    units: float
    lots: float


_SELL: Final = frozenset({BookType.SELL, BookType.SELL_MARKET})
_BUY: Final = frozenset({BookType.BUY, BookType.BUY_MARKET})


class OrderBook:
    """The book of one symbol."""

    def __init__(self, digits: int, contract_size: float) -> None:
        self._digits = digits
        self._contract_size = contract_size
        self._sell: dict[float, Depth] = {}
        self._buy: dict[float, Depth] = {}

    def apply(self, books_flags: int, levels: Iterable[BookLevel]) -> None:
        """Merge one push: a snapshot replaces the book, anything else are differences."""
        if books_flags & SNAPSHOT:
            self._clear()
        for level in levels:
            if level.book_type == BookType.RESET:
                self._clear()
            elif level.book_type in _SELL:
                self._add(self._sell, level)
            elif level.book_type in _BUY:
                self._add(self._buy, level)

    @property
    def sell(self) -> list[Depth]:
        """The sell side, highest price first."""
        return sorted(self._sell.values(), reverse=True)

    @property
    def buy(self) -> list[Depth]:
        """The buy side, highest price first."""
        return sorted(self._buy.values(), reverse=True)

    def _clear(self) -> None:
        self._sell.clear()
        self._buy.clear()

    def _add(self, side: dict[float, Depth], level: BookLevel) -> None:
        price = scale_price(level.price, self._digits)
        units = 0.0 if _READ_AS_ZERO < level.volume < 0 else level.volume / UNITS
        known = side.get(price)
        if not units:
            side.pop(price, None)
            return
        lots = normalize(divide(units, self._contract_size), 8)
        if known is None:
            side[price] = Depth(price, units, lots)
        elif (total := known.units + units) > 0:
            side[price] = Depth(price, total, known.lots + lots)
        else:
            del side[price]
