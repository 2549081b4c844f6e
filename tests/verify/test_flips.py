"""Any byte of any file of a log may be another one: a verifier never calls valid what is not what was logged,
and never fails (docs/semantics.md 10, TC-L2).

Sampled over whole files; `OMS_FLIPS=all` tries every byte, `OMS_FLIPS=N` so many of each file.
"""

import os
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from tests.eventlog.scene import crash_image
from tests.verify.scene import Facts, Log, facts, found, valid

SAMPLED = os.environ.get("OMS_FLIPS", "100")
SEED = 9  # of places; epochs and so contents differ from run to run
HEADER, PAGE = 100, 4096  # of SQLite's files: each byte of a header is tried


def places(size: int, random: Random) -> Iterator[int]:
    """Bytes of a file: the header, where a byte decides most, and some of every part of the rest."""
    if SAMPLED == "all":
        yield from range(size)
        return
    count = int(SAMPLED)
    yield from range(0, min(size, HEADER), max(1, HEADER * 2 // count))
    for number in range(count):
        yield random.randrange(
            size * number // count, max(size * number // count + 1, size * (number + 1) // count)
        )


def log_in(folder: Path) -> Log:
    log = Log(folder)
    log.trade()
    log.reconcile()
    log.sign()
    log.keep()
    log.trade()
    log.tick()
    log.sign()
    return log


def stored(folder: Path) -> Facts | None:
    """The facts of a folder's journal; None where they cannot be read."""
    copy = folder.parent / "read"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(folder / "journal", copy)
    try:
        return facts(copy / "main.db")
    except (sqlite3.Error, UnicodeDecodeError):
        return None


def looked(data: Path, name: str, work: Path) -> Iterator[tuple[int, bool, Facts | None]]:
    """Flip a byte of a file of a folder, again and again: where, whether that is valid, the facts then."""
    content, random = (data / name).read_bytes(), Random(SEED)
    for place in places(len(content), random):
        shutil.rmtree(work, ignore_errors=True)
        shutil.copytree(data, work)
        changed = bytearray(content)
        changed[place] ^= random.randrange(1, 256)
        (work / name).write_bytes(changed)
        says = valid(found(work))
        yield place, says, stored(work)


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("closed")
    log_in(folder).close()
    return folder


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With all of it in the write-ahead log."""
    folder = tmp_path_factory.mktemp("killed")
    log = log_in(folder / "before")
    (folder / "after").mkdir()
    crash_image(folder / "before" / "journal", folder / "after" / "journal")
    log.close()
    return folder / "after"


@pytest.mark.slow
@pytest.mark.parametrize("name", ["journal/main.db", "journal/main.snapshot", "market/20261120.db"])
def test_tc_l2_whatever_byte_of_a_closed_log_is_flipped(closed: Path, tmp_path: Path, name: str) -> None:
    before = stored(closed)
    assert before is not None
    assert valid(found(closed))
    told = list(looked(closed, name, tmp_path / "work"))
    assert [place for place, says, after in told if says and after != before] == []
    if name == "journal/main.db":
        assert any(after != before for _, _, after in told)
    else:
        assert not all(says for _, says, _ in told)


@pytest.mark.slow
def test_tc_l2_whatever_byte_of_a_killed_writers_log_is_flipped(killed: Path, tmp_path: Path) -> None:
    """SQLite drops what is behind it without a word."""
    before = stored(killed)
    assert before is not None
    assert valid(found(killed))
    told = list(looked(killed, "journal/main.db-wal", tmp_path / "work"))
    assert [place for place, says, after in told if says and after != before] == []
    assert any(after != before for _, _, after in told)
