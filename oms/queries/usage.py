"""What the limits of risk are compared with, as it is now."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

import msgspec

from oms.domain.decide.facts import Facts
from oms.domain.decide.measures import loss_of
from oms.domain.decide.stakes import pending_count, position_count, stakes
from oms.domain.limits import WINDOW_S
from oms.domain.values import ZERO
from oms.projections import Books
from oms.projections.worth import worth_of

from .valuation import Prices
from .view import View

_MS = 1000


class Usage(msgspec.Struct, frozen=True):
    """What limits are compared with, without an order more; what is unknown counted the worse way."""

    max_volume_per_account: Decimal  # lots
    max_gross_exposure: Decimal  # lots
    max_net_exposure: Decimal  # lots
    max_orders: int
    max_positions: int
    max_orders_per_second: int
    max_orders_per_minute: int
    max_daily_loss: Decimal | None  # account currency; below 0: won; null: not known
    max_drawdown: Decimal | None  # account currency; null: not known


class Used(NamedTuple):
    """Figures of this moment."""

    usage: Usage
    equity: Decimal | None
    day_start: Decimal | None


def used(view: View) -> Used:
    """What is at stake, how much was sent of late, what was lost."""
    books, now = view.books, view.moment().utc
    facts = facts_of(books)
    at_stake = stakes(facts).values()
    day = (datetime.fromtimestamp(now, UTC) + timedelta(seconds=view.offset)).date().isoformat()
    equity = worth_of(books, Prices(view), view.forex, view.margins).equity
    day_start, peak = books.risk.day_start(day), books.risk.peak
    ages = [now * _MS - one.at_ms for one in books.risk.sent]
    return Used(
        Usage(
            sum((max(one.most_long, one.most_short) for one in at_stake), ZERO),
            sum((one.gross for one in at_stake), ZERO),
            sum((max(one.net_long, one.net_short) for one in at_stake), ZERO),
            pending_count(facts),
            position_count(facts),
            sum(age < _MS for age in ages),
            sum(age < WINDOW_S * _MS for age in ages),
            loss_of("max_daily_loss", equity, day_start, peak),
            loss_of("max_drawdown", equity, day_start, peak),
        ),
        equity,
        day_start,
    )


def facts_of(books: Books) -> Facts:
    """What stakes are counted from."""
    courses = (books.commands.course(one.key) for one in books.commands.open())
    return Facts(
        server_now="",
        account=books.account(),
        positions=tuple(books.positions),
        orders=tuple(books.orders.at_stake()),
        in_flight=tuple(one.intent for one in courses if one.intent is not None and one.ordered),
    )
