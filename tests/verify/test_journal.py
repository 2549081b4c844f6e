"""What a verifier says of a journal, whole or not (docs/semantics.md 10, TC-L2)."""

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import pytest

from oms.eventlog.backup import back_up_journal
from oms.eventlog.envelope import Draft
from oms.eventlog.errors import Damaged
from oms.eventlog.inspection import Holder
from oms.eventlog.wal_check import Rest
from oms.heads.keys import SigningKey
from oms.verify.finding import Weight
from oms.verify.heads import gathered
from oms.verify.journal import JournalCheck
from tests.eventlog.scene import crash_image
from tests.verify.scene import KEY, Log, facts, faults, found, rehash, tampering, valid

TAIL = 3  # events cut off


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    made = Log(tmp_path)
    yield made
    made.close()


def whole(log: Log) -> Log:
    """With everything that a journal can have."""
    log.trade()
    log.reconcile()
    log.sign()
    log.deny()
    log.keep()
    log.trade()
    log.reconcile()
    log.tick()
    log.sign()
    return log


def test_a_journal_as_its_writer_left_it_is_valid(log: Log) -> None:
    whole(log).close()
    assert [(one.weight, one.code) for one in log.look()] == [(Weight.NOTE, "tail_unproven")]
    assert log.look(heads=True) == []


def test_beside_its_writer_it_is_valid_too(log: Log) -> None:
    whole(log)
    log.reconcile()
    told = log.look(heads=True)
    assert [(one.weight, one.code, one.text) for one in told] == [
        (
            Weight.NOTE,
            "tail_unproven",
            f"1 events behind seq {log.journal.seq - 1}, the last head's, are not proven yet",
        )
    ]


def test_what_a_killed_writer_left_is_valid(log: Log, tmp_path: Path) -> None:
    whole(log)
    (tmp_path / "after").mkdir()
    crash_image(log.path.parent, tmp_path / "after" / "journal")
    assert valid(found(tmp_path / "after", gathered(Path("heads"), log.heads, [KEY.public])))


def flip(connection: sqlite3.Connection) -> None:
    (body,) = connection.execute("SELECT body FROM event WHERE seq = 6").fetchone()
    place = body.index(b'"type":') - 20
    changed = body[:place] + bytes([body[place] ^ 1]) + body[place + 1 :]
    connection.execute("UPDATE event SET body = ? WHERE seq = 6", (changed,))


def delete(connection: sqlite3.Connection) -> None:
    connection.execute("DELETE FROM event WHERE seq = 6")


def swap(connection: sqlite3.Connection) -> None:
    for old, new in ((6, -1), (7, 6), (-1, 7)):
        connection.execute("UPDATE event SET seq = ? WHERE seq = ?", (new, old))


def cut(connection: sqlite3.Connection) -> None:
    """The tail, and with it the mark of the closing."""
    connection.execute("DELETE FROM event WHERE seq > (SELECT max(seq) - 3 FROM event)")
    rehash(connection)


def richer(connection: sqlite3.Connection) -> None:
    """Another profit, and the chain made anew behind it."""
    (body,) = connection.execute("SELECT body FROM event WHERE seq = 8").fetchone()
    assert b'"profit":"-1.00"' in body
    connection.execute("UPDATE event SET body = ? WHERE seq = 8", (body.replace(b'"-1.00"', b'"99.0"'),))
    rehash(connection)


@pytest.mark.parametrize(
    ("change", "codes"),
    [
        (flip, {("chain", 6)}),
        (delete, {("gap", 6)}),
        (swap, {("columns", 6), ("columns", 7), ("chain", 6), ("chain", 7), ("chain", 8)}),
    ],
)
def test_tc_l2_a_changed_a_missing_and_two_swapped_rows_are_found(
    log: Log, change: Callable[[sqlite3.Connection], None], codes: set[tuple[str, int]]
) -> None:
    log.trade()
    log.close()
    assert valid(log.look())
    with tampering(log.path) as connection:
        change(connection)
    told = log.look(deep=False)
    assert set(faults(told)) == codes
    first = next(one for one in told if one.seq == 6)
    assert first.since == (5, json.loads(facts(log.path)[4][2])["recorded_at"])
    assert not valid(log.look())


