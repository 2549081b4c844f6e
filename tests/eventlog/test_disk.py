"""A disk that fills up or fails, at each single step of a commit."""

import errno
import itertools
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from oms.eventlog.ballast import Ballast
from oms.eventlog.envelope import Draft
from oms.eventlog.errors import JournalBroken, JournalFull
from oms.eventlog.journal import Journal

from .scene import crash_image, deals, draft, drafts, failing_disk, opened, seqs

HALT = Draft("account.state", 1, {"permission": "halted", "reason": "journal_full"})


@pytest.mark.parametrize("kind", ["inline", "thread"])
@pytest.mark.parametrize("how", ["error", "torn"])
@pytest.mark.parametrize("for_good", [False, True])
def test_a_commit_that_fails_at_any_step_stops_the_journal_and_spoils_nothing(
    tmp_path: Path, kind: str, how: str, for_good: bool
) -> None:
    with failing_disk() as disk:
        for step in itertools.count():
            folder = tmp_path / str(step)
            journal = opened(folder, kind=kind)
            journal.write(drafts(1, 2))
            disk.arm(step, how, for_good=for_good)
            try:
                journal.write([draft(3), draft(4, 9000), draft(5)])
            except JournalBroken as why:
                failed = True
                assert "does not answer" in str(why)  # noqa: PT017
            else:
                failed = False
            met = len(disk.operations) > step
            assert failed is met
            disk.arm(None)
            if failed:
                assert journal.broken
                assert journal.seq == 3
                with pytest.raises(JournalBroken, match="nothing since"):
                    journal.write([draft(6)])
            image = crash_image(folder, tmp_path / f"image-{step}")
            journal.close()
            for place in (folder, image):
                again = opened(place)
                assert again.opening.clean is (not failed and place == folder)
                assert again.opening.seq in ((3, 6) if failed else (6,))
                assert seqs(again.write([draft(9)])) == [again.opening.seq + 1]
                again.close()
                assert deals(place / "main.db") in ([1, 2, 9], [1, 2, 3, 4, 5, 9])
            if not met:
                break
        assert step > 5


def test_a_full_disk_stores_nothing_of_the_append_and_accepts_more_later(tmp_path: Path) -> None:
    with failing_disk() as disk:
        for step in itertools.count():
            folder = tmp_path / str(step)
            journal = opened(folder, ballast_bytes=4096)
            journal.write(drafts(1))
            assert (folder / "ballast").exists()
            disk.arm(step, "full")
            try:
                journal.write([draft(2, 9000), draft(3)])
            except JournalFull as why:
                assert "ballast was given up" in str(why)  # noqa: PT017
                assert not journal.ballast.held
                assert seqs(journal.write([HALT])) == [3]
                assert deals_after(journal) == [1]
            except JournalBroken:  # a sync does not fail for want of room
                assert disk.operations[step] == "sync"
                journal.close()
            else:
                disk.arm(None)
                assert deals_after(journal) == [1, 2, 3]
                break
        assert step > 4


def deals_after(journal: Journal) -> list[int]:
    journal.close()
    return deals(journal.path)


def test_a_second_full_disk_says_that_there_is_no_ballast_left(tmp_path: Path) -> None:
    with failing_disk() as disk:
        journal = opened(tmp_path, ballast_bytes=4096)
        for message in ("ballast was given up", "no ballast left"):
            disk.arm(0, "full")
            with pytest.raises(JournalFull, match=message):
                journal.write([draft(1)])
        disk.arm(None)
        journal.close()


def test_a_clean_end_that_cannot_be_written_is_told_and_the_journal_let_go(tmp_path: Path) -> None:
    with failing_disk() as disk:
        journal = opened(tmp_path)
        journal.write(drafts(1))
        disk.arm(0)
        with pytest.raises(JournalBroken, match="closed cleanly"):
            journal.close()
        disk.arm(None)
        again = opened(tmp_path)
        assert not again.opening.clean
        assert again.opening.seq == 2
        again.close()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 48 MB."""
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = (
        os.geteuid() == 0
        and not subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=48m", "tmpfs", str(folder)], capture_output=True, check=False
        ).returncode
    )
    if not mounted:
        pytest.skip("a small file system cannot be mounted here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.parametrize("apart", [False, True])
def test_the_halt_is_written_on_a_disk_that_really_is_full(small_disk: Path, apart: bool) -> None:
    journal = opened(small_disk, ballast_bytes=16 * 1024 * 1024, checkpoints_apart=apart)
    written: list[int] = []
    with pytest.raises(JournalFull, match="ballast was given up"):
        fill(journal, written)
    assert len(written) > 50
    recorded = journal.write([HALT])
    assert recorded[0].seq == len(written) + 2
    journal.close()
    assert not journal.ballast.held
    again = opened(small_disk, ballast_bytes=0)
    assert again.opening.clean
    assert again.opening.seq == recorded[0].seq
    again.close()
    assert deals(again.path) == written


def fill(journal: Journal, written: list[int]) -> None:
    for number in itertools.count(1):
        journal.write([draft(number, 50_000)])
        written.append(number)


def test_the_ballast_takes_real_room_once(tmp_path: Path) -> None:
    ballast = Ballast(tmp_path / "ballast", 1_000_000)
    assert not ballast.held
    assert ballast.hold()
    assert ballast.hold()
    assert (tmp_path / "ballast").stat().st_blocks * 512 >= 1_000_000
    assert ballast.give_up()
    assert not ballast.give_up()
    assert list(tmp_path.iterdir()) == []
    assert not Ballast(tmp_path / "ballast", 0).hold()


def test_a_ballast_that_finds_no_room_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "posix_fallocate", full)
    assert not Ballast(tmp_path / "ballast", 1000).hold()
    assert list(tmp_path.iterdir()) == []


def test_journals_of_one_folder_share_a_ballast(tmp_path: Path) -> None:
    with failing_disk() as disk:
        one, two = opened(tmp_path, "one", ballast_bytes=4096), opened(tmp_path, "two", ballast_bytes=4096)
        disk.arm(0, "full")
        with pytest.raises(JournalFull):
            one.write([draft(1)])
        disk.arm(None)
        assert not two.ballast.held
        assert two.write([HALT])
        one.close()
        two.close()
