"""An account against the venue: adopted, followed, cut off, reconnected, turned away."""

from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import pytest
import trio

from protocol.records.trade import TradeRequest
from tests.ingest.held import held, rebuilt, told_by_books
from tests.paper.running import HEDGE, NET, running
from tests.paper.terminal import Terminal

pytestmark = pytest.mark.trio
WRONG, INVESTOR = "hunter2", "look"


async def outcome(terminal: Terminal, request: TradeRequest) -> None:
    """Trade as another client does, to the end."""
    assert await terminal.trade(request) in (0, 10008, 10009)
    await terminal.push(19)


def buy(terminal: Terminal, lots: float, **more: Any) -> TradeRequest:
    return terminal.request(3, 0, lots, type_filling=1, **more)


def sell(terminal: Terminal, lots: float, **more: Any) -> TradeRequest:
    return terminal.request(3, 1, lots, type_filling=1, **more)


async def test_a_new_account_is_adopted_and_becomes_active(tmp_path: Path) -> None:
    async with running() as venue, held(venue, tmp_path) as main:
        await main.ready()
        assert main.types() == [
            "account.opened",
            "account.state",
            "session.connected",
            "session.authenticated",
            "account.state",
            "account.changed",
            "balance.reported",
            "deal.booked",
            "ledger.opened",
            "reconcile.report",
            "session.ready",
            "account.state",
        ]
        (opening,) = main.events("ledger.opened")
        assert (opening["balance"], opening["credit"], opening["deals"]) == ("0.00", "0.00", 1)
        assert [(one["link"], one["permission"]) for one in main.events("account.state")] == [
            ("connecting", "dirty"),
            ("reconciling", "dirty"),
            ("ready", "active"),
        ]


@pytest.mark.parametrize("login", [HEDGE, NET])
async def test_what_another_client_trades_is_in_the_books_after_every_step(
    tmp_path: Path, login: int
) -> None:
    async with running() as venue, held(venue, tmp_path, login=login) as main:
        await main.ready()
        async with venue.terminal(login) as terminal:
            for request in (
                buy(terminal, 0.3),
                buy(terminal, 0.1, price_sl=1.05),
                terminal.request(5, 2, 0.2, price_order=1.05, type_filling=2),
                sell(terminal, 0.25),
                sell(terminal, 0.5),
            ):
                await outcome(terminal, request)
                await main.agrees(venue, login)
            venue.quote(1.02, 1.0201)
            await main.agrees(venue, login)
            venue.control("deposit", login=login, amount="250.50")
            await main.agrees(venue, login)
        assert len(main.events("deal.booked")) == len(list(main.books.deals))
        seen = [event["deal"] for event in main.events("deal.booked")]
        assert len(set(seen)) == len(seen)


@pytest.mark.parametrize("login", [HEDGE, NET])
async def test_a_rebuild_from_the_journal_gives_the_live_state(tmp_path: Path, login: int) -> None:
    async with running() as venue, held(venue, tmp_path, login=login) as main:
        await main.ready()
        async with venue.terminal(login) as terminal:
            await outcome(terminal, buy(terminal, 0.3))
            await outcome(terminal, sell(terminal, 0.4))
            await outcome(terminal, terminal.request(5, 2, 0.2, price_order=1.05, type_filling=2))
        await main.agrees(venue, login)
        reports = main.events("reconcile.report")
        live = main.books.state_hash()
        assert len(live) == 64
        assert rebuilt(main.recorder._journal).state_hash() == live != reports[-1]["state_hash"]


async def test_trades_made_while_away_are_found_on_the_way_back(tmp_path: Path) -> None:
    """TC-R1 in its simple form: a fill, a close by SL, a phone trade, while nobody listened."""
    async with running() as venue, held(venue, tmp_path) as main:
        await main.ready()
        async with venue.terminal(HEDGE) as terminal:
            await outcome(terminal, buy(terminal, 0.1, price_sl=1.05))
            await outcome(terminal, terminal.request(5, 2, 0.2, price_order=1.06, type_filling=2))
            await main.agrees(venue)
            venue.control("fault", fault={"do": "refuse", "on": "request", "command": 28, "code": 1})
            venue.control("abort", login=HEDGE)
        await main.until(lambda: main.account.standing.link == "connecting")
        venue.quote(1.04, 1.0401)
        await main.agrees(venue)
        await main.ready()
        report = main.events("reconcile.report")[-1]
        assert report["cause"] == "reconnect"
        assert report["equal"]
        deals = [event["deal"] for event in main.events("deal.booked")]
        assert len(deals) == len(set(deals)) == 4  # deposit, buy, the limit's fill, the stop loss
        assert told_by_books(main.books)["positions"].keys() == {"2"}