@pytest.mark.parametrize("change", [cut, richer])
def test_tc_l2_a_cut_tail_and_a_chain_made_anew_are_found_with_signed_heads_only(
    log: Log, change: Callable[[sqlite3.Connection], None]
) -> None:
    log.trade()
    early = log.sign()
    log.trade()
    late = log.sign()
    log.close()
    assert valid(log.look(heads=True))
    with tampering(log.path) as connection:
        change(connection)
    assert valid(log.look())  # nothing that is left says otherwise
    told = log.look(heads=True)
    if change is cut:
        assert faults(told) == [("tail_cut", late.seq - TAIL + 1)]
        assert told[0].since == (early.seq, early.signed_at)
    else:
        assert ("head_differs", early.seq) in faults(told)
        assert f"it was written anew after {late.signed_at}" in next(
            o.text for o in told if o.code == "head_differs"
        )


def test_a_chain_made_anew_contradicts_what_reports_recorded(log: Log) -> None:
    """Who changes a deal has to change the reports behind it, too."""
    log.trade()
    log.reconcile()
    log.close()
    with tampering(log.path) as connection:
        richer(connection)
    assert {code for code, _ in faults(log.look())} == {"state", "report"}


def test_a_tail_that_was_cut_off_a_closed_journal_is_found_by_its_mark(log: Log) -> None:
    log.trade()
    log.close()
    with tampering(log.path) as connection:
        connection.execute("DELETE FROM event WHERE seq = (SELECT max(seq) FROM event)")
    assert ("file", None) in faults(log.look())


# Heads.


def test_a_head_that_nobody_believed_signed_is_a_fault(log: Log) -> None:
    log.sign()
    stranger = SigningKey.generate()
    log.sign(stranger)
    told = log.look(heads=True)
    assert faults(told) == [("head_forged", None)]
    assert f"{stranger.public} is no key that is believed" in told[-1].text


def test_a_head_that_was_changed_is_a_fault(log: Log) -> None:
    head = log.sign()
    log.heads = [type(head)(**{name: getattr(head, name) for name in head.__struct_fields__} | {"seq": 7})]
    told = log.look(heads=True)
    assert faults(told) == [("head_forged", None)]
    assert "its signature is not right" in told[-1].text


def test_heads_without_one_for_the_account_leave_it_unchecked(log: Log) -> None:
    assert [(one.weight, one.code) for one in log.look(heads=True)] == [(Weight.DOUBT, "no_head")]


def test_heads_of_another_epoch_are_of_another_journal(log: Log) -> None:
    log.sign(epoch="00" * 16)
    assert faults(log.look(heads=True)) == [("head_differs", 1)]


def test_heads_of_a_journal_that_is_gone_are_a_fault(log: Log) -> None:
    log.sign()
    log.sign(account="net")
    assert faults(log.look(heads=True)) == [("no_journal", None)]


def test_a_signed_state_that_the_events_do_not_come_to_is_a_fault(log: Log) -> None:
    log.trade()
    log.sign(state_hash="00" * 32)
    assert faults(log.look(heads=True)) == [("state", log.journal.seq)]


# What the events come to.


def test_a_report_whose_state_the_events_do_not_come_to_is_a_fault(log: Log) -> None:
    log.trade()
    log.reconcile(state="00" * 32)
    assert faults(log.look()) == [("state", log.journal.seq)]
    assert faults(log.look(deep=False)) == []


def test_a_report_whose_balance_the_books_never_had_is_a_fault(log: Log) -> None:
    log.trade()
    log.reconcile(balance=Decimal("99.00"))
    (told,) = [one for one in log.look() if one.weight == Weight.FAULT]
    assert (told.code, told.seq) == ("report", log.journal.seq)
    assert told.text == "balance was 99.00 then, and the events before it come to 0.00"


def test_a_state_of_another_build_is_not_compared(log: Log) -> None:
    log.trade()
    log.sign(state_hash="00" * 32, state_version=99)
    told = log.look(heads=True)
    assert [(one.weight, one.code) for one in told] == [(Weight.NOTE, "state")]


@pytest.mark.parametrize(
    ("draft", "weight", "code"),
    [
        (Draft("deal.booked", 1, {"deal": "1", "volume": "much"}), Weight.FAULT, "event"),
        (Draft("deal.mooned", 1, {}), Weight.DOUBT, "newer"),
        (Draft("deal.booked", 99, {"deal": "1"}), Weight.DOUBT, "newer"),
    ],
)
def test_an_event_that_cannot_be_read_is_told(log: Log, draft: Draft, weight: Weight, code: str) -> None:
    log.journal.write([draft])
    log.journal.write([Draft("risk.breached", 1, {})])  # behind it nothing is folded
    told = [one for one in log.look() if one.weight]
    assert [(one.weight, one.code) for one in told] == [(weight, code)]
    assert "seq 2: " in told[0].text


