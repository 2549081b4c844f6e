"""Books from disk are the writer's books, with a snapshot and without (docs/semantics.md 10, TC-L3)."""

import gc
import sqlite3
import subprocess
from collections.abc import Callable, Iterable
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oms.domain.events import CLASSES, CommandDenied, Event, data_of, type_of
from oms.domain.events.command import Reason
from oms.eventlog.chain import GENESIS
from oms.eventlog.envelope import Draft, Recorded
from oms.eventlog.errors import Damaged, FileError, LocalError, Unreadable
from oms.eventlog.snapshot import NotSaved, Snapshot, save
from oms.keep_books import command_line
from oms.projections import Books
from oms.projections.snapshot import VERSION
from oms.replay import Replayed, TooNew, opened_books, rebuilt, save_snapshot, snapshot_path
from tests.domain.event_values import event_of_kind
from tests.eventlog.scene import opened

KINDS = sorted(set(CLASSES) - {"account.opened"})
SEQUENCES = st.lists(st.sampled_from(KINDS).flatmap(event_of_kind), min_size=1, max_size=20)
DEAL = {"deal": "1", "symbol": "EURUSD", "type": "buy", "entry": "in", "volume": "0.10", "price": "1.1"}


def draft(event: Event) -> Draft:
    return Draft(type_of(event), 1, data_of(event))


def deal_draft(ticket: int) -> Draft:
    return Draft("deal.booked", 1, DEAL | {"deal": str(ticket), "order": str(ticket)})


class Account:
    """A journal, and the books that its writer folded."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.journal = opened(folder)
        self.books = Books()
        self.recorded: list[Recorded] = []
        first = rebuilt(self.journal.path)
        self.books = first.books

    def write(self, *drafts: Draft) -> list[Recorded]:
        self.recorded += self.journal.write(drafts)
        return self.recorded

    def record(self, events: Iterable[Event]) -> None:
        for event in events:
            self.write(draft(event))
            self.books.fold(event)

    @property
    def path(self) -> Path:
        return self.journal.path

    def opened(self) -> Replayed:
        return opened_books(self.folder, "main")

    def snapshot(self, seq: int | None = None) -> bytes:
        """Save one of the books up to a seq; the file's content."""
        found = rebuilt(self.path, seq)
        save_snapshot(self.folder, "main", found.books, found.seq)
        return snapshot_path(self.folder, "main").read_bytes()


@pytest.fixture
def account(tmp_path: Path) -> Iterable[Account]:
    made = Account(tmp_path)
    yield made
    made.journal.close()


def large(count: int = 4000) -> CommandDenied:
    """An event that takes several rows."""
    return CommandDenied("1", "desk", tuple(Reason("off_step", f"field{n}", "x" * 200) for n in range(count)))


def test_a_new_journal_is_its_first_event(tmp_path: Path) -> None:
    with closing(opened(tmp_path, opened={"login": "1001"})) as journal:
        found = opened_books(tmp_path, "main")
    assert (found.seq, found.head, found.since, found.ignored) == (1, journal.head, 0, None)
    assert found.books.terms.opened is not None
    assert (found.books.terms.opened.login, found.books.terms.opened.epoch) == ("1001", journal.epoch)


@pytest.mark.slow
@settings(deadline=None, max_examples=30)
@given(events=SEQUENCES, cut=st.floats(0, 1))
def test_tc_l3_what_is_rebuilt_is_what_was_there_with_and_without_a_snapshot(
    events: list[Event], cut: float
) -> None:
    with TemporaryDirectory() as folder:
        account = Account(Path(folder))
        half = round(cut * len(events))
        account.record(events[:half])
        account.snapshot()
        account.record(events[half:])
        whole, short = rebuilt(account.path), account.opened()
        account.journal.close()
    assert (short.since, short.ignored) == (1 + half, None)
    assert whole[1:3] == short[1:3] == (account.journal.seq, account.journal.head)
    assert whole.books.state_hash() == short.books.state_hash() == account.books.state_hash()


def test_the_books_of_then(account: Account) -> None:
    account.write(*(deal_draft(number) for number in (1, 2, 3)))
    found = [rebuilt(account.path, until) for until in (0, 1, 2, 3, 4, 99)]
    assert [(len(one.books.deals), one.seq) for one in found] == [
        (0, 0),
        (0, 1),
        (1, 2),
        (2, 3),
        (3, 4),
        (3, 4),
    ]
    assert found[0].head == GENESIS
    assert [one.head for one in found[2:5]] == [row.hash for row in account.recorded]


