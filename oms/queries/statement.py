"""Query of the account's statement: what days of the server, and a period of them, booked.

Opening plus all that is listed is closing, exactly, of each day and of the whole.  Days are those of the
server's clock; a deal belongs to the day of its own time, so a statement changes when a deal of that day is
heard of later, amended or removed.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final

import msgspec

from oms.domain import words
from oms.domain.values import EXACT, lots, tidy
from oms.payload import shown
from oms.projections.books import NEVER
from oms.projections.days import Booked, Day, Kind, Money

from .asked import Asked
from .owners import dealer
from .refusal import bad
from .reply import Head, paged
from .request import PastRequest, Rows, Text

PAGE: Final = 100  # days
DIGITS: Final = 2  # of money before the account's terms are known
MOST_SYMBOLS: Final = 1000
MOST_CLIENTS: Final = 1000
CASH: Final = "balance"  # the type of deal that is money paid in or out
TRADING: Final = "trading"
OTHER: Final = "other"


class StatementRequest(PastRequest, frozen=True, kw_only=True):
    """What was booked from day to day: today, unless it says otherwise; of then, the last day booked."""

    from_: Text | None = msgspec.field(name="from", default=None)  # first day of the server, YYYY-MM-DD
    to: Text | None = None  # last day, which belongs to it; absent: today, or `from` where that is later
    clients: bool = False  # by client as well, for which all deals of the period are looked at
    limit: Rows = PAGE
    after: Text | None = None  # days after this one; the sums are those of the whole period


class MoneyShown(msgspec.Struct, frozen=True):
    """What stands in the books, or was added to them."""

    balance: Decimal
    credit: Decimal


class BookedRow(msgspec.Struct, frozen=True):
    """Sums of deals, signed, as the venue booked each of them."""

    deals: int
    volume: Decimal  # lots, of fills
    profit: Decimal  # gross
    commission: Decimal
    swap: Decimal
    fee: Decimal
    net: Decimal  # all four
    gained: Decimal  # by deals that left more than before
    lost: Decimal  # by those that left less


class KindRow(BookedRow, frozen=True, kw_only=True):
    """Deals of a type."""

    type: str  # buy, sell, balance, credit, commission_daily, ...; the digits of a number without a name


class SymbolRow(BookedRow, frozen=True, kw_only=True):
    """Deals of a symbol."""

    symbol: str  # "": those that move money alone


class ClientRow(BookedRow, frozen=True, kw_only=True):
    """Fills of a client: of its commands' orders, and what stops closed of positions that it opened."""

    client: str | None  # null: of nobody's commands


class DayRow(msgspec.Struct, frozen=True):
    """A day on which something was booked."""

    day: str  # of the server, YYYY-MM-DD; "": deals without a time
    opening: MoneyShown
    closing: MoneyShown
    corrected: MoneyShown  # what an operator accepted of a difference
    kinds: list[KindRow]


class StatementReply(Head, frozen=True, kw_only=True):
    """A period's account: opening + paid_in + paid_out + trading + other + corrected = closing."""

    currency: str | None
    from_: str = msgspec.field(name="from")
    to: str  # the last day, which belongs to it
    booked: bool  # the opening entry is booked: before, opening and closing are what the known deals come to
    opening: MoneyShown
    closing: MoneyShown
    paid_in: Decimal  # of deals of type balance
    paid_out: Decimal  # likewise, negative
    trading: BookedRow  # fills
    other: MoneyShown  # all other deals: commissions, interest, taxes, credit, ...
    corrected: MoneyShown
    kinds: list[KindRow]
    symbols: list[SymbolRow]  # the first 1000, by name
    clients: (
        list[ClientRow] | None
    )  # the first 1000, by name; together they are `trading`; null: not asked for
    days: list[DayRow]
    next: str | None  # `after` of the next page of days; null: these were the last
    stale: bool  # the link is not ready: the venue may know more


async def statement(asked: Asked, request: StatementRequest) -> StatementReply:
    """The books of a period by days, by types of deals, by symbols."""
    first, last = _period(asked, request)
    days = list(asked.books.days.between(first, last))
    terms = asked.books.account()
    written = _Written(terms.digits if terms else DIGITS)
    opening = _opening(asked, first)
    whole = Day()
    for _, day in days:
        _gather(whole, day)
    parts = {CASH: Booked(), TRADING: Booked()} | _by(whole.booked, _part)
    other = Day({kind: sums for kind, sums in whole.booked.items() if _part(kind) == OTHER})
    page = paged(_rows(days, opening, request.after, written), request.limit, lambda row: row.day)
    return StatementReply(
        asked.view.account,
        asked.seq,
        currency=terms.currency if terms else None,
        from_=first,
        to=last,
        booked=asked.books.money().opened,
        opening=written.money(opening),
        closing=written.money(_later(opening, (day.moved for _, day in days))),
        paid_in=written.amount(parts[CASH].gained),
        paid_out=written.amount(parts[CASH].lost),
        trading=BookedRow(**written.sums(parts[TRADING])),
        other=written.money(other.moved),
        corrected=written.money(whole.corrected),
        kinds=written.kinds(whole.booked),
        symbols=written.symbols(whole.booked),
        clients=written.clients(_by_client(asked, first, last)) if request.clients else None,
        days=page.rows,
        next=page.next,
        stale=asked.stale,
    )


