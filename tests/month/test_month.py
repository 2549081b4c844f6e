"""Books equal the venue's truth at every checkpoint of a simulated month, to the cent (`story`).

A slice of it here; the whole by `make month`: thirty days, more than ten thousand orders.
"""

import os
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from oms.paper.model import Account
from oms.projections import Books
from oms.replay import rebuilt
from tests.dispatch.desked import Desked
from tests.ingest.test_margins import shown, told
from tests.paper.running import EURO, HEDGE, NET, YEN

from .story import BOOKED_BY_DEALERS, LOT, SLICE, WHOLE, Month, month

pytestmark = [pytest.mark.trio, pytest.mark.slow]

D = Decimal
CLOSE = D("1e-9")  # of average prices: the venue's are doubles


def heard_all(books: Books, truth: Account) -> bool:
    """Whether as much came as there is."""
    known = sum(order.ended for order in books.orders)
    return (len(books.deals), known, len(list(books.orders.open()))) == (
        *(len(truth.deals), len(truth.history), len(truth.orders)),
    )


def assert_true(books: Books, truth: Account) -> None:
    """Balance, credit, positions, orders, deals are the venue's."""
    assert (books.ledger.balance, books.ledger.credit) == (truth.balance, truth.credit)
    assert {one.order for one in books.orders.open()} == {str(ticket) for ticket in truth.orders}
    assert {one.deal for one in books.deals} == {str(deal.deal) for deal in truth.deals}
    held = {str(one.position_id): one for one in truth.positions.values()}
    assert {one.position: (one.symbol, one.side, one.volume) for one in books.positions} == {
        name: (one.trade_symbol, "sell" if one.trade_action else "buy", D(one.trade_volume) / LOT)
        for name, one in held.items()
    }
    for one in books.positions:
        theirs = held[one.position]
        assert one.price is not None
        assert abs(one.price - D(repr(theirs.price_open))) < CLOSE
        assert (one.sl or D(0), one.tp or D(0)) == (D(repr(theirs.sl)), D(repr(theirs.tp)))
        assert (one.swap or D(0)) == D(repr(theirs.storage))


async def checkpoint(made: Month) -> None:
    """Each account against the truth; what it is worth too, while every price is of now."""
    for login, desk in made.desks.items():
        truth = made.venue.venue.accounts[login]
        await desk.held.until(lambda: heard_all(desk.held.books, truth))  # noqa: B023 - awaited here
        assert_true(desk.held.books, truth)
        assert_worth_as_much(desk, made, login)


def assert_worth_as_much(desk: Desked, made: Month, login: int) -> None:
    """To the cent, but where the last bit of an average decides half a cent.

    The venue's averages are doubles, those of the books are decimals of 20 digits.
    """
    books, ours, theirs = list(desk.held.books.positions), shown(desk.held), told(made.venue, login)
    assert ours.margin is not None
    assert ours.margin_free is not None
    assert theirs.margin is not None
    assert theirs.margin_free is not None
    averaged = [one for one in books if len(str(one.price).partition(".")[2]) > one.digits]
    unit = len(averaged) * D(1).scaleb(-made.venue.venue.accounts[login].digits)
    assert abs(ours.margin - theirs.margin) <= unit
    assert abs(ours.margin_free - theirs.margin_free) <= 2 * unit


def assert_followed(desk: Desked, truth: Account) -> None:
    """At the end: no comparison found a difference, nothing is in doubt, and the journal says it again."""
    books = desk.held.books
    assert desk.held.account.differences == 0
    assert books.commands.unknown == 0
    assert [one for one in desk.held.events("ledger.difference") if one] == []
    assert rebuilt(desk.held.recorder.path).books.state_hash() == books.state_hash()
    fills = sum(deal.trade_action in (0, 1) for deal in truth.deals)
    assert books.ledger.realised().trades == fills
    money = books.ledger.money()
    assert books.days.moved_since("") == (
        money.balance,
        money.credit,
    )  # nothing was there before the first deal


async def test_a_month_to_the_cent(tmp_path: Path) -> None:
    whole = os.environ.get("OMS_MONTH") == "whole"
    size = WHOLE if whole else SLICE
    async with month(tmp_path, size) as made:
        await checkpoint(made)
        for day in range(size.days):
            today = size.first + timedelta(days=day)
            if today.weekday() < 5:
                await one_day(made, day, size.hours, size.commands)
            await made.until(today + timedelta(days=1))
            await made.quote()
            await checkpoint(made)
        if whole:
            assert made.orders + made.phoned > 10_000
        assert made.stopped_out(EURO)
        assert made.stopped_out(YEN)
        assert made.stopped_out(HEDGE) == made.stopped_out(NET) == 0
        for login, desk in made.desks.items():
            truth = made.venue.venue.accounts[login]
            reasons = {deal.reason for deal in desk.held.books.deals}
            assert {"sl", "tp"} <= reasons
            assert any(deal.swap for deal in desk.held.books.deals)  # booked by what closed
            assert ("so" in reasons) == (login in (EURO, YEN))
            assert_followed(desk, truth)


async def one_day(made: Month, day: int, hours: range, commands: int) -> None:
    """Trading by the hour; money of some type; once in five days an account is ruined."""
    midnight = made.utc
    for hour in hours:
        await made.until(midnight + timedelta(hours=hour))
        await made.quote()
        await made.hour(commands)
    for number, login in enumerate(made.desks):
        kind = BOOKED_BY_DEALERS[(day + number) % len(BOOKED_BY_DEALERS)]
        made.book(login, kind, D(day + 1) if login == YEN else D(day * 10 + 1) / 100)
    await made.quote()
    if day % 5 in (0, 1):
        await made.ruin(EURO if day % 5 else YEN)