def test_books_go_on_from_where_they_are(account: Account) -> None:
    account.write(*(deal_draft(number) for number in (1, 2, 3)))
    half = rebuilt(account.path, 2)
    assert len(half.books.deals) == 1
    rest = rebuilt(account.path, start=half)
    assert ([one.deal for one in rest.books.deals], rest.seq) == (["1", "2", "3"], 4)
    assert rebuilt(account.path, 2, start=rest) == rest  # nothing is behind it


def test_more_than_a_page(account: Account) -> None:
    pages: list[None] = []
    for start in range(0, 2500, 500):
        account.write(*(deal_draft(1 + start + number) for number in range(500)))
    found = rebuilt(account.path, paged=lambda: pages.append(None))
    assert (len(found.books.deals), found.seq, len(pages)) == (2500, 2501, 26)


def test_who_has_enough_ends_it(account: Account) -> None:
    def enough() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rebuilt(account.path, paged=enough)
    assert gc.isenabled()


# Events in parts.


def test_an_event_in_parts_is_one(account: Account) -> None:
    account.record([large()])
    account.write(deal_draft(1))
    parts = len(account.recorded) - 1
    assert parts > 2
    found = rebuilt(account.path)
    (command,) = found.books.commands
    assert command.reasons == large().reasons
    assert (len(found.books.deals), found.seq) == (1, 1 + parts + 1)


def test_an_event_of_which_parts_are_left_out_has_not_happened(account: Account) -> None:
    account.record([large()])
    parts = len(account.recorded)
    for until in range(1, 1 + parts):
        found = rebuilt(account.path, until)
        assert (list(found.books.commands), found.seq) == ([], 1)
    found = rebuilt(account.path, start=rebuilt(account.path, parts))
    assert (len(list(found.books.commands)), found.seq) == (1, 1 + parts)


def tampered(account: Account, statement: str, *given: Any) -> Path:
    """The journal after somebody got at it."""
    account.journal.close()
    with closing(sqlite3.connect(account.path)) as connection:
        for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        connection.execute(statement, given)
        connection.commit()
    return account.path


def test_parts_missing_at_the_end_are_told(account: Account) -> None:
    account.record([large()])
    path = tampered(account, "DELETE FROM event WHERE seq = ?", account.journal.seq)
    with pytest.raises(Damaged, match=rf"main\.db: seq {account.journal.seq - 1}: the parts behind it are"):
        rebuilt(path)


@pytest.mark.parametrize(("missing", "at"), [(2, 3), (3, 4)], ids=["the first", "one within"])
def test_parts_missing_before_others_are_told(account: Account, missing: int, at: int) -> None:
    account.record([large()])
    # As the writer would have left it: without a gap.
    path = tampered(account, "DELETE FROM event WHERE seq = ?", missing)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE event SET seq = -seq WHERE seq > ?", (missing,))
        connection.execute("UPDATE event SET seq = -seq - 1 WHERE seq < 0")
        connection.commit()
    with pytest.raises(Damaged, match=rf"main\.db: seq {at - 1}: part: are"):
        rebuilt(path)


def test_a_part_without_its_others_is_told_at_the_next_event(account: Account) -> None:
    body = account.write(deal_draft(1))[0].body.replace(b'"deal.booked"', b'"deal.booked","part":1,"parts":2')
    account.write(deal_draft(2))
    path = tampered(
        account, "UPDATE event SET body = ? WHERE seq = 2", body.replace(b'"part":1,', b'"part":1,')
    )
    with pytest.raises(Damaged, match=r"seq 3: part: are \[1, None\], of 2"):
        rebuilt(path)


# What cannot be read.


