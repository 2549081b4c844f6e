"""Market data of all accounts: logged in one commit, then published.

Whatever came while one batch was logged is the next.  A tick is published after it is logged; where the log
cannot be written it is published all the same, and says so.  Market data never hold up trade facts for long:
who is too slow to take them gets the newest of each symbol.
"""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Protocol

import msgspec
import trio

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
ROOM: Final = 20_000  # pushes that may wait; then reading waits too
PATIENCE_S: Final = 0.5  # so long at most
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
        """Wait a while where too much waits already."""
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

    def table(self) -> Logged | None:
        """The symbols by which the rows are read; None while there are none."""
        rows = [tuple(listed) for listed in self.board.listed()]
        return Logged(SYMBOLS, self.account, self._clock(), rows) if rows else None


class Pump:
    """Takes what the feeds hear, logs it, hands it on."""

    def __init__(self, log: MarketLog | None, publisher: Publisher) -> None:
        self.logged = 0  # pushes
        self._log, self._publisher = log, publisher
        self._waiting: deque[Received] = deque()
        self._came = trio.Event()
        self._room = trio.Event()
        self._untold: dict[str, Feed] = {}  # feeds whose symbols the file does not hold yet
        self._feeds: dict[str, Feed] = {}

    def feed(self, account: str, clock: Callable[[], int]) -> Feed:
        """The way in for one account."""
        found = self._feeds[account] = Feed(account, self, clock)
        return found

    def put(self, received: Received) -> None:
        """Something came."""
        self._waiting.append(received)
        self._came.set()

    def retell(self, feed: Feed) -> None:
        """The feed's symbols are others: write them before what comes."""
        self._untold[feed.account] = feed

    def moved(self, state: MarketState) -> None:
        """The log's state: a new file needs all symbols."""
        self._untold |= self._feeds

    async def room(self) -> None:
        """Return when there is room for more, or after a while."""
        if len(self._waiting) >= ROOM:
            with trio.move_on_after(PATIENCE_S):
                await self._room.wait()

    async def run(self) -> None:
        """Log and publish what comes, for ever."""
        while True:
            if not self._waiting:
                await self._came.wait()
            self._came = trio.Event()
            while self._waiting:
                self._batch()
                await trio.lowlevel.checkpoint()
                await self._publisher.room()

    def flush(self) -> None:
        """Log and publish what is left."""
        while self._waiting:
            self._batch()

    def _batch(self) -> None:
        waiting = self._waiting
        batch = [waiting.popleft() for _ in range(min(BATCH, len(waiting)))]
        if len(waiting) < ROOM:
            self._room.set()
            self._room = trio.Event()
        self._publisher.publish(batch, logged=self._write(batch))

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
