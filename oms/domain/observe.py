"""What an observation adds to the books, as events; nothing where they know it already.

One function for pushes and for answers.  Folding each result before the next observation leaves the same
books whatever the order of the pushes, and however often each came: a deal counts once per ticket, an order
that ended stays ended, an older record of a position is told by its time.  Two things the wire gives no
order to, changed prices or stops of an open order and an edited record of the history: there the last one
heard stands until the next answer, which stands over every push.

Nothing is invented: what the books hold and an answer lacks is not an observation but a difference.
"""

from collections.abc import Iterable
from decimal import Decimal
from typing import Final, NamedTuple, Protocol, assert_never

from msgspec.structs import asdict, astuple

from .events import (
    AccountChanged,
    AnomalySeen,
    BalanceReported,
    DealAmended,
    DealBooked,
    DealRemoved,
    Event,
    LedgerDifference,
    OrderEnded,
    OrderPlaced,
    OrderRemoved,
    OrderUpdated,
    PositionAdjusted,
    PositionRenamed,
    SymbolChanged,
)
from .lifecycle import Order, judge
from .observations import (
    AccountSeen,
    DealSeen,
    How,
    MoneySeen,
    Observation,
    Odd,
    OpenOrderSeen,
    PastOrderSeen,
    PositionSeen,
    SymbolSeen,
)
from .records import (
    AccountRecord,
    DealRecord,
    OrderRecord,
    PositionRecord,
    SymbolRecord,
    same_deal,
    same_order,
    same_symbol,
    same_terms,
)
from .values import EXACT, ZERO, Ticket, tidy, wall


class Standing(NamedTuple):
    """What the books know where a position would be."""

    position: PositionRecord | None = None  # open by its deals
    told: PositionRecord | None = None  # the venue's last word on this identifier, open or not yet
    touched: str = ""  # wall time of the position's last deal; "" for none


class Money(NamedTuple):
    """The ledger's figures, and those that the venue reported last, where they were not the ledger's."""

    opened: bool
    balance: Decimal
    credit: Decimal
    reported: tuple[Decimal | None, Decimal | None] | None = None
    deal: Ticket | None = None  # behind which they were reported; None: of no deal


class Known(Protocol):
    """The books, as far as observing asks them."""

    def deal(self, ticket: str) -> DealRecord | None:
        """A deal that counts."""

    def deal_removed(self, ticket: str) -> bool:
        """Whether the broker took it back."""

    def order(self, ticket: str) -> Order | None:
        """An order by its record, its deals or both."""

    def order_removed(self, ticket: str) -> bool:
        """Whether the broker took it out of the history."""

    def fills(self, order: str) -> tuple[DealRecord, ...]:
        """The deals that name an order."""

    def standing(self, record: PositionRecord) -> Standing:
        """What is known where this position belongs."""

    def account(self) -> AccountRecord | None:
        """The account's terms."""

    def symbol(self, name: str) -> SymbolRecord | None:
        """A symbol's specification."""

    def money(self) -> Money:
        """Balance and credit."""

    def money_after(self, ticket: str) -> tuple[Decimal, Decimal] | None:
        """Balance and credit without the deals behind this one; None for a deal that does not count."""


def observe(books: Known, seen: Observation) -> list[Event]:
    """The events of one observation, to be folded before the next one is observed."""
    if isinstance(seen, Odd):
        return [seen.finding]
    events = _news(books, seen)
    return [*events, *seen.anomalies] if events else []


_Seen = OpenOrderSeen | PastOrderSeen | DealSeen | PositionSeen | AccountSeen | MoneySeen | SymbolSeen


def _news(books: Known, seen: _Seen) -> list[Event]:
    match seen:
        case OpenOrderSeen(record=order, how=how):
            return _open_order(books, order, how)
        case PastOrderSeen(record=order, how=how):
            return _past_order(books, order, how)
        case DealSeen(record=deal, how=how):
            return _deal(books, deal, how)
        case PositionSeen(record=position, how=how):
            return _position(books.standing(position), position, how)
        case AccountSeen(record=account):
            return [] if account == books.account() else [AccountChanged(*astuple(account))]
        case SymbolSeen(record=symbol):
            known = books.symbol(symbol.symbol)
            return [] if known and same_symbol(known, symbol) else [SymbolChanged(*astuple(symbol))]
        case MoneySeen():
            return _money(books, seen)
    assert_never(seen)


# Orders.


def _open_order(books: Known, record: OrderRecord, how: How) -> list[Event]:
    """An open order is placed or updated; one that left the list ended if its record says how."""
    order = books.order(record.order)
    known = order.record if order else None
    if (order and order.ended) or (books.order_removed(record.order) and how is not How.LISTED):
        return []  # a late record never reopens an order
    if how is How.REMOVED:
        return _ended(books, record) if record.over else []
    if known is None:
        return [OrderPlaced(*astuple(record))]
    if same_order(known, record) or (how is not How.LISTED and _older(record, known)):
        return []
    return [OrderUpdated(*astuple(record))]


def _past_order(books: Known, record: OrderRecord, how: How) -> list[Event]:
    """An order of the history has ended; the history's record stands over the one it left the list with."""
    if how is How.REMOVED:
        return [] if books.order_removed(record.order) else [OrderRemoved(record.order, record.symbol)]
    if books.order_removed(record.order) and how is not How.LISTED:
        return []
    order = books.order(record.order)
    if order and order.ended and order.record and same_order(order.record, record):
        return []
    return _ended(books, record)


