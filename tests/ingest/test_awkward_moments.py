"""What must not happen between two commits, two answers, two sessions."""

from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any

import apsw
import pytest
import trio

from oms.domain.events import AccountState
from oms.domain.events.reconcile import Difference
from oms.ingest.catalogue import Catalogue
from oms.ingest.reconciler import Doubt
from oms.ingest.reconciler import Limits as Pace
from oms.ingest.standing import HALTED, REDUCING
from oms.sessions.connection import Connection
from oms.sessions.link import Limits
from oms.sessions.outage import TimedOut
from protocol.messages import Request
from tests.ingest.held import Held, held
from tests.ingest.test_account import WRONG, buy, outcome
from tests.paper.running import HEDGE, running

pytestmark = [pytest.mark.trio, pytest.mark.slow]


def doubt(main: Held) -> None:
    assert main.account.conversation is not None
    main.account.conversation.doubt("operator")


def reported(main: Held, rounds: int) -> bool:
    return len(main.events("reconcile.report")) >= rounds


def full_for(main: Held, monkeypatch: pytest.MonkeyPatch, *types: str) -> None:
    """The disk is full whenever such an event is to be stored."""
    original = main.recorder._journal._file.append

    def append(seq: int, rows: Any) -> None:
        if any(row.type in types or not types for row in rows):
            raise apsw.FullError
        original(seq, rows)

    monkeypatch.setattr(main.recorder._journal._file, "append", append)


# What was stopped stays stopped.


async def test_a_halt_outlasts_a_difference_and_its_end(tmp_path: Path) -> None:
    async with running() as venue, held(venue, tmp_path) as main:
        await main.ready()
        async with venue.terminal(HEDGE) as terminal:
            await outcome(terminal, buy(terminal, 0.1))
        await main.agrees(venue)
        await main.account.standing.halt("operator")
        positions = venue.venue.accounts[HEDGE].positions
        kept = dict(positions)
        positions.clear()
        doubt(main)
        await main.until(lambda: "difference" in main.account.standing.restrictions)
        assert main.account.standing.state == "halted"
        positions.update(kept)
        doubt(main)
        await main.until(lambda: "difference" not in main.account.standing.restrictions)
        assert (main.account.standing.state, main.account.standing.reason) == ("halted", "operator")


async def test_a_halt_before_ready_is_a_halt_after_it(tmp_path: Path) -> None:
    gate = trio.Event()
    async with running() as venue, held(venue, tmp_path, opens=gate.wait) as main:
        await main.until(
            lambda: (talk := main.account.conversation) is not None and talk.watching.subscribed > 0
        )
        await main.account.standing.halt("fence: another_body")
        gate.set()
        await main.ready("halted")


async def test_what_happened_while_the_stream_was_waited_for_is_compared_before_ready(
    tmp_path: Path,
) -> None:
    gate = trio.Event()
    async with running() as venue, held(venue, tmp_path, opens=gate.wait) as main:
        await main.until(
            lambda: (talk := main.account.conversation) is not None and talk.watching.subscribed > 0
        )
        venue.control("rights", login=HEDGE, rights=4)
        await main.until(lambda: len(main.events("account.changed")) == 2)
        gate.set()
        await main.ready("read_only")
        assert len(main.events("reconcile.report")) == 2
        assert "active" not in [one["permission"] for one in main.events("account.state")]


async def test_a_full_disk_does_not_lift_a_halt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("oms.ingest.account.FULL_DISK_S", 0.1)
    async with running() as venue, held(venue, tmp_path) as main:
        await main.ready()
        await main.account.standing.halt("operator")
        with monkeypatch.context() as patch:
            full_for(main, patch)
            venue.control("deposit", login=HEDGE, amount="5")
            await main.until(lambda: any(what == "journal" for what, _ in main.told))
            assert main.account.standing.state != "active"
        await main.ready("halted")
        await main.agrees(venue)


async def test_a_halt_that_cannot_be_recorded_holds_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running() as venue, held(venue, tmp_path) as main:
        await main.ready()
        with monkeypatch.context() as patch:
            full_for(main, patch)
            with pytest.raises(Exception, match="full"):
                await main.account.standing.halt("fence: stream_ahead")
        assert main.account.standing.state == "halted"


async def test_two_restrictions_are_both_in_the_event(tmp_path: Path) -> None:
    async with running() as venue, held(venue, tmp_path) as main:
        await main.ready()
        await main.account.standing.move(change=lambda now, _: now.update({REDUCING: "operator"}))
        await main.account.standing.halt("operator")
        assert main.books.terms.standing == AccountState(
            "ready", HALTED, "operator", also={REDUCING: "operator"}
        )


# Never active without a session.