def _today(asked: Asked) -> str:
    """The server's day; of then the last one that these books know."""
    if asked.past and asked.books.days.last:
        return asked.books.days.last
    return datetime.fromtimestamp(asked.view.moment().utc + asked.view.offset, UTC).date().isoformat()


def _period(asked: Asked, request: StatementRequest) -> tuple[str, str]:
    today = _today(asked)
    first = _day("from", request.from_) if request.from_ else None
    last = _day("to", request.to) if request.to else max(today, first or "")
    if (first or last) > last:
        raise bad("to", f"{last} is before {first}")
    return first or last, last


def _day(field: str, text: str) -> str:
    try:
        if date.fromisoformat(text).isoformat() == text:
            return text
    except ValueError:
        pass
    raise bad(field, f"{shown(text)} is no day such as 2026-11-21") from None


def _opening(asked: Asked, first: str) -> Money:
    """What stood in the books before a day: what stands there now without all that came since."""
    ledger = asked.books.ledger
    balance, credit = asked.books.days.moved_since(first)
    return EXACT.subtract(ledger.balance, balance), EXACT.subtract(ledger.credit, credit)


def _later(opening: Money, moved: Iterable[Money]) -> Money:
    balance, credit = opening
    for more, given in moved:
        balance, credit = EXACT.add(balance, more), EXACT.add(credit, given)
    return balance, credit


def _gather(whole: Day, day: Day) -> None:
    for kind, sums in day.booked.items():
        whole.booked.setdefault(kind, Booked()).add(sums)
    whole.corrected = _later(whole.corrected, [day.corrected])


def _by(booked: Mapping[Kind, Booked], name: Callable[[Kind], str]) -> dict[str, Booked]:
    """The same sums by another name, in the order of the names."""
    found: dict[str, Booked] = {}
    for kind in sorted(booked, key=name):
        found.setdefault(name(kind), Booked()).add(booked[kind])
    return found


def _by_client(asked: Asked, first: str, last: str) -> dict[str | None, Booked]:
    found: dict[str | None, Booked] = {}
    for deal in asked.books.deals.between(first, last + NEVER):
        if deal.trades:
            found.setdefault(dealer(asked.books, deal), Booked()).book(deal, 1)
    return found


def _part(kind: Kind) -> str:
    """Which part of the equation a type of deal belongs to."""
    return TRADING if kind[0] in words.TRADES else (CASH if kind[0] == CASH else OTHER)


def _rows(
    days: list[tuple[str, Day]], opening: Money, after: str | None, written: "_Written"
) -> Iterable[DayRow]:
    for name, day in days:
        closing = _later(opening, [day.moved])
        if after is None or name > after:
            corrected, kinds = written.money(day.corrected), written.kinds(day.booked)
            yield DayRow(name, written.money(opening), written.money(closing), corrected, kinds)
        opening = closing


class _Written:
    """Amounts as they are written, with the digits of the account's currency."""

    def __init__(self, digits: int) -> None:
        self._digits = digits

    def amount(self, amount: Decimal) -> Decimal:
        return tidy(amount, self._digits)

    def money(self, money: Money) -> MoneyShown:
        return MoneyShown(*map(self.amount, money))

    def sums(self, sums: Booked) -> dict[str, Any]:
        names = ("profit", "commission", "swap", "fee", "net", "gained", "lost")
        amounts = {name: self.amount(getattr(sums, name)) for name in names}
        return {"deals": sums.deals, "volume": lots(sums.volume), **amounts}

    def kinds(self, booked: Mapping[Kind, Booked]) -> list[KindRow]:
        by_type = _by(booked, lambda kind: kind[0])
        return [KindRow(type=name, **self.sums(sums)) for name, sums in by_type.items()]

    def clients(self, booked: Mapping[str | None, Booked]) -> list[ClientRow]:
        by_client = sorted(booked.items(), key=lambda one: one[0] or "")[:MOST_CLIENTS]
        return [ClientRow(client=name, **self.sums(sums)) for name, sums in by_client]

    def symbols(self, booked: Mapping[Kind, Booked]) -> list[SymbolRow]:
        by_symbol = list(_by(booked, lambda kind: kind[1]).items())[:MOST_SYMBOLS]
        return [SymbolRow(symbol=name, **self.sums(sums)) for name, sums in by_symbol]
