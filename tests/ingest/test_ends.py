"""TC-R12: a clean close, a line that went dead, a login that is refused - each leads to its own state."""

from pathlib import Path

import pytest
import trio

from oms.sessions.link import Limits
from tests.ingest.held import held
from tests.ingest.test_account import buy, outcome
from tests.paper.running import HEDGE, running

pytestmark = [pytest.mark.trio, pytest.mark.slow]
HEARTBEAT_S = 0.5
LOGIN, WRONG_PASSWORD = 28, 3


async def test_tc_r12_a_clean_close_is_come_back_from(tmp_path: Path) -> None:
    async with running() as venue, held(venue, tmp_path) as main:
        await main.ready()
        venue.control("close", login=HEDGE)
        await main.until(lambda: main.account.connections >= 2)
        await main.ready()
        (ended,) = main.events("session.ended")
        assert (ended["reason"], ended["code"], ended["ready"]) == ("closed", 1000, True)
        assert [one["by"] for one in main.events("session.authenticated")] == ["password", "ticket"]
        assert main.events("session.refused") == []


async def test_tc_r12_three_heartbeats_without_a_byte_end_the_session_and_begin_the_next(
    tmp_path: Path,
) -> None:
    limits = Limits(ping_s=HEARTBEAT_S, silence_s=3 * HEARTBEAT_S)
    async with running() as venue, held(venue, tmp_path, limits=limits) as main:
        await main.ready()
        async with venue.terminal(HEDGE) as terminal:
            dead = main.account.connection
            assert dead is not None
            venue.control("half_open", login=HEDGE, session=main.session)
            began = trio.current_time()
            await outcome(terminal, buy(terminal, 0.1))  # of which nothing is heard
            await main.until(lambda: dead.over is not None)
            assert trio.current_time() - began >= 3 * HEARTBEAT_S - HEARTBEAT_S  # since the last byte
            await main.until(lambda: main.account.connections >= 2)
            await main.ready()
            await main.agrees(venue)
        (ended,) = main.events("session.ended")
        assert (ended["reason"], ended["ready"]) == ("silent", True)
        assert main.events("reconcile.report")[-1]["cause"] == "reconnect"
        assert len(main.events("deal.booked")) == 2


async def test_tc_r12_a_login_refused_on_the_way_back_is_the_end(tmp_path: Path) -> None:
    """The ticket is refused, and the password once behind it: it was changed."""
    async with running() as venue, held(venue, tmp_path) as main:
        await main.ready()
        refused = {"do": "refuse", "on": "request", "command": LOGIN, "code": WRONG_PASSWORD, "times": 0}
        venue.control("fault", fault=refused)
        venue.control("close", login=HEDGE)
        await main.until(lambda: main.account.standing.link == "refused")
        await main.until(lambda: main.events("account.state")[-1]["link"] == "refused")
        (told,) = main.events("session.refused")
        assert (told["code"], told["terminal"]) == (WRONG_PASSWORD, True)
        connections = main.account.connections
        assert connections == 2
        venue.control("clear_faults")
        await trio.sleep(0.3)  # it would be back by now
        assert main.account.connections == connections
        assert main.account.standing.state == "refused"
        with trio.fail_after(5):
            await main.recorder.settled()
        assert main.account.standing.permission == "active"  # what it may do is another matter
