"""Orders: the latest record of each, with the deals that name it; `lifecycle` says what that comes to."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from msgspec.structs import astuple

from oms.domain.events import Event, OrderEnded, OrderPlaced, OrderRemoved, OrderUpdated
from oms.domain.lifecycle import Order, judge
from oms.domain.records import DealRecord, OrderRecord


@dataclass(slots=True)
class Entry:
    """What is known of one ticket."""

    record: OrderRecord | None = None
    ended: bool = False
    fills: dict[str, DealRecord] = field(default_factory=dict)


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
        return judge(ticket, entry.record, entry.ended, entry.fills.values()) if entry else None

    def open(self) -> Iterator[Order]:
        """The orders that no record ended, by age."""
        return (judge(one, e.record, e.ended, e.fills.values()) for one, e in self._items(self._open))

    def __iter__(self) -> Iterator[Order]:
        """All orders, ended ones too, by when they were heard of."""
        return (judge(one, e.record, e.ended, e.fills.values()) for one, e in self._items(self._entries))

    def was_removed(self, ticket: str) -> bool:
        """Whether the broker took it out of the history."""
        return ticket in self._removed

    def fills(self, ticket: str) -> tuple[DealRecord, ...]:
        """The deals that name an order."""
        entry = self._entries.get(ticket)
        return tuple(entry.fills.values()) if entry else ()

    def deal(self, before: DealRecord | None, after: DealRecord | None) -> None:
        """A fill belongs to the order that it names, known or not."""
        if before is not None and before.order is not None:
            entry = self._entries[before.order]
            del entry.fills[before.deal]
            self._forget_empty(before.order, entry)
        if after is not None and after.order is not None:
            self._entry(after.order).fills[after.deal] = after

    def state(self) -> Any:
        """Records and tickets of deals, from which all else follows; of removed ones nothing, as of deals."""
        return {
            ticket: {"record": entry.record, "ended": entry.ended, "deals": sorted(entry.fills)}
            for ticket, entry in self._entries.items()
        }

    def _items(self, tickets: Mapping[str, Any]) -> Iterator[tuple[str, Entry]]:
        return ((ticket, self._entries[ticket]) for ticket in tuple(tickets))

    def _entry(self, ticket: str) -> Entry:
        entry = self._entries.get(ticket)
        if entry is None:
            entry = self._entries[ticket] = Entry()
        return entry

    def _seen_open(self, event: OrderPlaced | OrderUpdated) -> None:
        entry = self._entry(event.order)
        if not entry.ended:
            entry.record = OrderRecord(*astuple(event))
            self._open[event.order] = None
            self._removed.pop(event.order, None)

    def _ended(self, event: OrderEnded) -> None:
        entry = self._entry(event.order)
        entry.record, entry.ended = OrderRecord(*astuple(event)), True
        self._open.pop(event.order, None)
        self._removed.pop(event.order, None)

    def _taken_out(self, event: OrderRemoved) -> None:
        self._removed[event.order] = None
        self._open.pop(event.order, None)
        entry = self._entry(event.order)
        entry.record, entry.ended = None, False
        self._forget_empty(event.order, entry)

    def _forget_empty(self, ticket: str, entry: Entry) -> None:
        if entry.record is None and not entry.fills:
            del self._entries[ticket]
