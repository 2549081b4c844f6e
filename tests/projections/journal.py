"""Books with their journal beside them: what is folded was written down first, and can be read again."""

import json
from collections.abc import Iterable
from decimal import Decimal
from itertools import permutations
from typing import Any

from oms.domain.events import AccountChanged, Event, data_of, event_of, type_of
from oms.domain.observations import DealSeen, How, Observation, OpenOrderSeen, PastOrderSeen
from oms.domain.observe import observe
from oms.domain.records import DealRecord, OrderRecord
from oms.projections import Books

D = Decimal
NETTING, HEDGING = "retail_netting", "retail_hedging"


class Journal:
    """An account of one margin mode; its events as stored text."""

    def __init__(self, margin_mode: str = HEDGING) -> None:
        self.books = Books()
        self.rows: list[tuple[str, str]] = []
        self.record([AccountChanged(currency="USD", digits=2, margin_mode=margin_mode)])

    def record(self, events: Iterable[Event]) -> None:
        for event in events:
            self.rows.append((type_of(event), json.dumps(data_of(event), sort_keys=True)))
            self.books.fold(event)

    def see(self, *observations: Observation) -> list[str]:
        """Observe and fold one after the other; the types of what came of it."""
        before = len(self.rows)
        for seen in observations:
            self.record(observe(self.books, seen))
        return [kind for kind, _ in self.rows[before:]]

    def events(self) -> list[Event]:
        return [event_of(kind, 1, json.loads(text)) for kind, text in self.rows]

    def kinds(self, kind: str) -> list[dict[str, Any]]:
        return [json.loads(text) for name, text in self.rows if name == kind]

    def rebuilt(self) -> Books:
        """Books from what is written down."""
        books = Books()
        books.fold_all(self.events())
        return books


def deal(ticket: int, side: str, volume: str, price: str, **more: Any) -> DealSeen:
    """A fill; its order has the deal's ticket + 1000 unless given, its time rises with the ticket."""
    how = more.pop("how", How.ADDED)
    usual: dict[str, Any] = {
        "deal": str(ticket),
        "order": str(1000 + ticket),
        "symbol": "EURUSD",
        "type": side,
        "entry": "in",
        "volume": D(volume),
        "price": D(price),
        "digits": 5,
        "time": f"2026-11-21T10:00:{ticket % 60:02}.000+02:00",
    }
    money = {"profit": D("0.00"), "commission": D("0.00"), "swap": D("0.00"), "fee": D("0.00")}
    given = {name: D(value) if name in money else value for name, value in more.items()}
    return DealSeen(DealRecord(**(usual | money | given)), how)


def money_deal(ticket: int, kind: str, profit: str) -> DealSeen:
    """A deal that moves money alone, on the day before the fills."""
    time = f"2026-11-20T09:00:{ticket % 60:02}.000+02:00"
    return DealSeen(DealRecord(str(ticket), type=kind, profit=D(profit), time=time), How.ADDED)


def order(ticket: int, state: str, volume: str, remaining: str, **more: Any) -> OrderRecord:
    usual: dict[str, Any] = {"symbol": "EURUSD", "type": "buy_limit", "activation": "none"}
    fields = usual | more
    return OrderRecord(str(ticket), state=state, volume=D(volume), remaining=D(remaining), **fields)


def opened(record: OrderRecord, how: How = How.ADDED) -> OpenOrderSeen:
    return OpenOrderSeen(record, how)


def past(record: OrderRecord, how: How = How.ADDED) -> PastOrderSeen:
    return PastOrderSeen(record, how)


def held(journal: Journal) -> list[str]:
    """Open positions: identifier, ticket, side, lots @ price."""
    return [
        f"{one.position}/{one.ticket} {one.side} {one.volume} @ {one.price}"
        for one in journal.books.positions
    ]


def every_order(*items: Any) -> list[tuple[Any, ...]]:
    """All permutations."""
    return list(permutations(items))
