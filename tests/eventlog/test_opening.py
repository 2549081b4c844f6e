"""What an opening finds: files of others, damage, an end that was none."""

import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from oms.eventlog.errors import Damaged, ForeignJournal, LogError, NewerJournal, Unreadable
from oms.eventlog.inspection import look_at_journal
from oms.eventlog.journal import Journal
from oms.eventlog.reader import Reader

from .scene import Disk, crash_image, deals, draft, drafts, failing_disk, opened, seqs, stored


def changed(path: Path, *statements: str) -> None:
    """Change a closed journal as somebody with another tool would."""
    with closing(sqlite3.connect(path)) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix == ".db"}


def closed_journal(folder: Path, *numbers: int) -> Path:
    journal = opened(folder)
    journal.write(drafts(*numbers))
    journal.close()
    return journal.path


# Of others.


@pytest.mark.parametrize(
    ("written", "error", "told"),
    [
        ("dev-1", ForeignJournal, "has the format 'dev-1', and only '1' can be read here"),
        ("2", NewerJournal, "has the format 2, and 1 is read here: a newer version wrote it"),
        ("0", ForeignJournal, "has the format '0', and only '1'"),
    ],
)
def test_another_format_is_refused_by_writer_and_readers_and_left_as_it_is(
    tmp_path: Path, written: str, error: type[ForeignJournal], told: str
) -> None:
    path = closed_journal(tmp_path, 1)
    changed(path, f"UPDATE meta SET value = '{written}' WHERE name = 'format'")  # noqa: S608
    before = content(tmp_path)
    for use in (opened, lambda folder: Reader(path), lambda folder: look_at_journal(path)):
        with pytest.raises(ForeignJournal, match=re.escape(told)) as found:
            use(tmp_path)
        assert type(found.value) is error
    assert content(tmp_path) == before


def test_another_accounts_journal_is_refused(tmp_path: Path) -> None:
    closed_journal(tmp_path, 1).rename(tmp_path / "other.db")
    with pytest.raises(ForeignJournal, match=r"account 'main'.*'other'"):
        opened(tmp_path, "other")


def test_a_database_of_others_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    changed(tmp_path / "main.db", "CREATE TABLE cat (name)")
    before = content(tmp_path)
    with pytest.raises(ForeignJournal, match="no journal"):
        opened(tmp_path)
    assert content(tmp_path) == before


def test_what_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "main.db").write_bytes(b"this is a letter " * 1000)
    with pytest.raises(Damaged):
        opened(tmp_path)


def test_a_folder_that_cannot_be_one_is_told(tmp_path: Path) -> None:
    (tmp_path / "journal").write_text("a file")
    with pytest.raises(Unreadable, match="cannot be opened"):
        opened(tmp_path / "journal")


def test_an_empty_file_is_a_new_journal(tmp_path: Path) -> None:
    """As a crash at the very first opening leaves it."""
    (tmp_path / "main.db").touch()
    journal = opened(tmp_path)
    assert journal.opening.created
    journal.close()


# Damage.


WITHOUT_TRIGGERS = tuple(f"DROP TRIGGER event_{name}" for name in ("follows", "stays", "is_kept"))


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("UPDATE event SET hash = zeroblob(32) WHERE seq = 6", "seq 6: its hash does not follow"),
        (
            "UPDATE event SET body = CAST(body || ' ' AS BLOB) WHERE seq = 6",
            "seq 6: its hash does not follow",
        ),
        (
            "UPDATE event SET body = CAST(body || ' ' AS BLOB) WHERE seq = 3",
            "seq 3: its hash does not follow",
        ),
        ("DELETE FROM event WHERE seq = 4", "seq 4: is missing, 5 comes next"),
        ("DELETE FROM event WHERE seq = 6", "was closed at seq 6 and now ends at 5"),
        ("DELETE FROM event", "was closed at seq 6 and now ends at 0"),
    ],
)
def test_a_tail_that_is_not_what_was_written_is_refused(tmp_path: Path, statement: str, message: str) -> None:
    changed(closed_journal(tmp_path, 1, 2, 3, 4, 5), *WITHOUT_TRIGGERS, statement)
    with pytest.raises(Damaged, match=message):
        opened(tmp_path)