@pytest.mark.parametrize(
    ("written", "error", "message"),
    [
        (
            Draft("deal.mooned", 1, {}),
            TooNew,
            r"seq 3: event type 'deal\.mooned', version 1, is not known here; a newer version wrote it",
        ),
        (
            Draft("deal.booked", 2, {"deal": "1", "moon": "full"}),
            TooNew,
            r"seq 3: .*'deal\.booked', version 2",
        ),
        (Draft("deal.booked", 1, DEAL | {"volume": "much"}), Damaged, r"seq 3: deal\.booked: .*\$\.volume"),
        (Draft("deal.booked", 1, DEAL | {"deal": "x1"}), Damaged, r"seq 3: deal\.booked: .*\$\.deal"),
        (Draft("deal.booked", 1, DEAL | {"moon": "full"}), Damaged, r"seq 3: deal\.booked: .*moon"),
        (Draft("risk.breached", 1, {}), Damaged, r"seq 3: risk\.breached: "),  # though nobody folds it
    ],
)
def test_an_event_that_cannot_be_read_is_told_by_file_and_seq(
    account: Account, written: Draft, error: type[FileError], message: str
) -> None:
    account.write(deal_draft(1), written, deal_draft(2))
    with pytest.raises(error, match=message) as found:
        rebuilt(account.path)
    assert str(found.value).startswith(f"{account.path}: seq 3: ")
    assert found.value.path == account.path
    assert len(rebuilt(account.path, 2).books.deals) == 1  # what is before it can be had
    assert gc.isenabled()


@pytest.mark.parametrize(
    ("statement", "given", "message"),
    [
        ("UPDATE event SET body = ? WHERE seq = 2", (b'{"half',), "seq 2: Input data was truncated"),
        ("UPDATE event SET body = ? WHERE seq = 2", (b"\x00",), "seq 2: JSON is malformed"),
        ("UPDATE event SET body = ? WHERE seq = 2", ("text",), "seq 2: its body is no blob"),
        (
            "UPDATE event SET type = ? WHERE seq = 2",
            ("deal.removed",),
            "seq 2: type: is deal.removed, in the body deal.booked",
        ),
        ("DELETE FROM event WHERE seq = ?", (2,), "seq 2: is missing"),
    ],
)
def test_rows_that_somebody_got_at_are_told(
    account: Account, statement: str, given: tuple[Any, ...], message: str
) -> None:
    account.write(deal_draft(1), deal_draft(2))
    path = tampered(account, statement, *given)
    with pytest.raises(Damaged, match=message):
        rebuilt(path)


def test_no_journal_is_told(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match=r"nobody\.db"):
        opened_books(tmp_path, "nobody")


# Snapshots.


def test_a_snapshot_saves_the_events_before_it(account: Account) -> None:
    account.write(deal_draft(1), deal_draft(2))
    account.snapshot(2)
    account.write(deal_draft(3))
    # Events that it stands on are not looked at again: this one could not be read.
    path = tampered(account, "UPDATE event SET body = ? WHERE seq = 2", b"?")
    found = opened_books(account.folder, "main")
    assert ([one.deal for one in found.books.deals], found.since, found.seq) == (["1", "2", "3"], 2, 4)
    with pytest.raises(Damaged, match="seq 2"):
        rebuilt(path)


def test_the_state_hash_in_it_is_that_of_the_books(account: Account) -> None:
    account.write(deal_draft(1))
    header = account.snapshot().split(b"\n")[1]
    assert rebuilt(account.path).books.state_hash().encode() in header


def kept_aside(account: Account) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command_line(account.folder, "main"), capture_output=True, text=True, check=False)


def test_another_process_keeps_the_books_of_a_journal_that_is_being_written(account: Account) -> None:
    for number in (1, 2, 3):
        account.write(deal_draft(number))
        done = kept_aside(account)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
        found = account.opened()
        assert (found.since, found.ignored) == (found.seq, None) == (account.journal.seq, None)
        assert found.books.state_hash() == rebuilt(account.path).books.state_hash()


def test_the_other_process_says_why_it_kept_nothing(account: Account) -> None:
    account.write(deal_draft(1))
    tampered(account, "UPDATE event SET body = ? WHERE seq = 2", b"?")
    done = kept_aside(account)
    assert (done.returncode, done.stdout) == (1, "")
    assert "seq 2" in done.stderr
    assert "Traceback" not in done.stderr


def cut(content: bytes) -> bytes:
    return content[:-1]


def flipped(content: bytes) -> bytes:
    return content[:-5] + bytes([content[-5] ^ 4]) + content[-4:]


def emptied(content: bytes) -> bytes:
    return b""