@pytest.mark.parametrize(
    ("seq", "old", "new", "code"),
    [
        (1, b'"account.opened"', b'"account.state"', ("event", 1)),  # another type first
        (5, b'"recorded_at":"20', b'"recorded_at":"then, 20', ("envelope", 5)),
    ],
)
def test_what_no_daemon_writes_is_told_behind_a_chain_made_anew(
    log: Log, seq: int, old: bytes, new: bytes, code: tuple[str, int]
) -> None:
    log.trade()
    log.close()
    with tampering(log.path) as connection:
        (body,) = connection.execute("SELECT body FROM event WHERE seq = ?", (seq,)).fetchone()
        changed = body.replace(old, new)
        assert changed != body
        told = json.loads(changed)
        connection.execute("UPDATE event SET body = ?, type = ? WHERE seq = ?", (changed, told["type"], seq))
        rehash(connection)
    assert code in faults(log.look(deep=False))


def test_a_seq_that_is_far_away_takes_no_longer(log: Log) -> None:
    """Nobody looks through a gap of a million million."""
    log.trade()
    log.close()
    with tampering(log.path) as connection:
        connection.execute("UPDATE event SET seq = 1000000000000000 WHERE seq = 15")
    told = faults(log.look(deep=False))
    assert {("file", None), ("gap", 15), ("columns", 10**15)} <= set(told)
    assert len(told) < 6
    assert ("gap", 15) in faults(log.look())
    with pytest.raises(Damaged, match="seq 15"):
        back_up_journal(log.path, log.path.with_name("copy.db"))


def test_a_journal_without_an_event_is_a_doubt(log: Log) -> None:
    """It was only made, or somebody emptied it."""
    log.close()
    with tampering(log.path) as connection:
        connection.execute("DELETE FROM event")
        connection.execute("UPDATE meta SET value = '' WHERE name = 'closed'")
    told = [one for one in log.look() if one.weight]
    assert [(one.weight, one.code) for one in told] == [(Weight.DOUBT, "gap")]


def test_a_column_that_says_another_thing_than_its_body_is_told(log: Log) -> None:
    log.trade()
    log.close()
    with tampering(log.path) as connection:
        connection.execute("UPDATE event SET type = 'deal.removed' WHERE type = 'deal.booked'")
    told = log.look(deep=False)
    assert {code for code, _ in faults(told)} == {"columns"}
    assert told[0].text == "its type is 'deal.removed', and 'deal.booked' in its body"


# Files.


def test_a_file_that_is_built_otherwise_is_told(log: Log) -> None:
    log.close()
    with sqlite3.connect(log.path) as connection:
        connection.execute("DROP TRIGGER event_stays")
        connection.execute("CREATE TABLE cat (name)")
        connection.execute("INSERT INTO meta VALUES ('cat', '1')")
    connection.close()
    texts = [one.text for one in log.look() if one.weight == Weight.FAULT]
    assert len(texts) == 3
    assert "lacks, or has otherwise: CREATE TRIGGER event_stays" in texts[0]
    assert "beside what belongs there: CREATE TABLE cat" in texts[1]
    assert "meta holds 'cat'" in texts[2]


def test_another_accounts_journal_under_this_name_is_told(log: Log) -> None:
    log.close()
    log.path.rename(log.path.with_name("other.db"))
    told = [one for one in log.look() if one.weight]
    assert [one.text for one in told] == [
        "is the journal of 'main'",
        "its account is 'other', and 'main' in its body",
    ]


@pytest.mark.parametrize(("written", "code"), [("2", "newer"), ("dev-1", "format")])
def test_another_format_cannot_be_checked(log: Log, written: str, code: str) -> None:
    log.close()
    with tampering(log.path) as connection:
        connection.execute("UPDATE meta SET value = ? WHERE name = 'format'", (written,))
    assert [(one.weight, one.code) for one in log.look()] == [(Weight.DOUBT, code)]


