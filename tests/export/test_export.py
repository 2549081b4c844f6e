"""Tables for other programs: all rows, exact numbers, in each format."""

import csv
import io
import json
import os
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from oms.export import Chosen, NoParquet, deals_of, events_of, orders_of, ticks_of, write
from tests.cli.log.scene import here
from tests.queries.test_statement import STORY
from tests.rewind.scene import Lived, lived
from tests.verify.scene import Log

ALL = Chosen()


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The journals of a folder with the account `main`."""
    made = Log(tmp_path_factory.mktemp("data"))
    made.record(*STORY)
    made.close()
    return made.path.parent


@pytest.fixture(scope="module")
def life(tmp_path_factory: pytest.TempPathFactory) -> Lived:
    return lived(tmp_path_factory.mktemp("life"))


def as_json(table: Any) -> list[dict[str, Any]]:
    file = io.BytesIO()
    count = write(table, "jsonl", file)
    rows = [json.loads(line) for line in file.getvalue().splitlines()]
    assert count == len(rows)
    return rows


def as_csv(table: Any) -> list[dict[str, str]]:
    file = io.BytesIO()
    write(table, "csv", file)
    return list(csv.DictReader(io.StringIO(file.getvalue().decode())))


def test_events_are_those_that_are_stored(told: Path) -> None:
    """Against SQLite and SHA-256 of the standard library; the hashes prove them."""
    rows = as_json(events_of(told, ["main"], ALL))
    with closing(sqlite3.connect(told / "main.db")) as connection:
        stored = connection.execute("SELECT body FROM event ORDER BY seq").fetchall()
    head = bytes(32)
    for row, (body,) in zip(rows, stored, strict=True):
        head = sha256(head + body).digest()
        assert row.pop("hash") == head.hex()
        assert {name: value for name, value in row.items() if name not in ("part", "parts")} == json.loads(
            body
        )
    flat = as_csv(events_of(told, ["main"], Chosen(after=3, until=5, types=("deal.*",))))
    assert [(row["seq"], json.loads(row["data"])["deal"]) for row in flat] == [("4", "1"), ("5", "2")]


def test_deals_are_exact_in_every_format(told: Path) -> None:
    rows = as_csv(deals_of(told, ["main"], ALL))
    assert [row["deal"] for row in rows] == ["1", "2", "3", "4", "5", "6", "7"]
    third = rows[2]
    assert (third["profit"], third["swap"], third["price"], third["fee"]) == ("12.00", "-0.18", "1.1", "")
    assert as_json(deals_of(told, ["main"], ALL))[2]["profit"] == "12.00"
    assert [row["deal"] for row in as_csv(deals_of(told, ["main"], Chosen(symbol="EURUSD")))] == ["2", "3"]
    # 22:00 UTC of the 29th is 01:00 of the 30th there; deal 3 was an hour earlier.
    since = Chosen(since=1_774_821_600_000_000_000, before=1_774_854_000_000_000_000)
    assert [row["deal"] for row in as_csv(deals_of(told, ["main"], since))] == ["4"]
    assert [row["deal"] for row in as_csv(deals_of(told, ["main"], Chosen(until=5)))] == ["1", "2"]


@pytest.mark.slow
def test_orders_with_what_deals_made_of_them_and_ticks(life: Lived) -> None:
    rows = as_json(orders_of(life.data / "journal", ["main"], ALL))
    assert [(row["type"], row["state"], row["filled"], row["command"]) for row in rows] == [
        ("buy", "filled", "0.10", "in"),
        ("buy_limit", "working", "0.00", "wait"),
        ("sell", "filled", "0.10", "out"),
    ]
    ticks = as_csv(ticks_of(life.data / "market", None, Chosen(symbol="EURUSD")))
    assert [(row["account"], row["bid"], row["ask"], row["delayed"]) for row in ticks] == [
        ("main", "1.1", "1.1001", "false"),
        ("main", "1.102", "1.1021", "false"),
        ("main", "1.098", "1.0981", "false"),
    ]
    assert as_csv(ticks_of(life.data / "market", "other", ALL)) == []


def test_parquet_without_pyarrow_says_what_to_do(told: Path, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(NoParquet, match="pip install pyarrow"):
        write(deals_of(told, ["main"], ALL), "parquet", io.BytesIO())
    file = tmp_path / "deals.parquet"
    done = here(*("export", "--data", told.parent, "--what", "deals", "--format", "parquet", "-o", file))
    assert (done.returncode, list(tmp_path.iterdir())) == (2, [])
    assert "Parquet needs pyarrow, which is not installed" in done.stderr


def test_a_file_is_there_when_it_is_whole(told: Path, tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    done = here("export", "--data", told.parent, "--format", "jsonl", "-o", file)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", f"{file}: 11 rows\n")
    assert len(file.read_text().splitlines()) == 11
    assert [path.name for path in tmp_path.iterdir()] == ["events.jsonl"]


def test_what_is_no_file_is_written_to_and_stays_what_it_is(told: Path, tmp_path: Path) -> None:
    """`--out /dev/null`, by root, would else make a file of it."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    done = here("export", "--data", told.parent, "--type", "account.opened", "-o", pipe)
    assert (done.returncode, os.read(reader, 8)) == (0, b"account,")
    os.close(reader)
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    (tmp_path / "link").symlink_to("kept.csv")
    assert here("export", "--data", told.parent, "-o", tmp_path / "link").returncode == 0
    assert (tmp_path / "kept.csv").is_file()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["kept.csv", "link", "pipe"]
    done = here("export", "--data", told.parent, "-o", tmp_path)
    assert (done.returncode, "Is a directory" in done.stderr) == (1, True)


def test_what_a_killed_export_left_holds_up_no_other(told: Path, tmp_path: Path) -> None:
    file = tmp_path / "deals.csv"
    script = "import os, signal, oms.cli.log.export as e\n"
    script += "e.write = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
    script += f"e.export(e.Place(e.Path({str(told.parent)!r})), "
    script += f"e.Asked(None, 'events', 'csv', e.Path({str(file)!r})), e.Chosen())"
    assert subprocess.run([sys.executable, "-c", script], check=False, timeout=60).returncode == -9
    assert not file.exists()
    assert here("export", "--data", told.parent, "-o", file).returncode == 0
    assert len(file.read_text().splitlines()) == 12


def test_a_market_folder_that_cannot_be_read_is_not_empty(told: Path, tmp_path: Path) -> None:
    (tmp_path / "journal").symlink_to(told)
    (tmp_path / "market").touch()
    done = here("export", "--data", tmp_path, "--what", "ticks", "-o", tmp_path / "ticks.csv")
    assert (done.returncode, "market" in done.stderr) == (1, True)
    assert not (tmp_path / "ticks.csv").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--what", "deals", "--type", "deal.*"), "--type and --after are about events, not about deals"),
        (("--what", "ticks", "--until", "3"), "ticks have times: say --before"),
        (("--format", "parquet"), "parquet goes into a file"),
        (("--what", "deals", "--until", "99"), "99 is not recorded, the last is 11"),
    ],
)
def test_what_makes_no_sense_is_told(told: Path, words: tuple[str, ...], message: str) -> None:
    done = here("export", "--data", told.parent, *words)
    assert (done.returncode, message in done.stderr) == (2, True), done.stderr
