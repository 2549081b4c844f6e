"""ctl reconcile: a comparison now, and a difference that an operator accepts (docs/semantics.md 7)."""

import json
from decimal import Decimal
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import trio

from oms.dispatch.operators import Operators
from oms.eventlog.reader import Reader
from oms.sessions.link import Limits
from tests.dispatch.desked import Desked, desked
from tests.ingest.altered import money_is, no_orders, positions_are, reopened, restore, without_deals
from tests.ingest.held import rebuilt
from tests.ingest.test_account import buy, outcome, sell
from tests.ingest.test_awkward_moments import full_for
from tests.paper.running import HEDGE, NET, Running, running

pytestmark = [pytest.mark.trio, pytest.mark.slow]
ROUNDS = ("reconcile.report", "ledger.corrected", "position.adopted", "order.removed", "order.placed")


def envelopes(main: Desked) -> list[Any]:
    reader = Reader(main.held.recorder.path)
    try:
        return [row.envelope() for row in reader.read()]
    finally:
        reader.close()


async def traded(venue: Running, main: Desked) -> None:
    """Bought 0.10 and 0.30, an order of 0.20 for later; all of it longer ago than recent activity."""
    async with venue.terminal(HEDGE) as terminal:
        await outcome(terminal, buy(terminal, 0.1))
        await outcome(terminal, buy(terminal, 0.3))
        await outcome(terminal, terminal.request(5, 2, 0.2, price_order=1.05, type_filling=2))
    await main.held.agrees(venue)
    await venue.advance(6_000)


async def differing(venue: Running, main: Desked) -> None:
    """The venue has 0.20 of the first, nothing of the second, no order, and 25.50 less."""
    await traded(venue, main)
    positions_are(venue, {1: 20_000_000, 2: 0})
    no_orders(venue)
    money_is(venue, -25.50)
    await doubted(main)


async def doubted(main: Desked, permission: str = "difference") -> None:
    assert main.held.account.conversation is not None
    main.held.account.conversation.doubt("timer")
    await main.held.ready(permission)


def held_now(main: Desked) -> dict[str, Any]:
    books = main.held.books
    return {
        "balance": str(books.ledger.balance),
        "positions": {one.position: (one.side, str(one.volume)) for one in books.positions},
        "orders": {one.order for one in books.orders.open()},
    }


async def test_a_reconcile_of_equal_books_is_done(tmp_path: Path) -> None:
    async with running() as venue, desked(venue, tmp_path) as main:
        before = len(main.held.events("reconcile.report"))
        said = await main.operate("reconcile", by="ann")
        assert (said["status"], said["equal"], said["differences"]) == ("done", True, [])
        assert (said["permission"], said["link"], said["final"]) == ("active", "ready", True)
        reports = main.held.events("reconcile.report")
        assert [(one["cause"], one["equal"]) for one in reports[before:]] == [("operator", True)]


async def test_what_differs_is_answered_and_nothing_is_changed(tmp_path: Path) -> None:
    async with running() as venue, desked(venue, tmp_path) as main:
        await traded(venue, main)
        before = held_now(main)
        money_is(venue, 0.01)
        said = await main.operate("reconcile")
        assert (said["status"], said["equal"]) == ("rejected", False)
        assert [one["code"] for one in said["reasons"]] == ["differs"]
        assert said["differences"] == [
            {"subject": "balance", "key": "", "field": "", "books": "10000.00", "venue": "10000.01"}
        ]
        assert held_now(main) == before
        assert main.held.events("ledger.corrected") == []


