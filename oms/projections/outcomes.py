"""What becomes of commands when something happened: their next status, as events (docs/semantics.md 2, 3).

A function of what the books hold, so that it does not matter in which order an answer, a result, deals and
records were heard.  Deals and records prove; a code only refuses, or says that a proof is to be expected.
Until the result (push 19) has come a proof waits for it, unless nobody waits any more: a command in doubt is
settled by its proof at once.
"""

from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from typing import Final

from msgspec.structs import replace

from oms.domain import retcodes, words
from oms.domain.events import (
    CommandAnswered,
    CommandDenied,
    CommandOutcome,
    CommandResult,
    CommandSettled,
    CommandUnknown,
    DealAmended,
    DealBooked,
    DealRemoved,
    Event,
    PositionAdjusted,
)
from oms.domain.events.command import Reason
from oms.domain.intent import Intent
from oms.domain.lifecycle import Order
from oms.domain.records import DealRecord, OrderRecord
from oms.domain.refusals import ORDER_OVER, VENUE_REFUSED
from oms.domain.values import wall

from .books import Books
from .commands import ACCEPTED, DENIED, RECEIVED, REJECTED, UNKNOWN, Command, Course, Key

WORKING: Final = "working"
FILLED: Final = "filled"
PARTIALLY_FILLED: Final = "partially_filled"
CANCELED: Final = "canceled"
EXPIRED: Final = "expired"
DONE: Final = "done"
ENDED: Final = frozenset({FILLED, CANCELED, EXPIRED, REJECTED})
PENDING: Final = "pending"
MAKING: Final = frozenset({"submit", "close"})  # verbs that make an order
OVERTURNED: Final = "fill_after_terminal"  # a deal of a command that had been called off


def follow(books: Books, events: Iterable[Event]) -> Iterator[CommandOutcome | CommandSettled]:
    """What these events, folded already, come to for commands; each to be folded before the next is taken."""
    touched: dict[Key, None] = {}
    for event in events:
        touched.update(dict.fromkeys(_touched(books, event)))
    for key in touched:
        yield from _followed(books, key)
    yield from _parents(books, touched)


def proved(books: Books, command: Command) -> CommandOutcome | None:
    """The outcome that deals or records prove by themselves, where no result is waited for any more."""
    found = _judged(books, command, books.commands.course(command.key), waits=False)
    return found if found is not None and found.final else None


# Whom an event concerns.


def _touched(books: Books, event: Event) -> Iterator[Key]:
    match event:
        case (
            CommandAnswered()
            | CommandResult()
            | CommandOutcome()
            | CommandUnknown()
            | CommandSettled()
            | CommandDenied()
        ):
            yield event.client, event.command
        case OrderRecord():
            yield from _of_order(books, event.order, event.comment)
        case DealAmended(after=deal) | DealRemoved(removed=deal):
            yield from _of_deal(books, deal)
        case DealBooked():
            yield from _of_deal(books, event)
        case PositionAdjusted():
            yield from (one.key for one in books.commands.open() if one.position == event.position)


def _of_order(books: Books, order: str, comment: str) -> Iterator[Key]:
    owner = books.commands.owner(order)
    if owner is not None:
        yield owner.key
    yield from (one.key for one in books.commands.open() if one.order == order)


def _of_deal(books: Books, deal: DealRecord | DealBooked) -> Iterator[Key]:
    if deal.order is not None:
        yield from _of_order(books, deal.order, deal.comment)


def _parents(books: Books, touched: Iterable[Key]) -> Iterator[CommandOutcome]:
    """A sweep is done when each of its children has its outcome."""
    parents: dict[Key, None] = {}
    for client, name in touched:
        child = books.commands.get(client, name)
        if child is not None and child.parent is not None and child.final:
            parents[client, child.parent] = None
    for key in parents:
        parent = books.commands.get(*key)
        children = books.commands.course(key).children
        if parent is not None and not parent.final and all(_final(books, key[0], one) for one in children):
            yield CommandOutcome(parent.command, parent.client, DONE, True, symbol=parent.symbol)


def _final(books: Books, client: str, name: str) -> bool:
    found = books.commands.get(client, name)
    return found is not None and found.final


# What one command comes to.


def _followed(books: Books, key: Key) -> Iterator[CommandOutcome | CommandSettled]:
    command = books.commands.get(*key)
    if command is None:
        return
    course = books.commands.course(key)
    doubted = command.status == UNKNOWN
    found = _judged(books, command, course, waits=not doubted and not command.final)
    if found is None or _says_nothing_new(found, command):
        return
    if doubted:
        if not found.final or command.verb not in MAKING:
            return  # by its ticket or marker an order is known for sure, a change by its values is not
        evidence = "marker" if course.marker and course.result == "" else "ticket"
        yield CommandSettled(
            *(command.command, command.client, "found"),
            symbol=found.symbol,
            order=found.order,
            deals=found.deals,
            evidence=evidence,
            by="deal" if found.deals else "record",
        )
    yield found


def _says_nothing_new(found: CommandOutcome, command: Command) -> bool:
    same = ("status", "final", "order", "position", "filled", "price", "deals")
    return all(getattr(found, name) == getattr(command, name) for name in same)


