"""Queries of the market: quotes and specifications."""

from collections.abc import Iterable
from typing import Annotated, Final

import msgspec

from oms.domain.records import SymbolRecord
from oms.payload import shown
from protocol.maths.masks import matches

from .asked import Asked
from .refusal import UNAVAILABLE, Refused, bad, not_found
from .reply import Head, paged
from .request import PastRequest, Request, Rows, Text, Texts
from .valuation import age, since_receipt
from .view import Listed, Moment, Shown, UnknownSymbol, VenueUnavailable

PAGE: Final = 500
MOST_SPECIFICATIONS: Final = 50  # in one request: each may have to be asked for
Few = Annotated[list[Text], msgspec.Meta(min_length=1, max_length=MOST_SPECIFICATIONS)]


class QuotesRequest(Request, frozen=True, kw_only=True):
    """Quotes: of one symbol, of many, or all there are."""

    symbol: Text | None = None
    symbols: Texts | None = None
    limit: Rows = PAGE
    after: Text | None = None  # symbols whose names sort behind


class QuoteRow(msgspec.Struct, frozen=True):
    """A quote; null: never set."""

    symbol: str
    time: int  # ms of server time
    bid: float | None
    ask: float | None
    last: float | None
    volume: float | None  # lots of the last trade
    delayed: bool
    age: float  # seconds since its own time, by our clock and the server's offset
    since_receipt: float  # seconds since its last tick came


class QuotesReply(Head, frozen=True, kw_only=True):
    """Quotes by name."""

    quotes: list[QuoteRow]
    missing: list[str]  # symbols asked for that have no quote: not subscribed, or never quoted
    next: str | None  # `after` of the next page; null: these were the last


class SymbolsRequest(PastRequest, frozen=True, kw_only=True):
    """Specifications of one or some symbols; of none named, what symbols there are."""

    symbol: Text | None = None
    symbols: Few | None = None
    mask: Text | None = None  # of the list: paths that match, such as `Forex\*`
    limit: Rows = PAGE
    after: Text | None = None  # of the list: symbols whose names sort behind


class SymbolsReply(Head, frozen=True, kw_only=True):
    """Specifications of the symbols that were named, in that order; else the list, by name."""

    symbols: list[SymbolRecord]  # empty where none was named
    listed: list[Listed]  # empty where some were named
    next: str | None  # `after` of the next page; null: these were the last


async def quotes(asked: Asked, request: QuotesRequest) -> QuotesReply:
    """What is quoted now."""
    named = _named(request.symbol, request.symbols)
    board, now, offset = asked.view.quotes, asked.view.moment(), asked.view.offset
    wanted = [(name, board.get(name)) for name in named or ()]
    found = [one for _, one in wanted if one is not None] if named else board.all()
    rows = (_quote(one, now, offset) for one in _behind(found, request.after))
    page = paged(rows, request.limit, lambda row: row.symbol)
    missing = [name for name, one in wanted if one is None]
    return QuotesReply(asked.view.account, asked.seq, quotes=page.rows, missing=missing, next=page.next)


async def symbols(asked: Asked, request: SymbolsRequest) -> SymbolsReply:
    """Specifications: those that the books lack are asked of the venue, unless they are of then."""
    named = _named(request.symbol, request.symbols)
    if named is None:
        listed = paged(_listed(asked, request), request.limit, lambda row: row.symbol)
        return SymbolsReply(asked.view.account, asked.seq, symbols=[], listed=listed.rows, next=listed.next)
    if request.mask is not None or request.after is not None:
        raise bad(
            "mask" if request.mask is not None else "after", "belongs to the list, not to named symbols"
        )
    known = {name: asked.books.symbol(name) for name in named}
    found = [one or await _fetched(asked, name) for name, one in known.items()]
    return SymbolsReply(asked.view.account, asked.seq, symbols=found, listed=[], next=None)


def _named(symbol: str | None, symbols: list[str] | None) -> list[str] | None:
    """The symbols asked for, each once; None for no particular ones."""
    if symbol is not None and symbols is not None:
        raise bad("symbols", "and `symbol` are two ways to say it: give one")
    return [symbol] if symbol is not None else list(dict.fromkeys(symbols)) if symbols else None


def _behind(found: Iterable[Shown], after: str | None) -> list[Shown]:
    return sorted((one for one in found if after is None or one.symbol > after), key=lambda one: one.symbol)


def _quote(one: Shown, now: Moment, offset: int) -> QuoteRow:
    return QuoteRow(
        one.symbol,
        one.time,
        one.bid or None,
        one.ask or None,
        one.last or None,
        one.volume or None,
        one.delayed,
        round(age(one, now, offset), 3),
        round(since_receipt(one, now), 3),
    )


def _listed(asked: Asked, request: SymbolsRequest) -> list[Listed]:
    """The venue's list, or what the books know of it."""
    listed = [] if asked.past else list(asked.view.listed())
    names = {one.symbol for one in listed}
    listed += [
        Listed(one.symbol, one.path, one.description, one.digits, one.calc_mode)
        for one in asked.books.symbols
        if one.symbol not in names
    ]
    found = [
        one
        for one in listed
        if (request.after is None or one.symbol > request.after)
        and (request.mask is None or matches(request.mask, one.path))
    ]
    return sorted(found, key=lambda one: one.symbol)


async def _fetched(asked: Asked, name: str) -> SymbolRecord:
    if asked.past:
        raise not_found("unknown_symbol", "symbol", f"{shown(name)} was not known then")
    try:
        return await asked.view.full_symbol(name)
    except UnknownSymbol:
        raise not_found("unknown_symbol", "symbol", f"the venue has no symbol {shown(name)}") from None
    except VenueUnavailable as why:
        raise Refused(why.code, str(why), None, UNAVAILABLE) from None
