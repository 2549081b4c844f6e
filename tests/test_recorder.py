"""The one writer: turns, commits that fail, who is woken when."""

from decimal import Decimal
from pathlib import Path

import apsw
import pytest
import trio
import trio.testing

from oms.domain.events import AccountState, LedgerOpened, SessionReady
from oms.domain.observations import MoneySeen
from oms.eventlog.errors import JournalBroken, JournalFull
from oms.eventlog.journal import Journal
from oms.eventlog.reader import Reader
from oms.projections import Books
from oms.recorder import Recorder, Turn
from oms.replay import rebuilt

pytestmark = pytest.mark.trio
ACTIVE = AccountState("ready", "active")
HALTED = AccountState("ready", "halted")


def recorder_of(folder: Path, kind: str = "inline") -> Recorder:
    journal = Journal.open(folder, "main", kind=kind, checkpoints_apart=False, ballast_bytes=0)  # type: ignore[arg-type]
    return Recorder(journal, rebuilt(journal.path).books, lambda: rebuilt(journal.path).books)


def stored(folder: Path) -> list[str]:
    reader = Reader(folder / "main.db")
    try:
        return [row.type for row in reader.read()]
    finally:
        reader.close()


@pytest.mark.parametrize("kind", ["inline", "thread"])
async def test_what_is_recorded_is_on_disk_and_in_the_books(tmp_path: Path, kind: str) -> None:
    recorder = recorder_of(tmp_path, kind)
    recorded = await recorder.record([ACTIVE, SessionReady()], cause="7f3c")
    assert [one.seq for one in recorded] == [2, 3]
    assert recorded[0].envelope().cause == "7f3c"
    assert recorder.seq == 3
    assert recorder.books.terms.standing == ACTIVE
    assert stored(tmp_path) == ["account.opened", "account.state", "session.ready"]


async def test_an_observation_that_is_no_news_is_no_event(tmp_path: Path) -> None:
    recorder = recorder_of(tmp_path)
    await recorder.record([LedgerOpened(Decimal("5.00"), Decimal("0.00"))])
    assert await recorder.see([MoneySeen(Decimal("5.00"), Decimal("0.00"), "push")]) == []
    assert recorder.seq == 2


@pytest.mark.parametrize("kind", ["inline", "thread"])
async def test_nobody_reads_between_fold_and_commit(tmp_path: Path, kind: str) -> None:
    recorder = recorder_of(tmp_path, kind)
    seen: list[tuple[int, AccountState | None]] = []

    async def read() -> None:
        for _ in range(50):
            await recorder.settled()
            seen.append((recorder.seq, recorder.books.terms.standing))
            await trio.lowlevel.checkpoint()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(read)
        for number in range(25):
            await recorder.record([HALTED if number % 2 else ACTIVE])
    for seq, standing in seen:
        expected = None if seq == 1 else (HALTED if seq % 2 else ACTIVE)
        assert standing == expected, seq


async def test_a_commit_that_fails_leaves_books_and_disk_as_they_were(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder = recorder_of(tmp_path)
    await recorder.record([ACTIVE])

    def full(*_: object) -> None:
        raise apsw.FullError

    with monkeypatch.context() as patch:
        patch.setattr("oms.eventlog.journal_file.JournalFile.append", full)
        with pytest.raises(JournalFull):
            await recorder.record([HALTED])
    assert recorder.books.terms.standing == ACTIVE
    assert stored(tmp_path) == ["account.opened", "account.state"]
    await recorder.record([HALTED])  # there is room again
    assert recorder.books.terms.standing == HALTED

    def broken(*_: object) -> None:
        raise apsw.IOError

    with monkeypatch.context() as patch:
        patch.setattr("oms.eventlog.journal_file.JournalFile.append", broken)
        with pytest.raises(JournalBroken):
            await recorder.record([ACTIVE])
    assert recorder.broken is not None
    assert recorder.books.terms.standing == HALTED
    with pytest.raises(JournalBroken):
        await recorder.record([ACTIVE])


async def test_a_turn_that_raises_counts_for_nothing(tmp_path: Path) -> None:
    recorder = recorder_of(tmp_path)

    def work(turn: Turn) -> None:
        turn.add(HALTED)
        assert turn.books.terms.standing == HALTED  # it sees what it proposed
        raise LookupError

    with pytest.raises(LookupError):
        await recorder.write(work)
    assert recorder.books.terms.standing is None
    assert recorder.seq == 1


@pytest.mark.parametrize("kind", ["inline", "thread"])
async def test_a_cancelled_turn_is_whole_or_was_none(tmp_path: Path, kind: str) -> None:
    recorder = recorder_of(tmp_path, kind)
    for number in range(20):
        with trio.CancelScope() as scope:
            if number % 2:
                scope.cancel()
            await recorder.record([ACTIVE, HALTED])
        assert recorder.books.state_hash() == rebuilt(tmp_path / "main.db").books.state_hash()
        assert recorder.seq % 2 == 1


async def test_readers_are_woken_by_what_is_on_disk(tmp_path: Path) -> None:
    recorder = recorder_of(tmp_path)
    woken: list[int] = []

    async def wait() -> None:
        woken.append(await recorder.committed(1))

    async def read_own_write() -> None:
        await recorder.settled(3)
        woken.append(recorder.seq)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(wait)
        nursery.start_soon(read_own_write)
        await trio.testing.wait_all_tasks_blocked()
        assert woken == []
        await recorder.record([ACTIVE])
        await trio.testing.wait_all_tasks_blocked()
        assert woken == [2]
        await recorder.record([HALTED])
    assert woken == [2, 3]


async def test_a_rebuild_is_the_same_state(tmp_path: Path) -> None:
    recorder = recorder_of(tmp_path)
    await recorder.record([ACTIVE, LedgerOpened(Decimal("1.00"), Decimal("2.00"))])
    assert rebuilt(recorder.path).books.state_hash() == recorder.books.state_hash() != Books().state_hash()
