"""Deals at awkward moments: while nobody listens, and between two questions of a round (TC-R1, R2, R8)."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import trio

from oms.ingest.agreement import RACED_AGAIN_S
from tests.dispatch.desked import Desked, desked
from tests.ingest.altered import ACCOUNT, HISTORY, OPEN, alter
from tests.ingest.held import QUICK, Held, booked, held, told_by_venue
from tests.ingest.test_account import buy, outcome
from tests.ingest.test_adoption import cut_off
from tests.paper.running import HEDGE, Running, running

pytestmark = [pytest.mark.trio, pytest.mark.slow]
HOUR_MS = 3_600_000
LOGIN = 28
OPENING = (OPEN, ACCOUNT)  # asked once on the way to the first round


# TC-R1: everything at once, while nobody listens.


async def test_tc_r1_what_happened_offline_is_found_once_each_and_told(tmp_path: Path) -> None:
    """The deposits of four accounts are 896 to 899, what opens A is 900."""
    async with (
        running(trading={"first_order": 1, "first_deal": 896}) as venue,
        desked(venue, tmp_path) as main,
    ):
        opened = await main.buy("0.10", id="a", sl="1.05")
        placed = await main.buy("0.20", id="x", type="limit", price="1.06")
        assert (opened["status"], placed["status"]) == ("filled", "working")
        assert [one["deal"] for one in opened["deals"]] == ["900"]
        await main.held.agrees(venue)
        before = len(booked(main.held))
        async with venue.terminal(HEDGE) as phone:
            away = {"do": "refuse", "on": "request", "command": LOGIN, "times": 0}
            number = venue.control("fault", fault=away)
            venue.control("abort", login=HEDGE, session=main.held.session)
            await main.held.until(lambda: main.held.account.standing.link == "connecting")
            venue.quote(1.0590, 1.0595)  # X is filled: 901
            await venue.advance(15 * HOUR_MS)  # past midnight of the server: swap accrues
            venue.quote(1.0490, 1.0500)  # the stop of A: 902
            await outcome(phone, buy(phone, 0.05))  # 903
        assert len(booked(main.held)) == before
        venue.control("clear_faults", number=number)
        await main.held.ready()
        await main.held.agrees(venue)

        news = main.held.events("deal.booked")[before:]
        fills = {one["deal"]: one for one in news}
        assert len(news) == len(fills) == 3
        assert fills.keys() == {"901", "902", "903"}
        assert [(fills[one]["volume"], fills[one]["entry"]) for one in sorted(fills)] == [
            *(("0.20", "in"), ("0.10", "out"), ("0.05", "in"))
        ]
        assert fills["902"]["reason"] == "sl"
        assert Decimal(fills["902"]["swap"]) != 0
        whose = {one.position: owner(main, one.position) for one in main.held.books.positions}
        assert list(whose.values()) == ["x", None]  # one position is nobody's: the phone's
        deals = [one for one in venue.control("truth")["deals"] if one["login"] == HEDGE]
        amounts = ("profit", "commission", "storage", "commission_fee")
        money = sum((Decimal(repr(one[name])) for one in deals for name in amounts), Decimal(0))
        assert main.held.books.ledger.balance == money == told_by_venue(venue, HEDGE)["balance"]
        report = main.held.events("reconcile.report")[-1]
        assert (report["cause"], report["equal"]) == ("reconnect", True)
        assert report["deals_new"] == ["901", "902", "903"]
        assert (await main.ask("submit", id="x", symbol="EURUSD", side="buy", volume="0.20",
                               type="limit", price="1.06"))["status"] == "filled"  # fmt: skip


def owner(main: Desked, position: str) -> str | None:
    """The command that made the order of that number, if one did."""
    found = main.held.books.commands.owner(position)
    return found.command if found else None


# TC-R2: between two questions.


def once(venue: Running, command: int, nth: int, act: Callable[[], Any]) -> None:
    """Act just behind the nth answer from now on, which does not know of it."""
    answers = 0

    def change(found: Any) -> Any:
        nonlocal answers
        answers += 1
        if answers == nth:
            act()
        return found

    alter(venue, command, change)


@pytest.mark.parametrize("pushed", [True, False], ids=["pushed", "unheard"])
@pytest.mark.parametrize("live", [False, True], ids=["start", "ready"])
@pytest.mark.parametrize(
    ("command", "nth"),
    [(OPEN, 1), (ACCOUNT, 1), (HISTORY, 1), (OPEN, 2), (ACCOUNT, 2)],
    ids=["4|3", "3|history", "history|4", "4|3_again", "behind_all"],
)
async def test_tc_r2_a_deal_within_a_round_is_neither_lost_nor_doubled(
    tmp_path: Path, command: int, nth: int, live: bool, pushed: bool
) -> None:
    """A pending order fills behind each of the five answers; its pushes come, or none does."""
    async with running() as venue:
        async with held(venue, tmp_path) as main:
            await main.ready()
            async with venue.terminal(HEDGE) as terminal:
                await outcome(terminal, terminal.request(5, 2, 0.2, price_order=1.05, type_filling=2))
            await main.agrees(venue)
            if live:
                await fills_in_a_round(venue, main, command, nth, pushed)
        if not live:
            place = nth + (command in OPENING)
            async with held(venue, tmp_path, before=lambda *_: armed(venue, command, place, pushed)) as main:
                await settled(venue, main)


async def armed(venue: Running, command: int, nth: int, pushed: bool) -> None:
    if not pushed:
        lost = {"do": "lose", "on": "push", "login": HEDGE, "times": 0}
        venue.control("fault", fault=lost)
    once(venue, command, nth, lambda: venue.quote(1.0490, 1.0500))


async def fills_in_a_round(venue: Running, main: Held, command: int, nth: int, pushed: bool) -> None:
    await armed(venue, command, nth, pushed)
    assert main.account.conversation is not None
    main.account.conversation.doubt("balance")
    await settled(venue, main)


async def settled(venue: Running, main: Held) -> None:
    await main.until(lambda: bool(venue.venue.accounts[HEDGE].positions))
    await main.ready()
    assert main.account.conversation is not None
    main.account.conversation.doubt("balance")  # of what came behind all answers nobody told
    await main.agrees(venue)
    await main.ready()
    assert sorted(booked(main)) == sorted(told_by_venue(venue, HEDGE)["deals"])
    assert [(one.volume, one.price) for one in main.books.positions] == [(Decimal("0.20"), Decimal("1.05"))]
    assert main.events("deal.removed") == main.events("deal.amended") == []
    assert "difference" not in {one["permission"] for one in main.events("account.state")}


# TC-R8: an order of the run before.


@pytest.mark.parametrize("known", ["ticket", "marker"])
async def test_tc_r8_a_deal_before_reconciling_is_the_old_commands(tmp_path: Path, known: str) -> None:
    """Where not even the ticket was heard, the marker in the order's comment says whose it is."""
    async with running() as venue:
        async with desked(venue, tmp_path) as main:
            if known == "marker":  # and it does not see the order while it is open
                main.fault("lose", on="push", login=HEDGE, times=0)
                main.fault("lose", on="answer", command=12, login=HEDGE)
                main.fault("refuse", on="request", command=LOGIN, times=0)
            placed = await main.buy("0.20", id="old", type="limit", price="1.05", wait=2)
            if known == "marker":
                assert (placed["status"], placed["order"]) == ("unknown", None)
            else:
                assert placed["status"] == "working"
        venue.control("clear_faults")
        (order,) = venue.venue.accounts[HEDGE].orders
        once(venue, OPEN, 1, lambda: venue.quote(1.0490, 1.0500))  # behind the first answer of the new run
        async with desked(venue, tmp_path, seed=2) as main:
            await main.held.agrees(venue)
            await main.held.until(lambda: status(main, "old") == "filled")
            found = await main.ask(
                *("submit",), id="old", symbol="EURUSD", side="buy", volume="0.20", type="limit", price="1.05"
            )
            assert (found["status"], found["final"], found["filled"]) == ("filled", True, "0.20")
            assert (found["order"], len(found["deals"])) == (str(order), 1)
            assert main.held.books.commands.owner(str(order)).command == "old"  # type: ignore[union-attr]
            assert len(main.requests()) == 1
            causes = [one["deal"] for one in main.held.events("deal.booked")]
            assert len(causes) == len(set(causes)) == 2