async def test_an_accepted_difference_is_booked_signed_and_opens_the_account(tmp_path: Path) -> None:
    async with running() as venue, desked(venue, tmp_path) as main:
        await differing(venue, main)
        assert held_now(main) == {
            "balance": "10000.00",
            "positions": {"1": ("buy", "0.10"), "2": ("buy", "0.30")},
            "orders": {"3"},
        }
        seq = main.held.recorder.seq
        said = await main.operate("reconcile", by="ann", accept="booked by hand")
        assert (said["status"], said["equal"], said["permission"]) == ("done", True, "active")
        told = {(one["subject"], one["key"], one["books"], one["venue"]) for one in said["differences"]}
        assert told == {
            ("order", "3", "placed", None),
            ("position", "1", "buy 0.10", "buy 0.20"),
            ("position", "2", "buy 0.30", None),
            ("balance", "", "10000.00", "9974.50"),
        }
        assert held_now(main) == {
            "balance": "9974.50",
            "positions": {"1": ("buy", "0.20")},
            "orders": set(),
        }
        news = [one for one in envelopes(main) if one.seq > seq]
        assert [one.type for one in news if one.type in ROUNDS][:5] == [
            *("ledger.corrected", "position.adopted", "position.adopted", "order.removed"),
            "reconcile.report",
        ]
        opened = next(one.data for one in news if one.type == "account.state")
        assert (opened["permission"], opened["by"], opened["comment"]) == ("active", "ann", "booked by hand")
        check_signature(main)
        assert len(main.held.events("deal.booked")) == 3  # the deposit, two trades: nothing is invented
        again = rebuilt(main.held.recorder._journal)
        assert again.state_hash() == main.held.books.state_hash()

        # What was taken over has to prove true, and what comes later adds to it.
        await main.held.until(lambda: main.held.events("reconcile.report")[-1]["equal"])
        async with venue.terminal(HEDGE) as terminal:
            await outcome(terminal, buy(terminal, 0.4))
            await main.held.until(lambda: len(main.held.events("deal.booked")) == 4)
        assert (await main.operate("reconcile"))["equal"] is True
        assert held_now(main)["positions"] == {"1": ("buy", "0.20"), "4": ("buy", "0.40")}
        assert main.held.account.standing.state == "active"


def check_signature(main: Desked) -> None:
    """SHA-256 of canonical JSON, made by hand."""
    whole = envelopes(main)
    (one,) = [one for one in whole if one.type == "ledger.corrected"]
    assert (one.data["balance"], one.data["credit"]) == ("-25.50", "0.00")
    assert (one.data["reason"], one.data["by"]) == ("booked by hand", "ann")
    assert one.data["at"].startswith("2024-05-15T10:00")  # the venue's clock, told
    bound = (
        f'{{"at":"{one.data["at"]}","balance":"-25.50","by":"ann","credit":"0.00","epoch":"{whole[0].data["epoch"]}",'
        f'"reason":"booked by hand","seq":{one.seq - 1}}}'
    )
    assert one.data["signature"] == sha256(bound.encode()).hexdigest()


async def test_an_order_that_the_books_call_ended_is_open_again_when_accepted(tmp_path: Path) -> None:
    async with running() as venue, desked(venue, tmp_path) as main:
        await traded(venue, main)
        assert (await main.ask("cancel", order="3"))["status"] == "done"
        await venue.advance(6_000)
        reopened(venue, HEDGE, 3)
        await doubted(main)
        assert held_now(main)["orders"] == set()
        assert (await main.operate("reconcile", accept="it is open"))["status"] == "done"
        assert held_now(main)["orders"] == {"3"}
        assert (await main.operate("reconcile"))["equal"] is True


async def test_netting_takes_over_another_position_of_the_same_symbol(tmp_path: Path) -> None:
    """Books: 0.10 bought, identifier 1.  Venue: nothing of it, 0.40 sold under identifier 2."""
    async with running() as venue, desked(venue, tmp_path, login=NET) as main:
        async with venue.terminal(NET) as terminal:
            await outcome(terminal, buy(terminal, 0.1))
            await main.held.agrees(venue, NET)
            venue.control("fault", fault={"do": "lose", "on": "push", "login": NET, "times": 0})
            await terminal.trade(sell(terminal, 0.1))
            await terminal.trade(sell(terminal, 0.4))
        venue.control("clear_faults")
        without_deals(venue, NET, 2)
        await doubted(main)
        assert held_now(main)["positions"] == {"1": ("buy", "0.10")}
        assert (await main.operate("reconcile", accept="no history"))["status"] == "done"
        ((_, (side, volume)),) = held_now(main)["positions"].items()
        assert (side, volume) == ("sell", "0.40")
        assert [(one["volume"], one["before"]) for one in main.held.events("position.adopted")] == [
            ("0.00", "0.10"),
            ("0.40", "0"),
        ]
        assert (await main.operate("reconcile"))["equal"] is True


