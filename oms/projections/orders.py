"""Orders: the latest record of each, with the deals that name it; `lifecycle` says what that comes to."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from oms.domain.events import Event, OrderEnded, OrderPlaced, OrderRemoved, OrderUpdated
from oms.domain.lifecycle import Order, judge
from oms.domain.records import DealRecord, OrderRecord

from .columns import packed, unpacked


@dataclass(slots=True)
class Entry:
    """What is known of one ticket."""

    record: OrderRecord | None = None
    ended: bool = False
    fills: list[DealRecord] = field(default_factory=list)  # the deals that name it


class _Dump(msgspec.Struct, frozen=True):
    """Entries in their order; records only of those that have one, and in that order."""

    tickets: list[str]
    recorded: list[bool]
    ended: list[bool]
    fills: list[list[int]]  # ranks of deals
    records: msgspec.Raw
    open: list[str]
    removed: list[str]


class Orders:
    """All orders of an account, ours or not."""

    def __init__(self) -> None:
        self._entries: dict[str, Entry] = {}
        self._open: dict[str, None] = {}
        self._removed: dict[str, None] = {}
        self.folds: Mapping[type[Event], Callable[[Any], None]] = {
            OrderPlaced: self._seen_open,
            OrderUpdated: self._seen_open,
            OrderEnded: self._ended,
            OrderRemoved: self._taken_out,
        }

    def get(self, ticket: str) -> Order | None:
        """An order by its ticket."""
        entry = self._entries.get(ticket)
        return judge(ticket, entry.record, entry.ended, entry.fills) if entry else None

    def open(self) -> Iterator[Order]:
        """The orders that no record ended, by age."""
        return (judge(one, e.record, e.ended, e.fills) for one, e in self._items(self._open))

    def __iter__(self) -> Iterator[Order]:
        """All orders, ended ones too, by when they were heard of."""
        return (judge(one, e.record, e.ended, e.fills) for one, e in self._items(self._entries))

    def was_removed(self, ticket: str) -> bool:
        """Whether the broker took it out of the history."""
        return ticket in self._removed

    def fills(self, ticket: str) -> tuple[DealRecord, ...]:
        """The deals that name an order."""
        entry = self._entries.get(ticket)
        return tuple(entry.fills) if entry else ()

    def deal(self, before: DealRecord | None, after: DealRecord | None) -> None:
        """A fill belongs to the order that it names, known or not."""
        if before is not None and before.order is not None:
            entry = self._entries[before.order]
            entry.fills = [deal for deal in entry.fills if deal.deal != before.deal]
            self._forget_empty(before.order, entry)
        if after is not None and after.order is not None:
            self._entry(after.order).fills.append(after)

    def state(self) -> Any:
        """Records and tickets of deals, from which all else follows; of removed ones nothing, as of deals."""
        return {
            ticket: {
                "record": entry.record,
                "ended": entry.ended,
                "deals": sorted(d.deal for d in entry.fills),
            }
            for ticket, entry in self._entries.items()
        }

    def dumped(self, rank: Mapping[str, int]) -> bytes:
        """All entries, and who is open or was removed, in the order in which it came to be."""
        entries = self._entries.values()
        return msgspec.msgpack.encode(
            _Dump(
                tickets=list(self._entries),
                recorded=[entry.record is not None for entry in entries],
                ended=[entry.ended for entry in entries],
                fills=[[rank[deal.deal] for deal in entry.fills] for entry in entries],
                records=msgspec.Raw(packed(OrderRecord, [one.record for one in entries if one.record])),
                open=list(self._open),
                removed=list(self._removed),
            )
        )

    def restore(self, dump: msgspec.Raw, deals: Sequence[DealRecord]) -> None:
        """Likewise."""
        found = msgspec.msgpack.decode(dump, type=_Dump)
        known = iter(unpacked(OrderRecord, found.records))
        records = (next(known) if recorded else None for recorded in found.recorded)
        fills = ([deals[rank] for rank in ranks] for ranks in found.fills)
        entries = map(Entry, records, found.ended, fills)
        self._entries = dict(zip(found.tickets, entries, strict=True))
        self._open, self._removed = dict.fromkeys(found.open), dict.fromkeys(found.removed)

    def _items(self, tickets: Mapping[str, Any]) -> Iterator[tuple[str, Entry]]:
        return ((ticket, self._entries[ticket]) for ticket in tuple(tickets))

    def _entry(self, ticket: str) -> Entry:
        entry = self._entries.get(ticket)
        if entry is None:
            entry = self._entries[ticket] = Entry()
        return entry

    def _seen_open(self, record: OrderRecord) -> None:
        entry = self._entry(record.order)
        if not entry.ended:
            entry.record = record
            self._open[record.order] = None
            self._removed.pop(record.order, None)

    def _ended(self, record: OrderRecord) -> None:
        entry = self._entry(record.order)
        entry.record, entry.ended = record, True
        self._open.pop(record.order, None)
        self._removed.pop(record.order, None)

    def _taken_out(self, event: OrderRemoved) -> None:
        self._removed[event.order] = None
        self._open.pop(event.order, None)
        entry = self._entry(event.order)
        entry.record, entry.ended = None, False
        self._forget_empty(event.order, entry)

    def _forget_empty(self, ticket: str, entry: Entry) -> None:
        if entry.record is None and not entry.fills:
            del self._entries[ticket]
