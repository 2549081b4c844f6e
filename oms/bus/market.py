"""Market data on core NATS: ticks, books, statistics, as cheaply as can be.

A message per tick (`tick`), all ticks of a push in one (`ticks`), or both.  msgspec encodes them on Trio's
side: half the cost of formatting prepared text, and the other thread has more to do anyway.

Where NATS does not keep up, whoever hands over is asked to wait.  If that is not enough, only the newest
message of each subject is kept until there is room, and of `ticks` the newest of each symbol; what was left
out is counted.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, Protocol

import msgspec
import trio

from oms.domain.events import BookChanged, StatisticsChanged
from oms.domain.events.market import BookLevel
from protocol.quotes import QuoteTick

from .bridge import Bridge
from .subjects import PREFIX, market
from .subjects import ticks as all_ticks

Changed = Sequence[QuoteTick] | Sequence[StatisticsChanged] | Sequence[BookChanged]
Messages = list[tuple[str, bytes]]

LOT: Final = 100_000_000
NOT_LOGGED: Final = {"Oms-Logged": "0"}
ROOM: Final = 4_000  # messages on their way; with more, whoever hands over should wait
MOST: Final = 100_000  # with more, only the newest of each symbol
PATIENCE_S: Final = 0.5  # so long `room` waits; once in vain, not again until there was room


class Pushed(Protocol):
    """The market data that a push brought, merged, of one kind."""

    @property
    def account(self) -> str:
        """Whose."""
        ...

    @property
    def names(self) -> Mapping[int, str]:
        """The symbols by the ids of the session that it came in."""
        ...

    @property
    def changed(self) -> Changed:
        """The data."""
        ...


class Tick(msgspec.Struct, gc=False, omit_defaults=True):
    """Subject `tick`: a quote as it stands after a tick."""

    account: str
    symbol: str
    time: int  # ms of server time
    bid: float
    ask: float
    last: float
    volume: float  # lots of the last trade
    delayed: bool = False  # left out where it is not


class TickOfPush(msgspec.Struct, gc=False, omit_defaults=True):
    """One of `ticks`; as Tick, without the account."""

    symbol: str
    time: int
    bid: float
    ask: float
    last: float
    volume: float
    delayed: bool = False


class Ticks(msgspec.Struct, gc=False):
    """Subject `ticks`: all ticks of a push."""

    account: str
    ticks: list[TickOfPush]


class BookNow(msgspec.Struct, gc=False):
    """Subject `book`: the depth of market, [price, lots], best first."""

    account: str
    symbol: str
    time: int
    bids: tuple[BookLevel, ...]
    asks: tuple[BookLevel, ...]


class Statistics(msgspec.Struct, gc=False, omit_defaults=True):
    """Subject `stat`: the day's statistics that changed, by the names of docs/protocol.md 5.2."""

    account: str
    symbol: str
    time: int
    values: dict[str, float | int | None]
    delayed: bool = False


_encode = msgspec.json.Encoder().encode
_decode_ticks = msgspec.json.Decoder(Ticks).decode


class _Subjects(dict[str, str]):
    """Subjects by symbol, made when first needed."""

    def __init__(self, make: Callable[[str], str]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, symbol: str) -> str:
        found = self[symbol] = self._make(symbol)
        return found


class AccountSubjects:
    """The subjects of one account's market data."""

    def __init__(self, prefix: str, account: str) -> None:
        def of(kind: str) -> _Subjects:
            return _Subjects(lambda symbol: market(prefix, kind, account, symbol))

        self.tick, self.book, self.stat = of("tick"), of("book"), of("stat")
        self.ticks = all_ticks(prefix, account)
        self._names: Mapping[int, str] = {}
        self._by_id: dict[int, tuple[str, str]] = {}

    def by_id(self, names: Mapping[int, str]) -> dict[int, tuple[str, str]]:
        """Name and subject `tick` of each symbol, by the ids of a session; made once for it."""
        if names is not self._names or len(names) != len(self._by_id):
            self._names = names
            self._by_id = {number: (name, self.tick[name]) for number, name in names.items()}
        return self._by_id


