"""What becomes of commands when something happened: their next status, as events (docs/semantics.md 2, 3).

A function of what the books hold, so that it does not matter in which order an answer, a result, deals and
records were heard.  Deals and records prove; a code only refuses, or says that a proof is to be expected.
Until the result (push 19) has come a proof waits for it, unless nobody waits any more: a command in doubt is
settled by its proof at once.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from msgspec.structs import replace

from oms.domain import retcodes, words
from oms.domain.events import (
    AccountState,
    AnomalySeen,
    CommandAnswered,
    CommandDenied,
    CommandEvidence,
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
from oms.domain.evidence import DEALS, MARKER, TICKET, VALUES, shows, stops_shown
from oms.domain.intent import Intent
from oms.domain.lifecycle import Order
from oms.domain.records import DealRecord, OrderRecord
from oms.domain.refusals import ORDER_OVER, VENUE_REFUSED

from .books import Books
from .commands import ACCEPTED, CLOSE_REVERSED, DENIED, RECEIVED, REJECTED, UNKNOWN, Command, Course, Key
from .reversals import reversal

WORKING: Final = "working"
FILLED: Final = "filled"
PARTIALLY_FILLED: Final = "partially_filled"
CANCELED: Final = "canceled"
EXPIRED: Final = "expired"
DONE: Final = "done"
ENDED: Final = frozenset({FILLED, CANCELED, EXPIRED, REJECTED})
MAKING: Final = frozenset({"submit", "close"})  # verbs that make an order
OVERTURNED: Final = "fill_after_terminal"  # a deal of a command that had been called off
TAKEN_BACK: Final = "fill_taken_back"  # a deal that had filled it was removed, or canceled


Followed = CommandOutcome | CommandSettled | AnomalySeen | AccountState


def follow(books: Books, events: Iterable[Event]) -> Iterator[Followed]:
    """What these events, folded already, come to for commands; each to be folded before the next is taken.

    An outcome says what has been judged: it is news for a sweep that waits for it, and for nothing else.
    """
    touched: dict[Key, None] = {}
    ended: dict[Key, None] = {}
    for event in events:
        if isinstance(event, CommandOutcome | CommandDenied | CommandSettled):
            ended[event.client, event.command] = None
        else:
            touched.update(dict.fromkeys(_touched(books, event)))
    for key in touched:
        yield from _followed(books, key)
    yield from _parents(books, touched | ended)


def proved(books: Books, command: Command) -> CommandOutcome | None:
    """The outcome that deals or records prove by themselves, where no result is waited for any more."""
    found = _judged(books, command, books.commands.course(command.key), waits=False)
    return found if found is not None and found.final else None


# Whom an event concerns.


def _touched(books: Books, event: Event) -> Iterable[Key]:
    match event:
        case CommandAnswered() | CommandResult() | CommandUnknown():
            return ((event.client, event.command),)
        case CommandEvidence(command=str() as command, client=str() as client):
            return ((client, command),)
        case OrderRecord():
            return books.commands.about_order(event.order)
        case DealAmended(after=deal) | DealRemoved(removed=deal):
            return _of_deal(books, deal)
        case DealBooked():
            return _of_deal(books, event)
        case PositionAdjusted():
            return books.commands.about_position(event.position)
    return ()


def _of_deal(books: Books, deal: DealRecord | DealBooked) -> Iterator[Key]:
    if deal.order is not None:
        yield from books.commands.about_order(deal.order)
    if deal.position is not None:
        yield from books.commands.about_position(deal.position)


def _parents(books: Books, touched: Iterable[Key]) -> Iterator[CommandOutcome]:
    """A sweep is done when each of its children has its outcome."""
    parents: dict[Key, None] = {}
    for client, name in touched:
        child = books.commands.get(client, name)
        if child is not None and child.parent is not None and child.final:
            parents[client, child.parent] = None
    for key in parents:
        parent = books.commands.get(*key)
        if parent is not None and not parent.final and not books.commands.course(key).left:
            yield CommandOutcome(parent.command, parent.client, DONE, True, symbol=parent.symbol)


# What one command comes to.


def _followed(books: Books, key: Key) -> Iterator[Followed]:
    command = books.commands.get(*key)
    if command is None:
        return
    yield from reversal(books, command)
    course = books.commands.course(key)
    doubted = command.status == UNKNOWN
    found = _judged(books, command, course, waits=not doubted and not command.final)
    if found is None or _says_nothing_new(found, command):
        return
    if doubted:
        if not found.final or any(reason.code == VENUE_REFUSED for reason in found.reasons):
            return  # after a doubt a code is evidence and no verdict
        yield CommandSettled(
            *(command.command, command.client, "found"),
            symbol=found.symbol,
            order=found.order,
            deals=found.deals,
            evidence=_evidence(books, command, course, found),
            by="deal" if found.deals else "record",
        )
    yield found


def _evidence(books: Books, command: Command, course: Course, found: CommandOutcome) -> str:
    """What settles a doubt about it."""
    if command.verb in MAKING:
        return MARKER if books.commands.seen(course.marker) == found.order else TICKET
    return DEALS if found.deals else VALUES


def _says_nothing_new(found: CommandOutcome, command: Command) -> bool:
    same = ("status", "final", "order", "position", "filled", "price", "deals", "anomaly")
    return all(getattr(found, name) == getattr(command, name) for name in same)


def _judged(books: Books, command: Command, course: Course, *, waits: bool) -> CommandOutcome | None:
    """Its outcome as the books have it; None where there is none beyond what it says already."""
    if command.status in (RECEIVED, DENIED):
        return None
    proof_due = not waits or course.result in {*retcodes.SETTLED, "placed"}
    if command.verb in MAKING:
        return _made_order(books, command, course, proof_due=proof_due)
    change = _CHANGES.get(command.verb)
    if change is None or command.final:
        return None
    return _refusal(command, course) or (change(books, command, course) if proof_due else None)


def _made_order(books: Books, command: Command, course: Course, *, proof_due: bool) -> CommandOutcome | None:
    """A definite refusal is the end of it, whatever a record says; only a deal wins over it."""
    order = books.orders.get(command.order) if command.order else None
    if order is not None and order.filled and (proof_due or command.final):
        return _by_order(command, course, order, books)
    if command.final and command.status == REJECTED:
        return None
    refused = _refusal(command, course)
    if refused is not None:
        return None if command.final else refused
    return _by_order(command, course, order, books) if order is not None and proof_due else None


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


def _by_order(command: Command, course: Course, order: Order, books: Books) -> CommandOutcome:
    """What its order says; a command that was final stays so, whatever is amended later."""
    status, final = _status_of(command, course, order)
    odd = (*order.anomalies, *([CLOSE_REVERSED] if course.reversed else ()))
    anomaly = ",".join(odd) or command.anomaly
    if command.final and command.status == REJECTED:
        anomaly = OVERTURNED
    elif command.final and not final:
        status, final = command.status, True
        anomaly = TAKEN_BACK if order.filled < (command.filled or 0) else anomaly
    deals = [deal for ticket in order.deals if (deal := books.deal(ticket)) is not None]
    return replace(
        _outcome(command, status, final=final or command.final),
        position=_position(deals) or command.position,
        filled=order.filled,
        price=order.price,
        deals=order.deals,
        anomaly=anomaly,
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
    pending = course.action == words.PENDING
    if not course.action and order.record is not None:  # its marker was there before it could be sent
        pending = order.record.type not in words.AT_MARKET
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


# Commands that change something.


def _modified(books: Books, command: Command, course: Course) -> CommandOutcome | None:
    """Done when the record, or the position, shows the new values."""
    intent = course.intent
    if intent is None or course.result == "placed":
        return None
    taken = course.result == "done"
    shown = _order_shows(books, intent, taken) if intent.order else _position_shows(books, intent, taken)
    return _outcome(command, DONE) if shown else None


def _order_shows(books: Books, intent: Intent, taken: bool) -> bool:
    """An order that ended shows nothing any more; that the change was taken is what the result says."""
    order = books.orders.get(intent.order or "")
    record = order.record if order else None
    if order is None or record is None:
        return False
    return (taken and order.ended) or shows(record, intent)


def _position_shows(books: Books, intent: Intent, taken: bool) -> bool:
    """A position that is gone cannot show its stops; that they were taken is what the result says."""
    position = books.positions.get(intent.position or "")
    return taken if position is None else stops_shown(position, intent)


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
    """Done when its two deals are there: of the order that the result named, or of both positions."""
    intent = course.intent
    fills = [deal for deal in books.orders.fills(command.order or "") if deal.entry == words.OUT_BY]
    if len(fills) < 2 and intent is not None:
        fills = _pair(books, {intent.position, intent.position_by})
    if len(fills) < 2:
        return None
    order = command.order or fills[0].order  # its own, also where no result named it
    return replace(_outcome(command, DONE), order=order, deals=tuple(deal.deal for deal in fills))


def _pair(books: Books, positions: set[str | None]) -> list[DealRecord]:
    """The deals of one order that closed both of these by each other."""
    found: dict[str | None, list[DealRecord]] = {}
    for deal in books.deals:
        if deal.entry == words.OUT_BY and deal.position in positions:
            found.setdefault(deal.order, []).append(deal)
    pairs = (deals for deals in found.values() if {deal.position for deal in deals} == positions)
    return next(pairs, [])


_CHANGES: Final[dict[str, Callable[[Books, Command, Course], CommandOutcome | None]]] = {
    "modify": _modified,
    "cancel": _canceled,
    "close_by": _closed_by,
}
