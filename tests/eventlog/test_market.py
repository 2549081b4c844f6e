"""The market log: what it keeps, when it pauses, and that it disturbs nobody."""

import hashlib
import itertools
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import trio

from oms.eventlog.chain import BrokenChain
from oms.eventlog.errors import LocalError
from oms.eventlog.market import Bounds, MarketLog, MarketState
from oms.eventlog.market_reader import Pushed, check_segment, read_market
from oms.eventlog.segment import Push

from .scene import failing_disk

DAY = 86_400 * 10**9
NOON = int(datetime(2026, 11, 20, 12, tzinfo=UTC).timestamp()) * 10**9
ROOMY = 10**12


class Scene:
    """A log with a clock and a disk that the test moves."""

    def __init__(self, folder: Path, **options: Any) -> None:
        self.folder, self.now, self.free = folder, NOON, ROOMY
        self.told: list[MarketState] = []
        bounds = Bounds(**options.pop("bounds", {}))
        others: dict[str, Any] = {"checkpoints_apart": False, "told": self.told.append} | options
        self.log = MarketLog(
            folder,
            clock=lambda: self.now,
            bounds=bounds,
            free=lambda _: self.free,
            **others,
        )

    def write(self, *numbers: int) -> bool:
        return self.log.write([self.push(number) for number in numbers])

    def push(self, number: int) -> Push:
        return Push("ticks", "main", self.now, [(number, 1.5)])

    def names(self) -> list[str]:
        return sorted(path.name for path in self.folder.glob("*.db"))

    def numbers(self, **which: Any) -> list[int]:
        return [push.rows()[0][0] for push in read_market(self.folder, **which)]


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path / "market")


def test_pushes_come_back_as_they_were_received(scene: Scene) -> None:
    ticks: Sequence[tuple[Any, ...]] = [(7, 1700000000, 3, 108000.0, 108003.0, -0.0, 0, 500, 0)] * 3
    book = [(7, 1700000000, 0, 2, [[1, 108000, 5]])]
    assert scene.log.write([Push("ticks", "main", NOON, ticks), Push("book", "net", NOON + 1, book)])
    assert scene.log.write([Push("statistics", "a" * 32, NOON + 2, [])])
    scene.log.close()
    found = list(read_market(scene.folder))
    assert [(one.seq, one.kind, one.account, one.received_at) for one in found] == [
        (1, "ticks", "main", NOON),
        (2, "book", "net", NOON + 1),
        (3, "statistics", "a" * 32, NOON + 2),
    ]
    assert [one.rows() for one in found] == [ticks, book, []]
    assert [one.hash is not None for one in found] == [False, True, True]


def test_every_commit_is_a_link_of_a_chain(scene: Scene) -> None:
    for numbers in ((1, 2, 3), (4,), (5, 6)):
        assert scene.write(*numbers)
    scene.log.close()
    with closing(sqlite3.connect(scene.folder / "20261120.db")) as connection:
        rows = connection.execute("SELECT * FROM push ORDER BY seq").fetchall()
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    head, hashed = bytes(32), b""
    for place, (seq, kind, account, at, body, digest) in enumerate(rows, 1):
        assert seq == place
        hashed += f"{at:019}{len(body):08}{kind:10}{account:32}".encode() + body
        if digest is not None:
            head, hashed = hashlib.sha256(head + hashed).digest(), b""
            assert digest == head
    assert hashed == b""
    assert [row[0] for row in rows if row[5] is not None] == [3, 4, 6]
    assert check_segment(scene.folder / "20261120.db") == 6


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE push SET received_at = received_at + 1 WHERE seq = 2",
        "UPDATE push SET account = 'other' WHERE seq = 2",
        "UPDATE push SET body = x'00' WHERE seq = 1",
        "DELETE FROM push WHERE seq = 2",
        "DELETE FROM push WHERE seq = 4",
        "UPDATE push SET hash = NULL WHERE seq = 3",
    ],
)
def test_a_change_breaks_the_chain(scene: Scene, statement: str) -> None:
    for numbers in ((1, 2, 3), (4, 5)):
        scene.write(*numbers)
    scene.log.close()
    with closing(sqlite3.connect(scene.folder / "20261120.db")) as connection:
        connection.execute(statement)
        connection.commit()
    with pytest.raises(BrokenChain):
        check_segment(scene.folder / "20261120.db")


def test_it_goes_on_in_the_file_of_the_day(scene: Scene) -> None:
    scene.write(1, 2)
    scene.log.close()
    again = Scene(scene.folder)
    again.write(3)
    again.log.close()
    assert check_segment(scene.folder / "20261120.db") == 3
    assert again.names() == ["20261120.db"]


# Files.


def test_a_new_day_of_utc_is_a_new_file_with_its_own_sequence(scene: Scene) -> None:
    scene.now = NOON + DAY // 2 - 1
    scene.write(1)
    scene.now += 1
    scene.write(2)
    scene.log.close()
    assert scene.names() == ["20261120.db", "20261121.db"]
    assert [one.seq for one in read_market(scene.folder)] == [1, 1]
    assert [state.segment for state in scene.told] == ["20261120.db", "20261121.db"]


