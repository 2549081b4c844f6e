"""A look from outside: true whether the writer runs or not, and harmless to it."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from oms.eventlog.errors import Damaged, ForeignJournal, Unreadable
from oms.eventlog.inspection import Holder, SegmentLook, holder, look_at_journal, look_at_segment
from oms.eventlog.lock import Lock
from oms.eventlog.segment import Push, Segment, encoded

from .scene import NOON, drafts, opened


def test_a_journal_while_it_is_written_and_behind_its_end(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    journal.write(drafts(1, 2))
    look = look_at_journal(journal.path)
    assert (look.account, look.format, look.closed) == ("main", "1", False)
    assert look.first is not None
    assert look.last is not None
    assert (look.first.type, look.last.seq, look.last.hash) == ("account.opened", 3, journal.head)
    journal.write(drafts(3))  # nobody was held up
    journal.close()
    look = look_at_journal(journal.path)
    assert look.closed
    assert look.last is not None
    assert look.last.seq == 4


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("DELETE FROM event", "was closed at seq 2 and now ends at 0: restore it"),
        (
            "UPDATE event SET hash = zeroblob(32) WHERE seq = 2",
            "was closed at seq 2 and now ends there with another hash: restore it",
        ),
        ("UPDATE meta SET value = ' ' WHERE name = 'closed'", "was closed at seq '' and now ends at 2"),
    ],
)
def test_another_end_than_it_was_closed_with_is_damage(tmp_path: Path, statement: str, message: str) -> None:
    journal = opened(tmp_path)
    journal.write(drafts(1))
    journal.close()
    with closing(sqlite3.connect(journal.path)) as connection:
        for trigger in ("event_is_kept", "event_stays"):
            connection.execute(f"DROP TRIGGER {trigger}")
        connection.execute(statement)
        connection.commit()
    with pytest.raises(Damaged, match=message):
        look_at_journal(journal.path)
    with pytest.raises(Damaged):
        opened(tmp_path)


def test_files_of_others_are_told(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "cat.db")) as connection:
        connection.execute("CREATE TABLE cat (name)")
    with pytest.raises(ForeignJournal, match="no journal"):
        look_at_journal(tmp_path / "cat.db")
    with pytest.raises(Unreadable):
        look_at_segment(tmp_path / "cat.db")
    with pytest.raises(Unreadable):
        look_at_journal(tmp_path / "nothing.db")


def test_a_segment_of_the_market_log(tmp_path: Path) -> None:
    path = tmp_path / "20261120.db"
    segment = Segment(path, checkpoints_apart=False)
    assert look_at_segment(path) == SegmentLook(0, None, None, whole=True)
    segment.append([encoded(Push("ticks", "main", NOON + number, [(1,)])) for number in range(3)])
    assert look_at_segment(path) == SegmentLook(3, NOON, NOON + 2, whole=True)
    segment.close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE push SET hash = NULL")
        connection.commit()
    assert look_at_segment(path) == SegmentLook(3, NOON, NOON + 2, whole=False)


def test_who_holds_a_lock_and_who_no_longer_does(tmp_path: Path) -> None:
    path = tmp_path / "main.lock"
    with pytest.raises(FileNotFoundError):
        holder(path)
    lock = Lock(path)
    assert holder(path) == Holder(os.getpid())
    lock.release()
    assert holder(path) is None
    path.write_text(f"{os.getpid()}\n")  # as a killed process leaves it
    assert holder(path) is None
    Lock(path).release()
