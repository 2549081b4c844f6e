"""Orders: the latest record of each, with the deals that name it; `lifecycle` says what that comes to."""

from collections.abc import Callable, Iterator, Mapping
from itertools import accumulate
from typing import Any, cast

import msgspec

from oms.domain import words
from oms.domain.events import Event, OrderEnded, OrderPlaced, OrderRemoved, OrderUpdated, ReconcileReport
from oms.domain.lifecycle import Order, judge
from oms.domain.records import DealRecord, OrderRecord
from oms.domain.values import ZERO, exact_sum

from .columns import Rows, packed
from .tally import Tally


class Entry(msgspec.Struct, gc=False):
    """What is known of one ticket."""

    record: OrderRecord | None = None
    ended: bool = False
    fills: list[DealRecord] = []  # the deals that name it

    @property
    def symbol(self) -> str:
        """By its record, else by its deals."""
        known = self.record or (self.fills[0] if self.fills else None)
        return known.symbol if known is not None else ""

    @property
    def lacks(self) -> bool:
        """Whether the record that ended it calls more filled than its deals do (`Order.missing`)."""
        record = self.record
        if not self.ended or record is None or not record.volume or record.type == words.CLOSE_BY:
            return False
        if record.state == words.FILLED:
            claimed = record.volume
        else:
            claimed = record.volume - record.remaining if record.remaining else ZERO
        filled = [deal.volume for deal in self.fills if deal.trades and deal.volume is not None]
        return claimed > 0 and exact_sum(filled) < claimed

    def state(self) -> Any:
        """The record and the tickets of the deals, from which all else follows."""
        return {
            "record": self.record,
            "ended": self.ended,
            "deals": sorted(deal.deal for deal in self.fills),
        }


class _Dump(msgspec.Struct, frozen=True):
    """Entries in their order; records only of those that have one, and in that order."""

    tickets: list[str]
    recorded: list[bool]
    ended: list[bool]
    fills: list[list[int]]  # ranks of deals
    records: msgspec.Raw
    open: list[str]
    lacking: list[str]
    removed: list[str]
    total: str


class _Past:
    """The entries of a dump, by their place in it; one is made when it is asked for."""

    def __init__(self, dump: _Dump, deals: Rows[DealRecord]) -> None:
        self._dump, self._deals = dump, deals
        self._records = Rows(OrderRecord, dump.records)
        self._place = list(accumulate(dump.recorded, initial=0))  # of an entry's record, if it has one
        if self._place[-1] != len(self._records):
            raise ValueError(f"{len(self._records)} records of {self._place[-1]} orders")

    def __getitem__(self, place: int) -> Entry:
        dump = self._dump
        record = self._records[self._place[place]] if dump.recorded[place] else None
        return Entry(record, dump.ended[place], [self._deals[rank] for rank in dump.fills[place]])

    def all(self) -> list[Entry]:
        """Every entry; much faster than one by one."""
        self._records.all()
        self._deals.all()
        return [self[place] for place in range(len(self._dump.tickets))]