def test_a_clock_that_goes_back_does_not_bring_yesterday_back(scene: Scene) -> None:
    scene.now = NOON + DAY
    scene.write(1)
    scene.now = NOON
    scene.write(2)
    scene.log.close()
    assert scene.names() == ["20261121.db"]
    assert scene.numbers(since=NOON, before=NOON + 1) == [2]


def test_files_older_than_the_days_kept_are_deleted(scene: Scene) -> None:
    for day in range(6):
        scene.now = NOON + day * DAY
        scene.write(day)
    scene.log.close()
    assert scene.names() == ["20261122.db", "20261123.db", "20261124.db", "20261125.db"]
    assert scene.numbers() == [2, 3, 4, 5]
    assert not any("20261120" in path.name for path in scene.folder.iterdir())


def test_the_oldest_file_goes_when_all_together_are_too_large(tmp_path: Path) -> None:
    scene = Scene(tmp_path, bounds={"days": 30, "most_bytes": 400_000, "segment_bytes": 100_000})
    for number in range(200):
        scene.now += 10**9
        assert scene.log.write([Push("ticks", "main", scene.now, [(number, "x" * 15_000)])])
        assert (
            sum(path.stat().st_size for path in tmp_path.iterdir()) < 400_000 + 2_000_000
        )  # a log not yet copied
    scene.log.close()
    numbers = scene.numbers()
    assert numbers == list(range(numbers[0], 200))
    assert 0 < numbers[0] < 199
    assert "20261120.db" not in scene.names()
    assert len(scene.names()) > 1


def test_a_day_may_take_several_files_read_in_order(tmp_path: Path) -> None:
    scene = Scene(tmp_path, bounds={"segment_bytes": 1})
    for number in range(12):
        scene.now += 10**9
        scene.write(number)
    scene.log.close()
    assert "20261120-11.db" in scene.names()
    assert scene.numbers() == list(range(12))


def test_files_of_others_are_left_alone(scene: Scene) -> None:
    scene.folder.mkdir()
    for name in ("20200101.txt", "notes.db", "20200101-x.db"):
        (scene.folder / name).write_text("mine")
    scene.write(1)
    scene.log.close()
    assert {path.name for path in scene.folder.iterdir()} == {
        *("20200101.txt", "notes.db", "20200101-x.db", "20261120.db")
    }


# Reading.


def test_reading_is_by_time_account_and_kind(scene: Scene) -> None:
    for number, (kind, account) in enumerate(itertools.product(("ticks", "book"), ("main", "net"))):
        scene.log.write([Push(kind, account, NOON + number, [(number,)])])
    assert scene.numbers() == [0, 1, 2, 3]  # while it is open
    assert scene.numbers(kind="book") == [2, 3]
    assert scene.numbers(account="net") == [1, 3]
    assert scene.numbers(since=NOON + 1, before=NOON + 3) == [1, 2]
    scene.log.close()


def test_a_file_deleted_before_its_turn_is_left_out(scene: Scene) -> None:
    for day in range(2):
        scene.now = NOON + day * DAY
        scene.write(day)
    scene.log.close()
    reading = read_market(scene.folder)
    assert next(reading).rows()[0][0] == 0
    (scene.folder / "20261121.db").unlink()
    assert list(reading) == []


def test_many_pushes_are_read_in_pages(scene: Scene) -> None:
    scene.write(*range(2500))
    scene.log.close()
    assert scene.numbers() == list(range(2500))


# Pauses.


def test_logging_pauses_while_the_disk_has_too_little_room(scene: Scene) -> None:
    assert scene.write(1)
    scene.free = 2 * 10**9 - 1
    assert scene.write(2)  # looked at once a second only
    scene.now += 10**9
    assert not scene.write(3)
    assert scene.told[-1] == MarketState(
        False, "less than 2000000000 bytes are free on the disk", "20261120.db"
    )
    scene.now += 10**9
    scene.free = 2 * 10**9
    assert not scene.write(4)  # not at the first byte more
    scene.now += 10**9
    scene.free = 22 * 10**8
    assert scene.write(5)
    assert scene.told[-1] == MarketState(True, "", "20261120.db")
    assert len(scene.told) == 3
    scene.log.close()
    assert scene.numbers() == [1, 2, 5]
    assert check_segment(scene.folder / "20261120.db") == 3


def test_a_disk_that_fails_is_told_once_and_tried_again_later(scene: Scene) -> None:
    with failing_disk() as disk:
        assert scene.write(1)
        disk.arm(0, "error", for_good=True)
        for _ in range(5):
            scene.now += 10**9
            assert not scene.write(2)
        assert [(state.logging, state.reason) for state in scene.told] == [
            (True, ""),
            (False, "the disk does not answer"),
        ]
        disk.arm(None)
        assert not scene.write(3)
        scene.now += 10 * 10**9
        assert scene.write(4)
        scene.log.close()
    assert scene.told[-1].logging
    assert scene.numbers() == [1, 4]
    assert check_segment(scene.folder / "20261120.db") == 2