async def test_a_lost_session_is_never_active_until_the_next(tmp_path: Path) -> None:
    async with running() as venue, held(venue, tmp_path) as main:
        await main.ready()
        for _ in range(3):
            venue.control("abort", login=HEDGE)
            await main.until(lambda: not main.account.connected)  # by which commands are judged
            await main.until(lambda: main.account.standing.state != "active")
            await main.ready()


async def test_a_broken_journal_closes_the_account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with running() as venue, held(venue, tmp_path) as main:
        await main.ready()

        def broken(*_: object) -> None:
            raise apsw.IOError

        monkeypatch.setattr(main.recorder._journal._file, "append", broken)
        venue.control("deposit", login=HEDGE, amount="5")
        await main.until(lambda: main.account.standing.state == "closed")
        assert main.recorder.broken is not None


async def test_a_refusal_that_cannot_be_recorded_is_not_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("oms.ingest.account.FULL_DISK_S", 0.05)
    async with running() as venue, held(venue, tmp_path, password=WRONG) as main:
        full_for(main, monkeypatch, "session.refused")
        await main.until(lambda: main.account.standing.link == "refused")
        await trio.sleep(0.3)
        assert main.account.connections == 1


async def test_an_answer_that_does_not_come_makes_a_new_session(tmp_path: Path) -> None:
    async with running() as venue, held(venue, tmp_path, limits=Limits(answer_s=0.8)) as main:
        await main.ready()
        venue.control("fault", fault={"do": "lose", "on": "answer", "command": 44})
        with pytest.raises(TimedOut):
            await main.account.ask(Request(44))
        await main.until(lambda: main.account.connections >= 2)
        await main.ready()
        await main.account.ask(Request(44))


# History.


async def test_a_gap_is_read_even_when_a_push_came_behind_it(tmp_path: Path) -> None:
    """Away for days, the first history answer lost, one deal pushed: the deals in between are found."""
    async with running() as venue:
        async with held(venue, tmp_path) as main:
            await main.ready()
        venue.control("deposit", login=HEDGE, amount="100")
        venue.control("deposit", login=HEDGE, amount="-100")
        await venue.advance(3 * 86_400_000)
        fault = {"do": "lose", "on": "answer", "command": 5, "login": HEDGE, "times": 1}
        venue.control("fault", fault=fault)
        async with held(venue, tmp_path, limits=Limits(answer_s=0.8)) as main:
            await main.until(lambda: main.account.standing.link == "reconciling")
            await trio.sleep(0.1)
            venue.control("deposit", login=HEDGE, amount="5")
            await main.ready()
            await main.agrees(venue)


async def test_an_old_answer_does_not_come_behind_a_push(tmp_path: Path) -> None:
    async with running() as venue, held(venue, tmp_path) as main:
        await main.ready()
        venue.control("deposit", login=HEDGE, amount="100")
        await main.agrees(venue)
        gone = max(int(deal.deal) for deal in main.books.deals)
        venue.control("fault", fault={"do": "delay", "on": "answer", "command": 5, "seconds": 1})
        doubt(main)
        await main.until(lambda: 5 in main.account.connection.session.in_flight)  # type: ignore[union-attr]
        await trio.sleep(0.1)
        venue.control("remove_deal", login=HEDGE, deal=gone)
        await main.agrees(venue)
        await venue.advance(1000)
        await trio.sleep(0.3)
        await main.agrees(venue)
        assert len(main.events("deal.booked")) == 2


async def test_the_opening_entry_is_not_booked_from_a_round_in_which_money_moved(tmp_path: Path) -> None:
    """Not even where the push that would say so comes late."""
    async with running() as venue:
        late = {"do": "delay", "on": "push", "command": 10, "login": HEDGE, "seconds": 3.0, "times": 0}
        venue.control("fault", fault=late)
        venue.control("fault", fault={"do": "delay", "on": "answer", "command": 5, "seconds": 1.0})
        async with held(venue, tmp_path) as main:
            await main.until(lambda: main.account.connection is not None)
            await main.until(lambda: 5 in main.account.connection.session.in_flight)  # type: ignore[union-attr]
            await trio.sleep(0.1)
            venue.control("deposit", login=HEDGE, amount="77")
            await venue.advance(1000)
            await main.ready()
            (opening,) = main.events("ledger.opened")
            assert opening["balance"] == "0.00"
            await venue.advance(3000)
            await main.agrees(venue)


async def test_sliced_history_removes_no_deal_that_was_not_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("oms.ingest.reconciler.MISSING_S", 0.1)
    async with running() as venue, held(venue, tmp_path) as main:
        await main.ready()
        await venue.advance(40 * 86_400_000)
        venue.control("deposit", login=HEDGE, amount="50")
        await main.agrees(venue)
        await venue.advance(3_600_000)
        main.account._lasting.plan.days = 1  # it had been too much, again and again
        for number in (2, 3, 4):
            await main.account.standing.move(change=lambda now, _: now.update({"dirty": "test"}))
            doubt(main)
            await main.until(partial(reported, main, number))
        assert main.events("deal.removed") == []
        await main.agrees(venue)


