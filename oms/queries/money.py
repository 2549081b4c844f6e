"""Queries of what an account holds and is worth: positions, account, pnl."""

from decimal import Decimal
from typing import Final

import msgspec
from msgspec.structs import asdict

from oms.domain.records import AccountRecord, PositionRecord
from oms.projections.margin import Figures
from oms.projections.margin_inputs import NOT_ASKED
from oms.projections.pnl import Floating, Valued, accrued, equity, floating
from oms.projections.rates import Conversion

from .asked import Asked, narrower
from .grouping import ClientTogether, SymbolTogether, by_client, by_symbol
from .owners import Share, opener, shares
from .reply import Head, paged
from .request import PastRequest, Request, Rows, Text, Ticket
from .valuation import IN_THE_PAST, by_identifier, margin_view, valued_positions

PAGE: Final = 200
MOST_UNVALUED: Final = 1000
MOST_GROUPS: Final = 1000
DIGITS: Final = 2  # of money before the account's terms are known


class PositionRow(PositionRecord, frozen=True):
    """An open position, valued at the price that would close it now."""

    price_current: float | None = None  # bid of a long one, ask of a short one; last for exchange symbols
    profit: Decimal | None = None  # floating, account currency, without swap; null: see unvalued
    unvalued: str | None = None  # why: no_price, no_rate, ... (see Unvalued)
    command: str | None = None  # the id of the command whose order opened it; null: not ours
    client: str | None = None  # whose command
    shares: tuple[Share, ...] = ()  # by client; in netting several may trade one position


class PositionsRequest(PastRequest, frozen=True, kw_only=True):
    """Open positions."""

    symbol: Text | None = None
    position: Ticket | None = None  # this one alone
    client: Text | None = None  # those that a client's commands opened
    limit: Rows = PAGE
    after: Ticket | None = None  # positions with larger identifiers


class PositionsReply(Head, frozen=True, kw_only=True):
    """Positions by identifier."""

    positions: list[PositionRow]
    next: str | None  # `after` of the next page; null: these were the last
    stale: bool  # the link is not ready: the venue may know more


class AccountRequest(PastRequest, frozen=True, kw_only=True):
    """The account itself."""


class AccountReply(Head, frozen=True, kw_only=True):
    """Terms, money, what it may do; null what is not known (yet)."""

    login: str | None
    name: str | None
    type: str | None  # real, demo, contest, preliminary
    server: str | None
    company: str | None
    build: int | None  # of the server
    currency: str | None
    digits: int | None  # of money
    leverage: int | None
    margin_mode: str | None  # retail_netting, exchange, retail_hedging
    stop_out_mode: str | None  # percent, money
    stop_out_call: Decimal | None
    stop_out_level: Decimal | None
    rights: (
        int | None
    )  # what it may not do: 4 trading, 8 investor, 512 read only, 1024 password to be changed
    trade_allowed: bool | None
    investor: bool | None
    utc_offset: int | None  # seconds that the server's clock is ahead of UTC, by the account's terms
    balance: Decimal
    credit: Decimal
    booked: bool  # the opening entry is booked: before, balance and credit are what the known deals come to
    floating: Decimal | None  # profit + swap of the open positions
    equity: Decimal | None  # balance + credit + floating + what is still unbooked of the day's commissions
    margin: Decimal | None  # of open positions and orders; spreads (netting) may make the venue's smaller
    margin_free: Decimal | None  # what is left for more, commissions of the day counted
    margin_level: Decimal | None  # percent; also null where the margin is 0
    margin_gaps: list[
        str
    ]  # why one of the three is not known: no_rate EURJPY, unvalued 1023, ... (see Margin)
    link: str | None  # connecting, reconciling, ready, refused, closed
    permission: str | None  # active, reducing, halted, difference, restored, dirty, read_only
    state: str | None  # the narrower of the two
    stale: bool  # the link is not ready: the venue may know more


TERMS: Final = tuple(
    name for name in AccountReply.__struct_fields__ if name in AccountRecord.__struct_fields__
)


class PnlRequest(Request, frozen=True, kw_only=True):
    """Profit: floating, realised, accrued."""

    limit: Rows = PAGE
    after: Ticket | None = None  # positions with larger identifiers; the sums are those of all


class PnlRow(msgspec.Struct, frozen=True):
    """What a position is worth."""

    position: str
    symbol: str
    side: str
    volume: Decimal  # lots
    price: Decimal | None  # average open price
    price_current: float | None
    profit: Decimal | None  # account currency, without swap; null: see unvalued
    swap: Decimal | None  # accrued
    commission: Decimal | None  # accrued
    conversion: Conversion | None  # profit currency to account currency
    unvalued: str | None  # why (see Unvalued)


class Unvalued(msgspec.Struct, frozen=True):
    """A position without a value."""

    position: str
    symbol: str
    reason: str | None  # no_account no_symbol no_price delayed_price no_rate no_margin_rate not_finite as_of


class FloatingShown(Floating, frozen=True, kw_only=True):
    """The open positions together; where incomplete, those that have a value."""

    unvalued: list[Unvalued]  # the first 1000
    unvalued_count: int


class RealisedShown(msgspec.Struct, frozen=True):
    """What fills booked, each as the venue rounded it."""

    trades: int  # deals that were fills
    gross: Decimal
    commission: Decimal
    swap: Decimal
    fee: Decimal
    net: Decimal  # all four


