"""Queries of orders and deals: what is open, what has ended, in a window of time."""

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Final

import msgspec
from msgspec.structs import asdict

from oms.domain.lifecycle import Order
from oms.domain.records import DealRecord, OrderRecord
from oms.domain.values import wall
from oms.payload import shown
from oms.projections import Books

from .asked import Asked
from .refusal import bad
from .reply import Head, paged
from .request import PastRequest, Rows, Text, Ticket
from .times import server_ms, wall_text

PAGE: Final = 200
OPEN_END: Final = "~"  # behind every time that a record can have


class OrderRow(OrderRecord, frozen=True):
    """An order: its latest record, and what deals make of it."""

    filled: Decimal = Decimal("0.00")  # lots, by deals
    missing: Decimal = Decimal("0.00")  # lots that the server calls filled, and no deal is known for
    average_price: Decimal | None = None  # of the deals
    deals: tuple[str, ...] = ()  # tickets
    server_state: str | None = None  # the record's own; `state` follows from record and deals
    ended: bool = False  # a record says so
    pending_modify: bool = False
    pending_cancel: bool = False
    anomalies: tuple[str, ...] = ()
    command: str | None = None  # the id of the command that made it; null: not ours
    client: str | None = None  # whose command


class OrdersRequest(PastRequest, frozen=True, kw_only=True):
    """Orders: the open ones."""

    symbol: Text | None = None
    order: Ticket | None = None  # this one alone, ended or not
    all: bool = False  # ended ones too
    limit: Rows = PAGE
    after: Ticket | None = None  # orders with larger tickets


class OrdersReply(Head, frozen=True, kw_only=True):
    """Orders by ticket."""

    orders: list[OrderRow]
    next: str | None  # `after` of the next page; null: these were the last
    stale: bool  # the link is not ready: the venue may know more


class WindowRequest(PastRequest, frozen=True, kw_only=True):
    """What was done in a window of server time."""

    from_: Text | None = msgspec.field(name="from", default=None)  # RFC 3339, or server YYYY-MM-DD HH:MM:SS
    to: Text | None = None  # the same; not part of the window
    symbol: Text | None = None
    limit: Rows = PAGE


class HistoryRequest(WindowRequest, frozen=True, kw_only=True):
    """Orders that ended, deals."""

    after: Text | None = None  # `next` of the page before


class HistoryReply(Head, frozen=True, kw_only=True):
    """First the orders by ticket, then the deals by ticket."""

    orders: list[OrderRow]
    deals: list[DealRecord]
    next: str | None  # `after` of the next page; null: these were the last
    stale: bool  # the link is not ready: the venue may know more


class DealsRequest(WindowRequest, frozen=True, kw_only=True):
    """Deals."""

    after: Ticket | None = None  # deals with larger tickets


class DealsReply(Head, frozen=True, kw_only=True):
    """Deals by ticket; those that the broker took back are not among them."""

    deals: list[DealRecord]
    next: str | None  # `after` of the next page; null: these were the last
    stale: bool  # the link is not ready: the venue may know more


async def orders(asked: Asked, request: OrdersRequest) -> OrdersReply:
    """The open orders, or all, or one."""
    books = asked.books
    found: Iterable[Order]
    if request.order is not None:
        found = [order] if (order := books.orders.get(request.order)) else []
    elif request.all:
        found = _by_ticket(books, books.orders.tickets(request.symbol), request.after)
    else:
        found = _by_ticket(books, (order.order for order in books.orders.open()), request.after)
    rows = (order_row(books, order) for order in found)
    wanted = (row for row in rows if request.symbol in (None, row.symbol))
    page = paged(wanted, request.limit, lambda row: row.order)
    return OrdersReply(asked.view.account, asked.seq, orders=page.rows, next=page.next, stale=asked.stale)


async def deals(asked: Asked, request: DealsRequest) -> DealsReply:
    """The deals of a window."""
    page = paged(_deals(asked, request, request.after), request.limit, lambda deal: deal.deal)
    return DealsReply(asked.view.account, asked.seq, deals=page.rows, next=page.next, stale=asked.stale)