def _ended(books: Known, record: OrderRecord) -> list[Event]:
    fills = books.fills(record.order)
    before = books.order(record.order)
    after = judge(record.order, record, ended=True, deals=fills)
    return [OrderEnded(*astuple(record)), *_contradictions(before, after, record.symbol)]


_PROGRESS: Final = {"none": 0, "pending": 1, "stop_limit": 2}


def _older(record: OrderRecord, known: OrderRecord) -> bool:
    """Whether an open order has moved on since this record: more of it filled, or it was activated."""
    left, was = record.remaining or ZERO, known.remaining or ZERO
    if left != was:
        return left > was
    return _PROGRESS.get(record.activation, 0) < _PROGRESS.get(known.activation, 0)


def _contradictions(before: Order | None, after: Order, symbol: str) -> Iterable[AnomalySeen]:
    """What the books did not contradict before."""
    old = before.anomalies if before else ()
    for kind in after.anomalies:
        if kind not in old:
            yield AnomalySeen(kind, f"order {after.order}", symbol, "filled", str(after.filled))


# Deals.


def _deal(books: Known, record: DealRecord, how: How) -> list[Event]:
    """Booked once per ticket, amended by a newer version; removed for good, unless an answer holds it."""
    known = books.deal(record.deal)
    if how is How.REMOVED:
        if known is None and books.deal_removed(record.deal):
            return []
        return [DealRemoved(known or record)]
    if known is None:
        if books.deal_removed(record.deal) and how is not How.LISTED:
            return []
        return [DealBooked(*astuple(record)), *_overfilled(books, record, None)]
    if how is How.ADDED or same_deal(known, record):
        return []
    if how is How.UPDATED and wall(record.updated_at) < wall(known.updated_at):
        return []
    return [DealAmended(known, record), *_overfilled(books, record, known)]


def _overfilled(books: Known, record: DealRecord, known: DealRecord | None) -> Iterable[AnomalySeen]:
    """What the fill contradicts of its order; it is applied all the same."""
    if record.order is None:
        return []
    before = books.order(record.order)
    if before is None or before.record is None:
        return []
    others = [fill for fill in books.fills(record.order) if known is None or fill.deal != known.deal]
    after = judge(record.order, before.record, before.ended, [*others, record])
    return _contradictions(before, after, record.symbol)


# Positions.


def _position(standing: Standing, record: PositionRecord, how: How) -> list[Event]:
    """Stops and accruals of a position; its volume and price are its deals' matter.

    A push never changes the average price: it may show a position that deals not heard of yet have made.
    An answer may, where the volume is the books' own.
    """
    if record.volume <= 0:
        return []
    held = standing.position
    if how is not How.LISTED or held is None or held.position != record.position:
        return [] if _told_before(standing, record) else [_adjusted(record)]
    events: list[Event] = []
    if held.symbol != record.symbol:
        events.append(PositionRenamed(held.position, held.symbol, record.symbol))
    repriced = _repriced(held, record)
    if repriced or not same_terms(held, record):
        events.append(_adjusted(record, repriced=repriced))
    return events


def _told_before(standing: Standing, record: PositionRecord) -> bool:
    """Whether something later is known, or nothing else; in one moment a reversal's ticket is the later one.

    Its deal may be heard of later: what is told of a position that is not open yet is kept until then.
    """
    told, at = standing.told, wall(record.updated_at)
    if at < standing.touched:
        return True
    if told is None:
        return False
    old, new = (wall(told.updated_at), int(told.ticket or 0)), (at, int(record.ticket or 0))
    if new < old:
        return True
    unchanged = same_terms(told, record) and told.ticket == record.ticket
    return unchanged and at <= max(old[0], standing.touched)


def _repriced(held: PositionRecord, record: PositionRecord) -> bool:
    if record.price is None or held.price is None:
        return False
    if (held.side, held.volume) != (record.side, record.volume):
        return False
    return abs(held.price - record.price) > record.point


def _adjusted(record: PositionRecord, *, repriced: bool = False) -> PositionAdjusted:
    return PositionAdjusted(**asdict(record), repriced=repriced)


# Money.


def _money(books: Known, seen: MoneySeen) -> list[Event]:
    """Only what the ledger does not say already, once; after a deal, by how much it differs, once a deal."""
    money, figures = books.money(), (seen.balance, seen.credit)
    told = figures == money.reported and seen.deal in (None, money.deal)
    if told or (money.opened and figures == (money.balance, money.credit)):
        return []
    after = books.money_after(seen.deal) if money.opened and seen.deal is not None else None
    if seen.deal is not None and after is not None and seen.balance is not None and seen.credit is not None:
        balance, credit = EXACT.subtract(seen.balance, after[0]), EXACT.subtract(seen.credit, after[1])
        if not balance and not credit:
            return []  # of before: later deals are in the books already
        return [LedgerDifference(seen.deal, tidy(balance, 2), tidy(credit, 2), seen.balance, seen.credit)]
    if figures == money.reported:
        return []
    booked = (money.balance, money.credit) if money.opened else (None, None)
    return [BalanceReported(seen.balance, seen.credit, booked[0], booked[1], seen.source)]
