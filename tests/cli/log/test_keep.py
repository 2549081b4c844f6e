"""`oms log backup | restore | seal | prune`: copies, journals put back, market files that go."""

import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from oms.eventlog.inspection import look_at_journal
from oms.eventlog.journal import Journal
from oms.eventlog.market import Bounds, MarketLog
from oms.eventlog.restored import restored_mark
from oms.eventlog.segment import Push
from tests.eventlog.scene import NOON, opened
from tests.verify.scene import found

from .scene import bodies, draft, here, journal, log

DAY = 86_400_000_000_000


def filled(data: Path, account: str = "main", count: int = 5) -> Journal:
    made = journal(data, account)
    made.write([draft("deal.booked", deal=str(number)) for number in range(count)])
    return made


def backed_up(data: Path, target: Path) -> list[dict[str, object]]:
    done = here("backup", target, "--data", data, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_backup_beside_a_writer_that_goes_on(tmp_path: Path) -> None:
    made = filled(tmp_path)
    before = bodies(tmp_path, "main")
    (told,) = backed_up(tmp_path, tmp_path / "copy")
    assert (told["account"], told["events"], told["head"]) == ("main", 6, made.head.hex())
    made.write([draft("deal.booked", deal="later")])
    made.close()
    assert bodies(tmp_path / "copy", "main") == before
    assert sorted(path.name for path in (tmp_path / "copy" / "journal").iterdir()) == ["main.db"]
    # Once more there would take the place of the first.
    done = here("backup", tmp_path / "copy", "--data", tmp_path)
    assert done.returncode == 1
    assert "main.db: is there; nothing is overwritten" in done.stderr
    assert bodies(tmp_path / "copy", "main") == before


def test_a_backup_of_what_is_damaged_is_none(tmp_path: Path) -> None:
    filled(tmp_path).close()
    with closing(sqlite3.connect(tmp_path / "journal" / "main.db")) as connection:
        connection.execute("DROP TRIGGER event_stays")
        connection.execute(
            "UPDATE event SET body = CAST(replace(CAST(body AS TEXT), 'deal', 'dear') AS BLOB) WHERE seq = 4"
        )
        connection.commit()
    done = here("backup", tmp_path / "copy", "--data", tmp_path)
    assert done.returncode == 1
    assert "main.db: seq 4: " in done.stderr
    assert list((tmp_path / "copy" / "journal").iterdir()) == []


def test_a_backup_of_nothing_is_none(tmp_path: Path) -> None:
    """The wrong folder, perhaps: nobody should think that he has one."""
    done = here("backup", tmp_path / "copy", "--data", tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"{tmp_path / 'journal'}: there are no journals" in done.stderr
    filled(tmp_path).close()
    (tmp_path / "market").touch()  # as one that nobody may read
    done = here("backup", tmp_path / "copy", "--data", tmp_path, "--market")
    assert (done.returncode, "market" in done.stderr) == (1, True)


def test_a_journal_that_is_put_back_says_so(tmp_path: Path) -> None:
    filled(tmp_path).close()
    backed_up(tmp_path, tmp_path / "copy")
    before = bodies(tmp_path, "main")
    there = here("restore", tmp_path / "copy", "--data", tmp_path)
    assert there.returncode == 1
    assert "main.db: is there; nothing is overwritten" in there.stderr
    assert restored_mark(tmp_path / "journal", "main") is None
    shutil.rmtree(tmp_path / "journal")
    done = here("restore", tmp_path / "copy", "--data", tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert bodies(tmp_path, "main") == before
    assert (restored_mark(tmp_path / "journal", "main") or "").startswith("backup ")
    opened(tmp_path / "journal", "main").close()  # as a daemon does


def test_nothing_is_put_back_under_a_daemon_or_beside_a_log_of_it(tmp_path: Path) -> None:
    filled(tmp_path).close()
    backed_up(tmp_path, tmp_path / "copy")
    path = tmp_path / "journal" / "main.db"
    held = opened(tmp_path / "journal", "main")
    path.rename(tmp_path / "away.db")
    done = here("restore", tmp_path / "copy", "--data", tmp_path)
    assert done.returncode == 1
    assert f"process {os.getpid()} is writing this journal" in done.stderr
    (tmp_path / "away.db").rename(path)
    held.close()
    path.unlink()
    path.with_name("main.db-wal").write_bytes(b"of another")
    done = here("restore", tmp_path / "copy", "--data", tmp_path)
    assert done.returncode == 1
    assert "main.db-wal: is there" in done.stderr
    assert not path.exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "from where? Say the folder of a backup, or --from-stream"),
        (("--from-stream",), "say --account NAME"),
    ],
)
def test_words_that_make_no_sense(tmp_path: Path, words: tuple[str, ...], message: str) -> None:
    done = here("restore", *words, "--data", tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr


def test_what_is_no_backup_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "other.db").write_text("something else")
    done = here("restore", tmp_path / "other.db", "--data", tmp_path / "data")
    assert (done.returncode, "is damaged: file is not a database" in done.stderr) == (1, True)
    assert list((tmp_path / "data").iterdir()) == []