def status(main: Desked, name: str) -> str:
    known = main.held.books.commands.get("default", name)
    return known.status if known else ""


# Rounds that something moves in.


def restless(venue: Running) -> list[bool]:
    """While the list is not empty, money moves in each round."""
    goes_on = [True]

    def change(found: Any) -> Any:
        if goes_on:
            venue.control("deposit", login=HEDGE, amount="1.00")
        return found

    alter(venue, HISTORY, change)
    return goes_on


async def test_races_at_the_start_let_it_in_reducing_until_the_first_quiet_round(tmp_path: Path) -> None:
    async with running() as venue:
        goes_on = restless(venue)
        async with held(venue, tmp_path) as main:
            began = trio.current_time()
            await main.ready("reducing")
            assert trio.current_time() - began >= QUICK.race_s
            assert main.events("reconcile.report") == main.events("ledger.opened") == []
            assert main.events("account.state")[-1]["reason"] == "race"
            goes_on.clear()
            raced = trio.current_time()
            await main.ready("active")
            assert trio.current_time() - raced <= 2 * RACED_AGAIN_S  # it was tried every five seconds
            last = main.events("account.state")[-1]
            assert (last["permission"], last["reason"]) == ("active", "equal")
            (report,) = main.events("reconcile.report")
            assert report["equal"]
            found = booked(main)
            assert sorted(found) == sorted(told_by_venue(venue, HEDGE)["deals"])
            assert "101" in report["deals_new"]  # which a round had found that proved nothing