def test_an_archive_where_nobody_can_write_is_verified(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    whole(log).close()
    for path in log.path.parent.glob("main.db-*"):
        path.unlink()
    monkeypatch.setattr("oms.eventlog.sqlite.os.access", lambda path, mode: False)
    assert log.look(heads=True) == []
    assert list(log.path.parent.glob("main.db-*")) == []  # SQLite wanted nothing there


def test_files_that_nothing_covers_are_listed(log: Log) -> None:
    log.tick()
    (log.data / "journal" / "main.db.old").touch()
    (log.data / "market" / "notes").mkdir()
    (log.data / "HALT").touch()
    told = [
        (one.file.relative_to(log.data).as_posix(), one.weight)
        for one in log.look()
        if one.code == "not_covered"
    ]
    assert told == [("HALT", 0), ("journal/main.db.old", 0), ("market/notes", 0)]


def test_a_log_without_its_journal_is_a_fault(log: Log) -> None:
    (log.path.parent / "net.db-wal").write_bytes(b"x" * 100)
    assert faults(log.look()) == [("wal", None)]


def test_a_snapshot_without_its_journal_is_a_fault(log: Log) -> None:
    """Somebody took the journal away."""
    log.keep()
    log.close()
    log.path.with_name("net.snapshot").write_bytes(log.path.with_name("main.snapshot").read_bytes())
    (told,) = [one for one in log.look() if one.weight]
    assert (told.weight, told.code, told.file.name) == (Weight.FAULT, "snapshot", "net.snapshot")
    assert told.text == "is there, but the journal it belongs to is not"


def test_a_row_of_the_market_log_where_none_belongs_is_told(log: Log) -> None:
    log.tick()
    (segment,) = (log.data / "market").glob("*.db")
    with closing(sqlite3.connect(segment)) as connection:
        connection.execute("UPDATE push SET seq = 0 WHERE seq = 1")
        connection.commit()
    assert "1 rows have a seq below 1" in [one.text for one in log.look() if one.weight]


def test_a_daemon_that_starts_meanwhile_is_not_taken_for_damage(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It begins the write-ahead log anew while that is read."""
    log.trade()
    log.close()

    def looked(path: Path) -> Rest:
        monkeypatch.setattr("oms.verify.journal.holder", lambda path: Holder(1))
        return Rest.DAMAGED

    monkeypatch.setattr("oms.verify.journal.rest_of_log", looked)
    assert valid(log.look())


def lost(wal: bytes, commits: int) -> bytes:
    """The log as a power failure leaves it that lost the first frame of the last commits but one page."""
    frame = 24 + 4096
    heads = [wal[32 + frame * number :][:24] for number in range((len(wal) - 32) // frame)]
    ends = [number for number, head in enumerate(heads) if head[4:8] != bytes(4)]
    first = ends[-1 - commits] + 1  # of those commits
    assert ends[-1] == len(heads) - 1 > first
    begin = 32 + frame * first
    return wal[:begin] + bytes(frame) + wal[begin + frame :]


@pytest.mark.parametrize(("commits", "weight"), [(1, Weight.DOUBT), (2, Weight.FAULT)])
def test_a_commit_that_was_on_its_way_at_a_power_failure_is_a_doubt_and_no_more(
    log: Log, tmp_path: Path, commits: int, weight: Weight
) -> None:
    """Its pages reach the disk in any order until it is synced; those of the one before it are there."""
    log.trade()
    log.deny()  # of many pages
    log.deny()
    (tmp_path / "after").mkdir()
    crash_image(log.path.parent, tmp_path / "after" / "journal")
    path = tmp_path / "after" / "journal" / "main.db-wal"
    path.write_bytes(lost(path.read_bytes(), commits))
    told = [one for one in found(tmp_path / "after") if one.weight]
    assert [(one.weight, one.code) for one in told] == [(weight, "wal")]


def test_many_findings_of_a_kind_are_counted(log: Log) -> None:
    log.trade(10)
    log.close()
    with tampering(log.path) as connection:
        connection.execute("UPDATE event SET type = 'x' WHERE seq > 1")
    told = list(JournalCheck(log.path, deep=False).findings())
    assert [code for code, _ in faults(told)] == ["columns"] * 20
    assert "42 more of this kind (columns)" in told[-1].text


# Snapshots.


def test_a_snapshot_that_was_changed_is_told(log: Log) -> None:
    log.trade()
    log.keep()
    path = log.path.with_name("main.snapshot")
    content = path.read_bytes()
    path.write_bytes(content[:-3] + b"x" + content[-2:])
    assert faults(log.look()) == [("snapshot", None)]


def test_a_snapshot_of_other_books_is_told(log: Log) -> None:
    log.trade()
    books, log.books = log.books, type(log.books)()
    log.keep()
    log.books = books
    assert faults(log.look()) == [("snapshot", log.journal.seq)]


def test_a_snapshot_that_knows_more_than_its_journal_is_told(log: Log) -> None:
    log.trade()
    log.keep()
    log.close()
    with tampering(log.path) as connection:
        cut(connection)
    assert faults(log.look()) == [("forgotten", None)]
