"""Market data of all accounts: logged, then published, as soon as they are received.

What the first read of a turn of the event loop brought is logged and published at once: mostly it is all.
What the other connections bring in that turn is logged in one commit and then published, before the loop
waits for more.  So nothing waits here, no task is woken for it, and what comes faster is done in larger
pieces.  Where the log cannot be written ticks are published all the same, and say so.  A slow reader of ours
slows the venues down, for a moment.

A push becomes bytes at once, for the log and for NATS, and what it was made of is gone: keeping the ticks of
a whole read until its end would cost twice as much, all of it in the processor's waiting for memory.
"""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, Protocol

import msgspec
import trio

from oms.domain.events import BookChanged, StatisticsChanged
from oms.eventlog.market import MarketLog, MarketState
from oms.eventlog.segment import Push as Logged
from oms.eventlog.segment import encoded
from protocol.messages import Push
from protocol.quotes import QuoteTick

from .quotes import Listed, QuoteBoard
from .skew import Skew

TICKS, STATISTICS, BOOKS = 8, 17, 23
MARKET: Final = frozenset({TICKS, STATISTICS, BOOKS})
KINDS: Final = {TICKS: "ticks", STATISTICS: "statistics", BOOKS: "books"}
SYMBOLS: Final = "symbols"  # the table that ids are read by: first in a session, and once in each file
BATCH: Final = 256  # pushes in one commit: so long the loop stands still
SKEW_OF: Final = 8  # pushes of which one tells the server's clock