def test_a_market_file_that_cannot_be_read_holds_up_no_other(tmp_path: Path) -> None:
    first, second, newest = ticked(tmp_path)
    first.write_bytes(b"no database")
    done = here("seal", "--data", tmp_path)
    assert done.returncode == 1
    assert f"{first}: is damaged" in done.stderr
    assert second.with_name(second.name + ".sha256").exists()
    done = here("prune", "--data", tmp_path, "--before", "0s", "--yes")
    assert done.returncode == 1
    assert f"{first}: is damaged" in done.stderr
    assert sorted((tmp_path / "market").glob("*.db")) == [first, newest]


def ticked(data: Path, days: int = 3) -> list[Path]:
    """A file of the market log for each day, the last one open as long as the process."""
    now = NOON
    market = MarketLog(
        data / "market",
        clock=lambda: now,
        bounds=Bounds(days=99, least_free_bytes=0),
        checkpoints_apart=False,
    )
    for _ in range(days):
        market.write([Push("ticks", "main", now + number, [(number, 1.5)]) for number in range(10)])
        now += DAY
    market.close()
    return sorted((data / "market").glob("*.db"))


def test_what_is_sealed_is_proven_by_its_sum_and_never_written_again(tmp_path: Path) -> None:
    first, second, newest = ticked(tmp_path)
    assert "would be sealed" in here("seal", "--data", tmp_path, "--dry-run").stdout
    assert list((tmp_path / "market").glob("*.sha256")) == []
    done = here("seal", "--data", tmp_path, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(one["file"], one["pushes"]) for one in told] == [(str(first), 10), (str(second), 10)]
    digest = hashlib.sha256(first.read_bytes()).hexdigest()
    assert told[0]["sha256"] == digest
    assert first.with_name(first.name + ".sha256").read_text() == f"{digest}  {first.name}\n"
    assert [path.stat().st_mode & 0o222 for path in (first, second)] == [0, 0]
    assert newest.stat().st_mode & 0o200
    assert here("seal", "--data", tmp_path).stdout == ""
    assert [one.code for one in found(tmp_path)] == ["no_journal"]  # nothing about market files
    # A clock that was set back begins another file of that day.
    again = MarketLog(tmp_path / "market", clock=lambda: NOON, bounds=Bounds(least_free_bytes=0))
    assert again.write([Push("ticks", "main", NOON, [(1, 1.5)])])
    again.close()
    assert hashlib.sha256(first.read_bytes()).hexdigest() == digest
    first.chmod(0o644)
    with closing(sqlite3.connect(first)) as connection:
        connection.execute("PRAGMA user_version = 7")
        connection.commit()
    assert next((one.file, one.code) for one in found(tmp_path)) == (first, "seal")


def test_a_file_that_is_open_elsewhere_is_not_sealed(tmp_path: Path) -> None:
    first, _ = ticked(tmp_path, 2)
    with closing(sqlite3.connect(first)) as other:
        other.execute("SELECT count(*) FROM push").fetchone()
        done = log("seal", "--data", tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert first.name in done.stderr
    assert not first.with_name(first.name + ".sha256").exists()


def test_pruning_takes_old_market_files_and_nothing_else(tmp_path: Path) -> None:
    filled(tmp_path).close()
    first, second, newest = ticked(tmp_path)
    here("seal", "--data", tmp_path)
    before = "2026-11-23T00:00:00Z"
    rehearsed = here("prune", "--data", tmp_path, "--before", before, "--dry-run")
    assert (rehearsed.returncode, rehearsed.stdout.count("would be deleted")) == (0, 2)
    unsure = here("prune", "--data", tmp_path, "--before", before)
    assert unsure.returncode == 2
    assert "say --yes" in unsure.stderr
    assert first.exists()
    done = here("prune", "--data", tmp_path, "--before", before, "--yes", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    assert [json.loads(line)["file"] for line in done.stdout.splitlines()] == [str(first), str(second)]
    # The newest is of before as well, or was a moment ago.
    here("prune", "--data", tmp_path, "--before", "2027-01-01T00:00:00Z", "--yes")
    assert list((tmp_path / "market").iterdir()) == [newest]
    assert look_at_journal(tmp_path / "journal" / "main.db").closed


def test_a_backup_ends_beside_a_writer_that_never_pauses(tmp_path: Path) -> None:
    """Another process commits all the time; each copy holds what was acknowledged before it."""
    command = [sys.executable, "-m", "tests.eventlog.appender", str(tmp_path / "journal"), "inline", "50"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        try:
            assert writer.stdout is not None
            for number in range(3):
                acknowledged = [writer.stdout.readline() for _ in range(20)][-1]
                (told,) = backed_up(tmp_path, tmp_path / f"copy{number}")
                assert int(str(told["events"])) >= int(acknowledged.split()[0])
        finally:
            writer.kill()
    assert [one for one in found(tmp_path / "copy0", deep=False) if one.weight] == []
