"""Reconciling where answers are late, cut, empty, strange, or of another clock (TC-R3, R4, R6, R9, R13)."""

from base64 import b64decode
from decimal import Decimal
from pathlib import Path

import pytest
import trio
from msgspec.structs import replace

from oms.sessions.link import Limits
from protocol.records.trade import DEAL, POSITION
from tests.ingest.altered import no_positions, restore
from tests.ingest.held import QUICK, Held, held, told_by_books, told_by_venue
from tests.ingest.test_account import buy, outcome, sell
from tests.paper.running import HEDGE, START, Running, ToldClock, running

pytestmark = [pytest.mark.trio, pytest.mark.slow]
IMPATIENT = Limits(answer_s=0.5)
MINUTE = 60_000  # ms
SUMMER_ENDS = 1_729_990_800_000  # 2024-10-27 01:00 UTC: the server's clock goes from 04:00 to 03:00
COUNT = 4  # bytes of a list's length
TRADES = ("deal.", "order.", "position.", "ledger.")


async def trade(venue: Running) -> None:
    """A position with a stop, another one, a pending order."""
    async with venue.terminal(HEDGE) as terminal:
        await outcome(terminal, buy(terminal, 0.1, price_sl=1.05))
        await outcome(terminal, buy(terminal, 0.2))
        await outcome(terminal, terminal.request(5, 2, 0.3, price_order=1.05, type_filling=2))


def trades_of(main: Held) -> list[str]:
    """Types of the journal's events of trades and money, in order."""
    return [one for one in main.types() if one.startswith(TRADES)]


# TC-R3: an answer that is late or short is no answer.


@pytest.mark.parametrize("command", [3, 4, 5])
@pytest.mark.parametrize(
    "fault",
    [
        {"do": "lose"},
        {"do": "truncate", "bytes": 0},
        {"do": "truncate", "bytes": COUNT - 1},
        {"do": "truncate", "bytes": COUNT},
        {"do": "truncate", "bytes": COUNT + 100},
        {"do": "refuse", "code": 1},
    ],
    ids=lambda fault: "_".join(map(str, fault.values())),
)
async def test_tc_r3_nothing_is_closed_by_an_answer_that_fails(
    tmp_path: Path, command: int, fault: dict[str, object]
) -> None:
    async with running() as venue, held(venue, tmp_path, limits=IMPATIENT) as main:
        await main.ready()
        await trade(venue)
        await main.agrees(venue)
        before, known = len(main.types()), told_by_books(main.books)
        assert (len(known["positions"]), len(known["orders"])) == (2, 1)
        links = await fail_answers(venue, main, {**fault, "command": command, "times": 3})
        await main.ready()
        await main.agrees(venue)
        assert links <= {"connecting", "reconciling"}
        assert told_by_books(main.books) == known
        after = main.types()[before:]
        assert [one for one in after if one.startswith(TRADES)] == []
        assert after.count("session.authenticated") >= 4  # three were in vain
        assert after.count("session.ready") == 1
        assert main.events("account.state")[-1]["permission"] == "active"


async def test_tc_r3_a_list_that_ends_behind_its_positions_is_none(tmp_path: Path) -> None:
    """Whole records, and no word of orders: it could be read as `no orders`."""
    async with running() as venue, held(venue, tmp_path, limits=IMPATIENT) as main:
        await main.ready()
        await trade(venue)
        await main.agrees(venue)
        known, before = told_by_books(main.books), trades_of(main)
        cut = {"do": "truncate", "bytes": COUNT + 2 * POSITION.size, "command": 4, "times": 3}
        assert await fail_answers(venue, main, cut) <= {"connecting", "reconciling"}
        await main.ready()
        assert told_by_books(main.books) == known
        assert trades_of(main) == before


async def test_tc_r3_while_it_is_ready_a_failed_answer_costs_the_session_and_nothing_else(
    tmp_path: Path,
) -> None:
    async with running() as venue, held(venue, tmp_path, limits=IMPATIENT) as main:
        await main.ready()
        await trade(venue)
        await main.agrees(venue)
        known, before = told_by_books(main.books), trades_of(main)
        venue.control("fault", fault={"do": "truncate", "bytes": COUNT, "on": "answer", "command": 4})
        assert main.account.conversation is not None
        main.account.conversation.doubt("operator")
        await main.until(lambda: main.account.connections == 2)
        await main.ready()
        assert told_by_books(main.books) == known
        assert trades_of(main) == before