def _judged(books: Books, command: Command, course: Course, *, waits: bool) -> CommandOutcome | None:
    """Its outcome as the books have it; None where there is none beyond what it says already."""
    judge = _JUDGES.get(command.verb)
    if judge is None or command.status == RECEIVED:
        return None
    refused = _refusal(command, course)
    if command.verb in MAKING:
        order = books.orders.get(command.order) if command.order else None
        if order is not None and order.filled and (not waits or course.result in retcodes.SETTLED):
            return _by_order(books, command, course, order)
    if refused is not None and not command.final:
        return refused
    if waits and course.result not in {*retcodes.SETTLED, "placed"}:
        return None
    return judge(books, command, course)


def _refusal(command: Command, course: Course) -> CommandOutcome | None:
    """What a definite refusal makes of it."""
    said = {course.result, course.answer}
    if "no_change" in said and command.verb == "modify":
        return _outcome(command, DONE)
    if said.isdisjoint(("refused", "no_change")):
        return None
    name = retcodes.name_of(command.retcode)
    message = f"the venue refused it: {name or command.retcode}"
    if command.bid is not None and command.ask is not None:
        message += f"; its prices are now {command.bid:f} / {command.ask:f}"
    reason = Reason(VENUE_REFUSED, message, retcode=command.retcode)
    return replace(_outcome(command, REJECTED), reasons=(reason,), bid=command.bid, ask=command.ask)


def _outcome(command: Command, status: str, *, final: bool = True) -> CommandOutcome:
    return CommandOutcome(
        command.command,
        command.client,
        status,
        final,
        symbol=command.symbol,
        order=command.order,
        position=command.position,
        volume=command.volume,
        retcode=command.retcode,
    )


# Commands that make an order.


def _by_order(books: Books, command: Command, course: Course, order: Order) -> CommandOutcome:
    status, final = _status_of(command, course, order)
    deals = [deal for ticket in order.deals if (deal := books.deal(ticket)) is not None]
    called_off = command.final and command.status in (REJECTED, DENIED) and bool(order.filled)
    return replace(
        _outcome(command, status, final=final),
        position=_position(deals) or command.position,
        filled=order.filled,
        price=order.price,
        deals=order.deals,
        anomaly=OVERTURNED if called_off else ",".join(order.anomalies) or command.anomaly,
    )


def _status_of(command: Command, course: Course, order: Order) -> tuple[str, bool]:
    """Status, and whether a later one of the command's is not expected."""
    asked = command.volume
    if order.state == FILLED and asked is not None and order.filled < asked:
        return CANCELED, True  # the venue took less than was asked for
    if order.record is None and asked is not None and order.filled >= asked:
        return FILLED, True
    if order.state in ENDED:
        return order.state, True
    resting = order.record is not None and not order.ended and order.state in (WORKING, PARTIALLY_FILLED)
    pending = course.intent is None or course.intent.action == PENDING
    if resting and (pending or course.result == "partial"):
        return order.state, True
    if order.state == PARTIALLY_FILLED:
        return PARTIALLY_FILLED, order.ended and not order.missing
    return ACCEPTED, False


def _position(deals: list[DealRecord]) -> str | None:
    """The position that its deals made or moved; one that a deal opened has the opening order's ticket."""
    for deal in deals:
        if deal.position or deal.order:
            return deal.position or deal.order
    return None


def _made_order(books: Books, command: Command, course: Course) -> CommandOutcome | None:
    order = books.orders.get(command.order) if command.order else None
    if order is None:
        return None
    return _by_order(books, command, course, order)


# Commands that change something.


def _modified(books: Books, command: Command, course: Course) -> CommandOutcome | None:
    """Done when the record, or the position, shows the new values."""
    intent = course.intent
    if intent is None or course.result == "placed":
        return None
    shown = _order_shows(books, intent) if intent.order else _position_shows(books, intent)
    return _outcome(command, DONE) if shown else None


def _order_shows(books: Books, intent: Intent) -> bool:
    order = books.orders.get(intent.order or "")
    record = order.record if order else None
    if record is None:
        return False
    values = ("price", "sl", "tp", "time_in_force")
    same = all(_same(getattr(record, name), getattr(intent, name)) for name in values)
    limit = intent.limit_price is None or record.limit_price == intent.limit_price
    return same and limit and wall(record.expires_at) == wall(intent.expires_at)


def _position_shows(books: Books, intent: Intent) -> bool:
    """A position that is gone cannot show its stops; that they were taken is what the result says."""
    position = books.positions.get(intent.position or "")
    return position is None or (_same(position.sl, intent.sl) and _same(position.tp, intent.tp))


def _same(one: Decimal | str | None, other: Decimal | str | None) -> bool:
    return (one or None) == (other or None)


def _canceled(books: Books, command: Command, course: Course) -> CommandOutcome | None:
    """Done when the record says canceled; an order that ended otherwise could not be."""
    order = books.orders.get(command.order or "")
    if order is None or not order.ended or order.record is None:
        return None
    if order.record.state == words.CANCELED:
        return _outcome(command, DONE)
    message = f"order {order.order} is {order.state}"
    reason = Reason(ORDER_OVER, message, "order", given=order.order)
    return replace(_outcome(command, REJECTED), reasons=(reason,))


def _closed_by(books: Books, command: Command, course: Course) -> CommandOutcome | None:
    """Done when its two deals are there."""
    fills = books.orders.fills(command.order or "")
    pair = tuple(deal.deal for deal in fills if deal.entry == words.OUT_BY)
    return replace(_outcome(command, DONE), deals=pair) if len(pair) > 1 else None


_JUDGES: Final[dict[str, Callable[[Books, Command, Course], CommandOutcome | None]]] = {
    "submit": _made_order,
    "close": _made_order,
    "modify": _modified,
    "cancel": _canceled,
    "close_by": _closed_by,
}
