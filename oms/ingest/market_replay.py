"""The market log read back: its pushes merged again, as they were when they came.

Symbol ids hold for one session.  Its table of symbols stands before its pushes, and once more in each new
file, where the pushes of the commit that began the file stand before it.  So a file is understood alone; what
was quoted before the first file that is read is not known.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec

from oms.domain.events import MarketEvent
from oms.eventlog.errors import Damaged
from oms.eventlog.market_reader import Pushed, read_kept, segments
from oms.sessions import translate
from protocol.quotes import QuoteTick, TickRow
from protocol.records.market import Book, BookLevel, Statistics

from .market import BOOKS, KINDS, STATISTICS, SYMBOLS, TICKS, Changed
from .quotes import Listed, QuoteBoard

LATEST: Final = 2**63 - 1

BookRow = tuple[int, int, int, int, list[tuple[int, int, int]]]  # a Book, its levels; without ignored fields
_tables = msgspec.msgpack.Decoder(list[Listed]).decode
_ticks = msgspec.msgpack.Decoder(list[TickRow]).decode
_statistics = msgspec.msgpack.Decoder(list[list[Any]]).decode
_books = msgspec.msgpack.Decoder(list[BookRow]).decode


class Retold(NamedTuple):
    """An event of market data, and the push that brought it."""

    push: Pushed
    event: MarketEvent


def replayed(
    folder: Path, *, since: int = 0, before: int = LATEST, account: str | None = None
) -> Iterator[Retold]:
    """What was received in [since, before), nanoseconds of UTC, as it was merged; raises FileError.

    Merging begins with the first file that may hold it: what a tick does not bring is of the ticks before.
    """
    accounts: dict[str, _Replay] = {}
    for path in segments(folder, since):
        told: set[str] = set()  # accounts whose symbols this file has told
        for push in read_kept(path):
            if account not in (None, push.account):
                continue
            one = accounts.setdefault(push.account, _Replay())
            try:
                if push.kind == SYMBOLS:
                    one.know(push)
                elif push.account not in told and (table := _table_behind(path, push)):
                    one.know(table)
                told.add(push.account)
                changed = one.merged(push)
            except (msgspec.MsgspecError, TypeError) as why:
                raise Damaged(path, f"push {push.seq} holds no {push.kind}: {why}") from None
            if since <= push.received_at < before:
                yield from (Retold(push, event) for event in one.events(changed))


def board_at(folder: Path, account: str, at_ns: int, *, since: int) -> QuoteBoard:
    """An account's quotes as they stood at a moment, nanoseconds of UTC; raises FileError.

    Read are the files that hold what was received from `since` on: quotes before that may be missing.
    """
    replay = _Replay()
    for path in segments(folder, since):
        told = False
        for push in read_kept(path):
            if push.received_at > at_ns:
                return replay.board
            if push.account != account:
                continue
            try:
                if push.kind == SYMBOLS:
                    replay.know(push)
                elif not told and (table := _table_behind(path, push)):
                    replay.know(table)
                told = True
                replay.merged(push)
            except (msgspec.MsgspecError, TypeError) as why:
                raise Damaged(path, f"push {push.seq} holds no {push.kind}: {why}") from None
    return replay.board


def _table_behind(path: Path, push: Pushed) -> Pushed | None:
    """The table behind a push that it is read by; None where the next one is of a later session."""
    tables = (one for one in read_kept(path, push.seq) if (one.kind, one.account) == (SYMBOLS, push.account))
    table = next(tables, None)
    return table if table is not None and table.received_at <= push.received_at else None


class _Replay:
    """The market data of one account."""

    def __init__(self) -> None:
        self.board = QuoteBoard()
        self._began_at = -1

    def know(self, table: Pushed) -> None:
        """The symbols of a session, told at its beginning or again."""
        if table.received_at != self._began_at:
            self._began_at = table.received_at
            self.board.begin()
        for listed in _tables(table.body):
            self.board.add(listed)

    def merged(self, push: Pushed) -> Changed:
        """What a push changed; nothing where it is of another kind."""
        board, at = self.board, push.received_at
        if push.kind == KINDS[TICKS]:
            return board.ticks(_ticks(push.body), at)
        if push.kind == KINDS[STATISTICS]:
            return board.statistics([Statistics(*row) for row in _statistics(push.body)], at)
        if push.kind == KINDS[BOOKS]:
            return board.books(map(_book, _books(push.body)), at)
        return []

    def events(self, changed: Changed) -> Iterator[MarketEvent]:
        """As events, by the symbols of now."""
        for one in changed:
            if isinstance(one, QuoteTick):
                yield translate.quote(one, self.board.names[one.symbol_id])
            else:
                yield one


def _book(row: BookRow) -> Book:
    symbol_id, time, msc, flags, levels = row
    depth = [BookLevel(book_type=kind, price=price, volume=volume) for kind, price, volume in levels]
    return Book(symbol_id, time, msc, books_flags=flags, levels=depth)
