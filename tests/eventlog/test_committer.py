"""Group commit: many tasks, one commit at a time, every caller its own answer."""

import itertools
import threading
from pathlib import Path

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from oms.eventlog.committer import MOST_ROWS, Kind, fitting, probe
from oms.eventlog.errors import JournalBroken, JournalFull, LocalError

from .scene import NOON, deals, draft, drafts, failing_disk, opened, seqs, stored

pytestmark = pytest.mark.trio
KINDS: tuple[Kind, ...] = ("inline", "thread")
both = pytest.mark.parametrize("kind", KINDS)


class CountingClock:
    """Moves with every reading; a journal reads it once a commit."""

    def __init__(self) -> None:
        self.readings = 0

    def __call__(self) -> int:
        self.readings += 1
        return NOON + self.readings


class Gate(CountingClock):
    """A clock that holds a commit up in its thread until it is opened."""

    def __init__(self) -> None:
        super().__init__()
        self.entered, self.opened = threading.Event(), threading.Event()
        self.opened.set()

    def __call__(self) -> int:
        self.entered.set()
        assert self.opened.wait(10)
        return super().__call__()

    def shut(self) -> None:
        self.entered.clear()
        self.opened.clear()


@both
async def test_many_tasks_append_without_a_gap_and_share_commits(tmp_path: Path, kind: Kind) -> None:
    clock = CountingClock()
    journal = opened(tmp_path, kind=kind, clock=clock, checkpoints_apart=True)
    answered: dict[int, list[list[int]]] = {}

    async def appender(task: int) -> None:
        answered[task] = []
        for turn in range(20):
            numbers = [task * 1000 + turn * 10 + place for place in range(1 + task % 3)]
            rows = await journal.append(drafts(*numbers))
            assert [row.envelope().data["deal"] for row in rows] == [str(number) for number in numbers]
            answered[task].append(seqs(rows))

    async with trio.open_nursery() as nursery:
        for task in range(50):
            nursery.start_soon(appender, task)
    journal.close()
    every = [seq for lists in answered.values() for found in lists for seq in found]
    assert sorted(every) == list(range(2, len(every) + 2))
    assert len(stored(journal.path)) == len(every) + 1
    for lists in answered.values():
        assert [seq for found in lists for seq in found] == sorted(seq for found in lists for seq in found)
        assert all(found == list(range(found[0], found[0] + len(found))) for found in lists)
    assert clock.readings < 500  # of 1000 appends


async def test_what_arrives_during_a_commit_is_the_next(tmp_path: Path) -> None:
    gate = Gate()
    journal = opened(tmp_path, kind="thread", clock=gate)
    gate.shut()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(journal.append, drafts(1))
        await trio.to_thread.run_sync(gate.entered.wait)
        before = gate.readings
        for number in range(2, 12):
            nursery.start_soon(journal.append, drafts(number))
        await wait_all_tasks_blocked(0.01)
        gate.opened.set()
    assert gate.readings == before + 2
    journal.close()
    assert deals(journal.path)[0] == 1
    assert sorted(deals(journal.path)) == list(range(1, 12))


async def test_tasks_that_can_run_together_share_an_inline_commit(tmp_path: Path) -> None:
    clock = CountingClock()
    journal = opened(tmp_path, kind="inline", clock=clock)
    async with trio.open_nursery() as nursery:
        for number in range(30):
            nursery.start_soon(journal.append, drafts(number))
    assert clock.readings == 2  # the opening's, and one for all
    journal.close()


async def test_a_commit_is_capped(tmp_path: Path) -> None:
    clock = CountingClock()
    journal = opened(tmp_path, kind="inline", clock=clock)
    async with trio.open_nursery() as nursery:
        for _ in range(5):
            nursery.start_soon(journal.append, drafts(*range(900)))
    assert clock.readings == 1 + 3  # 2 + 2 + 1 appends of 900 rows
    clock.readings = 0
    async with trio.open_nursery() as nursery:
        for _ in range(3):
            nursery.start_soon(journal.append, [draft(1, 200_000)] * 21)
    assert clock.readings == 3  # 4.2 MB each, of at most 8 together
    with pytest.raises(LocalError, match="2001 rows"):
        await journal.append(drafts(*range(MOST_ROWS + 1)))
    journal.close()


@both
async def test_cancelled_before_it_is_handed_over_nothing_is_stored(tmp_path: Path, kind: Kind) -> None:
    journal = opened(tmp_path, kind=kind)
    with trio.move_on_after(0) as scope:
        await journal.append(drafts(1))
    assert scope.cancelled_caught
    journal.close()
    assert deals(journal.path) == []


async def test_handed_over_it_is_stored_and_its_caller_learns_it(tmp_path: Path) -> None:
    gate = Gate()
    journal = opened(tmp_path, kind="thread", clock=gate)
    gate.shut()
    found: list[int] = []

    async def append() -> None:
        found.extend(seqs(await journal.append(drafts(1))))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(append)
        await trio.to_thread.run_sync(gate.entered.wait)
        nursery.cancel_scope.cancel()
        gate.opened.set()
    assert found == [2]
    journal.close()
    assert deals(journal.path) == [1]


