"""The journal as its writer knows it: what is stored, how, and what is refused."""

import itertools
import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oms.eventlog.chain import BrokenChain, checked
from oms.eventlog.envelope import Draft, Envelope, Recorded
from oms.eventlog.errors import LocalError
from oms.eventlog.journal import Journal
from oms.eventlog.reader import Reader

from .scene import NOON, draft, drafts, opened, seqs, stored
from .test_canonical import LEAVES, TEXT

DATA = st.dictionaries(TEXT, LEAVES | st.lists(LEAVES, max_size=3), max_size=3)
TAGS = st.from_regex(r"[a-z][a-z0-9_]{0,9}(\.[a-z][a-z0-9_]{0,9}){0,3}", fullmatch=True)
WORDS = st.none() | st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=30)
DRAFTS = st.builds(Draft, TAGS, st.integers(1, 99), DATA, WORDS, WORDS | st.integers(0, 2**53 - 1), WORDS)


def test_the_first_event_opens_the_account_with_an_epoch(tmp_path: Path) -> None:
    journal = opened(tmp_path, clock=lambda: NOON, random=bytes, opened={"login": "1001"})
    journal.close()
    assert stored(tmp_path / "main.db") == [
        {
            "seq": 1,
            "type": "account.opened",
            "version": 1,
            "account": "main",
            "recorded_at": "2026-11-20T12:00:00.123456789Z",
            "venue_time": None,
            "cause": None,
            "trace": None,
            "data": {"epoch": "0" * 32, "format": "1", "login": "1001"},
        }
    ]


def test_two_journals_have_two_epochs_and_each_keeps_its_own(tmp_path: Path) -> None:
    one, two = opened(tmp_path, "one"), opened(tmp_path, "two")
    assert len(one.epoch) == 32
    assert one.epoch != two.epoch
    one.close()
    again = opened(tmp_path, "one")
    assert again.epoch == one.epoch
    again.close()
    two.close()


def test_an_envelope_is_stored_as_canonical_json_and_read_back(tmp_path: Path) -> None:
    journal = opened(tmp_path, clock=lambda: NOON)
    (row,) = journal.write(
        [Draft("order.placed", 3, {"b": "ü", "a": [1]}, "2026-11-20T14:00:00+02:00", 9, "t")]
    )
    journal.close()
    assert row.body.decode() == (
        '{"account":"main","cause":9,"data":{"a":[1],"b":"ü"},"recorded_at":"2026-11-20T12:00:00.123456789Z",'
        '"seq":2,"trace":"t","type":"order.placed","venue_time":"2026-11-20T14:00:00+02:00","version":3}'
    )
    assert row.envelope() == Envelope(
        account="main",
        cause=9,
        data={"a": [1], "b": "ü"},
        recorded_at="2026-11-20T12:00:00.123456789Z",
        seq=2,
        trace="t",
        type="order.placed",
        venue_time="2026-11-20T14:00:00+02:00",
        version=3,
    )


def test_structs_are_stored_as_their_fields(tmp_path: Path) -> None:
    class Booked(msgspec.Struct):
        symbol: str
        deal: str

    journal = opened(tmp_path)
    journal.write([Draft("deal.booked", 1, Booked("EURUSD", "7"))])
    journal.close()
    assert stored(tmp_path / "main.db")[1]["data"] == {"deal": "7", "symbol": "EURUSD"}


