"""Which symbols an account watches, and asking for their ticks (docs/protocol.md 2.3).

A subscription replaces the one before it, so it is always the whole set: what the user chose, and whatever
else has to be quoted - symbols that are held, symbols that convert a currency.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from protocol.maths.masks import matches
from protocol.messages import Refused, Request
from protocol.records.symbols import Symbol

from .connection import Connection
from .login import Unavailable

SUBSCRIBE_TICKS = 7


class Chosen(NamedTuple):
    """Symbols in the venue's order, and the patterns and names that none of them fits."""

    symbols: list[Symbol]
    unknown: list[str]


def chosen(symbols: Iterable[Symbol], patterns: Sequence[str], needed: Iterable[str] = ()) -> Chosen:
    """The symbols of these names and path masks (docs/protocol.md 7.6), and those whose names are needed.

    No patterns choose all.  A name goes before a mask that it might also be.
    """
    known = {symbol.trade_symbol: symbol for symbol in symbols}
    names = {name for name in (*patterns, *needed) if name in known}
    masks = [pattern for pattern in patterns if pattern not in known]
    unknown = [mask for mask in masks if not any(matches(mask, one.symbol_path) for one in known.values())]
    unknown += [name for name in dict.fromkeys(needed) if name not in known]
    found = [
        symbol
        for name, symbol in known.items()
        if not patterns or name in names or any(matches(mask, symbol.symbol_path) for mask in masks)
    ]
    return Chosen(found, unknown)


async def subscribe_ticks(connection: Connection, symbols: Iterable[Symbol]) -> None:
    """Ticks of exactly these from now on; Unavailable where that is refused."""
    reply = await connection.ask(Request(SUBSCRIBE_TICKS, [symbol.symbol_id for symbol in symbols]))
    if isinstance(reply, Refused):
        raise Unavailable(reply)
