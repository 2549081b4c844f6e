"""How the files of the log are opened: write-ahead logging, a small cache, one connection per purpose."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Literal

import apsw

from .errors import Damaged, JournalFull, Unreadable

CACHE_KIB: Final = 512  # pages kept by a connection; appending touches few of them, accounts are many
BUSY_MS: Final = 2000  # for whoever recovers or closes the file at the moment
AUTOMATIC_PAGES: Final = 400  # of the write-ahead log, where a commit checkpoints by itself
KEPT_LOG_BYTES: Final = 64 * 1024 * 1024  # what an emptied write-ahead log may keep of its size

Durability = Literal["full", "normal"]


def opened_for_writing(path: Path, durability: Durability, *, automatic_checkpoints: bool) -> apsw.Connection:
    """The file, made where there is none; raises apsw's errors."""
    connection = apsw.Connection(str(path))
    try:
        prepare_for_writing(connection, durability, automatic_checkpoints=automatic_checkpoints)
    except BaseException:
        connection.close(True)
        raise
    return connection


def prepare_for_writing(
    connection: apsw.Connection, durability: Durability, *, automatic_checkpoints: bool
) -> None:
    """How a connection that writes behaves; it makes a file of another kind one with a write-ahead log."""
    connection.set_busy_timeout(BUSY_MS)
    connection.pragma("cache_size", -CACHE_KIB)
    mode = connection.pragma("journal_mode", "wal")
    if mode != "wal":
        raise apsw.IOError(f"write-ahead logging is not to be had there, only {mode!r}")
    connection.pragma("synchronous", durability)
    connection.pragma("journal_size_limit", KEPT_LOG_BYTES)
    connection.wal_autocheckpoint(AUTOMATIC_PAGES if automatic_checkpoints else 0)


def opened_for_reading(path: Path) -> apsw.Connection:
    """The file as its writer leaves it; never holds the writer up.  Raises Unreadable."""
    with reading(path):
        name, flags = str(path), apsw.SQLITE_OPEN_READONLY
        if _stands_still(path):
            name, flags = f"{path.absolute().as_uri()}?immutable=1", flags | apsw.SQLITE_OPEN_URI
        connection = apsw.Connection(name, flags=flags)
        connection.set_busy_timeout(BUSY_MS)
        connection.pragma("cache_size", -CACHE_KIB)
        return connection


def _stands_still(path: Path) -> bool:
    """Whether it lies where nobody can write it, as an archive on other media does.

    SQLite puts its shared memory beside a file with a write-ahead log, and opens none where it cannot.
    """
    if not path.exists() or os.access(path.parent, os.W_OK):
        return False
    return not any(path.with_name(path.name + end).exists() for end in ("-wal", "-shm"))


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """apsw's errors as ours."""
    try:
        yield
    except (apsw.CorruptError, apsw.NotADBError) as why:
        raise Damaged(path, f"is damaged: {why}") from None
    except UnicodeDecodeError as why:  # SQLite believes its text, Python does not
        raise Damaged(path, f"is damaged: it holds text that is none: {why}") from None
    except apsw.FullError:
        raise JournalFull(path, "cannot be opened: the disk is full") from None
    except apsw.Error as why:
        raise Unreadable(path, f"cannot be read: {why}") from None