Messages = list[tuple[str, bytes]]  # subject, payload
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

    def write(self, messages: Messages, received: Received) -> None:
        """Append the messages of a push."""
        ...

    def publish(self, messages: Messages, *, logged: bool) -> None:
        """Hand messages over, in their order, without waiting."""
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
        self._began_at = clock()  # nanoseconds of UTC: the session; at first there is none, and no symbol

    def begin(self, symbols: Iterable[Listed]) -> None:
        """A new session, whose market data are read by these."""
        self._pump.flush()  # what came by other symbols is logged before these
        self._began_at = self._clock()
        self.board.begin()
        self._add(symbols)

    def change(self, symbols: Iterable[Listed]) -> None:
        """Other terms of some symbols."""
        self._pump.flush()
        self._add(symbols)

    def _add(self, symbols: Iterable[Listed]) -> None:
        for symbol in symbols:
            self.board.add(symbol)
        self._pump.retell(self)

    def clock_stepped(self, ns: int) -> None:
        """UTC, by which everything here is timed, was set by so much."""
        self.board.clock_stepped(ns)
        self.skew.clock_stepped(ns // 1_000_000)

    def hear(self, push: Push) -> None:
        """A push 8, 17 or 23."""
        if push.command == TICKS:
            self.hear_ticks(push)
        elif push.command == STATISTICS:
            at = self._clock()
            rows = list(push.value.rows())
            self._put(STATISTICS, at, rows, self.board.statistics(push.value, at))
        else:
            at = self._clock()
            rows = [
                (
                    *(head.symbol_id, head.books_time, head.time_msc, head.books_flags),
                    [[level.book_type, level.price, level.volume] for level in head.levels],
                )
                for head in push.value
            ]
            self._put(BOOKS, at, rows, self.board.books(push.value, at))

    def hear_ticks(self, push: Push) -> None:
        """A push 8, as most are."""
        at, board = self._clock(), self.board
        rows = list(push.value.rows())
        changed = board.ticks(rows, at)
        self.pushes[TICKS] += 1
        self.ticks += len(rows)
        if changed and not self.pushes[TICKS] % SKEW_OF and not changed[-1].delayed:
            self.skew.hear(changed[-1].time, at // 1_000_000)
        if rows:
            self._pump.put(Received("ticks", self.account, at, rows, board.names, changed))

    def pause(self) -> None:
        """A read is over."""
        self._pump.pause()

    def _put(self, command: int, at: int, rows: list[tuple[Any, ...]], changed: Changed) -> None:
        self.pushes[command] += 1
        if rows:
            self._pump.put(Received(KINDS[command], self.account, at, rows, self.board.names, changed))

    def table(self) -> Logged:
        """The symbols by which the rows are read.

        Its time is that of the session's beginning: by it a table that is told again is known as such.
        """
        return Logged(SYMBOLS, self.account, self._began_at, [tuple(one) for one in self.board.listed()])


class Pump:
    """Takes what the feeds hear, logs it, hands it on."""

    def __init__(self, log: MarketLog | None, publisher: Publisher) -> None:
        self.logged = 0  # pushes
        self._log, self._publisher = log, publisher
        self._rows: list[bytes] = []
        self._messages: Messages = []
        self._count = 0  # pushes that these are of
        self._first = True  # nothing was read yet in this turn of the event loop
        self._untold: dict[str, Feed] = {}  # feeds whose symbols the file does not hold yet
        self._feeds: dict[str, Feed] = {}

    def feed(self, account: str, clock: Callable[[], int]) -> Feed:
        """The way in for one account."""
        found = self._feeds[account] = Feed(account, self, clock)
        self.retell(found)  # the ids of a daemon before are none of ours
        return found

    async def run(self) -> None:
        """Flush at the end of every turn, until cancelled; raises what that raised."""
        turn = _EndOfTurn(self._end_turn)
        trio.lowlevel.add_instrument(turn)
        try:
            await turn.failed.wait()
        finally:
            trio.lowlevel.remove_instrument(turn)
            self.flush()
        raise turn.why

    def put(self, received: Received) -> None:
        """Something came; it waits for the end of the turn."""
        if self._log is not None:
            self._rows.append(encoded(received))
        self._publisher.write(self._messages, received)
        self._count += 1
        if self._count >= BATCH:
            self.flush()

    def pause(self) -> None:
        """A read is over; after the first of a turn what it brought does not wait for the turn's end.

        The thread that publishes is let go first, where both have one core: until the reader is ready to wait
        again takes as long as to publish a push.
        """
        if self._first and self._count:
            self._first = False
            self.flush()
            os.sched_yield()

    def _end_turn(self) -> None:
        self._first = True
        self.flush()

    def flush(self) -> None:
        """Log and publish what waits."""
        if self._count:
            rows, messages, count = self._rows, self._messages, self._count
            self._rows, self._messages, self._count = [], [], 0
            logged = self._write(rows)
            self.logged += count * logged
            self._publisher.publish(messages, logged=logged)

    def retell(self, feed: Feed) -> None:
        """The feed's symbols are others: write them before what comes."""
        self._untold[feed.account] = feed

    def moved(self, state: MarketState) -> None:
        """The log's state: a new file needs all symbols."""
        self._untold |= self._feeds

    async def room(self) -> None:
        """Return when there is room for another read, or after a while."""
        await self._publisher.room()

    def _write(self, rows: list[bytes]) -> bool:
        if self._log is None or not self._log.ready():
            return False
        if self._untold:
            rows = [*self._tables(), *rows]
        logged = self._log.write_rows(rows)
        if self._untold:  # these began a file
            logged = self._log.write_rows(self._tables()) and logged
        return logged

    def _tables(self) -> list[bytes]:
        feeds, self._untold = list(self._untold.values()), {}
        return [encoded(feed.table()) for feed in feeds]


class _EndOfTurn(trio.abc.Instrument):
    """Calls something before the event loop waits.  Trio drops instruments that raise, so this one tells."""

    def __init__(self, act: Callable[[], None]) -> None:
        self.failed = trio.Event()
        self.why: Exception = RuntimeError("nothing failed")
        self._act = act

    def before_io_wait(self, timeout: float) -> None:
        """As promised by Trio."""
        if not self.failed.is_set():
            try:
                self._act()
            except Exception as why:  # noqa: BLE001 - raised by whoever waits for it
                self.why = why
                self.failed.set()