# What is not accepted changes nothing.


async def test_accepting_where_nothing_differs_is_denied(tmp_path: Path) -> None:
    async with running() as venue, desked(venue, tmp_path) as main:
        await traded(venue, main)
        before = held_now(main)
        said = await main.operate("reconcile", accept="why not")
        assert (said["status"], [one["code"] for one in said["reasons"]]) == ("denied", ["no_difference"])
        assert said["equal"] is True
        assert held_now(main) == before
        assert main.held.events("ledger.corrected") == []


async def test_accepting_what_may_still_pass_is_denied(tmp_path: Path) -> None:
    async with running() as venue, desked(venue, tmp_path) as main:
        await traded(venue, main)
        money_is(venue, -5.0)
        said = await main.operate("reconcile", accept="at once")
        assert [one["code"] for one in said["reasons"]] == ["difference_unconfirmed"]
        assert (said["status"], said["equal"], len(said["differences"])) == ("denied", False, 1)
        assert main.held.events("ledger.corrected") == []
        await main.held.ready("difference")
        assert (await main.operate("reconcile", accept="now"))["status"] == "done"


async def test_accepting_what_nobody_has_seen_is_denied(tmp_path: Path) -> None:
    async with running() as venue, desked(venue, tmp_path) as main:
        await differing(venue, main)
        money_is(venue, -100.0)
        said = await main.operate("reconcile", accept="25.50")
        assert [one["code"] for one in said["reasons"]] == ["difference_changed"]
        assert (said["status"], said["permission"]) == ("denied", "difference")
        assert main.held.events("ledger.corrected") == []
        assert (await main.operate("reconcile", accept="125.50"))["status"] == "done"
        assert main.held.books.ledger.balance == Decimal("9874.50")


async def test_a_difference_that_is_gone_ends_with_an_event(tmp_path: Path) -> None:
    async with running() as venue, desked(venue, tmp_path) as main:
        back = restore(venue)
        await differing(venue, main)
        back()
        said = await main.operate("reconcile")
        assert (said["status"], said["permission"]) == ("done", "active")
        last = main.held.events("account.state")[-1]
        assert (last["permission"], last["reason"]) == ("active", "equal")
        assert main.held.events("ledger.corrected") == []


async def test_a_halt_outlasts_what_is_accepted(tmp_path: Path) -> None:
    async with running() as venue, desked(venue, tmp_path) as main:
        await differing(venue, main)
        await main.operate("halt")
        said = await main.operate("reconcile", accept="booked by hand")
        assert (said["status"], said["permission"]) == ("done", "halted")
        assert main.held.account.standing.restrictions == {"halted": "operator"}


async def test_a_disk_that_is_full_accepts_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with running() as venue, desked(venue, tmp_path) as main:
        await differing(venue, main)
        before = held_now(main)
        with monkeypatch.context() as patch:
            full_for(main.held, patch, "ledger.corrected")
            said = await main.operate("reconcile", accept="booked by hand")
        assert (said["status"], [one["code"] for one in said["reasons"]]) == ("denied", ["not_compared"])
        assert held_now(main) == before
        assert main.held.events("ledger.corrected") == []