class Accrued(msgspec.Struct, frozen=True):
    """What open positions have gathered, and no deal has booked yet."""

    swap: Decimal
    commission: Decimal


class PnlReply(Head, frozen=True, kw_only=True):
    """Profit in account currency."""

    currency: str | None
    floating: FloatingShown
    realised: RealisedShown
    accrued: Accrued
    symbols: list[SymbolTogether]  # open positions by symbol, the first 1000
    clients: list[ClientTogether]  # by the client whose command opened them, the first 1000
    positions: list[PnlRow]
    next: str | None  # `after` of the next page of positions; null: these were the last
    stale: bool  # the link is not ready: the venue may know more


async def positions(asked: Asked, request: PositionsRequest) -> PositionsReply:
    """The open positions, or one."""
    found = by_identifier(asked, request.symbol, request.after)
    if request.position is not None:
        found = [one for one in found if one.position == request.position]
    if request.client is not None:
        found = [one for one in found if _client(asked, one) == request.client]
    valued = valued_positions(asked, found[: request.limit + 1])
    page = paged((_row(asked, one) for one in valued), request.limit, lambda row: row.position)
    return PositionsReply(
        asked.view.account, asked.seq, positions=page.rows, next=page.next, stale=asked.stale
    )


async def account(asked: Asked, request: AccountRequest) -> AccountReply:
    """The account's terms and money."""
    books, standing = asked.books, asked.standing
    terms, opened, money = books.account(), books.terms.opened, books.money()
    valued, figures = _valued_with_margin(asked)
    open_ = _floating(asked, valued)
    inputs = NOT_ASKED if asked.past else asked.view.margins
    return AccountReply(
        asked.view.account,
        asked.seq,
        **{name: getattr(terms, name, None) for name in TERMS},
        login=(opened.login or None) if opened else None,
        balance=money.balance,
        credit=money.credit,
        booked=money.opened,
        floating=None if open_.incomplete else open_.total,
        equity=equity(terms, money.balance, money.credit, open_, inputs) if terms else None,
        margin=figures.margin,
        margin_free=figures.margin_free,
        margin_level=figures.margin_level,
        margin_gaps=list(figures.gaps),
        link=standing.link if standing else None,
        permission=standing.permission if standing else None,
        state=narrower(standing.link, standing.permission) if standing else None,
        stale=asked.stale,
    )


async def pnl(asked: Asked, request: PnlRequest) -> PnlReply:
    """All positions are valued for the sums; a page of them is shown."""
    terms = asked.books.account()
    digits = terms.digits if terms else DIGITS
    valued = valued_positions(asked, by_identifier(asked))
    least = int(request.after) if request.after else 0
    rows = (_pnl_row(one) for one in valued if int(one.position.position) > least)
    page = paged(rows, request.limit, lambda row: row.position)
    return PnlReply(
        asked.view.account,
        asked.seq,
        currency=terms.currency if terms else None,
        floating=_floating_shown(asked, valued),
        realised=_realised(asked),
        accrued=Accrued(*accrued(asked.books.positions, digits)),
        symbols=by_symbol(valued, digits)[:MOST_GROUPS],
        clients=by_client(asked.books, valued, digits)[:MOST_GROUPS],
        positions=page.rows,
        next=page.next,
        stale=asked.stale,
    )


def _valued_with_margin(asked: Asked) -> tuple[list[Valued], Figures]:
    """All open positions and the account's margin; of then neither is known."""
    if asked.past:
        return valued_positions(asked, list(asked.books.positions)), Figures(gaps=(IN_THE_PAST,))
    view = margin_view(asked)
    return view.valued, view.now()


def _client(asked: Asked, position: PositionRecord) -> str | None:
    owner = opener(asked.books, position)
    return owner.client if owner else None


def _row(asked: Asked, valued: Valued) -> PositionRow:
    owner = opener(asked.books, valued.position)
    return PositionRow(
        **asdict(valued.position),
        price_current=valued.price,
        profit=valued.profit,
        unvalued=valued.reason,
        command=owner.command if owner else None,
        client=owner.client if owner else None,
        shares=tuple(shares(asked.books, valued.position)),
    )


def _pnl_row(valued: Valued) -> PnlRow:
    one = valued.position
    return PnlRow(
        one.position,
        one.symbol,
        one.side,
        one.volume,
        one.price,
        valued.price,
        valued.profit,
        one.swap,
        one.commission,
        valued.conversion,
        valued.reason,
    )


def _floating(asked: Asked, valued: list[Valued]) -> Floating:
    terms = asked.books.account()
    return floating(valued, terms.digits if terms else DIGITS)


def _floating_shown(asked: Asked, valued: list[Valued]) -> FloatingShown:
    missing = [
        Unvalued(one.position.position, one.position.symbol, one.reason)
        for one in valued
        if one.profit is None
    ]
    return FloatingShown(
        *msgspec.structs.astuple(_floating(asked, valued)),
        unvalued=missing[:MOST_UNVALUED],
        unvalued_count=len(missing),
    )


def _realised(asked: Asked) -> RealisedShown:
    found = asked.books.ledger.realised()
    return RealisedShown(found.trades, found.profit, found.commission, found.swap, found.fee, found.net)
