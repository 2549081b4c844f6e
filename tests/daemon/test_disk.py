"""Accounts of a disk that is full: halted until somebody resumes them, and not again behind his back."""

from pathlib import Path

import pytest
import trio

from oms.daemon.disk import FULL, DiskMinder
from oms.eventlog.ballast import Ballast
from oms.eventlog.errors import JournalFull
from oms.ingest.standing import Standing, resumed
from tests.dispatch.desked import desked
from tests.paper.running import running

pytestmark = pytest.mark.trio


@pytest.mark.parametrize("resumes", [True, False])
async def test_a_halt_that_found_no_room_is_not_written_over_a_resume(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, resumes: bool
) -> None:
    monkeypatch.setattr("oms.daemon.disk.AGAIN_S", 0.01)
    halt, tried, room = Standing.halt, trio.Event(), False

    async def halting(standing: Standing, reason: str, *, by: str = "", comment: str = "") -> None:
        tried.set()
        if not room:
            raise JournalFull(tmp_path, "there is no room")
        await halt(standing, reason, by=by, comment=comment)

    monkeypatch.setattr(Standing, "halt", halting)
    async with running() as venue, desked(venue, tmp_path) as trading, trio.open_nursery() as nursery:
        account = trading.held.account
        minder = DiskMinder({"main": account}, {"main": account.recorder}, Ballast(tmp_path / "none", 0))
        nursery.start_soon(minder.run)
        account.recorder.failed(JournalFull(tmp_path, "there is no room"))
        await tried.wait()
        assert (account.standing.permission, account.standing.reason) == ("halted", FULL)
        if resumes:
            await account.standing.lift(resumed, by="ann", comment="")
        room = True
        await trio.sleep(0.2)
        assert account.standing.permission == ("active" if resumes else "halted")
        told = [
            one["reason"] for one in trading.held.events("account.state") if one["permission"] == "halted"
        ]
        assert told == ([] if resumes else [FULL])
        nursery.cancel_scope.cancel()
