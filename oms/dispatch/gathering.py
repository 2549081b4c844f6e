"""What a decision is made on, gathered from an account at this moment."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

from msgspec.structs import replace

from oms.domain.commands import DEFAULT_CLIENT, Cancel, Close, CloseBy, Modify, Submit, Verb
from oms.domain.decide.facts import Facts, Policy
from oms.domain.events.command import JudgedQuote
from oms.domain.intent import Intent
from oms.domain.lifecycle import Order
from oms.domain.records import PositionRecord
from oms.domain.values import tidy
from oms.ingest.account import Account
from oms.projections import Books
from oms.sessions.translate import Terms

from .restraining import limits_in_force, quote_age, restraint_of

NS: Final = 1_000_000_000


def server_time(seconds: float, offset: int) -> str:
    """A moment that the server's clock shows, with its offset."""
    at = datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None)
    return at.isoformat(timespec="milliseconds") + Terms(offset).zone


def renamed(verb: Verb, account: Account) -> Verb:
    """The command with the broker's name of its symbol."""
    symbol = getattr(verb, "symbol", None)
    ours = account.options.aliases.get(symbol) if symbol else None
    return replace(verb, symbol=ours) if ours else verb


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


def quote_of(account: Account, symbol: str, now_ns: int, offset: int) -> JudgedQuote | None:
    """A symbol's quote with its age: the larger of that by its own time and that since it was received."""
    shown = account.feed.board.get(symbol)
    if shown is None:
        return None
    age = max(now_ns / NS + offset - shown.time / 1000, (now_ns - shown.received_at) / NS)
    return JudgedQuote(
        bid=_price(shown.bid),
        ask=_price(shown.ask),
        last=_price(shown.last),
        time=server_time(shown.time / 1000, offset),
        age=round(max(0.0, age), 3),
        delayed=shown.delayed,
    )


def facts_of(
    account: Account,
    books: Books,
    verb: Verb,
    policy: Policy,
    now_ns: int,
    *,
    client: str = DEFAULT_CLIENT,
    nats_away: bool,
) -> Facts:
    """Everything but the margin, which depends on what is found here."""
    offset = account.offset(books)
    symbol = symbol_of(verb, books)
    talk = account.conversation
    server_now = server_time(now_ns / NS + offset, offset)
    age_s = quote_age(limits_in_force(books), client, policy.quote_age_s)
    return Facts(
        server_now=server_now,
        offset=offset,
        link=account.standing.link,
        restrictions=account.standing.restrictions,
        venue_reached=bool(talk and account.connected and talk.authenticated and talk.server_reached),
        nats_away=nats_away,
        refusing=account.breakers.refusing,
        account=books.account(),
        symbol=books.symbol(symbol) if symbol else None,
        quote=quote_of(account, symbol, now_ns, offset) if symbol else None,
        position=_position(verb, books, symbol),
        position_by=_held(books, verb.position_by) if isinstance(verb, CloseBy) else None,
        never_held=_never_held(verb, books),
        order=_order(verb, books),
        positions=tuple(books.positions),
        orders=at_stake(books),
        in_flight=in_flight(books),
        client=client,
        risk=restraint_of(account, books, symbol, client, server_now),
        policy=policy if age_s == policy.quote_age_s else replace(policy, quote_age_s=age_s),
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


def _position(verb: Verb, books: Books, symbol: str | None) -> PositionRecord | None:
    """The position that is named; of a netting account the symbol's."""
    match verb:
        case Close(position=str() as ticket) | Modify(position=str() as ticket) | CloseBy(position=ticket):
            return _held(books, ticket)
        case Close() | Submit():
            terms = books.account()
            held = books.positions.of_symbol(symbol) if symbol and terms and not terms.hedging else []
            return held[0] if held else None
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


def _price(price: float | None) -> Decimal | None:
    return None if price is None else tidy(Decimal(repr(price)))
