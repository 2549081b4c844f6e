"""What terminals see of the market: ticks, statistics and books, batched by the moment they were made in.

Bodies are made once per set of subscriptions and shared by all terminals that have the same one.
"""

from collections.abc import Iterable, Sequence
from typing import Final, Protocol

from protocol.messages import Push
from protocol.records.market import Book, BookLevel

from .catalog import Instrument
from .depth import levels
from .desk import Visitor
from .feed import Tick
from .manners import Manners
from .model import Moment, Price
from .wire import Day, statistics, tick_row

STATISTICS, BOOKS = 17, 23
SNAPSHOT: Final = 2


class Terminal(Protocol):
    """What the market needs of a connection."""

    visitor: Visitor

    @property
    def behind(self) -> bool:
        """Whether it reads too slowly for more ticks."""
        ...

    def say(self, message: Push) -> None:
        """Send a push."""
        ...

    def say_ticks(self, body: bytes) -> None:
        """Send ticks."""
        ...


class Market:
    """Symbols as they are quoted."""

    def __init__(self, instruments: Iterable[Instrument], manners: Manners, ticks_per_frame: int) -> None:
        self.instruments = {one.spec.trade_symbol: one for one in instruments}
        self.days: dict[str, Day] = {name: Day() for name in self.instruments}
        self._manners = manners
        self._per_frame = ticks_per_frame
        self._books: dict[int, tuple[BookLevel, ...]] = {}  # as last sent, by symbol id
        self._changed: set[str] = set()  # since the last statistics

    def add(self, ticks: Sequence[Tick], moments: Sequence[Moment], terminals: Sequence[Terminal]) -> None:
        """Count these ticks, and send them to whoever subscribed to their symbols."""
        specs = {symbol: self.instruments[symbol].spec for symbol in {tick.symbol for tick in ticks}}
        self._changed.update(specs)
        days = self.days
        rows: list[tuple[int, bytes]] = []
        for tick, (_, server_ms) in zip(ticks, moments, strict=True):
            symbol = tick.symbol
            days[symbol].add(tick, server_ms)
            spec = specs[symbol]
            rows.append((spec.symbol_id, tick_row(tick, spec, server_ms)))
        self._send_ticks(rows, terminals)

    def _send_ticks(self, rows: list[tuple[int, bytes]], terminals: Sequence[Terminal]) -> None:
        made: dict[frozenset[int], list[bytes]] = {}
        for terminal in terminals:
            wanted = terminal.visitor.ticks
            if not wanted or terminal.behind:
                continue
            if wanted not in made:
                made[wanted] = self._frames([row for symbol_id, row in rows if symbol_id in wanted])
            for body in made[wanted]:
                terminal.say_ticks(body)

    def _frames(self, rows: list[bytes]) -> list[bytes]:
        size = self._per_frame
        return [b"".join(rows[start : start + size]) for start in range(0, len(rows), size)]

    def send_statistics(self, terminals: Iterable[Terminal]) -> None:
        """Statistics of the symbols that moved since the last call."""
        specs = [self.instruments[name].spec for name in sorted(self._changed)]
        self._changed.clear()
        records = statistics(self.days, specs)
        for terminal in terminals:
            mine = [record for record in records if record.symbol_id in terminal.visitor.ticks]
            if mine and not terminal.behind:
                terminal.say(Push(STATISTICS, mine))

    def show_ticks(self, terminal: Terminal) -> None:
        """How the symbols stand that it has just subscribed to: the last tick, with its time; statistics."""
        fresh = terminal.visitor.fresh_ticks
        specs = [one.spec for one in self.instruments.values() if one.spec.symbol_id in fresh]
        days = ((spec, self.days[spec.trade_symbol]) for spec in specs)
        rows = [tick_row(day.tick, spec, day.server_ms) for spec, day in days if day.tick]
        for body in self._frames(rows):
            terminal.say_ticks(body)
        if rows and self._manners.statistics_seconds:
            terminal.say(Push(STATISTICS, statistics(self.days, specs)))

    def show_books(self, terminal: Terminal, prices: dict[str, Price], terminals: Sequence[Terminal]) -> None:
        """A snapshot of each book that it has just subscribed to.

        What its other readers know already stays what their next differences start from.
        """
        for name, instrument in self.instruments.items():
            symbol_id, price = instrument.spec.symbol_id, prices.get(name)
            if price is None or symbol_id not in terminal.visitor.fresh_books:
                continue
            readers = sum(symbol_id in one.visitor.books for one in terminals)
            if readers == 1 or symbol_id not in self._books:
                self._books[symbol_id] = tuple(levels(instrument, price))
            self._send_book(terminal, symbol_id, price, self._books[symbol_id], ())

    def send_books(
        self, prices: dict[str, Price], names: Iterable[str], terminals: Sequence[Terminal]
    ) -> None:
        """Books of these symbols: a snapshot to whoever has none yet, then as the switch says."""
        for name in names:
            instrument, price = self.instruments[name], prices.get(name)
            symbol_id = instrument.spec.symbol_id
            readers = [terminal for terminal in terminals if symbol_id in terminal.visitor.books]
            if price is None or not readers:
                self._books.pop(symbol_id, None)
                continue
            now = tuple(levels(instrument, price))
            before = self._books.get(symbol_id, ())
            self._books[symbol_id] = now
            for terminal in readers:
                self._send_book(terminal, symbol_id, price, now, before)

    def _send_book(
        self,
        terminal: Terminal,
        symbol_id: int,
        price: Price,
        now: tuple[BookLevel, ...],
        before: tuple[BookLevel, ...],
    ) -> None:
        fresh = symbol_id in terminal.visitor.fresh_books
        terminal.visitor.fresh_books.discard(symbol_id)
        snapshot = fresh or self._manners.book == "snapshot"
        told = list(now) if snapshot else differences(before, now)
        if not told and not snapshot:
            return
        seconds, milliseconds = divmod(price.server_ms, 1000)
        book = Book(
            symbol_id=symbol_id,
            books_time=seconds,
            time_msc=milliseconds,
            books_flags=SNAPSHOT if snapshot else 0,
            levels=told,
        )
        terminal.say(Push(BOOKS, [book]))


def differences(before: Iterable[BookLevel], now: Iterable[BookLevel]) -> list[BookLevel]:
    """The levels that turn one book into the other: volumes are added, 0 removes (docs/protocol.md 5.5)."""
    old = {(level.book_type, level.price): level.volume for level in before}
    new = {(level.book_type, level.price): level.volume for level in now}
    gone = [BookLevel(book_type=kind, price=price) for kind, price in old if (kind, price) not in new]
    changed = [
        BookLevel(book_type=kind, price=price, volume=volume - old.get((kind, price), 0))
        for (kind, price), volume in new.items()
        if volume != old.get((kind, price), 0)
    ]
    return gone + changed
