"""From a query's subject and payload to its reply."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, NamedTuple

import msgspec
import trio

from oms.eventlog.errors import FileError
from oms.payload import format_of, shown

from . import candles, condition, log, market, money, statement, trades
from .asked import Asked
from .past import books_as_of, unreadable
from .refusal import BEHIND, Refused, not_found
from .reply import Reply, answered, refused
from .request import PastRequest, Request, read
from .view import View

SETTLING_S: Final = 5.0  # as long as a query waits for its min_seq


class Query(NamedTuple):
    """One kind of question."""

    request: type[Request]
    reply: type[msgspec.Struct]
    handle: Callable[[Asked, Any], Awaitable[msgspec.Struct]]


# By the last token of the subject.
QUERIES: Final[dict[str, Query]] = {
    "orders": Query(trades.OrdersRequest, trades.OrdersReply, trades.orders),
    "positions": Query(money.PositionsRequest, money.PositionsReply, money.positions),
    "account": Query(money.AccountRequest, money.AccountReply, money.account),
    "pnl": Query(money.PnlRequest, money.PnlReply, money.pnl),
    "statement": Query(statement.StatementRequest, statement.StatementReply, statement.statement),
    "quotes": Query(market.QuotesRequest, market.QuotesReply, market.quotes),
    "symbols": Query(market.SymbolsRequest, market.SymbolsReply, market.symbols),
    "history": Query(trades.HistoryRequest, trades.HistoryReply, trades.history),
    "deals": Query(trades.DealsRequest, trades.DealsReply, trades.deals),
    "rates": Query(candles.RatesRequest, candles.RatesReply, candles.rates),
    "events": Query(log.EventsRequest, log.EventsReply, log.events),
    "state": Query(condition.StateRequest, condition.StateReply, condition.state),
    "risk": Query(condition.RiskRequest, condition.RiskReply, condition.risk),
    "sessions": Query(condition.SessionsRequest, condition.SessionsReply, condition.sessions),
    "commands": Query(log.CommandsRequest, log.CommandsReply, log.commands),
}


async def answer(view: View, what: str, headers: Mapping[str, str], payload: bytes) -> Reply:
    """The reply to `what` with this payload, in the payload's format; whatever was asked, it is a reply."""
    content_type = format_of(headers)
    try:
        query = QUERIES.get(what)
        if query is None:
            raise not_found("unknown_query", None, f"{shown(what)} is no query: {', '.join(QUERIES)}")
        request = _as_the_broker_says(view, read(query.request, payload, content_type))
        asked = await _asked(view, request)
        return answered(await query.handle(asked, request), content_type)
    except Refused as why:
        return refused(why, view.account, view.seq, content_type)
    except FileError as why:  # books that a failed commit spoiled could not be made anew
        return refused(unreadable(why), view.account, view.seq, content_type)


async def _asked(view: View, request: Request) -> Asked:
    """The books, once they are far enough; nothing is awaited behind reading them."""
    with trio.move_on_after(SETTLING_S) as waiting:
        await view.settled(request.min_seq)
    if waiting.cancelled_caught:
        raise Refused(
            "behind",
            f"{request.min_seq} was not settled in {SETTLING_S:.0f} s, the journal is at {view.seq}",
            "min_seq",
            BEHIND,
        )
    if isinstance(request, PastRequest) and request.as_of is not None:
        then = await books_as_of(view.path, request.as_of)
        return Asked(view, then.books, then.seq, past=True)
    return Asked(view, view.books, view.seq)


def _as_the_broker_says(view: View, request: Request) -> Request:
    """The request with the account's aliases replaced by the broker's names."""
    changes: dict[str, Any] = {}
    symbol, symbols = getattr(request, "symbol", None), getattr(request, "symbols", None)
    if isinstance(symbol, str) and symbol in view.aliases:
        changes["symbol"] = view.aliases[symbol]
    if symbols and not view.aliases.keys().isdisjoint(symbols):
        changes["symbols"] = type(symbols)(view.aliases.get(one, one) for one in symbols)
    return msgspec.structs.replace(request, **changes) if changes else request
