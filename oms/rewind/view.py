"""An account of then, as queries see one: the books of its journal, the quotes of the market log.

Nothing is asked of a venue.  Quotes are those that were received by then; where there are none, a position
has no value, and says so.  The venue's leverage rules and margin rates are in no log: margins of then
are not known.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from oms.domain.events import AccountState
from oms.domain.records import SymbolRecord
from oms.domain.times import utc_ns
from oms.eventlog.reader import Reader
from oms.ingest.market_replay import board_at
from oms.ingest.quotes import QuoteBoard
from oms.ingest.quotes import Shown as Merged
from oms.past import books_at, seq_at
from oms.projections import Books
from oms.projections.margin_inputs import NOT_ASKED, MarginInputs
from oms.projections.rates import Forex
from oms.projections.specification import calc_mode
from oms.queries import view as seen
from protocol.enums import Timeframe
from protocol.records.market import Rate

NS: Final = 1_000_000_000
LOOK_BACK_NS: Final = 24 * 3600 * NS  # for quotes; an older one is told by nobody
NEVER: Final = AccountState("closed", "dirty")  # before anything was recorded


class Moment(NamedTuple):
    """Which one: a seq, a time in nanoseconds of UTC, or, with neither, the end of the journal."""

    seq: int | None = None
    time_ns: int | None = None


class PastAccount(NamedTuple):
    """An account of then; `view` answers queries, and stands where `books` do."""

    view: "PastView"
    books: Books
    seq: int  # the last event in them
    at_ns: int  # when that was, or the time that was asked for; nanoseconds of UTC
    since: int  # the seq of the snapshot that they began with; 0: none


def account_at(
    data: Path, account: str, moment: Moment, *, snapshots: bool = True, quotes: bool = True
) -> PastAccount:
    """The account in a data folder, without `quotes` of no worth.

    Raises past.NotRecorded, and what reading its files raises.
    """
    journals = data / "journal"
    path = journals / f"{account}.db"
    until = seq_at(path, moment.seq, moment.time_ns)
    found = books_at(journals, account, until, snapshots=snapshots)
    reader = Reader(path)
    try:
        row = reader.get(found.seq)
    finally:
        reader.close()
    recorded = 0 if row is None else utc_ns(row.recorded_at)
    at_ns = recorded if moment.time_ns is None else moment.time_ns
    since = max(0, at_ns - LOOK_BACK_NS)
    board = board_at(data / "market", account, at_ns, since=since) if quotes else QuoteBoard()
    view = PastView(account, path, found.books, found.seq, found.head.hex(), board, at_ns)
    return PastAccount(view, found.books, found.seq, at_ns, found.since)


class PastView:
    """What `oms.queries` asks of an account (queries.view.View), answered from its files."""

    def __init__(
        self, account: str, path: Path, books: Books, seq: int, head: str, board: QuoteBoard, at_ns: int
    ) -> None:
        self.account, self.path, self.books, self.seq, self.head = account, path, books, seq, head
        self.aliases: Mapping[str, str] = {}
        self.quotes = _Quotes(board)
        self._at_s = at_ns / NS

    @property
    def standing(self) -> AccountState:
        """Link and permission as they were written down."""
        return self.books.terms.standing or NEVER

    @property
    def health(self) -> seen.Health:
        """Nothing is known of a connection of then."""
        return seen.Health()

    @property
    def offset(self) -> int:
        """Seconds that the server's clock was ahead of UTC, by the account's terms."""
        terms = self.books.account()
        return terms.utc_offset if terms else 0

    @property
    def forex(self) -> Forex:
        """What converts currencies: of all that the books know."""
        return Forex((symbol.symbol, calc_mode(symbol)) for symbol in self.books.symbols)

    @property
    def margins(self) -> MarginInputs:
        """In no log."""
        return NOT_ASKED

    def moment(self) -> seen.Moment:
        """Then."""
        return seen.Moment(self._at_s, self._at_s)

    def listed(self) -> Iterable[seen.Listed]:
        """No venue's list."""
        return ()

    async def settled(self, min_seq: int) -> None:
        """What is recorded stays so."""

    async def full_symbol(self, name: str) -> SymbolRecord:
        """Nobody is asked; raises VenueUnavailable."""
        raise seen.VenueUnavailable("no venue is asked about the past")

    async def rates(self, symbol: str, timeframe: Timeframe, start: int, end: int) -> Sequence[Rate]:
        """Likewise."""
        raise seen.VenueUnavailable("no venue is asked about the past")


class _Quotes:
    """A board that nothing more comes to."""

    def __init__(self, board: QuoteBoard) -> None:
        self._board = board

    def get(self, symbol: str) -> seen.Shown | None:
        found = self._board.get(symbol)
        return None if found is None else _shown(found)

    def all(self) -> Iterator[seen.Shown]:
        return map(_shown, self._board)


def _shown(found: Merged) -> seen.Shown:
    return seen.Shown(
        *(found.symbol, found.time, found.bid or 0.0, found.ask or 0.0, found.last or 0.0),
        *(found.volume, found.delayed, found.received_at / NS),
    )
