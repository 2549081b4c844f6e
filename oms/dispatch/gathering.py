"""What a decision is made on, gathered from an account at this moment."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

from msgspec.structs import replace

from oms.domain.commands import DEFAULT_CLIENT, Verb
from oms.domain.decide.facts import Facts, Policy
from oms.domain.events.command import JudgedQuote
from oms.domain.values import tidy
from oms.ingest.account import Account
from oms.projections import Books
from oms.projections.facts import held, symbol_of
from oms.projections.restraint import limits_in_force, quote_age, restraint_of
from oms.sessions.translate import Terms

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
    talk = account.conversation if account.connected else None
    server_now = server_time(now_ns / NS + offset, offset)
    age_s = quote_age(limits_in_force(books), client, policy.quote_age_s)
    moment = Facts(
        server_now=server_now,
        offset=offset,
        link=account.standing.link,
        restrictions=account.standing.restrictions,
        venue_reached=bool(talk and talk.authenticated and talk.following.server_reached),
        nats_away=nats_away,
        refusing=account.breakers.refusing,
        quote=quote_of(account, symbol, now_ns, offset) if symbol else None,
        client=client,
        risk=restraint_of(
            *(books, symbol, client, server_now),
            lot_values=lambda symbols: account.lot_values(books, symbols),
            equity=lambda: account.worth(books).equity,
        ),
        policy=policy if age_s == policy.quote_age_s else replace(policy, quote_age_s=age_s),
    )
    return held(moment, books, verb, symbol)


def _price(price: float | None) -> Decimal | None:
    return None if price is None else tidy(Decimal(repr(price)))
