"""An account's past: round trips made long ago, as the venue's records and as a journal of their events.

A trip every five minutes buys or sells a little, closes it two minutes later, and loses what the next one
wins: so an account with an even number of trips holds nothing and its balance is 0.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from oms.domain.events import AccountChanged, Event, LedgerOpened, data_of, type_of
from oms.domain.observations import How
from oms.domain.observe import observe
from oms.domain.values import ZERO
from oms.eventlog.envelope import Draft
from oms.eventlog.journal import Journal
from oms.projections import Books
from oms.sessions.translate import Terms
from oms.sessions.translate.trade import deal, open_order, past_order
from protocol.enums import DealEntry, DealType, OrderState, OrderType
from protocol.records.trade import Deal, Order

EVERY_S: Final = 300
HELD_S: Final = 120
BEGIN_EVENTS: Final = 3  # opened, the terms, the ledger's opening entry
TRIP_EVENTS: Final = 6  # placed, booked, ended, twice
LOT: Final = 10**8
COMMIT_EVENTS: Final = 1200


class Trip(NamedTuple):
    """In and out: the orders as they ended, and their deals."""

    orders: tuple[Order, Order]
    deals: tuple[Deal, Deal]


def trips(count: int, until_s: int, *, first: int = 0) -> Iterator[Trip]:
    """So many, from the `first` one on; the last one was closed at `until_s`, server time."""
    for number in range(first, count):
        closed_s = until_s - (count - 1 - number) * EVERY_S
        yield _trip(number, closed_s)


def _trip(number: int, closed_s: int) -> Trip:
    position = 2 * number + 1
    buys = number % 4 < 2
    moved = 0.00010 if number % 2 else -0.00010
    price = 1.08 + number % 100 / 100_000
    prices = (price, round(price + (moved if buys else -moved), 5))
    legs = ((position, buys, closed_s - HELD_S), (position + 1, not buys, closed_s))
    orders = [
        Order(
            trade_order=ticket,
            trade_symbol="EURUSD",
            time_setup=at_s,
            time_setup_msc=100,
            time_done=at_s,
            time_done_msc=130,
            order_type=OrderType.BUY if buy else OrderType.SELL,
            volume_initial=LOT // 10,
            order_state=OrderState.FILLED,
            position_id=position,
            comment=f"desk-{number}",
            contract_size=100_000.0,
            digits=5,
            digits_currency=2,
        )
        for ticket, buy, at_s in legs
    ]
    deals = [
        Deal(
            deal=ticket,
            trade_order=ticket,
            time_create=at_s,
            time_create_msc=130,
            time_update=at_s,
            time_update_msc=130,
            trade_symbol="EURUSD",
            trade_action=DealType.BUY if buy else DealType.SELL,
            entry=DealEntry.OUT if leg else DealEntry.IN,
            price_open=prices[leg],
            trade_volume=LOT // 10,
            profit=(1.0 if number % 2 else -1.0) if leg else 0.0,
            position_id=position,
            comment=f"desk-{number}",
            contract_size=100_000.0,
            digits=5,
            digits_currency=2,
        )
        for leg, (ticket, buy, at_s) in enumerate(legs)
    ]
    return Trip((orders[0], orders[1]), (deals[0], deals[1]))


def events(count: int, until_s: int, terms: Terms) -> Iterator[Event]:
    """What a daemon would have made of so many trips, pushed one after the other."""
    books = Books()
    begin: list[Event] = [
        AccountChanged(currency="USD", digits=2, margin_mode="retail_hedging"),
        LedgerOpened(ZERO, ZERO),
    ]
    books.fold_all(begin)
    yield from begin
    for trip in trips(count, until_s):
        for order, fill in zip(trip.orders, trip.deals, strict=True):
            placed = msgspec.structs.replace(
                order,
                order_state=OrderState.PLACED,
                volume_current=order.volume_initial,
                time_done=0,
                time_done_msc=0,
            )
            for seen in (
                *open_order(placed, terms, How.ADDED),
                *deal(fill, terms, How.ADDED),
                *past_order(order, terms, How.ADDED),
            ):
                for event in observe(books, seen):
                    books.fold(event)
                    yield event


def write_journal(folder: Path, account: str, login: int, count: int, until_s: int, terms: Terms) -> Path:
    """The journal of so many trips; its file."""
    opened = {"login": str(login), "server": "Paper-Demo"}
    journal = Journal.open(folder, account, opened=opened, kind="inline", ballast_bytes=0)
    drafts: list[Draft] = []
    for event in events(count, until_s, terms):
        drafts.append(Draft(type_of(event), 1, data_of(event)))
        if len(drafts) == COMMIT_EVENTS:
            journal.write(drafts)
            drafts.clear()
    journal.write(drafts)
    journal.close()
    return journal.path