@pytest.mark.parametrize("spoil", [cut, flipped, emptied])
def test_a_damaged_snapshot_is_ignored_and_the_reason_told(
    account: Account, spoil: Callable[[bytes], bytes]
) -> None:
    account.write(deal_draft(1), deal_draft(2))
    snapshot_path(account.folder, "main").write_bytes(spoil(account.snapshot()))
    found = account.opened()
    assert found.ignored == "is damaged or cut short: its content has not the digest that it begins with"
    assert found._replace(ignored=None, books=None) == rebuilt(account.path)._replace(books=None)  # type: ignore[arg-type]
    assert found.books.state_hash() == rebuilt(account.path).books.state_hash()


def test_a_snapshot_of_events_that_the_journal_has_not_is_ignored(account: Account, tmp_path: Path) -> None:
    account.write(deal_draft(1))
    account.journal.close()
    old = account.path.read_bytes()  # a backup
    with closing(opened(account.folder)) as journal:
        journal.write([deal_draft(2)])
    account.snapshot()
    account.path.write_bytes(old)
    found = account.opened()
    assert found.ignored == "is of seq 3, and the journal ends at 2"
    assert found.forgotten
    assert [one.deal for one in found.books.deals] == ["1"]
    with closing(opened(account.folder)) as journal:  # and went on otherwise
        journal.write([deal_draft(3)])
    found = account.opened()
    assert found.ignored == "has another chain hash at seq 3 than the journal"
    assert found.forgotten
    assert [one.deal for one in found.books.deals] == ["1", "3"]


def test_another_journals_snapshot_is_ignored(account: Account, tmp_path: Path) -> None:
    other = Account(tmp_path / "other")
    other.write(deal_draft(7))
    snapshot_path(account.folder, "main").write_bytes(other.snapshot())
    other.journal.close()
    account.write(deal_draft(1))
    found = account.opened()
    assert found.ignored is not None
    assert found.ignored.startswith("is of another journal")
    assert not found.forgotten
    assert [one.deal for one in found.books.deals] == ["1"]


@pytest.mark.parametrize(
    ("version", "payload", "reason"),
    [
        (VERSION + 1, b"", f"was made by another build: version {VERSION + 1}, not {VERSION}"),
        (VERSION, b"", "its payload cannot be read: "),
        (VERSION, b"\x80", "its payload cannot be read: "),
    ],
)
def test_a_payload_that_cannot_be_read_is_ignored(
    account: Account, version: int, payload: bytes, reason: str
) -> None:
    row = account.write(deal_draft(1))[0]
    epoch, path = account.journal.epoch, snapshot_path(account.folder, "main")
    save(path, Snapshot(version, "main", epoch, row.seq, row.hash, "", payload))
    found = account.opened()
    assert found.ignored is not None
    assert found.ignored.startswith(reason)
    assert (len(found.books.deals), found.since, found.seq) == (1, 0, 2)


def test_a_snapshot_within_an_event_in_parts_cannot_come_about(account: Account) -> None:
    account.record([large()])
    account.snapshot(2)  # behind the first part
    found = account.opened()
    assert (found.since, found.seq, found.ignored) == (1, account.journal.seq, None)
    assert found.books.state_hash() == account.books.state_hash()


def test_what_is_not_on_disk_is_not_kept(account: Account) -> None:
    with pytest.raises(LocalError, match="seq: 2 is not in"):
        save_snapshot(account.folder, "main", Books(), 2)
    assert not snapshot_path(account.folder, "main").exists()


def test_a_snapshot_that_cannot_be_saved_costs_nothing_else(account: Account) -> None:
    account.write(deal_draft(1))
    snapshot_path(account.folder, "main").mkdir()
    with pytest.raises(NotSaved, match=r"main\.snapshot"):
        account.snapshot()
    found = account.opened()
    assert found.ignored is not None
    assert len(found.books.deals) == 1


def test_money_comes_back_to_the_cent(account: Account) -> None:
    account.write(
        Draft("ledger.opened", 1, {"balance": "100.10", "credit": "0.00"}),
        *(
            Draft("deal.booked", 1, DEAL | {"deal": str(n), "profit": "0.10", "swap": "-0.03"})
            for n in (1, 2, 3)
        ),
    )
    account.snapshot(4)
    assert account.opened().books.ledger.balance == Decimal("100.31")