class Orders:
    """All orders of an account, ours or not."""

    def __init__(self) -> None:
        self._entries: dict[str, Entry | int] = {}  # or its place in a snapshot
        self._past: _Past | None = None  # the entries of a snapshot
        self._open: dict[str, None] = {}
        self._lacking: dict[str, None] = {}  # ended; since then nobody found that their fills are all known
        self._removed: dict[str, None] = {}
        self._tally: Tally[str] = Tally()

    @property
    def folds(self) -> Mapping[type[Event], Callable[[Any], None]]:
        """What it does with events that are no deals."""
        return {
            OrderPlaced: self._seen_open,
            OrderUpdated: self._seen_open,
            OrderEnded: self._ended,
            OrderRemoved: self._taken_out,
            ReconcileReport: self._compared,
        }

    def get(self, ticket: str) -> Order | None:
        """An order by its ticket."""
        entry = self._known(ticket)
        return judge(ticket, entry.record, entry.ended, entry.fills) if entry else None

    def tickets(self, symbol: str | None = None) -> list[str]:
        """Of all orders, or of a symbol's, ended ones too, by when they were heard of; none is judged."""
        if symbol is None:
            return list(self._entries)
        return [ticket for ticket, entry in self._all().items() if entry.symbol == symbol]

    def ended(self) -> list[OrderRecord]:
        """The bare records of the orders that have ended: judging each costs four times as much."""
        return [entry.record for entry in self._all().values() if entry.ended and entry.record is not None]

    def open(self) -> Iterator[Order]:
        """The orders that no record ended, by age."""
        entries = [(ticket, self._known(ticket)) for ticket in self._open]
        return (judge(ticket, e.record, e.ended, e.fills) for ticket, e in entries if e is not None)

    def at_stake(self) -> Iterator[Order]:
        """The open ones, and those that ended with fills that no deal is known for."""
        entries = [(ticket, self._known(ticket)) for ticket in (*self._open, *self._lacking)]
        return (judge(ticket, e.record, e.ended, e.fills) for ticket, e in entries if e is not None)

    def __iter__(self) -> Iterator[Order]:
        """All orders, ended ones too, by when they were heard of."""
        entries = list(self._all().items())
        return (judge(ticket, e.record, e.ended, e.fills) for ticket, e in entries)

    def was_removed(self, ticket: str) -> bool:
        """Whether the broker took it out of the history."""
        return ticket in self._removed

    def fills(self, ticket: str) -> tuple[DealRecord, ...]:
        """The deals that name an order."""
        entry = self._known(ticket)
        return tuple(entry.fills) if entry else ()

    def deal(self, before: DealRecord | None, after: DealRecord | None) -> None:
        """A fill belongs to the order that it names, known or not."""
        if before is not None and before.order is not None:
            entry = self._changing(before.order)
            entry.fills = [deal for deal in entry.fills if deal.deal != before.deal]
            self._forget_empty(before.order, entry)
        if after is not None and after.order is not None:
            entry = self._changing(after.order)
            entry.fills.append(after)
            if after.order in self._lacking and not entry.lacks:
                del self._lacking[after.order]

    def state(self) -> Any:
        """Records and tickets of deals, from which all else follows; of removed ones nothing, as of deals."""
        return {ticket: entry.state() for ticket, entry in self._all().items()}

    def essence(self) -> Any:
        """How many orders there are, and their tally."""
        return {"count": len(self._entries), "total": self._total()}

    def dumped(self, rank: Mapping[str, int]) -> bytes:
        """All entries, and who is open or was removed, in the order in which it came to be."""
        entries = self._all().values()
        return msgspec.msgpack.encode(
            _Dump(
                tickets=list(self._entries),
                recorded=[entry.record is not None for entry in entries],
                ended=[entry.ended for entry in entries],
                fills=[[rank[deal.deal] for deal in entry.fills] for entry in entries],
                records=msgspec.Raw(packed(OrderRecord, [one.record for one in entries if one.record])),
                open=list(self._open),
                lacking=list(self._lacking),
                removed=list(self._removed),
                total=self._total(),
            )
        )

    def restore(self, dump: msgspec.Raw, deals: Rows[DealRecord]) -> None:
        """Likewise."""
        found = msgspec.msgpack.decode(dump, type=_Dump)
        self._past = _Past(found, deals)
        self._entries = dict(zip(found.tickets, range(len(found.tickets)), strict=True))
        self._open, self._removed = dict.fromkeys(found.open), dict.fromkeys(found.removed)
        self._lacking = dict.fromkeys(found.lacking)
        self._tally.restore(found.total)

    def _known(self, ticket: str) -> Entry | None:
        found = self._entries.get(ticket)
        if isinstance(found, int):
            if self._past is None:
                raise LookupError(f"place {found} of no snapshot")
            found = self._entries[ticket] = self._past[found]
        return found

    def _all(self) -> dict[str, Entry]:
        """All of them as entries, of a snapshot too."""
        if self._past is not None:
            made = self._past.all()
            for ticket, entry in self._entries.items():
                if isinstance(entry, int):
                    self._entries[ticket] = made[entry]
            self._past = None
        return cast(dict[str, Entry], self._entries)

    def _total(self) -> str:
        return self._tally.total(self._entries, lambda ticket: (e := self._known(ticket)) and e.state())

    def _changing(self, ticket: str) -> Entry:
        """An entry, made where there is none, that is about to change."""
        entry = self._entries.get(ticket)
        if isinstance(entry, int):
            entry = self._known(ticket)
        if self._tally.holds(ticket):
            self._tally.leave(ticket, entry and entry.state())
        if entry is None:
            entry = self._entries[ticket] = Entry()
        return entry

    def _seen_open(self, record: OrderRecord) -> None:
        entry = self._changing(record.order)
        if not entry.ended:
            entry.record = record
            self._open[record.order] = None
            self._removed.pop(record.order, None)

    def _ended(self, record: OrderRecord) -> None:
        entry = self._changing(record.order)
        entry.record, entry.ended = record, True
        self._open.pop(record.order, None)
        self._lacking.pop(record.order, None)
        if entry.lacks:
            self._lacking[record.order] = None
        self._removed.pop(record.order, None)

    def _taken_out(self, event: OrderRemoved) -> None:
        self._removed[event.order] = None
        self._open.pop(event.order, None)
        self._lacking.pop(event.order, None)
        entry = self._changing(event.order)
        entry.record, entry.ended = None, False
        self._forget_empty(event.order, entry)

    def _compared(self, event: ReconcileReport) -> None:
        """Where the venue's positions are the books', no fill is missing, whatever a record says."""
        if event.equal and event.quiet:
            self._lacking.clear()

    def _forget_empty(self, ticket: str, entry: Entry) -> None:
        if entry.record is None and not entry.fills:
            del self._entries[ticket]
