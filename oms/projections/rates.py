"""Prices as valuation takes them, and the conversion rates that they give (docs/protocol.md 7.2).

A rate comes with its evidence: which pair, which side, which price, of when.  A price that may value a
position need not be good enough for a rate: one that is delayed or too old is no rate (docs/semantics.md 5).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final, NamedTuple

import msgspec

from protocol.maths.conversion import (
    Pairs,
    Quote,
    Rate,
    index_pairs,
    margin_rate,
    rate_buy,
    rate_sell,
)
from protocol.maths.families import FOREX_FAMILY

RATE_AGE_S: Final = 300.0  # an older quote is no rate (docs/semantics.md 5)


class Price(NamedTuple):
    """A symbol's last known prices; 0 is none."""

    bid: float
    ask: float
    last: float = 0.0
    time: int = 0  # ms of server time
    live: bool = True  # not delayed
    fresh: bool = True  # young enough to convert with


class Leg(msgspec.Struct, frozen=True):
    """One step of a conversion: its rate is the price, or 1 / price where inverse."""

    pair: str  # the symbol
    side: str  # bid, ask
    price: float
    inverse: bool
    time: int  # of the price, ms of server time


class Conversion(msgspec.Struct, frozen=True):
    """A rate from one currency to another; without legs they are one currency."""

    rate: float
    legs: tuple[Leg, ...] = ()


class Both(NamedTuple):
    """The rates for a buy and for a sell; None where nothing leads there."""

    buy: Conversion | None
    sell: Conversion | None


Prices = Callable[[str], Price | None]


class Once(dict[str, Price | None]):
    """Prices of one look, each asked for once; its `__getitem__` is `Prices`."""

    def __init__(self, prices: Prices) -> None:
        self._prices = prices

    def __missing__(self, symbol: str) -> Price | None:
        found = self[symbol] = self._prices(symbol)
        return found


class Forex:
    """The forex symbols that there are, which convert currencies; names decide which of them is taken.

    It knows no prices, and is made once for a list of symbols, because a broker lists thousands.
    """

    def __init__(self, modes: Iterable[tuple[str, int]]) -> None:
        """`modes` are all symbols with their calc modes (docs/protocol.md 6.6)."""
        self.modes = {name: mode for name, mode in modes if mode in FOREX_FAMILY}
        self.first = index_pairs(Quote(name, mode) for name, mode in self.modes.items()).first


class _Quotes(Mapping[str, Quote]):
    """Quotes that conversion may use, each made when it is asked for."""

    def __init__(self, forex: Forex, prices: Prices) -> None:
        self._modes, self._prices = forex.modes, prices

    def __getitem__(self, name: str) -> Quote:
        mode = self._modes[name]
        price = self._prices(name)
        if price is None or not (price.live and price.fresh):
            return Quote(name, mode)
        return Quote(name, mode, price.bid, price.ask)

    def __iter__(self) -> Iterator[str]:
        return iter(self._modes)

    def __len__(self) -> int:
        return len(self._modes)


class Rates:
    """The rates of one moment: made for one look at an account, then thrown away."""

    def __init__(self, forex: Forex, prices: Prices) -> None:
        self._prices = prices
        self._pairs = Pairs(_Quotes(forex, prices), forex.first)
        self._known: dict[tuple[str, str, str], Both] = {}

    def both(self, source: str, target: str, traded: str) -> Both:
        """From one currency to another for a position in `traded`."""
        if not source or not target:
            return Both(None, None)
        asked = source, target, traded
        known = self._known.get(asked)
        if known is None:
            buy = self._told(rate_buy(self._pairs, source, target, traded))
            known = self._known[asked] = Both(buy, self._told(rate_sell(self._pairs, source, target, traded)))
        return known

    def buy(self, source: str, target: str) -> float:
        """The rate at which values are measured for leverage tiers (docs/protocol.md 7.4); 0 is none."""
        return rate_buy(self._pairs, source, target).value if source and target else 0.0

    def margin(self, source: str, target: str, *, traded: str, price: float, is_buy: bool) -> float:
        """The margin rate of an order in `traded` at this price (docs/protocol.md 7.2); 0 is none."""
        if not source or not target:
            return 0.0
        return margin_rate(self._pairs, source, target, traded=traded, price=price, is_buy=is_buy).value

    def _told(self, rate: Rate) -> Conversion | None:
        if not rate.known:
            return None
        legs = (Leg(one.pair, one.side, one.price, one.inverse, self._time(one.pair)) for one in rate.legs)
        return Conversion(rate.value, tuple(legs))

    def _time(self, pair: str) -> int:
        price = self._prices(pair)
        return price.time if price else 0
