"""A journal that was put back: it reconciles everything, from the beginning, before the account may trade."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from nats.aio.client import Client

from oms.replay import opened_books, save_snapshot
from tests.flows.pieces import UNHURRIED
from tests.flows.system import HEDGE, System, system, until
from tests.flows.trader import Line, Trader

pytestmark = pytest.mark.slow
LOGIN, HISTORY = 1001, 5
SLOW_S = 4.0  # that the history takes: time to look


@pytest.fixture
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """No overlap to speak of: what is found again is not found by it."""
    with system(tmp_path_factory.mktemp("system"), f"{UNHURRIED}reconcile_overlap_hours = 0.001\n") as found:
        found.venue.control("feed", on=False)
        yield found


@pytest.fixture
def line(up: System) -> Iterator[Line]:
    with Line(up.nats.url) as found:
        yield found


@pytest.fixture
def trader(up: System, line: Line) -> Trader:
    found = Trader(up, line, HEDGE)
    found.quote(1.1, 1.1001)
    return found


def journal(up: System) -> Path:
    return up.daemon.data / "journal" / f"{HEDGE}.db"


def put_back(up: System, copy: Path) -> None:
    """The file as it was; of the later one nothing is left."""
    for tail in ("-wal", "-shm"):
        journal(up).with_name(journal(up).name + tail).unlink(missing_ok=True)
    shutil.copyfile(copy, journal(up))


def without_stream(line: Line) -> None:
    """NATS has lost it: nobody could know by it that the journal is old."""

    async def delete(client: Client) -> None:
        await client.jetstream().delete_stream(f"OMS_EVT_{HEDGE}")

    line.use(delete)


def grown(up: System, trader: Trader, copy: Path) -> tuple[int, dict[str, Any]]:
    """A copy of the journal, and what happened after it: its last seq, a command of that time."""
    kept = trader.submit("buy", "0.10")
    assert (kept["status"], up.daemon.stop()) == ("filled", 0)
    shutil.copyfile(journal(up), copy)
    seq = len(up.daemon.journal(HEDGE))
    up.daemon.start()
    up.daemon.until_ready()
    forgotten = trader.submit("buy", "0.20", id=f"forgotten-{copy.name}")
    assert forgotten["status"] == "filled"
    assert trader.submit("sell", "0.30", type="limit", price="1.2")["status"] == "working"
    assert trader.command("close", position=kept["position"])["status"] == "filled"
    trader.agrees()
    trader.arrived()
    return seq, forgotten


def test_a_marked_journal_reconciles_everything_before_it_trades(
    up: System, line: Line, trader: Trader, tmp_path: Path
) -> None:
    seq, forgotten = grown(up, trader, tmp_path / "marked")
    assert up.daemon.stop() == 0
    put_back(up, tmp_path / "marked")
    mark = journal(up).with_name(f"{HEDGE}.restored")
    mark.write_text("backup of Monday\n")
    (journal(up).with_name(f"{HEDGE}.snapshot")).unlink(missing_ok=True)
    without_stream(line)
    slow = {"do": "delay", "on": "answer", "command": HISTORY, "login": LOGIN, "seconds": SLOW_S}
    up.venue.control("fault", fault=slow)
    up.daemon.start()

    # Until the history is there the account is restored, and trades nothing.
    until(lambda: up.ask(HEDGE, "state")["link"] == "reconciling")
    state = up.ask(HEDGE, "state")
    assert (state["permission"], state["reason"]) == ("restored", "backup of Monday")
    denied = trader.submit("buy", "0.10", id="early")
    assert {one["code"] for one in denied["reasons"]} >= {"reconciling", "restored"}
    assert not mark.exists()

    # Then it has everything, from the beginning, and trades.
    up.daemon.until_ready()
    found = trader.agrees()
    assert trader.arrived() == []
    news = up.daemon.journal(HEDGE, seq)
    told = [one["data"] for one in news if one["type"] == "account.state"]
    assert (told[0]["permission"], told[0]["reason"]) == ("restored", "backup of Monday")
    (report,) = [one["data"] for one in news if one["type"] == "reconcile.report"]
    assert (report["equal"], report["history_from"], len(report["deals_new"])) == (True, None, 2)
    booked = [one["data"]["deal"] for one in news if one["type"] == "deal.booked"]
    assert booked == report["deals_new"]
    assert forgotten["deals"][0]["deal"] in booked
    all_booked = [one for one in up.daemon.journal(HEDGE) if one["type"] == "deal.booked"]
    assert len(all_booked) == len(up.truth(HEDGE, found)["deals"]) == 4
    assert trader.query("state")["permission"] == "active"
    up.check_stream(HEDGE)

    # What it has forgotten that it sent is not sent again.
    assert trader.submit("buy", "0.20", id="forgotten-marked", wait=1)["status"] in ("unknown", "filled")
    assert trader.arrived() == []


def test_a_snapshot_that_knows_more_than_its_journal_is_a_mark(
    up: System, line: Line, trader: Trader, tmp_path: Path
) -> None:
    seq, _ = grown(up, trader, tmp_path / "snapshot")
    assert up.daemon.stop() == 0
    folder = journal(up).parent
    known = opened_books(folder, HEDGE)
    save_snapshot(folder, HEDGE, known.books, known.seq)
    put_back(up, tmp_path / "snapshot")
    without_stream(line)
    up.daemon.start()
    up.daemon.until_ready()
    trader.agrees()
    news = up.daemon.journal(HEDGE, seq)
    told = [one["data"] for one in news if one["type"] == "account.state"]
    assert told[0]["permission"] == "restored"
    assert told[0]["reason"] == f"the snapshot is of seq {known.seq}, and the journal ends at {seq}"
    (report,) = [one["data"] for one in news if one["type"] == "reconcile.report"]
    assert (report["history_from"], report["equal"]) == (None, True)
    assert not (folder / f"{HEDGE}.restored").exists()

    # Told once: the next start is an ordinary one.
    assert up.daemon.stop() == 0
    seq = len(up.daemon.journal(HEDGE))
    up.daemon.start()
    up.daemon.until_ready()
    news = [one["data"] for one in up.daemon.journal(HEDGE, seq) if one["type"] == "account.state"]
    assert "restored" not in {one["permission"] for one in news}


def test_a_stream_that_is_ahead_halts_the_account_whatever_it_reconciles(
    up: System, trader: Trader, tmp_path: Path
) -> None:
    grown(up, trader, tmp_path / "ahead")
    assert up.daemon.stop() == 0
    put_back(up, tmp_path / "ahead")
    journal(up).with_name(f"{HEDGE}.restored").touch()
    up.daemon.start()
    until(lambda: up.ask(HEDGE, "state")["reason"] == "fence: stream_ahead")
    trader.agrees()  # its books are mended, and that opens nothing
    last = [one["data"] for one in up.daemon.journal(HEDGE) if one["type"] == "account.state"][-1]
    assert (last["permission"], last["also"]) == ("halted", {"restored": "restored"})
    assert up.operate(HEDGE, "resume")["reasons"][0]["code"] == "fenced"
    assert "halted" in {one["code"] for one in trader.submit("buy", "0.10")["reasons"]}
    assert trader.arrived() == []