async def fail_answers(venue: Running, main: Held, fault: dict[str, object]) -> set[str]:
    """Cut the session off and let answers fail on the way back; the links seen until all have."""
    links: set[str] = set()
    venue.control("fault", fault={"on": "answer", **fault})
    venue.control("abort", login=HEDGE)
    await main.until(lambda: main.account.standing.link != "ready")

    def spent() -> bool:
        links.add(main.account.standing.link)
        return not venue.control("faults")

    await main.until(spent)
    return links


# TC-R6: the server's clock jumps while nobody listens.


@pytest.mark.parametrize(
    ("start", "jump", "hours"),
    [(START, -1, -1), (START, 1, 1), (START, -3, -3), (START, 3, 3), (SUMMER_ENDS - 30 * MINUTE, 0, -1)],
    ids=["-1", "+1", "-3", "+3", "summer_ends"],
)
async def test_tc_r6_the_window_covers_a_clock_that_jumped_during_the_outage(
    tmp_path: Path, start: int, jump: int, hours: int
) -> None:
    async with running(clock=ToldClock(start)) as venue, held(venue, tmp_path) as main:
        await main.ready()
        await trade(venue)
        await main.agrees(venue)
        (terms,) = main.events("account.changed")
        async with venue.terminal(HEDGE) as terminal:
            away = {"do": "refuse", "on": "request", "command": 28, "times": 0}
            number = venue.control("fault", fault=away)
            venue.control("abort", login=HEDGE, session=main.session)
            await main.until(lambda: main.account.standing.link == "connecting")
            if jump:
                venue.control("zone_jump", hours=jump)
            await venue.advance(45 * MINUTE)
            await outcome(terminal, sell(terminal, 0.4))
            venue.control("deposit", login=HEDGE, amount="11.00")
            assert len(main.events("deal.booked")) == 3  # nobody has told
            venue.control("clear_faults", number=number)
        await main.ready()
        await main.agrees(venue)
        deals = [one["deal"] for one in main.events("deal.booked")]
        assert len(deals) == len(set(deals)) == 5
        assert main.events("deal.amended") == main.events("deal.removed") == []
        assert main.events("account.changed")[-1]["utc_offset"] == terms["utc_offset"] + hours * 3600
        reports = main.events("reconcile.report")
        assert [one["equal"] for one in reports] == [True] * len(reports)
        assert len(reports[-1]["deals_new"]) == 2


# TC-R9: what the documents do not list.


async def test_tc_r9_unlisted_values_of_the_history_are_kept_raw_and_the_rest_is_applied(
    tmp_path: Path,
) -> None:
    async with running() as venue:
        async with venue.terminal(HEDGE) as terminal:
            await outcome(terminal, buy(terminal, 0.1))
            await outcome(terminal, buy(terminal, 0.2))
            venue.control("deposit", login=HEDGE, amount="50.00")
            await outcome(terminal, sell(terminal, 0.2, trade_position=2))
            await outcome(terminal, buy(terminal, 0.4))
        account = venue.venue.accounts[HEDGE]
        assert [deal.deal for deal in account.deals] == [101, 105, 106, 107, 108, 109]
        strange: dict[int, dict[str, int]] = {
            105: {"trade_reason": 77},
            107: {"trade_action": 99},  # the deposit: money, whatever it is called
            108: {"entry": 9},  # the sale of what 106 bought
        }
        account.deals[:] = [replace(deal, **strange.get(deal.deal, {})) for deal in account.deals]
        account.history[:] = [
            replace(order, order_type=42, type_reason=55) if order.trade_order == 1 else order
            for order in account.history
        ]
        raw = {deal.deal: DEAL.dump(deal) for deal in account.deals}
        async with held(venue, tmp_path) as main:
            await main.ready()
            await main.agrees(venue)
            booked = {one["deal"]: one for one in main.events("deal.booked")}
            assert booked.keys() == {str(deal) for deal in raw}
            assert (booked["105"]["reason"], booked["108"]["entry"]) == ("77", "9")
            assert booked["107"]["type"] == "99"
            (order,) = [one for one in main.events("order.ended") if one["order"] == "1"]
            assert (order["type"], order["reason"]) == ("42", "55")
            odd = [one for one in main.events("anomaly.seen") if one["kind"] == "unlisted_value"]
            assert {(one["subject"], one["field"], one["value"]) for one in odd} == {
                ("deal 105", "reason", "77"),
                ("deal 108", "entry", "9"),
                ("deal 107", "type", "99"),
                ("order 1", "type", "42"),
                ("order 1", "reason", "55"),
            }
            for one in odd:
                if one["subject"].startswith("deal"):
                    assert b64decode(one["raw"]) == raw[int(one["subject"].removeprefix("deal "))]
            assert main.books.ledger.balance == account.balance == Decimal("10048.00")
            (opening,) = main.events("ledger.opened")
            assert opening["balance"] == "0.00"  # the strange deposit counts, nothing is left to explain


