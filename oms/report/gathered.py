"""A report's figures: the answers of queries and the deals of the books, put together.

The statement says what a period came to (oms/queries/statement.py); the deals of the same period say how.
Both are of the same books, so what stands behind the last booking is what the statement closes with, and a
report in which it is not says so.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from operator import itemgetter
from typing import Any, Final, NamedTuple

from oms.domain import words
from oms.domain.records import DealRecord
from oms.domain.values import EXACT, tidy
from oms.queries.view import View
from oms.rewind import reply

from .curve import Curve, Marks

CORRECTION: Final = "correction"  # what an operator accepted of a difference
AMOUNTS: Final = ("profit", "commission", "swap", "fee")
SHOWN: Final = (
    *("deal", "order", "position", "symbol", "type", "entry", "volume", "price", *AMOUNTS, "comment"),
)

Told = Mapping[str, Any]


class Line(NamedTuple):
    """A booking, and what stands in the books behind it."""

    time: str  # of the server, without an offset; of a correction only its day
    booked: Told  # a deal's fields by name; of a correction its type
    net: Decimal
    balance: Decimal
    credit: Decimal


class Report(NamedTuple):
    """Of the days `first` to `last` of the server's clock, both among them."""

    account: str
    first: str
    last: str
    seq: int  # the last event in the books that it is made of
    head: str  # the chain's hash there, in hex
    terms: Told  # what the account is: currency, name, server
    statement: Told
    lines: Sequence[Line]
    curve: Curve
    known: str  # up to when the log knows anything, YYYY-MM-DD HH:MM:SS by the server's clock

    @property
    def whole(self) -> bool:
        """Whether the log goes on behind its last day: else more may have been booked on it."""
        return self.known[: len(self.last)] > self.last

    @property
    def agrees(self) -> bool:
        """Whether the bookings come to what the statement closes with."""
        closing = self.statement["closing"]
        if not self.lines:
            return bool(self.statement["opening"] == closing)
        last = self.lines[-1]
        return (last.balance, last.credit) == (Decimal(closing["balance"]), Decimal(closing["credit"]))


async def gathered(view: View, first: str, last: str) -> Report:
    """The report of these days, YYYY-MM-DD; raises rewind.NotAnswered, FileError."""
    statement = await reply(view, "statement", {"from": first, "to": last}, "days")
    behind = (date.fromisoformat(last) + timedelta(days=1)).isoformat()
    deals = view.books.deals.between(first, behind)
    terms = await reply(view, "account")
    lines = list(_lines(statement, deals))
    opening = Decimal(statement["opening"]["balance"]) + Decimal(statement["opening"]["credit"])
    money = [(line.time, line.balance + line.credit) for line in lines]
    curve = Marks(view.path, view.seq).curve(first, behind, opening, money)
    return Report(
        *(view.account, first, last, view.seq, view.head, terms, statement, lines, curve, _known(view)),
    )


def _known(view: View) -> str:
    return f"{datetime.fromtimestamp(int(view.moment().utc) + view.offset, UTC):%Y-%m-%d %H:%M:%S}"


def _lines(statement: Told, deals: Sequence[DealRecord]) -> Iterator[Line]:
    """Deals by their time, and behind those of its day what was corrected then."""
    balance, credit = (Decimal(statement["opening"][name]) for name in ("balance", "credit"))
    digits = -int(balance.as_tuple().exponent)
    for time, booked, moved in sorted([*_deals(deals), *_corrections(statement)], key=itemgetter(0)):
        balance, credit = EXACT.add(balance, moved[0]), EXACT.add(credit, moved[1])
        net = tidy(EXACT.add(*moved), digits)
        yield Line(time[0], booked, net, tidy(balance, digits), tidy(credit, digits))


def _deals(deals: Sequence[DealRecord]) -> Iterator[tuple[tuple[str, int], Told, tuple[Decimal, Decimal]]]:
    for deal in deals:
        none, net = Decimal(0), deal.amount
        moved = (none, net) if deal.type in words.CREDITS else (net, none)
        yield deal.place, {name: getattr(deal, name) for name in SHOWN}, moved


def _corrections(statement: Told) -> Iterator[tuple[tuple[str, int], Told, tuple[Decimal, Decimal]]]:
    for day in statement["days"]:
        moved = Decimal(day["corrected"]["balance"]), Decimal(day["corrected"]["credit"])
        if any(moved):
            yield (f"{day['day']}~", 0), {"type": CORRECTION}, moved  # ~: behind every time of the day