async def test_races_on_the_timer_leave_the_account_as_it_is(tmp_path: Path) -> None:
    async with running() as venue, held(venue, tmp_path, reconcile_every_s=0.2) as main:
        await main.ready()
        states = len(main.events("account.state"))
        restless(venue)
        deals = len(booked(main))
        await main.until(lambda: len(booked(main)) >= deals + 5)  # five rounds that prove nothing
        assert len(main.events("account.state")) == states
        assert main.account.standing.state == "active"
        reports = main.events("reconcile.report")
        assert all(one["equal"] for one in reports)


async def test_the_history_is_read_from_the_oldest_order_that_was_open(tmp_path: Path) -> None:
    """Placed four days before it filled, while nobody listened; the last agreement is an hour old."""
    async with running() as venue:
        async with held(venue, tmp_path) as main:
            await main.ready()
            async with venue.terminal(HEDGE) as terminal:
                await outcome(terminal, terminal.request(5, 2, 0.2, price_order=1.05, type_filling=2))
            await main.agrees(venue)
            await venue.advance(4 * 24 * HOUR_MS)
            assert main.account.conversation is not None
            main.account.conversation.doubt("balance")
            await main.until(lambda: len(main.events("reconcile.report")) == 2)
        await venue.advance(HOUR_MS)
        (order,) = venue.venue.accounts[HEDGE].orders.values()
        venue.quote(1.0490, 1.0500)
        asked = cut_off(venue, 0)
        async with held(venue, tmp_path) as main:
            await main.ready()
            await main.agrees(venue)
        assert [one.from_ for one in asked] == [order.time_setup]


async def test_a_round_that_a_push_came_in_is_not_counted(tmp_path: Path) -> None:
    async with running() as venue:
        async with held(venue, tmp_path) as main:
            await main.ready()
            async with venue.terminal(HEDGE) as terminal:
                await outcome(terminal, terminal.request(5, 2, 0.2, price_order=1.05, type_filling=2))
            await main.agrees(venue)
            reports = len(main.events("reconcile.report"))
        await armed(venue, OPEN, 1 + (OPEN in OPENING), pushed=True)
        async with held(venue, tmp_path) as main:
            await main.ready()
            assert main.events("session.ready")[-1]["rounds"] == 2
            (report,) = main.events("reconcile.report")[reports:]
            assert (report["round"], report["equal"]) == (2, True)
            assert len(booked(main)) == 2