# TC-R4: a list that is empty, and no deals that would say why.


async def test_tc_r4_an_empty_list_of_positions_is_a_difference_and_invents_no_trade(tmp_path: Path) -> None:
    async with running() as venue, held(venue, tmp_path) as main:
        await main.ready()
        await trade(venue)
        await main.agrees(venue)
        before, known = trades_of(main), told_by_books(main.books)
        back = restore(venue)
        no_positions(venue)
        began = trio.current_time()
        venue.control("abort", login=HEDGE)
        await main.ready("difference")
        assert trio.current_time() - began >= 2 * QUICK.spacing_s  # three rounds, so far apart
        reports = [one for one in main.events("reconcile.report") if not one["equal"]]
        assert len(reports) >= 3
        assert {one["history_from"] for one in reports[1:]} == {None}  # complete from the second on
        for one in reports:
            rows = [(row["subject"], row["key"], row["venue"]) for row in one["differences"]]
            assert sorted(rows) == [("position", "1", None), ("position", "2", None)]
        assert trades_of(main) == before
        assert told_by_books(main.books) == known
        ((_, detail),) = [one for one in main.told if one[0] == "difference"]  # the alarm, once
        assert "position 1 volume is buy 0.10 in the books, not there at the venue" in detail
        assert main.account.differences >= 6
        back()
        assert main.account.conversation is not None
        main.account.conversation.doubt("balance")
        await main.ready("active")
        assert main.events("account.state")[-1]["reason"] == "equal"
        assert trades_of(main) == before


# TC-R13: a dealer changes his mind.


@pytest.mark.parametrize("away", [False, True], ids=["connected", "away"])
async def test_tc_r13_an_amended_and_a_removed_deal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, away: bool
) -> None:
    """The deposits of four accounts are 896 to 899, 900 opens what 901 closes, 902 opens another."""
    monkeypatch.setattr("oms.ingest.reconciler.MISSING_S", 0.2)
    tickets = {"first_order": 1, "first_deal": 896}
    async with running(trading=tickets) as venue:
        async with held(venue, tmp_path) as main:
            await main.ready()
            async with venue.terminal(HEDGE) as terminal:
                await outcome(terminal, buy(terminal, 0.1))
                await outcome(terminal, sell(terminal, 0.1, trade_position=1))
                await outcome(terminal, buy(terminal, 0.2))
            await main.agrees(venue)
            before = {one["deal"]: one for one in main.events("deal.booked")}
            assert before.keys() == {"896", "900", "901", "902"}
            if not away:
                change_mind(venue)
                await main.agrees(venue)
        if away:
            await venue.advance(61_000)
            change_mind(venue)
            async with held(venue, tmp_path) as main:
                await main.ready()
                await main.until(lambda: bool(main.events("deal.removed")))
                await main.agrees(venue)
        (amended,) = main.events("deal.amended")
        assert amended["before"] == before["901"]
        after = {name: value for name, value in amended["after"].items() if value != before["901"][name]}
        assert (after.pop("profit"), after.pop("price")) == ("25.00", "1.1025")
        assert after.keys() <= {"updated_at"}
        (removed,) = main.events("deal.removed")
        assert removed["removed"] == before["902"]
        assert len(main.events("deal.booked")) == 4  # both versions are there
        assert main.books.ledger.balance == Decimal("10025.00") == told_by_venue(venue, HEDGE)["balance"]
        assert list(main.books.positions) == []


def change_mind(venue: Running) -> None:
    """901 closed at another price, for 25.00; 902 never was."""
    changes = {"price_open": 1.1025, "profit": 25.0}
    venue.control("amend_deal", login=HEDGE, deal=901, changes=changes)
    venue.control("remove_deal", login=HEDGE, deal=902)
