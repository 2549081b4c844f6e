"""What a command names: the positions, the order, found among the facts or not."""

from collections.abc import Iterator
from typing import NamedTuple

from .. import words
from ..commands import Cancel, Close, CloseBy, Modify, Submit, Verb
from ..events.command import Reason
from ..lifecycle import Order
from ..records import PositionRecord
from ..values import Ticket
from .facts import Facts
from .reasons import reason


class Named(NamedTuple):
    """What was found; None for what is not named, not there, or not open any more."""

    position: PositionRecord | None = None
    position_by: PositionRecord | None = None
    order: Order | None = None


def nets(facts: Facts) -> bool:
    """Whether the account keeps one position per symbol (docs/semantics.md 4)."""
    return facts.account is not None and not facts.account.hedging


def find(verb: Verb, facts: Facts) -> Named:
    """What the command names and is open.  In netting a submit meets its symbol's position."""
    match verb:
        case Submit() if nets(facts):
            return Named(position=_open(facts.position))
        case Close(position=ticket, symbol=symbol) if ticket or (symbol and nets(facts)):
            return Named(position=_open(facts.position, ticket))
        case CloseBy(position=one, position_by=other):
            return Named(_open(facts.position, one), _open(facts.position_by, other))
        case Modify(order=str(ticket)) | Cancel(order=str(ticket)):
            return Named(order=_working(facts.order, ticket))
        case Cancel(command=str()):
            return Named(order=_working(facts.order))
        case Modify(position=str(ticket)):
            return Named(position=_open(facts.position, ticket))
    return Named()


def _open(position: PositionRecord | None, ticket: Ticket | None = None) -> PositionRecord | None:
    """The position, if it is open and the one with this ticket; after a reversal it has two."""
    if position is None or position.volume <= 0 or position.side not in words.OPPOSITE:
        return None
    return position if ticket in (None, position.position, position.ticket) else None


def _working(order: Order | None, ticket: Ticket | None = None) -> Order | None:
    if order is None or order.record is None or ended(order):
        return None
    return order if ticket in (None, order.order) else None


def ended(order: Order) -> bool:
    """Whether nothing more can become of it."""
    return order.ended or order.state in words.ENDED


def named_things_exist(verb: Verb, facts: Facts, named: Named) -> Iterator[Reason]:
    """A close, change or cancel names something that is open.

    The venue says 10036 for a position that was closed, 10013 for one that never was, 10035 for an order.
    """
    match verb:
        case Close(position=None, symbol=None) | Modify(order=None, position=None):
            yield reason("nothing_named", "the command names neither an order nor a position")
        case Cancel(order=None, command=None):
            yield reason("nothing_named", "the command names no order")
        case Close(position=None) if facts.account is not None and not nets(facts):
            message = "in a hedging account a symbol names no position"
            yield reason("position_required", message, field="position")
        case Close(position=None, symbol=str(symbol)) if named.position is None:
            yield reason("position_closed", f"{symbol} has no open position", field="symbol", given=symbol)
        case Close(position=str(ticket)) | Modify(order=None, position=str(ticket)):
            if named.position is None:
                yield _no_position(facts, "position", ticket)
        case CloseBy(position=one, position_by=other):
            if named.position is None:
                yield _no_position(facts, "position", one)
            if named.position_by is None:
                yield _no_position(facts, "position_by", other)
        case Modify(order=str(ticket)) | Cancel(order=str(ticket)):
            if named.order is None:
                yield _no_order(facts.order, "order", ticket)
        case Cancel(command=str(command)):
            if named.order is None:
                yield _no_order(facts.order, "command", command)


def _no_position(facts: Facts, field: str, ticket: Ticket) -> Reason:
    if ticket in facts.never_held:
        return reason("unknown_position", f"there never was a position {ticket}", field=field, given=ticket)
    return reason("position_closed", f"there is no open position {ticket}", field=field, given=ticket)


def _no_order(order: Order | None, field: str, given: str) -> Reason:
    if order is not None and ended(order) and (field == "command" or order.order == given):
        message = f"the order {order.order} is {order.state}"
        return reason("order_ended", message, field=field, given=given)
    return reason("order_not_found", f"there is no order of {field} {given}", field=field, given=given)
