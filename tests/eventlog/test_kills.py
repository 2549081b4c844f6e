"""What was acknowledged is there, whenever the writer is killed."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
import trio

from oms.eventlog.errors import JournalLocked
from oms.eventlog.reader import Reader, Wanted

from .scene import opened, seqs, stored

KILLS = 24
APPENDS = 10_000


@contextmanager
def appending(folder: Path, kind: str, rows: int) -> Iterator[subprocess.Popen[str]]:
    """A process that appends, from when it said so on; it is killed at the end if it still lives."""
    command = [sys.executable, "-m", "tests.eventlog.appender", str(folder), kind, str(rows)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def acknowledged(process: subprocess.Popen[str]) -> list[tuple[int, str]]:
    """What it still had said; a line cut off was not said."""
    assert process.stdout is not None
    lines = process.stdout.read().splitlines(keepends=True)
    return [(int(line.split()[0]), line.split()[1]) for line in lines if line.endswith("\n")]


@pytest.mark.slow
def test_a_writer_killed_at_any_moment_loses_nothing_that_it_acknowledged(tmp_path: Path) -> None:
    chance = random.Random(5)
    known: dict[int, str] = {}
    for number in range(KILLS):
        with appending(tmp_path, ("inline", "thread")[number % 2], chance.choice((1, 7, 200))) as process:
            assert process.stdout is not None
            seq, head = process.stdout.readline().split()
            known[int(seq)] = head
            time.sleep(chance.uniform(0, 0.12))
            process.send_signal(signal.SIGKILL)
            known |= dict(acknowledged(process))
            assert process.wait() == -signal.SIGKILL
        reader = Reader(tmp_path / "main.db")
        for seq_known, head_known in known.items():
            row = reader.get(seq_known)
            assert row is not None
            assert row.hash.hex() == head_known
        reader.close()
    assert len(known) > 10 * KILLS
    journal = opened(tmp_path)
    assert not journal.opening.clean
    assert journal.opening.seq >= max(known)
    journal.close()
    assert len(stored(tmp_path / "main.db")) == journal.seq  # by the way checks chain and gaps


@pytest.mark.slow
def test_tc_l1_killed_in_a_loop_of_10_000_appends(tmp_path: Path) -> None:
    """One event each, from one kill to the next some hundred."""
    chance = random.Random(1)
    known: dict[int, str] = {}
    kills = 0
    while len(known) <= APPENDS:
        with appending(tmp_path, ("inline", "thread")[kills % 2], 1) as process:
            assert process.stdout is not None
            for _ in range(chance.randint(1, 900)):
                seq, head = process.stdout.readline().split()
                known[int(seq)] = head
            process.send_signal(signal.SIGKILL)
            known |= dict(acknowledged(process))
            assert process.wait() == -signal.SIGKILL
        kills += 1
    assert kills > 10
    journal = opened(tmp_path)
    journal.close()
    events = stored(tmp_path / "main.db")  # checks chain and gaps by itself
    assert len(events) == journal.seq >= max(known) > APPENDS
    with closing(Reader(tmp_path / "main.db")) as reader:
        hashes = {row.seq: row.hash.hex() for row in reader.read()}
    assert hashes.items() >= known.items()
    # Every event but those in hand at a kill was acknowledged.
    assert len(events) - len(known) <= kills


def test_a_second_writer_is_told_who_the_first_is(tmp_path: Path) -> None:
    with appending(tmp_path, "inline", 1) as process:
        assert process.stdout is not None
        process.stdout.readline()
        with pytest.raises(JournalLocked, match=f"process {process.pid} is writing") as caught:
            opened(tmp_path)
        assert caught.value.pid == process.pid
        process.kill()
        process.wait()
    opened(tmp_path).close()  # the lock ends with the process


def test_a_second_writer_in_one_process_is_refused_and_harms_nothing(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    with pytest.raises(JournalLocked) as caught:
        opened(tmp_path)
    assert caught.value.pid == os.getpid()
    with pytest.raises(JournalLocked):
        opened(tmp_path)
    opened(tmp_path, "other").close()
    journal.close()
    opened(tmp_path).close()


@pytest.mark.trio
async def test_another_process_is_followed_while_it_writes(tmp_path: Path) -> None:
    opened(tmp_path).close()
    with appending(tmp_path, "thread", 3) as process:
        reader = Reader(tmp_path / "main.db")
        found: list[int] = []
        with trio.fail_after(10):
            async for rows in reader.follow(wanted=Wanted(types=("deal.*",))):
                found += seqs(rows)
                if len(found) > 600:
                    break
        process.kill()
        reader.close()
    assert found == list(range(2, found[-1] + 1))
