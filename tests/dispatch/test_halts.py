"""What halts, and what must not lift it: one halt beside another, a panic, a breach, another day."""

from functools import partial
from pathlib import Path

import pytest
import trio

from oms.daemon.guard import halt_all
from oms.domain.events import AccountState
from oms.ingest.standing import Restrictions, breach_over, breached, silenced
from oms.projections import Books
from oms.projections.reversals import reducing
from tests.dispatch.desked import codes, desked, quicker
from tests.paper.running import NET, Running


@pytest.mark.slow
@pytest.mark.trio
async def test_a_panic_lets_closes_through_a_halt_and_nothing_else(running: Running, tmp_path: Path) -> None:
    """Also where a person resumed meanwhile, and halted again: what is halted opens nothing."""
    async with desked(running, tmp_path, options=quicker(answer_s=30, outcome_s=30)) as trading:
        assert (await trading.buy())["status"] == "filled"
        trading.fault("slow_dealer", seconds=2)  # holds the panic's close up
        async with trio.open_nursery() as nursery:
            nursery.start_soon(partial(trading.operate, "panic", wait=20))
            await trading.held.until(lambda: trading.types().count("command.answered") == 2)
            await trading.operate("resume")
            assert (await trading.operate("halt"))["permission"] == "halted"
            assert codes(await trading.buy(id="halted")) == ["reducing"]
            await trading.venue.advance(3000)
        assert list(trading.held.books.positions) == []
        assert trading.held.account.standing.permission == "halted"


def test_another_day_lifts_a_breach_and_not_what_came_to_it() -> None:
    now: Restrictions = {}
    for change in (breached("max_daily_loss"), silenced, breach_over):
        change(now, Books())
    assert now == {"reducing": "alive"}
    reached = AccountState("ready", "reducing", "risk: max_daily_loss")
    assert reducing(reached).reason == "close_reversed"
    beside = AccountState("ready", "dirty", "", also={"reducing": "risk: max_daily_loss"})
    assert reducing(beside).also == {"reducing": "close_reversed"}


@pytest.mark.slow
@pytest.mark.trio
async def test_all_are_halted_at_once_however_slow_the_journal_of_one_is(
    running: Running, tmp_path: Path
) -> None:
    async with (
        desked(running, tmp_path / "1") as slow,
        desked(running, tmp_path / "2", login=NET) as other,
        trio.open_nursery() as nursery,
        slow.held.recorder._turn,
    ):
        nursery.start_soon(halt_all, [slow.desk, other.desk], "signal")
        await trio.testing.wait_all_tasks_blocked()
        for trading in (slow, other):
            assert trading.held.account.standing.permission == "halted"
        nursery.cancel_scope.cancel()


@pytest.mark.slow
@pytest.mark.trio
async def test_a_halted_client_is_not_freed_by_a_reduce(running: Running, tmp_path: Path) -> None:
    """As an account is not: a resume has to come first."""
    async with desked(running, tmp_path) as trading:
        await trading.operate("halt", client="desk", by="ann")
        said = await trading.operate("reduce", client="desk", by="bob")
        assert (said["status"], said["permission"]) == ("done", "halted")
        assert codes(await trading.ask("close_all", client="desk")) == ["client_halted"]
        await trading.operate("resume", client="desk")
        assert (await trading.operate("reduce", client="desk"))["permission"] == "reducing"


@pytest.mark.slow
@pytest.mark.trio
async def test_while_the_halt_file_is_there_nobody_resumes(running: Running, tmp_path: Path) -> None:
    async with desked(running, tmp_path) as trading:
        await trading.operate("halt")
        trading.operators.held_by = lambda: "HALT is there"
        said = await trading.operate("resume")
        assert (said["status"], said["permission"], codes(said)) == ("denied", "halted", ["halt_file"])
        assert "HALT is there" in said["reasons"][0]["message"]
        trading.operators.held_by = lambda: ""
        assert (await trading.operate("resume"))["permission"] == "active"