async def history(asked: Asked, request: HistoryRequest) -> HistoryReply:
    """The orders that ended in a window, then its deals."""
    kind, ticket = _cursor(request.after)
    orders = _ended(asked, request, ticket) if kind == "order" else iter(())
    page = paged(_chained(asked, request, orders, ticket if kind == "deal" else None), request.limit, _key)
    return HistoryReply(
        asked.view.account,
        asked.seq,
        orders=[row for row in page.rows if isinstance(row, OrderRow)],
        deals=[row for row in page.rows if isinstance(row, DealRecord)],
        next=page.next,
        stale=asked.stale,
    )


def order_row(books: Books, order: Order) -> OrderRow:
    """An order as it is shown; one that only deals tell of has their symbol."""
    record = order.record
    if record is None:
        first = books.deal(order.deals[0]) if order.deals else None
        record = OrderRecord(order.order, symbol=first.symbol if first else "")
    said = asdict(record) | {"state": order.state, "remaining": order.remaining}
    owner = books.commands.owner(order.order)
    return OrderRow(
        **said,
        filled=order.filled,
        missing=order.missing,
        average_price=order.price,
        deals=order.deals,
        server_state=order.record.state if order.record else None,
        ended=order.ended,
        pending_modify=order.pending_modify or books.commands.changing(order.order, "modify"),
        pending_cancel=order.pending_cancel or books.commands.changing(order.order, "cancel"),
        command=owner.command if owner else None,
        client=owner.client if owner else None,
        anomalies=order.anomalies,
    )


def _by_ticket(books: Books, tickets: Iterable[str], after: str | None) -> Iterator[Order]:
    least = int(after) if after else 0
    for number in sorted(number for ticket in tickets if (number := int(ticket)) > least):
        if (order := books.orders.get(str(number))) is not None:
            yield order


def _ended(asked: Asked, request: WindowRequest, after: str | None) -> Iterator[OrderRow]:
    start, end = _window(asked, request)
    found = [
        record.order
        for record in asked.books.orders.ended()
        if _within(record, start, end) and request.symbol in (None, record.symbol)
    ]
    return (order_row(asked.books, order) for order in _by_ticket(asked.books, found, after))


def _within(record: OrderRecord, start: str, end: str) -> bool:
    return start <= wall(record.done_at or record.setup_at) < end


def _deals(asked: Asked, request: WindowRequest, after: str | None) -> Iterator[DealRecord]:
    start, end = _window(asked, request)
    least = int(after) if after else 0
    found = [
        (number, deal)
        for deal in asked.books.deals.between(start, end)
        if (number := int(deal.deal)) > least and request.symbol in (None, deal.symbol)
    ]
    return (deal for _, deal in sorted(found, key=lambda pair: pair[0]))


def _window(asked: Asked, request: WindowRequest) -> tuple[str, str]:
    """From, to, by the server's wall clock; records without a time come first of all."""
    offset = asked.view.offset
    start = wall_text(server_ms("from", request.from_, offset)) if request.from_ else ""
    end = wall_text(server_ms("to", request.to, offset)) if request.to else OPEN_END
    return start, end


def _chained(
    asked: Asked, request: WindowRequest, orders: Iterator[OrderRow], after: str | None
) -> Iterator[OrderRow | DealRecord]:
    """Deals are looked for when the orders are all there: not for a page that they fill."""
    yield from orders
    yield from _deals(asked, request, after)


def _key(row: OrderRow | DealRecord) -> str:
    return f"order:{row.order}" if isinstance(row, OrderRow) else f"deal:{row.deal}"


def _cursor(after: str | None) -> tuple[str, str | None]:
    if after is None:
        return "order", None
    kind, _, ticket = after.partition(":")
    if kind not in ("order", "deal") or not (ticket.isascii() and ticket.isdecimal()) or len(ticket) > 19:
        raise bad("after", f"{shown(after)} is no `next` of this query")
    return kind, ticket
