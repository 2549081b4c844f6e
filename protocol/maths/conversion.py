"""Conversion between currencies through the forex symbols at hand (docs/protocol.md 7.2, end).

A rate says which symbol, side and price it came from.  Where nothing leads from one currency to the other
the rate is 0 without legs: never 1, never a guess.  Age is the caller's business: a quote too old to use
is passed with prices of 0, which are no price here.
"""

from collections.abc import Callable, Iterable, Mapping
from math import isfinite

import msgspec

from .families import FOREX_FAMILY

VIA = "USD"
_PAIR = 6  # letters in a pair's name; what follows is the broker's suffix
_RUBLES = frozenset({"RUB", "RUR"})


class Quote(msgspec.Struct, frozen=True):
    """A symbol as conversion sees it; a bid or ask of 0 is unknown."""

    name: str
    trade_calc_mode: int
    bid: float = 0.0
    ask: float = 0.0


class Leg(msgspec.Struct, frozen=True):
    """One step of a conversion: `rate` is `price`, or 1 / price when `inverse`."""

    pair: str
    side: str  # "bid", "ask", or "order" for an order's own price
    price: float
    inverse: bool

    @property
    def rate(self) -> float:
        """What an amount is multiplied with (docs/protocol.md 7.2)."""
        return 1 / self.price if self.inverse else self.price


class Rate(msgspec.Struct, frozen=True):
    """A conversion rate; `legs` are empty for equal currencies and for no rate, told apart by `value`."""

    value: float
    legs: tuple[Leg, ...] = ()

    @property
    def known(self) -> bool:
        """Whether there is a rate at all (docs/protocol.md 7.2)."""
        return self.value > 0


UNITY = Rate(1.0)
NO_RATE = Rate(0.0)


class Pairs(msgspec.Struct, frozen=True):
    """Symbols ready for look-up: all of them by name, beside the first forex name of each six letters.

    `by_name` may be a mapping that the caller keeps up to date; `first` depends on names alone.
    """

    by_name: Mapping[str, Quote]
    first: Mapping[str, str]


def _forex(quote: Quote | None) -> bool:
    return quote is not None and quote.trade_calc_mode in FOREX_FAMILY


def index_pairs(quotes: Iterable[Quote]) -> Pairs:
    """The look-up tables over `quotes`; only calc modes 0 and 5 qualify as pairs (docs/protocol.md 7.2)."""
    by_name = {quote.name: quote for quote in quotes}
    first: dict[str, str] = {}
    for name in sorted(name for name, quote in by_name.items() if _forex(quote)):
        first.setdefault(name[:_PAIR], name)
    return Pairs(by_name, first)


def equal_currencies(one: str, other: str) -> bool:
    """Whether two currency codes mean the same money; RUB is RUR (docs/protocol.md 7.2)."""
    return one == other or (one in _RUBLES and other in _RUBLES)


def _pair(pairs: Pairs, source: str, target: str, traded: str | None) -> Quote | None:
    """The symbol that quotes source in target: with the traded symbol's suffix, else the first by name."""
    letters = source[:3] + target[:3]
    if len(letters) < _PAIR:
        return None
    if traded is not None and _forex(pairs.by_name.get(traded)):
        exact = pairs.by_name.get(letters + traded[_PAIR:])
        if exact is not None and _forex(exact):
            return exact
    name = pairs.first.get(letters)
    return None if name is None else pairs.by_name.get(name)


# How a leg's price is chosen from a pair: (pair, inverse) -> leg or None.
_Pick = Callable[[Quote, bool], Leg | None]


def _leg(quote: Quote, side: str, price: float, *, inverse: bool) -> Leg | None:
    # A price so small that its inverse exceeds every double is no price either.
    usable = isfinite(price) and price > 0 and isfinite(1 / price)
    return Leg(quote.name, side, price, inverse) if usable else None


def _buy(quote: Quote, inverse: bool) -> Leg | None:
    side, price = ("bid", quote.bid) if inverse else ("ask", quote.ask)
    return _leg(quote, side, price, inverse=inverse)


def _sell(quote: Quote, inverse: bool) -> Leg | None:
    side, price = ("ask", quote.ask) if inverse else ("bid", quote.bid)
    return _leg(quote, side, price, inverse=inverse)


def _direct(pairs: Pairs, source: str, target: str, traded: str | None, pick: _Pick) -> Rate:
    if equal_currencies(source, target):
        return UNITY
    for one, other, inverse in ((source, target, False), (target, source, True)):
        quote = _pair(pairs, one, other, traded)
        leg = None if quote is None else pick(quote, inverse)
        if leg is not None:
            return Rate(leg.rate, (leg,))
    return NO_RATE


def _convert(pairs: Pairs, source: str, target: str, traded: str | None, pick: _Pick) -> Rate:
    direct = _direct(pairs, source, target, traded, pick)
    if direct.known:
        return direct
    into = _direct(pairs, source, VIA, traded, pick)
    out = _direct(pairs, VIA, target, traded, pick)
    value = into.value * out.value
    return Rate(value, into.legs + out.legs) if 0 < value < float("inf") else NO_RATE


def rate_buy(pairs: Pairs, source: str, target: str, traded: str | None = None) -> Rate:
    """source -> target at the ask, else 1 / bid of the inverse, else the product via USD, else no rate.

    `traded` is the name of the traded symbol; when it is forex its suffix is tried first (docs/protocol.md
    7.2).
    """
    return _convert(pairs, source, target, traded, _buy)


def rate_sell(pairs: Pairs, source: str, target: str, traded: str | None = None) -> Rate:
    """source -> target at the bid, else 1 / ask of the inverse, else the product via USD, else no rate.

    docs/protocol.md 7.2; `traded` as in `rate_buy`.
    """
    return _convert(pairs, source, target, traded, _sell)


def margin_rate(pairs: Pairs, source: str, target: str, *, traded: str, price: float, is_buy: bool) -> Rate:
    """The margin rate of an order in `traded` at `price` (docs/protocol.md 7.2): margin -> account currency.

    A buy converts as `rate_buy`, a sell as `rate_sell`, except that where the pair is the traded symbol
    itself the order's own price is used.
    """
    ordinary = _buy if is_buy else _sell

    def pick(quote: Quote, inverse: bool) -> Leg | None:
        if quote.name == traded:
            return _leg(quote, "order", price, inverse=inverse)
        return ordinary(quote, inverse)

    return _convert(pairs, source, target, traded, pick)


def symbols_wanted(pairs: Pairs, source: str, target: str, traded: str | None = None) -> tuple[str, ...]:
    """The symbols whose quotes a conversion needs, to be subscribed (docs/protocol.md 7.2).

    The pair itself or its inverse; without either, those of both ways through USD that exist.
    """
    if equal_currencies(source, target):
        return ()
    direct = _known_pair(pairs, source, target, traded)
    if direct is not None:
        return (direct,)
    steps = ((source, VIA), (VIA, target))
    names = (_known_pair(pairs, a, b, traded) for a, b in steps if not equal_currencies(a, b))
    return tuple(name for name in names if name is not None)


def _known_pair(pairs: Pairs, source: str, target: str, traded: str | None) -> str | None:
    quote = _pair(pairs, source, target, traded) or _pair(pairs, target, source, traded)
    return None if quote is None else quote.name
