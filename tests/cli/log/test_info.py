"""`oms log info`: what is in a data folder, and how it was left."""

import json
import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from oms.eventlog.market import Bounds, MarketLog
from oms.eventlog.segment import Push
from tests.eventlog.scene import NOON, crash_image

from .scene import SECOND, draft, journal, log


def told(data: Path, *arguments: str) -> tuple[int, dict[str, Any]]:
    done = log("info", "--data", data, "--json", *arguments)
    assert done.stderr == ""
    return done.returncode, json.loads(done.stdout)


def pushes(count: int) -> list[Push]:
    return [Push("ticks", "hedge", NOON + number * SECOND, [(number, 1.5)]) for number in range(count)]


def test_a_closed_journal_as_sqlite_has_it(tmp_path: Path) -> None:
    hedge = journal(tmp_path, "hedge")
    hedge.write([draft("deal.booked", deal="1")])
    hedge.close()
    with closing(sqlite3.connect(hedge.path)) as connection:
        (head,) = connection.execute("SELECT hash FROM event WHERE seq = 2").fetchone()
        (first,) = connection.execute("SELECT body FROM event WHERE seq = 1").fetchone()
    assert told(tmp_path) == (0, {
        "data": str(tmp_path),
        "accounts": [{
            "account": "hedge", "file": str(hedge.path), "bytes": hedge.path.stat().st_size, "events": 2,
            "first": {"seq": 1, "recorded_at": "2026-11-20T12:00:00.123456789Z"},
            "last": {"seq": 2, "recorded_at": "2026-11-20T12:00:01.123456789Z"},
            "epoch": json.loads(first)["data"]["epoch"], "head": head.hex(), "format": "1",
            "state": "closed", "writer": None,
        }],
        "market": [],
    })  # fmt: skip


@pytest.mark.slow
def test_the_writer_of_an_open_journal_is_told_and_not_disturbed(tmp_path: Path) -> None:
    hedge = journal(tmp_path, "hedge")
    _, found = told(tmp_path)
    assert [(one["state"], one["writer"]) for one in found["accounts"]] == [("open", os.getpid())]
    hedge.write([draft("deal.booked")])
    _, found = told(tmp_path)
    assert found["accounts"][0]["events"] == 2
    hedge.close()
    _, found = told(tmp_path)
    assert found["accounts"][0]["state"] == "closed"


def test_a_killed_writers_journal_is_not_closed(tmp_path: Path) -> None:
    hedge = journal(tmp_path, "hedge")
    (tmp_path / "after").mkdir()
    crash_image(tmp_path / "journal", tmp_path / "after" / "journal")
    (tmp_path / "after" / "journal" / "hedge.lock").write_text(f"{os.getpid()}\n")  # no lock goes with it
    _, found = told(tmp_path / "after")
    hedge.close()
    assert [(one["state"], one["writer"], one["events"]) for one in found["accounts"]] == [
        ("not closed", None, 1)
    ]


@pytest.mark.slow
def test_damage_is_told_and_the_others_are_shown(tmp_path: Path) -> None:
    hedge, net = journal(tmp_path, "hedge"), journal(tmp_path, "net")
    net.write([draft("deal.booked")])
    hedge.close()
    net.close()
    with closing(sqlite3.connect(net.path)) as connection:
        connection.execute("DROP TRIGGER event_is_kept")
        connection.execute("DELETE FROM event WHERE seq = 2")
        connection.commit()
    code, found = told(tmp_path)
    assert code == 1
    assert [(one["account"], one["state"]) for one in found["accounts"]] == [
        ("hedge", "closed"),
        ("net", "damaged"),
    ]
    assert "was closed at seq 2 and now ends at 1: restore it" in found["accounts"][1]["trouble"]
    shown = log("info", "--data", tmp_path)
    assert shown.returncode == 1
    assert "net.db: was closed at seq 2 and now ends at 1" in shown.stdout.replace("\n", " ")


@pytest.mark.slow
def test_the_files_of_the_market_log(tmp_path: Path) -> None:
    market = MarketLog(
        tmp_path / "market", clock=lambda: NOON, bounds=Bounds(least_free_bytes=0), checkpoints_apart=False
    )
    assert market.write(pushes(3))
    _, found = told(tmp_path)
    (one,) = found["market"]
    assert one.pop("bytes") > 0
    expected = {
        "segment": "20261120.db", "pushes": 3, "state": "open",
        "first": "2026-11-20T12:00:00.123456789Z", "last": "2026-11-20T12:00:02.123456789Z",
    }  # fmt: skip
    assert one == expected
    market.close()
    _, found = told(tmp_path)
    (one,) = found["market"]
    del one["bytes"]
    assert one == expected | {"state": "closed"}


def test_people_see_tables(tmp_path: Path) -> None:
    journal(tmp_path, "_daemon").close()
    hedge = journal(tmp_path, "hedge")
    market = MarketLog(
        tmp_path / "market", clock=lambda: NOON, bounds=Bounds(least_free_bytes=0), checkpoints_apart=False
    )
    assert market.write(pushes(3))
    done = log("info", "--data", tmp_path)
    rows = [line.split() for line in done.stdout.splitlines() if line]
    assert rows[0] == ["account", "events", "first", "last", "epoch", "head", "bytes", "state"]
    assert rows[1][:4] == ["hedge", "1", "2026-11-20T12:00:00", "2026-11-20T12:00:00"]
    assert rows[1][-3:] == ["open", "(process", f"{os.getpid()})"]
    assert rows[2][0] == "_daemon"
    assert rows[3][:2] == ["market", "log"]
    assert rows[4][:2] == ["20261120.db", "3"]
    assert "\x1b" not in done.stdout
    hedge.close()
    market.close()


@pytest.mark.slow
def test_a_folder_without_a_log(tmp_path: Path) -> None:
    assert told(tmp_path) == (0, {"data": str(tmp_path), "accounts": [], "market": []})
    assert log("info", "--data", tmp_path).stdout == f"{tmp_path}: nothing is logged here yet\n"


@pytest.mark.slow
def test_the_daemons_settings_say_where_the_log_is(tmp_path: Path) -> None:
    journal(tmp_path / "data", "hedge").close()
    config = tmp_path / "oms.toml"
    config.write_text(
        '[data]\ndir = "data"\n[accounts.hedge]\nurl = "ws://127.0.0.1:1/terminal"\nlogin = 1\n'
        'password = { env = "HEDGE_PASSWORD" }\n'
    )
    done = log("info", "-c", config, "--json")  # the account's secret is not there, and not needed
    assert (done.returncode, done.stderr) == (0, "")
    found = json.loads(done.stdout)
    assert (found["data"], [one["account"] for one in found["accounts"]]) == (f"{tmp_path}/data", ["hedge"])
    config.write_text(config.read_text().replace("dir =", "folder ="))
    wrong = log("info", "-c", config)
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert f"{config}:2: data.folder: unknown key" in wrong.stderr
    assert "--data DIR does without them" in wrong.stderr
