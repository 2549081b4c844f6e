"""Market data of all accounts: logged, then published, as soon as they are received.

What came in one read of a connection is logged in one commit.  A tick is published after it is logged; where
the log cannot be written it is published all the same, and says so.  All of it happens before the next read:
so nothing waits here, little is kept, and a slow reader of ours slows the venue down, for a moment.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Protocol

import msgspec

from oms.domain.events import BookChanged, StatisticsChanged
from oms.eventlog.market import MarketLog, MarketState
from oms.eventlog.segment import Push as Logged
from protocol.messages import Push
from protocol.quotes import QuoteTick

from .quotes import QuoteBoard
from .skew import Skew

TICKS, STATISTICS, BOOKS = 8, 17, 23
MARKET: Final = frozenset({TICKS, STATISTICS, BOOKS})
KINDS: Final = {TICKS: "ticks", STATISTICS: "statistics", BOOKS: "books"}
SYMBOLS: Final = "symbols"  # the table that ids are read by: first in a session, and once in each file
BATCH: Final = 256  # pushes in one commit: so long the loop stands still
SKEW_OF: Final = 8  # pushes of which one tells the server's clock

Changed = list[QuoteTick] | list[StatisticsChanged] | list[BookChanged]


class Received(msgspec.Struct, gc=False):
    """A market push of one account, as the log takes it and as it is published."""

    kind: str
    account: str
    received_at: int  # nanoseconds of UTC
    rows: Sequence[tuple[Any, ...]]  # as received
    names: Mapping[int, str]  # symbols by the ids of the session that it came in
    changed: Changed  # merged


class Publisher(Protocol):
    """Where merged market data go."""

    def publish(self, batch: Sequence[Received], *, logged: bool) -> None:
        """Hand a batch over, in its order, without waiting."""
        ...

    async def room(self) -> None:
        """Wait a while where too much is on its way already."""
        ...


class Feed:
    """The market data of one account, into the pump."""

    def __init__(self, account: str, pump: "Pump", clock: Callable[[], int]) -> None:
        self.account = account
        self.board = QuoteBoard()
        self.skew = Skew()
        self.ticks = 0  # received; likewise below
        self.pushes = dict.fromkeys(KINDS, 0)
        self._pump, self._clock = pump, clock

    def hear(self, push: Push) -> None:
        """A push 8, 17 or 23."""
        at, command = self._clock(), push.command
        self.pushes[command] += 1
        changed: Changed
        if command == TICKS:
            rows = list(push.value.rows())
            changed = self.board.ticks(rows, at)
            self.ticks += len(rows)
            if self.pushes[TICKS] % SKEW_OF == 0 and changed and not changed[-1].delayed:
                self.skew.hear(changed[-1].time, at // 1_000_000)
        elif command == STATISTICS:
            rows = list(push.value.rows())
            changed = self.board.statistics(push.value, at)
        else:
            rows = [
                (
                    *(head.symbol_id, head.books_time, head.time_msc, head.books_flags),
                    [[level.book_type, level.price, level.volume] for level in head.levels],
                )
                for head in push.value
            ]
            changed = self.board.books(push.value, at)
        if rows:
            self._pump.put(Received(KINDS[command], self.account, at, rows, self.board.names, changed))

    def flush(self) -> None:
        """A read is over."""
        self._pump.flush()

    def table(self) -> Logged | None:
        """The symbols by which the rows are read; None while there are none."""
        rows = [tuple(listed) for listed in self.board.listed()]
        return Logged(SYMBOLS, self.account, self._clock(), rows) if rows else None


class Pump:
    """Takes what the feeds hear, logs it, hands it on."""

    def __init__(self, log: MarketLog | None, publisher: Publisher) -> None:
        self.logged = 0  # pushes
        self._log, self._publisher = log, publisher
        self._waiting: list[Received] = []
        self._untold: dict[str, Feed] = {}  # feeds whose symbols the file does not hold yet
        self._feeds: dict[str, Feed] = {}

    def feed(self, account: str, clock: Callable[[], int]) -> Feed:
        """The way in for one account."""
        found = self._feeds[account] = Feed(account, self, clock)
        return found

    def put(self, received: Received) -> None:
        """Something came; it waits for the rest of its read."""
        self._waiting.append(received)
        if len(self._waiting) >= BATCH:
            self.flush()

    def flush(self) -> None:
        """Log and publish what waits: a read is over."""
        if self._waiting:
            batch, self._waiting = self._waiting, []
            self._publisher.publish(batch, logged=self._write(batch))

    def retell(self, feed: Feed) -> None:
        """The feed's symbols are others: write them before what comes."""
        self._untold[feed.account] = feed

    def moved(self, state: MarketState) -> None:
        """The log's state: a new file needs all symbols."""
        self._untold |= self._feeds

    async def room(self) -> None:
        """Return when there is room for another read, or after a while."""
        await self._publisher.room()

    def _write(self, batch: list[Received]) -> bool:
        if self._log is None:
            return False
        tables = self._tables() if self._untold else []
        logged = self._log.write([*tables, *batch])
        if self._untold:  # this batch began a file
            logged = self._log.write(self._tables()) and logged
        self.logged += len(batch) * logged
        return logged

    def _tables(self) -> list[Logged]:
        feeds, self._untold = list(self._untold.values()), {}
        return [table for feed in feeds if (table := feed.table()) is not None]