@pytest.mark.parametrize("how", ["error", "full", "torn"])
def test_a_fault_at_any_step_never_reaches_the_caller(tmp_path: Path, how: str) -> None:
    for step in itertools.count():
        scene = Scene(tmp_path / str(step))
        with failing_disk() as disk:
            disk.arm(step, how)
            logged = [scene.write(number, -number) for number in range(1, 4)]
            met = len(disk.operations) > step
            disk.arm(None)
            scene.now += 20 * 10**9
            assert scene.write(9)
            scene.log.close()
        found = scene.numbers()
        assert found[-1] == 9
        for number, kept in enumerate(logged, 1):
            assert not kept or {number, -number} <= set(found)
        assert sum(map(check_segment, scene.folder.glob("*.db"))) == len(found)
        if not met:
            break
    assert step > 8


def test_a_folder_that_cannot_be_written_disturbs_nobody(tmp_path: Path) -> None:
    (tmp_path / "market").write_text("a file")
    scene = Scene(tmp_path / "market")
    assert not scene.write(1)
    assert not scene.told[-1].logging
    assert "File exists" in scene.told[-1].reason
    (tmp_path / "market").unlink()
    scene.now += 10 * 10**9
    assert scene.write(2)
    scene.log.close()


def test_behind_a_damaged_file_another_is_begun(scene: Scene) -> None:
    scene.folder.mkdir()
    letter = b"this is a letter " * 1000
    (scene.folder / "20261120.db").write_bytes(letter)
    assert not scene.write(1)
    assert "damaged" in scene.told[-1].reason
    scene.now += 10 * 10**9
    assert scene.write(2)
    scene.log.close()
    assert (scene.folder / "20261120.db").read_bytes() == letter
    assert check_segment(scene.folder / "20261120-2.db") == 1


@pytest.mark.parametrize(
    ("push", "field"),
    [
        (Push("", "main", NOON, []), "kind"),
        (Push("a" * 11, "main", NOON, []), "kind"),
        (Push("tick ", "main", NOON, []), "kind"),
        (Push("ticks", "mäin", NOON, []), "account"),
        (Push("ticks", "main", -1, []), "received_at"),
        (Push("ticks", "main", NOON, [(object(),)]), "rows"),
    ],
)
def test_what_is_no_push_is_the_callers_mistake(scene: Scene, push: Push, field: str) -> None:
    with pytest.raises(LocalError) as caught:
        scene.log.write([push])
    assert caught.value.field == field
    scene.log.close()


# Tasks.


@pytest.mark.trio
@pytest.mark.parametrize("kind", ["inline", "thread"])
async def test_many_sessions_share_commits(tmp_path: Path, kind: str) -> None:
    scene = Scene(tmp_path, kind=kind, checkpoints_apart=True)

    async def session(account: int) -> None:
        for number in range(50):
            assert await scene.log.append([Push("ticks", f"a{account}", NOON, [(number,)])])

    async with trio.open_nursery() as nursery:
        for account in range(20):
            nursery.start_soon(session, account)
    scene.log.close()
    found: dict[str, list[Pushed]] = {}
    for push in read_market(tmp_path):
        found.setdefault(push.account, []).append(push)
    assert len(found) == 20
    for pushes in found.values():
        assert [push.rows() for push in pushes] == [[(number,)] for number in range(50)]
    commits = sum(push.hash is not None for pushes in found.values() for push in pushes)
    assert commits < 500  # of 1000 appends
    assert check_segment(tmp_path / "20261120.db") == 1000


@pytest.mark.trio
@pytest.mark.parametrize("kind", ["inline", "thread"])
async def test_the_state_is_told_in_the_writers_own_task(tmp_path: Path, kind: str) -> None:
    tasks: list[trio.lowlevel.Task] = []
    scene = Scene(tmp_path, kind=kind, told=lambda _: tasks.append(trio.lowlevel.current_task()))
    await scene.log.append([scene.push(1)])
    scene.free, scene.now = 0, NOON + 10**9
    assert not await scene.log.append([scene.push(1)])
    assert tasks == [trio.lowlevel.current_task()] * 2
    scene.log.close()


def test_a_file_that_ends_within_a_commit_is_not_gone_on_with(scene: Scene) -> None:
    scene.write(1, 2)
    scene.log.close()
    with closing(sqlite3.connect(scene.folder / "20261120.db")) as connection:
        connection.execute("DELETE FROM push WHERE seq = 2")
        connection.commit()
    again = Scene(scene.folder)
    assert not again.write(3)
    again.now += 10 * 10**9
    assert again.write(4)
    again.log.close()
    assert again.names() == ["20261120-2.db", "20261120.db"]
    assert again.numbers() == [1, 4]
