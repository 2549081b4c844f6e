"""A disk that is full, or fails: trading stops and says so, reading goes on (docs/semantics.md 10, TC-L6)."""

import errno
import json
import os
import resource
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from tests.flows.pieces import UNHURRIED, logged, types, until_logged
from tests.flows.system import HEDGE, NET, System, system, until
from tests.flows.trader import Line, Trader

pytestmark = pytest.mark.slow
FULL = "journal: the disk is full"
MB = 1024 * 1024
JSON_LOG = '[log]\nformat = "json"\n'


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """The daemon's data folder is a file system of 200 MB: the ballast of 64 MB has room twice."""
    folder = tmp_path / "data"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=200m", "tmpfs", str(folder)]
    if os.geteuid() or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("a small file system cannot be mounted here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.fixture
def up(small_disk: Path) -> Iterator[System]:
    with system(small_disk.parent, UNHURRIED + JSON_LOG) as found:
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


def fill(folder: Path) -> Path:
    """Leave no byte free."""
    filler = folder / f"filler-{len(list(folder.glob('filler-*')))}"
    with filler.open("wb", buffering=0) as file:
        for size in (MB, 4096, 1):
            try:
                while file.write(bytes(size)):
                    pass
            except OSError as why:
                assert why.errno == errno.ENOSPC  # noqa: PT017
    return filler


def healthy(up: System) -> tuple[int, dict[str, Any]]:
    try:
        with urlopen(f"{up.daemon.http}/healthz", timeout=5) as answer:  # noqa: S310 - our own
            return answer.status, json.loads(answer.read())
    except HTTPError as why:
        return why.code, json.loads(why.read())


def permissions(up: System) -> dict[str, tuple[str, str]]:
    return {one["account"]: (one["permission"], one["reason"]) for one in up.daemon.ready()["accounts"]}


def last_state(up: System, account: str) -> dict[str, Any]:
    """The account's last state on disk."""
    found = [one["data"] for one in up.daemon.journal(account) if one["type"] == "account.state"][-1]
    return {name: found[name] for name in ("permission", "reason")}


HALTED_BY_DISK = {"permission": "halted", "reason": FULL}


def until_full(up: System, trader: Trader) -> list[dict[str, Any]]:
    """Trade until the disk is full; what was answered."""
    fill(up.daemon.data)
    found: list[dict[str, Any]] = []

    def halted() -> bool:
        found.append(trader.submit("buy", "0.01"))
        return permissions(up)[HEDGE][0] == "halted"

    until(halted, what=up.daemon.log.read_text())
    return found


def test_tc_l6_disk_full_halts_trading_and_reads_go_on(up: System, trader: Trader) -> None:
    opened = trader.submit("buy", "0.10")
    assert opened["status"] == "filled"
    told = until_full(up, trader)

    # A clear state, of every account on the disk, and in the journal.
    until(lambda: permissions(up) == dict.fromkeys((HEDGE, NET), ("halted", FULL)))
    until(lambda: all(last_state(up, name) == HALTED_BY_DISK for name in (HEDGE, NET)))
    assert not (up.daemon.data / "journal" / "ballast").exists()
    (full, *_) = until_logged(up.daemon, "disk full")
    assert full["level"] == "error"
    assert "journal/hedge.db: the disk is full; the ballast was given up" in full["detail"]
    assert healthy(up)[0] == 200  # a restart would not help

    # Nothing is sent that is not written down, and what was sent has its outcome.
    statuses = {one["status"] for one in told}
    assert statuses <= {"filled", "denied", "accepted", "sending"}
    refused = trader.submit("buy", "0.10")
    assert [one["code"] for one in refused["reasons"]] == ["halted"]
    sent = len(trader.sent())
    assert trader.command("close", position=opened["position"])["status"] == "denied"
    assert len(trader.sent()) == sent

    # Reading goes on, and what is pushed is kept in the room that the ballast gave up.
    up.venue.control("deposit", login=1001, amount="5.00")
    until(lambda: up.agrees(HEDGE), 60)
    until(lambda: up.agrees(NET))
    up.check_stream(HEDGE)

    # Room again: the ballast is taken, a person resumes.
    for filler in up.daemon.data.glob("filler-*"):
        filler.unlink()
    until_logged(up.daemon, "ballast held again")
    assert (up.daemon.data / "journal" / "ballast").stat().st_size == 64 * MB
    assert permissions(up)[HEDGE] == ("halted", FULL)
    assert up.operate("_daemon", "resume")["status"] == "done"
    until(lambda: permissions(up)[HEDGE][0] == "active", 60)
    assert trader.command("close", position=opened["position"])["status"] == "filled"
    trader.agrees()
    up.check_stream(HEDGE)


def test_a_push_that_cannot_be_stored_ends_the_session_and_the_account_is_dirty(
    up: System, trader: Trader
) -> None:
    """No ballast is left: the halt stands, in memory at least, and what was lost is found again later."""
    until_full(up, trader)
    until(lambda: all(last_state(up, name) == HALTED_BY_DISK for name in (HEDGE, NET)))
    fill(up.daemon.data)
    deposits = 0
    while not logged(up.daemon, "journal"):
        up.venue.control("deposit", login=1002, amount="1.00")
        deposits += 1
        assert deposits < 5_000
    (told, *_) = until_logged(up.daemon, "journal")
    assert (told["account"], told["level"]) == (NET, "warning")
    assert "the disk is full; there was no ballast left" in told["detail"]
    found = up.ask(NET, "account")
    assert found["stale"] is True
    assert up.ask(NET, "state")["link"] == "connecting"
    assert up.ask(NET, "state")["permission"] == "halted"
    for filler in up.daemon.data.glob("filler-*"):
        filler.unlink()
    until(lambda: up.agrees(NET), 90, up.daemon.log.read_text())
    states = [one["data"] for one in up.daemon.journal(NET) if one["type"] == "account.state"]
    assert any("dirty" in (one["permission"], *one["also"]) for one in states[-4:])
    assert types(up.daemon, NET).count("deal.booked") == deposits + 1
    assert up.operate("_daemon", "resume")["status"] == "done"
    until(lambda: permissions(up) == dict.fromkeys((HEDGE, NET), ("active", "equal")), 90)
    up.check_stream(NET)


def test_a_commit_that_fails_ends_its_account_and_no_other(tmp_path: Path) -> None:
    """No file of the daemon's may grow: the system's own limit stands for a bad disk."""
    with system(tmp_path, UNHURRIED + JSON_LOG) as up, Line(up.nats.url) as line:
        up.venue.control("feed", on=False)
        trader = Trader(up, line, HEDGE)
        trader.quote(1.1, 1.1001)
        opened = trader.submit("buy", "0.10")
        assert opened["status"] == "filled"
        trader.agrees()
        before = up.daemon.journal(HEDGE)
        assert up.daemon.process is not None
        log = up.daemon.data / "journal" / f"{HEDGE}.db-wal"
        limit = log.stat().st_size
        assert limit > up.daemon.log.stat().st_size + 64 * 1024  # what it says about it has room
        hard = resource.prlimit(up.daemon.process.pid, resource.RLIMIT_FSIZE)[1]
        resource.prlimit(up.daemon.process.pid, resource.RLIMIT_FSIZE, (limit, hard))
        sent = trader.sent()
        refused = trader.submit("buy", "0.20", id="refused")
        assert (refused["status"], [one["code"] for one in refused["reasons"]]) == (
            "denied",
            ["not_recorded"],
        )
        code, told = healthy(up)
        assert (code, told["healthy"], told["broken"]) == (503, False, [HEDGE])
        (broken,) = until_logged(up.daemon, "journal broken")
        assert f"{up.daemon.data}/journal/{HEDGE}.db: a commit failed" in broken["detail"]
        permission, reason = permissions(up)[HEDGE]
        assert permission == "halted"
        assert "a commit failed" in reason

        # It is asked as before, and told what is on disk.
        assert up.ask(HEDGE, "orders")["orders"] == []
        assert [one["position"] for one in up.ask(HEDGE, "positions")["positions"]] == [opened["position"]]
        assert up.ask(HEDGE, "commands", b'{"command": "refused"}')["commands"] == []
        resource.prlimit(up.daemon.process.pid, resource.RLIMIT_FSIZE, (hard, hard))
        again = trader.submit("buy", "0.20")
        assert {one["code"] for one in again["reasons"]} & {"not_recorded", "halted"}  # for good
        up.venue.control("deposit", login=1002, amount="5.00")
        until(lambda: up.agrees(NET))  # the other one lives
        assert trader.sent() == sent
        assert up.daemon.journal(HEDGE) == before

        # A restart reads what is there, finds what it missed, and trades again.
        up.venue.control("deposit", login=1001, amount="7.00")
        assert up.daemon.stop() == 0
        up.daemon.start()
        up.daemon.until_ready()
        assert healthy(up)[0] == 200
        until(lambda: up.agrees(HEDGE))
        assert trader.command("close", position=opened["position"])["status"] == "filled"
        up.check_stream(HEDGE)
        assert up.daemon.journal(HEDGE)[: len(before)] == before
