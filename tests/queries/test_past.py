"""Queries of then: what the journal said up to a seq or a time."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from decimal import Decimal
from typing import Never

import pytest
import trio

from oms.domain.events import AccountOpened, AccountState, DealAmended, DealBooked
from oms.domain.records import DealRecord
from oms.eventlog.envelope import Draft
from oms.projections import Books
from oms.queries import past

from .scene import EPOCH, EURUSD, STORY, Account, at, bought

D = Decimal


@pytest.mark.trio
async def test_books_are_as_they_were_at_each_seq(account: Account) -> None:
    books = Books()
    books.fold(AccountOpened(EPOCH, "1", "1001", "Paper-1"))
    for seq, event in enumerate(STORY, 2):
        books.fold(event)
        reply = await account.ask("state", {"as_of": seq})
        assert (reply["seq"], reply["state_hash"]) == (seq, books.state_hash())
    assert reply["head"] == account.journal.head.hex()


@pytest.mark.trio
async def test_a_time_stands_for_what_was_recorded_by_then(account: Account) -> None:
    # seq n is recorded n - 1 seconds after ten o'clock UTC
    for time, seq in (
        ("2026-11-21T10:00:05Z", 6),
        ("2026-11-21T10:00:04.999999999Z", 5),
        ("2026-11-21T12:00:05.000000001+02:00", 6),
        ("2026-11-21T09:59:59Z", 0),
        ("2027-01-01T00:00:00Z", 12),
    ):
        assert (await account.ask("account", {"as_of": time}))["seq"] == seq
    assert (await account.ask("account", {"as_of": 5}))["balance"] == "0.00"
    assert (await account.ask("account", {"as_of": 6}))["balance"] == "10000.00"


@pytest.mark.trio
async def test_orders_positions_deals_history_of_then(account: Account) -> None:
    account.quotes.put("EURUSD", 1.2, 1.2)
    old = DealRecord("2", "1002", "1002", "EURUSD", "buy", "in", D("0.10"), D("1.08"), time=at(1))
    account.record(
        DealAmended(old, DealRecord("2", "1002", "1002", "EURUSD", "buy", "in", D("0.50"), D("1.09")))
    )
    then = await account.ask("positions", {"as_of": 8})
    assert [(one["position"], one["volume"], one["price"]) for one in then["positions"]] == [
        ("1002", "0.10", "1.08")
    ]
    # no price of then is known, and none of now is taken for it
    assert [(one["price_current"], one["profit"], one["unvalued"]) for one in then["positions"]] == [
        (None, None, "as_of")
    ]
    assert [one["deal"] for one in (await account.ask("deals", {"as_of": 8}))["deals"]] == ["1", "2"]
    assert (await account.ask("orders", {"as_of": 10}))["orders"] == []
    assert len((await account.ask("orders", {"as_of": 11}))["orders"]) == 1
    history = await account.ask("history", {"as_of": 7})
    assert ([one["order"] for one in history["orders"]], len(history["deals"])) == (["1002"], 1)


@pytest.mark.trio
async def test_symbols_of_then_are_not_asked_of_the_venue(account: Account) -> None:
    listed = await account.ask("symbols", {"as_of": 3})
    assert [one["symbol"] for one in listed["listed"]] == ["EURUSD"]
    assert await account.refused("symbols", {"as_of": 3, "symbol": "USDJPY"}) == (
        404,
        "unknown_symbol",
        "symbol",
    )
    assert await account.refused("symbols", {"as_of": 3, "symbol": "EURJPY"}) == (
        404,
        "unknown_symbol",
        "symbol",
    )
    assert (await account.ask("symbols", {"as_of": 3, "symbol": "EURUSD"}))["symbols"][0][
        "path"
    ] == EURUSD.path


@pytest.mark.trio
async def test_standing_of_then_is_the_one_written_down(account: Account) -> None:
    account.standing = AccountState("connecting", "halted")
    assert (await account.ask("state", {"as_of": 12}))["state"] == "active"
    assert (await account.ask("state", {"as_of": 11}))["state"] is None
    assert (await account.ask("orders", {"as_of": 12}))["stale"] is False


@pytest.mark.trio
async def test_the_loop_goes_on_while_the_past_is_read(account: Account) -> None:
    account.record(*(bought(number, "EURUSD", "0.01", "1.08", 5) for number in range(100, 600)))
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await trio.lowlevel.checkpoint()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(count)
        await account.ask("state", {"as_of": account.seq})
        nursery.cancel_scope.cancel()
    assert turns > 20


@pytest.mark.trio
async def test_reading_the_past_ends_with_the_patience_of_who_asked(account: Account) -> None:
    with trio.CancelScope() as scope:
        scope.cancel()
        await account.asked("state", {"as_of": 12})
    assert scope.cancelled_caught
    assert (await account.ask("state", {"as_of": 12}))["seq"] == 12  # nothing is held


@pytest.mark.trio
async def test_the_past_is_not_read_for_longer_than_its_limit(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who asked went away long ago, and NATS does not say so; the next in the line are not lost with him."""

    def endless(*_: object, paged: Callable[[], object], **__: object) -> Never:
        while True:
            paged()

    with monkeypatch.context() as slow:
        slow.setattr("oms.queries.past.LIMIT_S", 0.05)
        slow.setattr("oms.queries.past.books_at", endless)
        with trio.fail_after(10):
            assert await account.refused("state", {"as_of": 12}) == (503, "busy", "as_of")
    assert (await account.ask("state", {"as_of": 12}))["seq"] == 12


@pytest.mark.trio
async def test_waiting_for_others_counts(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("oms.queries.past.LIMIT_S", 0.05)
    async with past.ONE_AT_A_TIME:
        with trio.fail_after(10):
            assert await account.refused("state", {"as_of": 12}) == (503, "busy", "as_of")


@pytest.mark.trio
async def test_an_event_in_parts_is_folded_whole(account: Account) -> None:
    tickets = [str(10**17 + number) for number in range(20_000)]
    account.journal.write(
        [Draft("reconcile.report", 1, {"cause": "start", "equal": True, "deals_new": tickets})]
    )
    account.record(DealBooked("4", type="balance", profit=D("1.00"), time=at(30)))
    last = account.seq
    assert last > 14  # the report took several
    reply = await account.ask("state", {"as_of": last})
    assert reply["state_hash"] == account.books.state_hash()
    # in the middle of the report it is not there yet, which is no reason to fail
    assert (await account.ask("state", {"as_of": 13}))["seq"] == 12


@pytest.mark.trio
async def test_a_journal_that_cannot_be_read_is_told(account: Account) -> None:
    account.journal.close()
    account.path.rename(account.path.with_suffix(".away"))
    for what, request in (("state", {"as_of": 3}), ("events", {})):
        assert await account.refused(what, request) == (500, "unreadable", None)


@pytest.mark.trio
async def test_an_event_of_a_later_build_is_told(account: Account) -> None:
    account.journal.close()
    with closing(sqlite3.connect(account.path)) as connection, connection:
        connection.execute("DROP TRIGGER event_stays")
        connection.execute(
            "UPDATE event SET body ="
            " CAST(replace(CAST(body AS TEXT), 'ledger.opened', 'ledger.mooned') AS BLOB)"
        )
    assert await account.refused("state", {"as_of": 12}) == (500, "unreadable", None)
    assert (await account.ask("state", {"as_of": 4}))["seq"] == 4