def test_the_tail_of_a_long_journal_is_read_from_its_middle(tmp_path: Path) -> None:
    path = closed_journal(tmp_path, *range(1500))
    changed(path, *WITHOUT_TRIGGERS, "UPDATE event SET body = x'00' WHERE seq = 100")
    opened(tmp_path).close()  # that far back it is the audit's business
    changed(path, "UPDATE event SET body = x'00' WHERE seq = 502")
    with pytest.raises(Damaged, match="seq 502"):
        opened(tmp_path)


def test_a_file_cut_off_is_refused(tmp_path: Path) -> None:
    path = closed_journal(tmp_path, *range(200))
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 2)
    with pytest.raises(Damaged):
        opened(tmp_path)


def test_a_write_ahead_log_without_its_journal_is_not_thrown_away(tmp_path: Path) -> None:
    journal = opened(tmp_path / "live")
    journal.write(drafts(1, 2))
    image = crash_image(tmp_path / "live", tmp_path / "image")
    journal.close()
    log = (image / "main.db-wal").read_bytes()
    (image / "main.db").unlink()
    with pytest.raises(Damaged, match="restore both"):
        opened(image)
    assert (image / "main.db-wal").read_bytes() == log


# An end that was none.


def crashed(tmp_path: Path, spoil: Callable[[Path], None]) -> Journal:
    """A journal of deals 1 and 2, opened again after a crash and what was done to its write-ahead log."""
    journal = opened(tmp_path / "live")
    journal.write([draft(1)])
    journal.write([draft(2, 20_000)])
    image = crash_image(tmp_path / "live", tmp_path / "image")
    journal.close()
    spoil(image / "main.db-wal")
    return opened(image)


def test_a_crash_is_told_from_a_clean_end(tmp_path: Path) -> None:
    journal = crashed(tmp_path, lambda log: None)
    assert (journal.opening.clean, journal.opening.torn_frames, journal.opening.seq) == (False, 0, 3)
    journal.close()
    again = opened(tmp_path / "image")
    assert again.opening.clean
    again.close()


def cut(log: Path) -> None:
    with log.open("r+b") as file:
        file.truncate(log.stat().st_size - 5000)  # the last page image and a part of the one before


def overwrite(log: Path) -> None:
    with log.open("r+b") as file:
        file.seek(-100, 2)
        file.write(b"\xff" * 50)


@pytest.mark.parametrize("spoil", [cut, overwrite])
def test_a_commit_that_was_never_finished_is_dropped_whole_and_told(
    tmp_path: Path, spoil: Callable[[Path], None]
) -> None:
    journal = crashed(tmp_path, spoil)
    assert not journal.opening.clean
    assert journal.opening.torn_frames >= 4  # 20 kB are at least five pages of 4 kB, one may be cut off
    assert journal.opening.seq == 2
    assert seqs(journal.write([draft(3)])) == [3]
    journal.close()
    assert deals(tmp_path / "image" / "main.db") == [1, 3]


def test_a_fault_at_any_step_of_an_opening_leaves_a_journal_that_opens(tmp_path: Path) -> None:
    with failing_disk() as disk:
        steps = 0
        while not opens(tmp_path / f"new-{steps}", disk, steps):
            steps += 1
        assert steps > 8
        again = 0
        while not opens(tmp_path / f"new-{steps}", disk, again):
            again += 1
        assert again > 2


def opens(folder: Path, disk: Disk, fails_at: int) -> bool:
    """Open with a fault at that step, then without; whether there was a step of that number."""
    disk.arm(fails_at, ("error", "full", "torn")[fails_at % 3])
    try:
        journal = opened(folder)
    except LogError:
        met = True
        disk.arm(None)
    else:
        met = len(disk.operations) > fails_at
        disk.arm(None)
        journal.close()
    journal = opened(folder)
    journal.write([draft(1)])
    journal.close()
    assert stored(folder / "main.db")[0]["type"] == "account.opened"
    return not met
