"""What the books hold of the facts that a decision is made on: for a desk now, for a replay then."""

from msgspec.structs import replace

from oms.domain.commands import Cancel, Close, CloseBy, Modify, Submit, Verb
from oms.domain.decide.facts import Facts
from oms.domain.intent import Intent
from oms.domain.lifecycle import Order
from oms.domain.records import PositionRecord

from .books import Books


def symbol_of(verb: Verb, books: Books) -> str | None:
    """The symbol that a command is about; None where it names none, or nothing that is known."""
    symbol: str | None = getattr(verb, "symbol", None)
    if symbol:
        return symbol
    ticket = getattr(verb, "position", None)
    if ticket and (position := _held(books, ticket)) is not None:
        return position.symbol
    ticket = getattr(verb, "order", None)
    if ticket and (order := books.orders.get(ticket)) is not None and order.record is not None:
        return order.record.symbol
    return None


def held(moment: Facts, books: Books, verb: Verb, symbol: str | None) -> Facts:
    """The facts of a moment, with what the books have: terms, specification, orders, positions, in flight."""
    return replace(
        moment,
        account=books.account(),
        symbol=books.symbol(symbol) if symbol else None,
        position=_position(verb, books, symbol),
        position_by=_held(books, verb.position_by) if isinstance(verb, CloseBy) else None,
        never_held=_never_held(verb, books),
        order=_order(verb, books),
        positions=tuple(books.positions),
        orders=at_stake(books),
        in_flight=in_flight(books),
    )


def in_flight(books: Books) -> tuple[Intent, ...]:
    """What was sent, or is about to be, and has no outcome yet; what is unknown, too."""
    courses = (books.commands.course(one.key) for one in books.commands.open())
    return tuple(one.intent for one in courses if one.intent is not None and one.ordered)


def at_stake(books: Books) -> tuple[Order, ...]:
    """The open orders, and those of which a fill is missing, unless the command that made it counts still."""

    def counts(order: Order) -> bool:
        owner = books.commands.owner(order.order)
        return not order.ended or owner is None or owner.final

    return tuple(filter(counts, books.orders.at_stake()))


def resolved(verb: Verb, books: Books, client: str) -> Verb:
    """A cancel that names a command is one of that command's order."""
    if isinstance(verb, Cancel) and verb.command is not None:
        known = books.commands.get(client, verb.command)
        if known is not None and known.order is not None and known.verb == Submit.verb:
            return Cancel(order=known.order)
    return verb


def _position(verb: Verb, books: Books, symbol: str | None) -> PositionRecord | None:
    """The position that is named; of a netting account the symbol's."""
    match verb:
        case Close(position=str() as ticket) | Modify(position=str() as ticket) | CloseBy(position=ticket):
            return _held(books, ticket)
        case Close() | Submit():
            terms = books.account()
            found = books.positions.of_symbol(symbol) if symbol and terms and not terms.hedging else []
            return found[0] if found else None
    return None


def _held(books: Books, name: str) -> PositionRecord | None:
    """An open position by its identifier, or its ticket, which a reversal changes (docs/semantics.md 4)."""
    return books.positions.get(name) or next((one for one in books.positions if one.ticket == name), None)


def _never_held(verb: Verb, books: Books) -> frozenset[str]:
    """Positions that are named, and that no deal ever had."""
    named = (getattr(verb, name, None) for name in ("position", "position_by"))
    missing = {one for one in named if one is not None and _held(books, one) is None}
    if missing:
        missing -= {ticket for deal in books.deals for ticket in (deal.position, deal.order) if ticket}
    return frozenset(missing)


def _order(verb: Verb, books: Books) -> Order | None:
    match verb:
        case Modify(order=str() as ticket) | Cancel(order=str() as ticket):
            return books.orders.get(ticket)
    return None
