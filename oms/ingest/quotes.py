"""The quotes of one account: pushes 8, 17 and 23 merged as the official client does, the newest by name.

Symbol ids hold for one session.  With a new one the merge begins anew, and until a symbol is quoted again its
old quote is shown, which its age tells.
"""

from collections.abc import Iterable, Iterator
from math import isfinite
from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from oms.domain.events import BookChanged, StatisticsChanged
from oms.sessions import translate
from protocol.book import OrderBook
from protocol.quotes import DELAYED_STATISTICS, Quotes, QuoteTick, SymbolQuotes, TickRow
from protocol.records.market import Book, Statistics

LOT = 100_000_000


class Listed(NamedTuple):
    """What reading a symbol's market data takes."""

    symbol_id: int
    symbol: str  # as it is stored
    digits: int
    point: float
    spread_diff: int = 0  # points; as the account has it
    spread_diff_balance: int = 0
    contract_size: float = 1.0


class Shown(msgspec.Struct, frozen=True, gc=False):
    """A quote as it stands; None = never quoted."""

    symbol: str
    time: int  # ms of server time
    bid: float | None
    ask: float | None
    last: float | None
    volume: float  # lots of the last trade
    delayed: bool
    received_at: int  # nanoseconds of UTC


class QuoteBoard:
    """Every symbol that was quoted."""

    def __init__(self) -> None:
        self.names: dict[int, str] = {}  # of this session
        self._ids: dict[str, int] = {}
        self._quotes = Quotes()
        self._books: dict[int, OrderBook] = {}
        self._listed: dict[int, Listed] = {}
        self._touched: dict[int, int] = {}  # symbol id -> when last heard of
        self._kept: dict[str, Shown] = {}  # of sessions before

    def begin(self) -> None:
        """A new session: its ids are others."""
        self._kept |= {shown.symbol: shown for shown in self}
        self.names, self._ids, self._quotes = {}, {}, Quotes()
        self._books, self._listed, self._touched = {}, {}, {}

    def add(self, listed: Listed) -> None:
        """From now on this symbol's market data are read; told again, by its new terms."""
        self.names[listed.symbol_id] = listed.symbol
        self._ids[listed.symbol] = listed.symbol_id
        if self._listed.get(listed.symbol_id) == listed:
            return
        self._listed[listed.symbol_id] = listed
        scaled = SymbolQuotes(listed.digits, listed.point, listed.spread_diff, listed.spread_diff_balance)
        known = self._quotes.symbol(listed.symbol_id)
        if known is not None:
            scaled.live, scaled.delayed = known.live, known.delayed
        self._quotes.add(listed.symbol_id, scaled)
        self._books[listed.symbol_id] = OrderBook(listed.digits, listed.contract_size)

    def listed(self) -> Iterable[Listed]:
        """The symbols that are read."""
        return self._listed.values()

    # The merges; `at` is nanoseconds of UTC.

    def ticks(self, rows: Iterable[TickRow], at: int) -> list[QuoteTick]:
        """Merge push 8; what is left of unknown symbols and late ticks is nothing."""
        applied = self._quotes.apply_ticks(rows)
        touched = self._touched
        for tick in applied:
            touched[tick.symbol_id] = at
        return applied

    def statistics(self, records: Iterable[Statistics], at: int) -> list[StatisticsChanged]:
        """Merge push 17."""
        changed = []
        for record in records:
            name = self.names.get(record.symbol_id)
            if name is None:
                continue
            (merged,) = self._quotes.apply_statistics([record])
            if merged.tick_seconds and not record.flags & DELAYED_STATISTICS:
                self._touched.setdefault(record.symbol_id, at)
            changed.append(translate.statistics(record, merged, name))
        return changed

    def books(self, heads: Iterable[Book], at: int) -> list[BookChanged]:
        """Merge push 23."""
        changed = []
        for head in heads:
            merged = self._books.get(head.symbol_id)
            if merged is not None:
                merged.apply(head.books_flags, head.levels)
                changed.append(translate.book(head, merged, self.names[head.symbol_id]))
        return changed

    def clock_stepped(self, ns: int) -> None:
        """UTC was set by so much: what came so long ago still did."""
        self._touched = {symbol_id: at + ns for symbol_id, at in self._touched.items()}
        self._kept = {
            name: replace(shown, received_at=shown.received_at + ns) for name, shown in self._kept.items()
        }

    # What is asked.

    def get(self, symbol: str) -> Shown | None:
        """The newest quote of a symbol; None before the first."""
        symbol_id = self._ids.get(symbol)
        if symbol_id is None or symbol_id not in self._touched:
            return self._kept.get(symbol)
        return self._shown(symbol, symbol_id)

    def has(self, symbol: str) -> bool:
        """Whether `get` gives one."""
        return self._ids.get(symbol) in self._touched or symbol in self._kept

    def heard(self, symbols: Iterable[str]) -> int:
        """A figure that is another one as soon as any of these symbols has ticked again in this session.

        A clock that is set makes it another one as well, once.
        """
        return sum(self._touched.get(self._ids.get(name, -1), 0) for name in symbols)

    def __iter__(self) -> Iterator[Shown]:
        """All of them."""
        for symbol_id in tuple(self._touched):
            yield self._shown(self.names[symbol_id], symbol_id)
        yield from (kept for name, kept in self._kept.items() if self._ids.get(name) not in self._touched)

    def __len__(self) -> int:
        return len(self._touched.keys() | {self._ids.get(name, name) for name in self._kept})

    def _shown(self, symbol: str, symbol_id: int) -> Shown:
        found = self._quotes.symbol(symbol_id)
        assert found is not None  # noqa: S101 - only what was added is touched
        delayed = not found.live.tick_seconds
        quote = found.delayed if delayed else found.live
        return Shown(
            symbol,
            quote.tick_time_ms,
            _price(quote.bid),
            _price(quote.ask),
            _price(quote.last_last),
            quote.vol_last / LOT,
            delayed,
            self._touched[symbol_id],
        )


def _price(value: float) -> float | None:
    """A price; 0 is none."""
    return value if value and isfinite(value) else None
