"""The symbols of one session: which are quoted, and which of them the books have a specification of.

Quoted is what was chosen, what is held or wanted for an order, and what converts these into the account's
currency.  The books learn the specifications of what is held or wanted, and of what else they know already.
"""

from collections.abc import Callable, Sequence
from typing import Final

import trio

from oms.recorder import Recorder
from oms.sessions.connection import Connection
from oms.sessions.opening import value_of
from oms.sessions.watching import chosen, subscribe_ticks
from protocol.records.symbols import FullSymbol, Symbol

from .catalogue import Catalogue, listed
from .health import Health
from .market import Feed
from .reconciler import AT_ONCE

SUBSCRIBE_BOOK: Final = 22


class Watching:
    """What one session watches; nothing before its catalogue is known."""

    def __init__(self, connection: Connection, recorder: Recorder, feed: Feed, health: Health) -> None:
        self.catalogue: Catalogue | None = None
        self.subscribed = 0
        self.specified: set[str] = set()  # symbols whose specification in the books is this session's
        self._connection, self._recorder, self._feed, self._health = connection, recorder, feed, health
        self._watched: dict[str, Symbol] = {}
        self._wanted: set[str] = set()  # symbols that are traded, though neither chosen nor held
        self._unwatched = trio.Event()  # something is held or wanted whose ticks were not asked for
        self._unspecified: set[str] = set()  # listed, but the venue says no more of them

    async def begin(
        self, symbols: Sequence[str], books: Sequence[str], told: Callable[[str, str], None]
    ) -> None:
        """Ticks of what was chosen, what is held, and what converts it; books of what was chosen for it.

        Names and path masks choose; `told` hears of those that none fits.  Raises Outage.
        """
        every = self._open.symbols.values()
        wanted = chosen(every, symbols, self._held())
        if wanted.unknown:
            told("unknown symbols", ", ".join(wanted.unknown))
        specs = await self._with_conversions([symbol.trade_symbol for symbol in wanted.symbols])
        self._feed.begin(map(listed, specs))
        await self._subscribe(specs)
        if books:
            ids = [one.symbol_id for one in chosen(every, books).symbols]
            await value_of(self._connection, SUBSCRIBE_BOOK, ids)

    async def keep(self) -> None:
        """For ever: ticks of what is held or wanted by now, and was not chosen; raises Outage."""
        while True:
            await self._unwatched.wait()
            self._unwatched = trio.Event()
            new = sorted(filter(self._is_new, self._held() | self._wanted))  # not by their hashes
            specs = await self._with_conversions(new)
            self._unspecified.update(new)
            self._unspecified.difference_update(spec.trade_symbol for spec in specs)
            if any(spec.trade_symbol not in self._watched for spec in specs):
                self._feed.change(map(listed, specs))
                await self._subscribe(specs)

    def look(self) -> None:
        """Something else may be held by now."""
        if self._watched and any(map(self._is_new, self._held())):
            self._unwatched.set()

    def want(self, symbol: str) -> None:
        """Have a symbol's ticks for the rest of the session; nothing where the venue does not list it."""
        self._wanted.add(symbol)
        if self._is_new(symbol):
            self._unwatched.set()

    def lists(self, symbol: str) -> bool:
        """Whether the venue has a symbol of that name."""
        return self.catalogue is not None and symbol in self.catalogue.symbols

    async def specify(self, symbol: str) -> None:
        """Let the books have a symbol's specification; nothing where there is no such symbol."""
        if self.catalogue is not None:
            await self._learn(await self.catalogue.specifications(self._connection, [symbol]))

    async def changed(self, specs: Sequence[FullSymbol]) -> None:
        """Symbols have other terms: for their quotes, and for the books where they know them."""
        if self.catalogue is None:
            return
        feed, books = self._feed, self._recorder.books
        effective = list(self.catalogue.effective(specs))
        if changed := [listed(spec) for spec in effective if spec.symbol_id in feed.board.names]:
            feed.change(changed)
        self._health.expect([spec for spec in effective if spec.trade_symbol in self._watched])
        await self._learn([spec for spec in effective if books.symbol(spec.trade_symbol) is not None])

    @property
    def _open(self) -> Catalogue:
        assert self.catalogue is not None  # noqa: S101 - nothing is watched before the session is open
        return self.catalogue

    def _is_new(self, symbol: str) -> bool:
        """Whether something held or wanted is not quoted, or not specified, although the venue lists it."""
        known = symbol in self._watched and self._recorder.books.symbol(symbol) is not None
        return self.lists(symbol) and not known and symbol not in self._unspecified

    def _held(self) -> set[str]:
        """Symbols of open positions and orders."""
        books = self._recorder.books
        orders = {order.record.symbol for order in books.orders.open() if order.record is not None}
        return orders | {position.symbol for position in books.positions}

    async def _with_conversions(self, names: list[str]) -> list[FullSymbol]:
        """The specifications of symbols, and of those that convert them; the books learn what is held."""
        catalogue = self._open
        specs = await catalogue.specifications(self._connection, names)
        known = {spec.trade_symbol for spec in specs} | self._watched.keys()
        more = [name for name in catalogue.converting(specs) if name not in known]
        specs += await catalogue.specifications(self._connection, more)
        held = self._held() | self._wanted
        await self._learn([spec for spec in specs if spec.trade_symbol in held])
        return specs

    async def _subscribe(self, specs: list[FullSymbol]) -> None:
        """Ticks of these beside those that come already: a subscription replaces the one before."""
        symbols = self._open.symbols
        self._watched |= {spec.trade_symbol: symbols[spec.trade_symbol] for spec in specs}
        self._health.expect(specs)
        await subscribe_ticks(self._connection, self._watched.values())
        self.subscribed = len(self._watched)

    async def _learn(self, specs: list[FullSymbol]) -> None:
        seen = self._open.observations(specs)
        for place in range(0, len(seen), AT_ONCE):
            await self._recorder.see(seen[place : place + AT_ONCE])
        self.specified.update(spec.trade_symbol for spec in specs)