@both
async def test_one_callers_mistake_is_nobody_elses(tmp_path: Path, kind: Kind) -> None:
    journal = opened(tmp_path, kind=kind)

    async def mistaken() -> None:
        with pytest.raises(LocalError):
            await journal.append([draft(1, price=float("nan"))])

    async with trio.open_nursery() as nursery:
        nursery.start_soon(mistaken)
        nursery.start_soon(journal.append, drafts(2))
    journal.close()
    assert deals(journal.path) == [2]


@both
@pytest.mark.parametrize(("how", "error"), [("full", JournalFull), ("error", JournalBroken)])
async def test_a_commit_that_fails_is_told_to_everybody_in_it(
    tmp_path: Path, kind: Kind, how: str, error: type[Exception]
) -> None:
    with failing_disk() as disk:
        journal = opened(tmp_path, kind=kind)
        disk.arm(0, how, for_good=True)
        told = 0

        async def failing(number: int) -> None:
            nonlocal told
            with pytest.raises(error):
                await journal.append(drafts(number))
            told += 1

        async with trio.open_nursery() as nursery:
            for number in range(10):
                nursery.start_soon(failing, number)
        assert told == 10
        disk.arm(None)
        if how == "full":
            assert seqs(await journal.append(drafts(99))) == [2]
        else:
            with pytest.raises(JournalBroken):
                await journal.append(drafts(99))
        journal.close()


@both
async def test_a_mistake_in_the_commit_itself_reaches_the_caller(tmp_path: Path, kind: Kind) -> None:
    """A clock that cannot be a clock: nobody may wait for ever."""
    years = iter([NOON])
    journal = opened(tmp_path, kind=kind, clock=lambda: next(years, 10**30))
    with trio.fail_after(5), pytest.raises((OverflowError, ValueError, OSError)):
        await journal.append(drafts(1))
    journal.close()


@both
async def test_closing_finishes_what_was_handed_over(tmp_path: Path, kind: Kind) -> None:
    journal = opened(tmp_path, kind=kind)
    stored_numbers, refused = [], []

    async def append(number: int) -> None:
        try:
            await journal.append(drafts(number))
        except LocalError:
            refused.append(number)
        else:
            stored_numbers.append(number)

    async with trio.open_nursery() as nursery:
        for number in range(20):
            nursery.start_soon(append, number)
            if number == 9:
                await trio.lowlevel.checkpoint()
                await trio.lowlevel.checkpoint()  # now each of them has begun
        journal.close()
    assert set(stored_numbers) >= set(range(10))
    assert set(refused) >= set(range(10, 20))
    assert sorted(deals(journal.path)) == sorted(stored_numbers)
    with pytest.raises(LocalError, match="closed"):
        await journal.append(drafts(1))


async def test_appending_nothing_is_nothing(tmp_path: Path) -> None:
    journal = opened(tmp_path, kind="thread")
    assert list(await journal.append([])) == []
    assert journal.seq == 1
    journal.close()


async def test_the_disk_decides_who_commits(tmp_path: Path) -> None:
    seconds = probe(tmp_path)
    assert 0 < seconds < 0.25
    assert list(await trio.Path(tmp_path).iterdir()) == []
    assert fitting(tmp_path) in KINDS
    journal = opened(tmp_path, kind=None)
    assert journal.committer in KINDS
    journal.close()


async def test_a_simulation_has_no_threads_and_its_time_stands_still(
    tmp_path: Path, autojump_clock: trio.testing.MockClock
) -> None:
    threads = threading.active_count()
    journal = opened(tmp_path, clock=lambda: NOON)
    async with trio.open_nursery() as nursery:
        for number in range(20):
            nursery.start_soon(journal.append, drafts(number))
    assert (threading.active_count(), trio.current_time()) == (threads, 0)
    journal.close()
    assert sorted(deals(journal.path)) == list(range(20))


async def test_slow_disks_get_a_thread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for seconds, kind in ((0.000299, "inline"), (0.0003, "thread"), (0.01, "thread")):
        monkeypatch.setattr("oms.eventlog.committer.probe", lambda _, seconds=seconds: seconds)
        assert fitting(tmp_path) == kind


@pytest.mark.slow
@both
async def test_checkpoints_keep_the_write_ahead_log_small_beside_the_commits(
    tmp_path: Path, kind: Kind
) -> None:
    journal = opened(tmp_path, kind=kind, checkpoints_apart=True)
    log = tmp_path / "main.db-wal"
    largest = 0
    for number in itertools.count():
        await journal.append([draft(number, 20_000)] * 20)
        largest = max(largest, log.stat().st_size)
        if number == 150:
            break
    total = 151 * 20 * 20_000
    assert largest < total / 3
    assert journal.checkpoint_trouble is None
    journal.close()
    assert len(stored(journal.path)) == 151 * 20 + 1


@pytest.mark.slow
async def test_a_checkpoint_that_fails_costs_nothing_and_is_told(tmp_path: Path) -> None:
    with failing_disk() as disk:
        journal = opened(tmp_path, checkpoints_apart=True)
        journal.write([draft(1, 100_000)] * 10)
        disk.only("main.db")
        disk.arm(0, "error", for_good=True)
        for number in range(100):
            journal.write([draft(number, 20_000)])
            if journal.checkpoint_trouble:
                break
            await trio.sleep(0.01)
        assert "does not answer" in str(journal.checkpoint_trouble)
        disk.arm(None)
        while journal.checkpoint_trouble:
            journal.write([draft(number, 20_000)])
            await trio.sleep(0.01)
        journal.close()
        assert len(stored(journal.path)) == journal.seq
