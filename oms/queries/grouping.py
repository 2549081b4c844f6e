"""Open positions taken together: of a symbol, of a client."""

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

import msgspec

from oms.domain import words
from oms.domain.values import EXACT, ZERO, average, lots
from oms.projections import Books
from oms.projections.pnl import Floating, Valued, floating

from .owners import opener, shares


class Together(Floating, frozen=True, kw_only=True):
    """Positions together; where incomplete, the money is of those that have a value."""

    positions: int
    long: Decimal  # lots of those that were bought
    short: Decimal  # lots of those that were sold
    net: Decimal  # lots, long less short


class SymbolTogether(Together, frozen=True, kw_only=True):
    """The positions of a symbol."""

    symbol: str
    long_price: Decimal | None  # average open price by volume; null where there is none
    short_price: Decimal | None


class ClientTogether(Together, frozen=True, kw_only=True):
    """The positions that a client opened, whole, and its share of all."""

    client: str | None  # null: those that no command opened
    share: Decimal  # lots, long less short, that its own deals left in any position: others may trade it too


def by_symbol(valued: Iterable[Valued], digits: int) -> list[SymbolTogether]:
    """By name."""
    return [
        SymbolTogether(
            symbol=name,
            long_price=_price(some, words.BUY),
            short_price=_price(some, words.SELL),
            **_sums(some, digits),
        )
        for name, some in sorted(_grouped(valued, lambda one: one.position.symbol).items())
    ]


def by_client(books: Books, valued: Iterable[Valued], digits: int) -> list[ClientTogether]:
    """By name, those of nobody first."""
    found: dict[str | None, list[Valued]] = {}
    share: dict[str | None, Decimal] = {}
    for one in valued:
        owner = opener(books, one.position)
        found.setdefault(owner.client if owner else None, []).append(one)
        for part in shares(books, one.position):
            share[part.client] = EXACT.add(share.get(part.client, ZERO), part.net)
    return [
        ClientTogether(client=name, share=lots(share.get(name, ZERO)), **_sums(found.get(name, []), digits))
        for name in sorted(found.keys() | share.keys(), key=lambda one: one or "")
    ]


def _grouped(valued: Iterable[Valued], name: Callable[[Valued], str]) -> dict[str, list[Valued]]:
    found: dict[str, list[Valued]] = {}
    for one in valued:
        found.setdefault(name(one), []).append(one)
    return found


def _sums(valued: list[Valued], digits: int) -> dict[str, Any]:
    long, short = _lots(valued, words.BUY), _lots(valued, words.SELL)
    worth = msgspec.structs.asdict(floating(valued, digits))
    return worth | {"positions": len(valued), "long": long, "short": short, "net": lots(long - short)}


def _lots(valued: list[Valued], side: str) -> Decimal:
    return lots(sum((one.position.volume for one in valued if one.position.side == side), ZERO))


def _price(valued: list[Valued], side: str) -> Decimal | None:
    volume, price = ZERO, None
    for one in (one.position for one in valued if one.position.side == side):
        if one.price is None:
            return None
        price = one.price if price is None else average(volume, price, one.volume, one.price)
        volume += one.volume
    return price