async def test_a_round_that_something_moves_in_is_made_again(tmp_path: Path) -> None:
    async with running() as venue, desked(venue, tmp_path) as main:
        await traded(venue, main)
        seen = main.held.account.rounds
        venue.control("fault", fault={"do": "delay", "on": "answer", "command": 5, "seconds": 1})
        found: list[dict[str, Any]] = []

        async def ask() -> None:
            found.append(await main.operate("reconcile", wait=10))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(ask)
            connection = main.held.account.connection
            assert connection is not None
            await main.held.until(lambda: 5 in connection.session.in_flight)
            venue.control("deposit", login=HEDGE, amount="7")
            await venue.advance(1_000)
        assert (found[0]["status"], found[0]["equal"]) == ("done", True)
        assert main.held.account.rounds == seen + 1  # the race was none


async def test_who_does_not_wait_long_enough_accepts_nothing(tmp_path: Path) -> None:
    async with running() as venue, desked(venue, tmp_path, limits=Limits(answer_s=20.0)) as main:
        await differing(venue, main)
        venue.control("fault", fault={"do": "delay", "on": "answer", "command": 5, "seconds": 1})
        said = await main.operate("reconcile", accept="late", wait=0.3)
        assert (said["status"], [one["code"] for one in said["reasons"]]) == ("denied", ["not_compared"])
        rounds = main.held.account.rounds
        await venue.advance(1_000)
        await main.held.until(lambda: main.held.account.rounds > rounds)
        assert main.held.events("ledger.corrected") == []
        assert main.held.account.standing.state == "difference"


async def test_without_a_session_there_is_nothing_to_compare(tmp_path: Path) -> None:
    async with running() as venue, desked(venue, tmp_path) as main:
        venue.control("fault", fault={"do": "refuse", "on": "request", "command": 28, "times": 0})
        venue.control("abort", login=HEDGE)
        await main.held.until(lambda: main.held.account.standing.link == "connecting")
        said = await main.operate("reconcile", accept="x")
        assert [one["code"] for one in said["reasons"]] == ["venue_unavailable"]
        assert (said["status"], said["equal"]) == ("denied", None)


async def test_a_session_that_ends_meanwhile_is_told(tmp_path: Path) -> None:
    async with running() as venue, desked(venue, tmp_path) as main:
        venue.control("fault", fault={"do": "abort", "on": "request", "command": 5})
        said = await main.operate("reconcile")
        assert (said["status"], [one["code"] for one in said["reasons"]]) == ("denied", ["not_compared"])


async def test_a_difference_is_accepted_of_one_account_only(tmp_path: Path) -> None:
    async with running() as venue, desked(venue, tmp_path) as main, trio.open_nursery() as nursery:
        everybody = Operators("_daemon", [main.desk], nursery, alone=False, switches={})
        ask = partial(everybody.request, "reconcile", {})
        said = json.loads((await ask(b'{"accept": "all"}')).payload)
        assert [(one["code"], one["field"]) for one in said["reasons"]] == [("conflicting_fields", "accept")]
        said = json.loads((await ask(b"")).payload)
        assert (said["status"], [one["equal"] for one in said["accounts"]]) == ("done", [True])


@pytest.mark.parametrize(
    ("verb", "payload", "code", "field"),
    [
        ("reconcile", b'{"accept": ""}', "bad_value", "accept"),
        ("reconcile", b'{"accept": 7}', "bad_value", "accept"),
        ("reconcile", b'{"accept": "x", "wait": 61}', "out_of_range", "wait"),
        ("reconcile", b'{"account": "x"}', "unknown_field", "account"),
        ("halt", b'{"accept": "x"}', "unknown_field", "accept"),
    ],
)
async def test_what_makes_no_sense_is_told_by_its_field(
    tmp_path: Path, verb: str, payload: bytes, code: str, field: str
) -> None:
    async with running() as venue, desked(venue, tmp_path) as main:
        said = json.loads((await main.operators.request(verb, {}, payload)).payload)
        assert (said["status"], [(one["code"], one["field"]) for one in said["reasons"]]) == (
            "denied",
            [(code, field)],
        )
        assert main.held.account.standing.state == "active"