class MarketPublisher:
    """Publishes what all accounts' pushes brought."""

    def __init__(
        self, bridge: Bridge, *, prefix: str = PREFIX, per_tick: bool = True, per_push: bool = True
    ) -> None:
        """`per_tick`, `per_push`: whether there is a message for each tick, for all ticks of a push."""
        self.published = 0  # messages handed to the bridge
        self.conflated = 0  # ticks, books, statistics left out for a newer one
        self._bridge, self._prefix = bridge, prefix
        self._per_tick, self._per_push = per_tick, per_push
        self._subjects: dict[str, AccountSubjects] = {}
        self._accounts: set[str] = set()  # subjects `ticks`
        self._held: dict[str, tuple[bytes, bool]] = {}  # by subject: the newest payload, whether it is logged
        self._held_ticks: dict[str, dict[str, TickOfPush]] = {}  # by account and symbol
        self._not_logged: set[str] = set()  # accounts with such a tick among those
        self._holding = trio.Event()
        self._patient = True

    def publish(self, messages: Messages, *, logged: bool) -> None:
        """Hand messages over, in their order, without waiting."""
        if self._held or self._held_ticks or self._bridge.backlog > MOST:
            self._hold(messages, logged)
        else:
            self._send(messages, logged)

    async def room(self) -> None:
        """Wait where too much is on its way already, but not for long: fills come by the same way.

        Where that was in vain, NATS stands still or is too slow, and nobody waits until there was room.
        """
        if self._bridge.backlog < ROOM:
            self._patient = True
        elif self._patient:
            with trio.move_on_after(PATIENCE_S) as waiting:
                await self._bridge.room(ROOM)
            self._patient = not waiting.cancelled_caught

    async def run(self) -> None:
        """For ever: publish what was held back, when there is room."""
        while True:
            await self._holding.wait()
            await self._bridge.room(ROOM)
            self._holding = trio.Event()
            held, self._held = self._held, {}
            ticks, self._held_ticks = self._held_ticks, {}
            not_logged, self._not_logged = self._not_logged, set()
            for logged in (True, False):
                self._send([(one, body) for one, (body, was) in held.items() if was is logged], logged)
            for account, rows in ticks.items():
                self._send([self._all_ticks(account, rows)], account not in not_logged)

    def _hold(self, messages: Messages, logged: bool) -> None:
        for subject, payload in messages:
            if subject in self._accounts:
                found = _decode_ticks(payload)
                rows = self._held_ticks.setdefault(found.account, {})
                if not logged:
                    self._not_logged.add(found.account)
                for row in found.ticks:
                    self.conflated += row.symbol in rows
                    rows[row.symbol] = row
            else:
                self.conflated += subject in self._held
                self._held[subject] = payload, logged
        self._holding.set()

    def _all_ticks(self, account: str, rows: dict[str, TickOfPush]) -> tuple[str, bytes]:
        return self._subjects[account].ticks, _encode(Ticks(account, list(rows.values())))

    def _send(self, messages: Messages, logged: bool) -> None:
        if messages:
            self.published += len(messages)
            self._bridge.publish(messages, None if logged else NOT_LOGGED)

    def write(self, messages: Messages, pushed: Pushed) -> None:
        """Append the messages of what a push brought.  Ticks are the hottest loop on this side."""
        account, changed = pushed.account, pushed.changed
        subjects = self._subjects.get(account) or self._subjects_of(account)
        if not changed or type(changed[0]) is not QuoteTick:
            self._write_others(messages, subjects, account, changed)
            return
        ticks: Sequence[QuoteTick] = changed  # type: ignore[assignment]  # all are of one kind
        known, encode = subjects.by_id(pushed.names), _encode
        if self._per_tick:
            append = messages.append
            for one in ticks:
                name, subject = known[one.symbol_id]
                volume = one.volume / LOT if one.volume else 0.0
                tick = Tick(account, name, one.time, one.bid, one.ask, one.last, volume, one.delayed)
                append((subject, encode(tick)))
        if self._per_push:
            rows = [
                TickOfPush(
                    known[one.symbol_id][0],
                    one.time,
                    one.bid,
                    one.ask,
                    one.last,
                    one.volume / LOT if one.volume else 0.0,
                    one.delayed,
                )
                for one in ticks
            ]
            messages.append((subjects.ticks, encode(Ticks(account, rows))))

    def _subjects_of(self, account: str) -> AccountSubjects:
        found = self._subjects[account] = AccountSubjects(self._prefix, account)
        self._accounts.add(found.ticks)
        return found

    def _write_others(
        self, messages: Messages, subjects: AccountSubjects, account: str, changed: Changed
    ) -> None:
        for one in changed:
            if isinstance(one, BookChanged):
                book = BookNow(account, one.symbol, one.time, one.bids, one.asks)
                messages.append((subjects.book[one.symbol], _encode(book)))
            elif isinstance(one, StatisticsChanged):
                statistics = Statistics(account, one.symbol, one.time, one.values, one.delayed)
                messages.append((subjects.stat[one.symbol], _encode(statistics)))