@pytest.mark.slow
@settings(max_examples=40)
@given(batches=st.lists(st.lists(DRAFTS, max_size=5), max_size=4), data=st.data())
def test_any_drafts_come_back_byte_for_byte_in_a_chain_that_holds(
    tmp_path_factory: pytest.TempPathFactory, batches: list[list[Draft]], data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("journal")
    ticking = itertools.count(NOON)
    journal = opened(folder, clock=lambda: next(ticking))
    answered: list[Recorded] = []
    for batch in batches:
        answered += journal.write(batch)
        if data.draw(st.booleans()):
            journal.close()
            journal = opened(folder, clock=lambda: next(ticking))
    journal.close()
    wanted = [draft for batch in batches for draft in batch]
    found = stored(folder / "main.db")[1:]
    assert [
        (one["type"], one["version"], one["data"], one["venue_time"], one["cause"], one["trace"])
        for one in found
    ] == [tuple(one) for one in wanted]
    reader = Reader(folder / "main.db")
    assert list(reader.read(after=1)) == answered
    reader.close()
    for row, envelope in zip(answered, found, strict=True):
        text = json.dumps(envelope, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        assert row.body.decode() == text


def test_it_goes_on_where_it_was_left(tmp_path: Path) -> None:
    for number in range(5):
        journal = opened(tmp_path)
        assert journal.opening.seq == number
        assert journal.opening.created is (number == 0)
        assert journal.opening.clean
        assert journal.opening.torn_frames == 0
        if number:
            assert seqs(journal.write([draft(number)])) == [number + 1]
        journal.close()
    assert [one["type"] for one in stored(tmp_path / "main.db")] == ["account.opened"] + ["deal.booked"] * 4


def test_events_are_durable_the_hard_way(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    reader = Reader(journal.path)
    assert reader.get(1) is not None
    reader.close()
    journal.close()
    with closing(sqlite3.connect(tmp_path / "main.db")) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        schema = dict(connection.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'table'"))
    assert "WITHOUT ROWID" not in schema["event"]
    assert "seq INTEGER PRIMARY KEY" in schema["event"]


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("UPDATE event SET body = x'' WHERE seq = 2", "append-only"),
        ("DELETE FROM event WHERE seq = 3", "append-only"),
        ("DELETE FROM event", "append-only"),
        ("INSERT INTO event VALUES (5, 'a', x'', x'')", "next seq"),
        ("INSERT INTO event VALUES (0, 'a', x'', x'')", "next seq"),
        ("INSERT OR REPLACE INTO event VALUES (2, 'a', x'', x'')", "next seq"),
        ("REPLACE INTO event VALUES (3, 'a', x'', x'')", "next seq"),
    ],
)
def test_no_statement_changes_what_is_stored(tmp_path: Path, statement: str, message: str) -> None:
    journal = opened(tmp_path)
    journal.write(drafts(1, 2))
    journal.close()
    before = stored(tmp_path / "main.db")
    with closing(sqlite3.connect(tmp_path / "main.db")) as connection:
        with pytest.raises(sqlite3.IntegrityError, match=message):
            connection.execute(statement)
        connection.commit()
    assert stored(tmp_path / "main.db") == before


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        (draft(1)._replace(type="Deal"), "type"),
        (draft(1)._replace(type="deal booked"), "type"),
        (draft(1)._replace(type="deal."), "type"),
        (draft(1)._replace(type="a" * 65), "type"),
        (draft(1)._replace(type="deal\0x"), "type"),
        (draft(1)._replace(cause="\ud800"), "cause"),
        (draft(1)._replace(cause=2**53), "cause"),
        (draft(1)._replace(trace="x" * 300), "trace"),
        (draft(1)._replace(venue_time="x" * 300), "venue_time"),
        (draft(1, price=float("inf")), "data.price"),
    ],
)
def test_what_cannot_be_stored_is_refused_before_anything_is(
    tmp_path: Path, wrong: Draft, field: str
) -> None:
    journal = opened(tmp_path)
    with pytest.raises(LocalError) as caught:
        journal.write([draft(1), wrong])
    assert caught.value.field == field
    assert seqs(journal.write([draft(1)])) == [2]
    journal.close()


def test_data_must_be_an_object(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    no_object: Any = [1]
    with pytest.raises(LocalError, match="no object"):
        journal.write([Draft("a", 1, no_object)])
    journal.close()


@pytest.mark.parametrize("account", ["", "a/b", "../x", "a" * 33, "ü", "a b", "main\n"])
def test_an_account_that_is_no_label_is_refused(tmp_path: Path, account: str) -> None:
    with pytest.raises(LocalError, match="no label"):
        Journal.open(tmp_path / "journal", account)
    assert not (tmp_path / "journal").exists()


def test_no_events_are_no_commit(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    assert journal.write([]) == ()
    assert journal.seq == 1
    journal.close()


def test_a_closed_journal_takes_nothing_and_closes_once(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    journal.close()
    journal.close()
    with pytest.raises(LocalError, match="closed"):
        journal.write([draft(1)])
    assert not any(path.name.endswith(("-wal", "-shm")) for path in tmp_path.iterdir())


def test_the_label_of_the_daemons_own_journal_is_one(tmp_path: Path) -> None:
    journal = opened(tmp_path, "_daemon")
    journal.close()
    assert stored(tmp_path / "_daemon.db")[0]["account"] == "_daemon"


# The chain.


def chain_of(tmp_path: Path, count: int) -> list[Recorded]:
    journal = opened(tmp_path)
    journal.write([draft(number) for number in range(count)])
    journal.close()
    reader = Reader(journal.path)
    rows = list(reader.read())
    reader.close()
    return rows


def test_every_change_of_a_row_breaks_the_chain_there(tmp_path: Path) -> None:
    rows = chain_of(tmp_path, 5)
    assert list(checked(rows)) == rows
    assert list(checked(rows[3:], 3, rows[2].hash)) == rows[3:]
    spoilt = [
        ([*rows[:2], rows[2]._replace(body=rows[2].body + b" "), *rows[3:]], 3),
        ([*rows[:2], rows[2]._replace(hash=bytes(32)), *rows[3:]], 3),
        (rows[:2] + rows[3:], 3),
        ([rows[1], rows[0], *rows[2:]], 1),
        (rows[1:], 1),
        ([*rows, rows[-1]], 7),
    ]
    for wrong, seq in spoilt:
        with pytest.raises(BrokenChain) as caught:
            list(checked(wrong))
        assert caught.value.seq == seq
