"""Books and venue side by side; what a first look at an account takes over (docs/semantics.md 1, 7)."""

from decimal import Decimal

from msgspec.structs import asdict

from oms.domain.events import LedgerOpened, PositionAdopted
from oms.domain.events.reconcile import Difference
from oms.domain.observations import MoneySeen, Observation, OpenOrderSeen, PositionSeen
from oms.domain.reconcile import Picture, compare
from oms.domain.values import ZERO, wall
from oms.projections import Books
from oms.recorder import Turn


def compared(turn: Turn, venue: Picture, now: str) -> list[Difference]:
    """The differences at this server time; what a first look cannot explain is adopted instead."""
    books = turn.books
    if books.ledger.opened:
        return compare(picture_of_books(books), venue, now)
    first = min((wall(deal.time) for deal in books.deals), default="9")
    for event in _adopted(books, venue, first):
        turn.add(event)
    found = compare(picture_of_books(books), venue, now)
    if venue.balance is None or venue.credit is None or any(one.key for one in found):
        return found
    money = books.ledger.money()
    since = None if first == "9" else first
    left = (venue.balance - money.balance, venue.credit - money.credit)
    turn.add(LedgerOpened(*left, deals=len(books.deals), since=since))
    return compare(picture_of_books(books), venue, now)


def _adopted(books: Books, venue: Picture, first: str) -> list[PositionAdopted]:
    """Positions older than the history that was loaded, as they stand."""
    adopted = []
    for ticket, position in venue.positions.items():
        known = books.positions.get(ticket)
        if wall(position.opened_at) >= first or (known and known.volume == position.volume):
            continue
        before = ZERO if known is None else known.volume * (1 if known.side == "buy" else -1)
        adopted.append(PositionAdopted(**asdict(position), before=before))
    return adopted


def picture_of(seen: list[Observation]) -> Picture:
    """What the venue's answers show."""
    orders, positions = {}, {}
    balance: Decimal | None = None
    credit: Decimal | None = None
    for one in seen:
        match one:
            case OpenOrderSeen(record=order):
                orders[order.order] = order
            case PositionSeen(record=position) if position.volume:
                positions[position.position] = position
            case MoneySeen():
                balance, credit = one.balance, one.credit
    return Picture(orders, positions, balance, credit)


def picture_of_books(books: Books) -> Picture:
    """What the books hold."""
    orders = {one.order: one.record for one in books.orders.open() if one.record is not None}
    positions = {one.position: one for one in books.positions}
    return Picture(orders, positions, books.ledger.balance, books.ledger.credit)
