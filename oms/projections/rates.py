"""Prices as valuation takes them, and the conversion rates that they give (docs/protocol.md 7.2).

A rate comes with its evidence: which pair, which side, which price, of when.  A price that may value a
position need not be good enough for a rate: one that is delayed or too old is no rate (docs/semantics.md 5).
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple

import msgspec

from protocol.maths.conversion import Pairs, Quote, Rate, index_pairs, rate_buy, rate_sell
from protocol.maths.families import FOREX_FAMILY


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


class Rates:
    """The rates of one moment: made for one look at an account, then thrown away."""

    def __init__(self, modes: Iterable[tuple[str, int]], prices: Prices) -> None:
        """`modes` are all symbols that are known with their calc modes: names decide which pair is taken."""
        self._prices = prices
        forex = [(name, mode) for name, mode in modes if mode in FOREX_FAMILY]
        self._pairs: Pairs = index_pairs(self._quote(name, mode) for name, mode in forex)

    def both(self, source: str, target: str, traded: str) -> Both:
        """From one currency to another for a position in `traded`."""
        if not source or not target:
            return Both(None, None)
        buy = rate_buy(self._pairs, source, target, traded)
        sell = rate_sell(self._pairs, source, target, traded)
        return Both(self._told(buy), self._told(sell))

    def _quote(self, name: str, mode: int) -> Quote:
        price = self._prices(name)
        if price is None or not (price.live and price.fresh):
            return Quote(name, mode)
        return Quote(name, mode, price.bid, price.ask)

    def _told(self, rate: Rate) -> Conversion | None:
        if not rate.known:
            return None
        legs = (Leg(one.pair, one.side, one.price, one.inverse, self._time(one.pair)) for one in rate.legs)
        return Conversion(rate.value, tuple(legs))

    def _time(self, pair: str) -> int:
        price = self._prices(pair)
        return price.time if price else 0