async def test_an_empty_history_proves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("oms.ingest.reconciler.MISSING_S", 0.1)
    async with running() as venue, held(venue, tmp_path) as main:
        await main.ready()
        await venue.advance(120_000)
        deals = venue.venue.accounts[HEDGE].deals
        kept = list(deals)
        deals.clear()
        for number in (2, 3):
            doubt(main)
            await main.until(partial(reported, main, number))
        deals.extend(kept)
        assert main.events("deal.removed") == []


async def test_a_difference_on_an_account_that_moves_is_the_same_difference() -> None:
    doubts = Doubt(Pace())
    found = [
        doubts.confirmed((Difference("balance", "", "", f"{1000 + n}.00", f"{990 + n}.00"),), n * 30.0)
        for n in range(4)
    ]
    assert found == [False, False, True, True]
    other = (Difference("balance", "", "", "1000.00", "999.00"),)
    assert not doubts.confirmed(other, 120.0)


async def test_a_difference_in_a_position_is_the_same_while_its_volumes_are() -> None:
    doubts = Doubt(Pace())
    first = (Difference("position", "5", "volume", "buy 0.10", "buy 0.20"),)
    other = (Difference("position", "5", "volume", "buy 0.10", "sell 5.00"),)
    assert [doubts.confirmed(first, n * 30.0) for n in range(3)] == [False, False, True]
    assert (doubts.knows(first), doubts.knows(other)) == (True, False)  # nobody was shown the other
    assert not doubts.confirmed(other, 120.0)


# What was pushed.


async def test_what_was_taken_from_the_ear_is_recorded_whatever_ends(tmp_path: Path) -> None:
    async with running() as venue, held(venue, tmp_path) as main:
        await main.ready()
        async with main.recorder._turn:  # somebody else's commit
            venue.control("deposit", login=HEDGE, amount="5")
            assert main.account.conversation is not None
            ear = main.account.conversation.ear
            await main.until(lambda: ear.moves == 1 and not ear.waiting)
            venue.control("abort", login=HEDGE)
            await main.until(lambda: not main.account.connected)
        await main.until(lambda: "session.ended" in main.types())
        types = main.types()
        assert types.index("session.ended") > len(types) - 1 - types[::-1].index("deal.booked")


async def test_the_terms_of_an_answer_count_as_those_of_a_push(tmp_path: Path) -> None:
    async with running() as venue, held(venue, tmp_path) as main:
        await main.ready()
        before = main.books.account()
        assert before is not None
        venue.control("fault", fault={"do": "lose", "on": "push", "command": 14, "times": 0})
        venue.control("zone_jump", hours=1)
        doubt(main)
        await main.until(lambda: main.books.account().utc_offset == before.utc_offset + 3600)  # type: ignore[union-attr]
        assert main.account.conversation is not None
        terms = main.account.conversation.following.terms
        assert terms is not None
        assert terms.offset == before.utc_offset + 3600


async def test_what_is_held_is_quoted_although_it_was_not_chosen(tmp_path: Path) -> None:
    async with running() as venue, held(venue, tmp_path, symbols=("EURUSD", "NOSUCH")) as main:
        await main.ready()
        assert ("unknown symbols", "NOSUCH") in main.told
        assert main.account.conversation is not None
        assert "EURUSD.req" not in main.account.conversation.watching._watched
        venue.quote(1.1, 1.1001, symbol="GBPUSD")
        async with venue.terminal(HEDGE) as terminal:
            await outcome(terminal, buy(terminal, 0.1, trade_symbol="GBPUSD"))
        await main.until(lambda: main.books.symbol("GBPUSD") is not None)
        venue.quote(1.2, 1.2001, symbol="GBPUSD")
        await main.until(
            lambda: (shown := main.account.feed.board.get("GBPUSD")) is not None and shown.bid == 1.2
        )
        assert main.account.feed.board.get("EURUSD") is not None


async def test_a_specification_that_the_venue_does_not_give_is_asked_for_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original, asked = Catalogue.specifications, []

    async def specifications(catalogue: Catalogue, connection: Connection, names: Iterable[str]) -> Any:
        wanted = list(names)
        asked.extend(wanted)
        return await original(catalogue, connection, [name for name in wanted if name != "GBPUSD"])

    monkeypatch.setattr(Catalogue, "specifications", specifications)
    async with running() as venue, held(venue, tmp_path, symbols=("EURUSD",)) as main:
        await main.ready()
        venue.quote(1.1, 1.1001, symbol="GBPUSD")
        async with venue.terminal(HEDGE) as terminal:
            for _ in range(3):
                await outcome(terminal, buy(terminal, 0.1, trade_symbol="GBPUSD"))
                await main.agrees(venue)
    assert asked.count("GBPUSD") == 1