@pytest.mark.slow
async def test_cuts_at_random_bytes_lose_and_double_nothing(tmp_path: Path) -> None:
    """TC-R5, a part of it: the log's state is the server's after each series of cuts."""
    chance = Random(5)
    async with running() as venue, held(venue, tmp_path) as main:
        await main.ready()
        for _ in range(12):
            async with venue.terminal(HEDGE) as terminal:
                cut = {"session": main.session, "bytes": chance.randrange(4000)}
                venue.control("abort", login=HEDGE, **cut)
                for _ in range(3):
                    await outcome(terminal, chance.choice((buy, sell))(terminal, 0.01))
            await main.agrees(venue)
        deals = [event["deal"] for event in main.events("deal.booked")]
        assert len(deals) == len(set(deals)) == 37


async def test_a_wrong_password_is_terminal(tmp_path: Path) -> None:
    async with running() as venue, held(venue, tmp_path, password=WRONG) as main:
        await main.until(lambda: "refused" in [one["link"] for one in main.events("account.state")])
        (refused,) = main.events("session.refused")
        assert (refused["code"], refused["terminal"]) == (3, True)
        await trio.sleep(0.2)
        assert main.account.connections == 1  # nobody is hammered
        assert WRONG not in str(main.events()) + str(main.told)
    assert main.account.standing.link == "refused"


async def test_an_investor_may_look(tmp_path: Path) -> None:
    async with running() as venue, held(venue, tmp_path, password=INVESTOR) as main:
        await main.ready("read_only")
        assert main.account.standing.reason == "rights"
        async with venue.terminal(HEDGE) as terminal:
            await outcome(terminal, buy(terminal, 0.1))
        await main.agrees(venue)


@pytest.mark.slow
async def test_rights_taken_away_count_at_once_and_come_back_with_the_next_comparison(tmp_path: Path) -> None:
    async with running() as venue, held(venue, tmp_path) as main:
        await main.ready()
        venue.control("rights", login=HEDGE, rights=4)
        await main.ready("read_only")
        assert main.account.standing.reason == "rights"
        venue.control("rights", login=HEDGE, rights=0)
        await main.ready("active")


@pytest.mark.slow
async def test_a_lost_push_is_found_by_the_comparison_after_the_next_deal(tmp_path: Path) -> None:
    """TC-N3's last line: one deal withheld; the balance tells, the history brings it."""
    async with running() as venue, held(venue, tmp_path) as main:
        await main.ready()
        async with venue.terminal(HEDGE) as terminal:
            await outcome(terminal, buy(terminal, 0.1))
            await main.agrees(venue)
            venue.control("fault", fault={"do": "lose", "on": "push", "command": 10, "times": 0})
            (position,) = main.books.positions
            await outcome(terminal, sell(terminal, 0.1, trade_position=int(position.position)))
            venue.control("clear_faults")
            assert len(list(main.books.positions)) == 1  # nobody told
            await outcome(terminal, buy(terminal, 0.2))
        await main.agrees(venue)
        await main.until(lambda: len(main.events("reconcile.report")) == 2)
        report = main.events("reconcile.report")[1]
        assert (report["cause"], report["equal"], len(report["deals_new"])) == ("balance", True, 1)


async def test_a_venue_that_is_not_there_is_waited_for(tmp_path: Path) -> None:
    async with running() as venue:
        async with held(venue, tmp_path, url="ws://127.0.0.1:9/terminal") as main:
            await main.until(lambda: len(main.told) >= 3)
            assert main.told[0][0] == "outage"
            assert "127.0.0.1:9" in main.told[0][1]
        assert main.types() == ["account.opened", "account.state", "account.state"]
        assert main.events("account.state")[-1]["link"] == "closed"


async def test_stopping_says_goodbye_and_leaves_the_link_closed(tmp_path: Path) -> None:
    async with running() as venue:
        async with held(venue, tmp_path) as main:
            await main.ready()
        assert main.events("session.ended")[-1]["reason"] == "left"
        assert main.events("account.state")[-1] == {
            "link": "closed",
            "permission": "active",
            "reason": "equal",
            "by": "",
            "comment": "",
            "also": {},
        }
        await venue.gone()


async def test_what_is_known_at_the_end_is_known_at_the_next_start(tmp_path: Path) -> None:
    async with running() as venue:
        async with held(venue, tmp_path) as main:
            await main.ready()
            async with venue.terminal(HEDGE) as terminal:
                await outcome(terminal, buy(terminal, 0.1))
            await main.agrees(venue)
            before, state = len(main.types()), main.books.state_hash()
        async with venue.terminal(HEDGE) as terminal:
            await outcome(terminal, buy(terminal, 0.2))
        async with held(venue, tmp_path) as main:
            assert main.books.state_hash() != state or main.recorder.seq >= before
            await main.ready()
            await main.agrees(venue)
            again = main.types()[before:]
            assert again.count("deal.booked") == 1
            assert again.count("ledger.opened") == 0
            assert sum(position.volume for position in main.books.positions) == Decimal("0.30")
