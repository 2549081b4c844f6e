"""TC-R14: accounts that are older than the daemon, their history whole, cut off, or read in slices."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from oms.sessions.link import Limits
from protocol.records.trade import History, HistoryRequest
from tests.ingest.held import Held, held, told_by_books, told_by_venue
from tests.ingest.test_account import buy, outcome, sell
from tests.paper.running import HEDGE, NET, START, Running, ToldClock, running

pytestmark = [pytest.mark.trio, pytest.mark.slow]
MONTH_MS = 30 * 86_400_000
MONTHS, CUT = 36, 24  # three years; where the history of some brokers begins
HEDGED = {  # by month: lots bought, and which position they are of (0 = a new one)
    3: (0.5, 0),
    10: (0.3, 0),
    20: (0.2, 0),
    25: (0.4, 0),
    30: (-0.1, 2),
    31: (-0.2, 3),
    32: (-0.4, 4),
    34: (0.6, 0),
}
NETTED = {3: (0.5, 0), 10: (-0.2, 0), 20: (0.3, 0), 25: (0.1, 0), 30: (-0.4, 0), 34: (0.2, 0)}
REVERSED = {3: (0.5, 0), 20: (0.3, 0), 30: (-1.0, 0), 34: (0.1, 0)}  # short since after the cut
FLAT = {3: (0.5, 0), 30: (-0.5, 0)}
LIVES = [(HEDGE, HEDGED), (NET, NETTED), (NET, REVERSED), (NET, FLAT)]
IDS = ["hedged", "netted", "reversed", "flat"]


async def live(venue: Running, login: int, life: dict[int, tuple[float, int]]) -> None:
    """Three years: trades, prices that move, money paid in and out."""
    tickets: list[int] = []
    for month in range(MONTHS):
        price = round(1.1 + 0.001 * (month % 7), 5)
        venue.quote(price, round(price + 0.0001, 5))
        if month in life:
            lots, which = life[month]
            of = {"trade_position": tickets[which - 1]} if which else {}
            async with venue.terminal(login) as terminal:
                trade = buy if lots > 0 else sell
                await outcome(terminal, trade(terminal, abs(lots), **of))
            tickets += [max(truth(venue, login)["orders"])] if not which else []
        if month % 12 == 6:
            venue.control("deposit", login=login, amount="-12.34")
        await venue.advance(MONTH_MS)


def truth(venue: Running, login: int) -> dict[str, Any]:
    """Of one account: amounts of the deals by ticket with their times, tickets of orders, balance."""
    told = venue.control("truth")
    mine = {name: [row for row in rows if row.get("login") == login] for name, rows in told.items()}
    parts = ("profit", "commission", "storage", "commission_fee")
    return {
        "deals": {
            row["deal"]: (row["time_create"], sum((Decimal(repr(row[one])) for one in parts), Decimal(0)))
            for row in mine["deals"]
        },
        "orders": [row["trade_order"] for row in mine["orders"]],
        "positions": {row["position_id"]: row for row in mine["positions"]},
        "balance": Decimal(mine["accounts"][0]["balance"]),
    }


def cut_off(venue: Running, since_s: int) -> list[HistoryRequest]:
    """From now on the venue answers nothing older; what it was asked for."""
    handlers: Any = venue.server.desk._handlers
    whole, asked = handlers[5], list[HistoryRequest]()

    def answer(moment: Any, visitor: Any, request: HistoryRequest) -> History:
        asked.append(request)
        found = whole(moment, visitor, request)
        return History(
            [deal for deal in found.deals if deal.time_create >= since_s],
            [order for order in found.orders if order.time_done >= since_s],
        )

    handlers[5] = answer
    return asked


def agree(venue: Running, main: Held, login: int) -> bool:
    """Books and venue, in all that a history cut off can show."""
    ours, theirs = told_by_books(main.books), told_by_venue(venue, login)
    for told in (ours, theirs):  # an average is exact here and a double there
        told["positions"] = {
            ticket: (side, lots, round(price, 10))
            for ticket, (side, lots, price, _) in told["positions"].items()
        }
    return all(ours[name] == theirs[name] for name in ("balance", "credit", "orders", "positions"))


async def go_on(venue: Running, main: Held, login: int) -> None:
    """Books and venue agree after every further step, to the last position."""
    async with venue.terminal(login) as terminal:
        await outcome(terminal, buy(terminal, 0.1))
        await main.until(lambda: agree(venue, main, login))
        venue.quote(1.12, 1.1201)
        for ticket, row in truth(venue, login)["positions"].items():
            lots, of = row["trade_volume"] / 10**8, {"trade_position": ticket}
            close = buy if row["trade_action"] else sell
            for part in (0.05, lots - 0.05):
                if part > 0.001:
                    await outcome(terminal, close(terminal, part, **of))
                    await main.until(lambda: agree(venue, main, login))
        venue.control("deposit", login=login, amount="5.00")
        await main.until(lambda: agree(venue, main, login))
    assert not list(main.books.positions)
    assert "difference" not in {one["permission"] for one in main.events("account.state")}


@pytest.mark.parametrize(("login", "life"), LIVES, ids=IDS)
async def test_tc_r14_a_whole_history_needs_no_opening_entry(
    tmp_path: Path, login: int, life: dict[int, tuple[float, int]]
) -> None:
    async with running(clock=ToldClock(START - MONTHS * MONTH_MS)) as venue:
        await live(venue, login, life)
        async with held(venue, tmp_path, login=login) as main:
            await main.ready()
            await main.until(lambda: agree(venue, main, login))
            (opening,) = main.events("ledger.opened")
            known = truth(venue, login)
            assert (opening["balance"], opening["credit"]) == ("0.00", "0.00")
            assert opening["deals"] == len(known["deals"]) == len(life) + 4  # three withdrawals, a deposit
            assert main.events("position.adopted") == []
            await go_on(venue, main, login)


@pytest.mark.parametrize(("login", "life"), LIVES, ids=IDS)
async def test_tc_r14_a_history_that_is_cut_off_leaves_the_right_remainder(
    tmp_path: Path, login: int, life: dict[int, tuple[float, int]]
) -> None:
    async with running(clock=ToldClock(START - MONTHS * MONTH_MS)) as venue:
        await live(venue, login, life)
        since_s = (START - (MONTHS - CUT) * MONTH_MS) // 1000 + 2 * 3600 - 1  # before month CUT's first trade
        cut_off(venue, since_s)
        known = truth(venue, login)
        older = {deal: amount for deal, (at, amount) in known["deals"].items() if at < since_s}
        assert len(older) == 3 + sum(month < CUT for month in life)
        async with held(venue, tmp_path, login=login) as main:
            await main.ready()
            await main.until(lambda: agree(venue, main, login))
            (opening,) = main.events("ledger.opened")
            assert Decimal(opening["balance"]) == sum(older.values())
            assert opening["credit"] == "0.00"
            assert opening["deals"] == len(known["deals"]) - len(older)
            adopted = {int(one["position"]) for one in main.events("position.adopted")}
            assert adopted == {
                ticket for ticket, row in known["positions"].items() if row["time_create"] < since_s
            }
            await go_on(venue, main, login)


async def test_tc_r14_a_history_that_is_too_much_at_once_is_read_in_slices(tmp_path: Path) -> None:
    async with running(clock=ToldClock(START - MONTHS * MONTH_MS)) as venue:
        await live(venue, HEDGE, HEDGED)
        asked = cut_off(venue, 0)
        venue.control("fault", fault={"do": "lose", "on": "answer", "command": 5})
        async with held(venue, tmp_path, limits=Limits(answer_s=0.5)) as main:
            await main.ready()
            await main.until(lambda: agree(venue, main, HEDGE))
            (opening,) = main.events("ledger.opened")
            assert (opening["balance"], opening["deals"]) == ("0.00", len(HEDGED) + 4)
            assert main.events("position.adopted") == []
            whole, latest, *slices = asked
            assert (whole.from_, whole.to, latest.to) == (0, 0, 0)
            assert all(one.to - one.from_ == 31 * 86_400 for one in slices)
            assert 36 <= len(slices) <= 36 + 24
            await go_on(venue, main, HEDGE)
