"""Market segments that are over: closed for good, hashed as files, read-only; or deleted.

The newest segment is never touched: it may be written.  Journals are none of this module's business.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import closing
from hashlib import file_digest
from pathlib import Path
from typing import Final, NamedTuple

import apsw

from .chain import BrokenChain
from .durable import sync_folder
from .errors import Damaged, FileError, Unreadable
from .inspection import look_at_segment
from .market_reader import check_segment
from .retention import SEAL, Place, is_sealed, places, remove, size
from .sqlite import BUSY_MS, reading

READ_ONLY: Final = 0o444


class Sealed(NamedTuple):
    """A segment that is sealed."""

    path: Path
    pushes: int
    sum: str  # SHA-256 of the file, in hex
    bytes: int


class Old(NamedTuple):
    """A segment that may go."""

    place: Place
    path: Path
    bytes: int
    last_at: int | None  # when its last push was received, nanoseconds of UTC; None: it has none


def unsealed(folder: Path) -> list[Path]:
    """The segments that can be sealed: all but the newest, without those that are."""
    return [place.path(folder) for place in places(folder)[:-1] if not is_sealed(folder, place)]


def seal(path: Path) -> Sealed:
    """Close a segment, check its chain, and keep the hash of the file beside it, as `sha256sum -c` reads it.

    It needs no write-ahead log from then on, so it can be read where nothing can be written.  Raises
    Unreadable while somebody else has it open, Damaged, OSError.
    """
    with reading(path), closing(apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)) as connection:
        connection.set_busy_timeout(BUSY_MS)
        if connection.pragma("journal_mode", "delete") != "delete":
            raise Unreadable(path, "is open elsewhere, and can be sealed when it is not")
    try:
        pushes = check_segment(path)
    except BrokenChain as why:
        raise Damaged(path, f"{why}; it is not sealed") from None
    digest = _sum(path)
    _write(seal_path(path), f"{digest}  {path.name}\n")
    path.chmod(READ_ONLY)
    sync_folder(path.parent)
    return Sealed(path, pushes, digest, path.stat().st_size)


def seal_fault(path: Path) -> str | None:
    """What of a sealed segment is not as it was; None for one that is not sealed.  Raises OSError."""
    try:
        told = seal_path(path).read_text("utf-8", errors="replace")
    except FileNotFoundError:
        return None
    if told == f"{_sum(path)}  {path.name}\n":
        return None
    return "the file is not what was sealed: its SHA-256 is another one"


def seal_path(path: Path) -> Path:
    """The file that holds a segment's hash."""
    return path.with_name(path.name + SEAL)


def before(folder: Path, at_ns: int, failed: Callable[[FileError], object]) -> Iterator[Old]:
    """The segments in which all was received before a moment (nanoseconds of UTC), never the newest.

    Of one that cannot be read, which may hold anything, `failed` is told.
    """
    for place in places(folder)[:-1]:
        path = place.path(folder)
        try:
            look = look_at_segment(path)
        except FileError as why:
            failed(why)
            continue
        if look.last_at is None or look.last_at < at_ns:
            yield Old(place, path, size(folder, place), look.last_at)


def prune(folder: Path, old: Old) -> None:
    """Delete it; raises OSError."""
    remove(folder, old.place)


def _sum(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def _write(path: Path, text: str) -> None:
    """There only when it is whole and on disk."""
    partial = path.with_name(path.name + ".partial")
    with partial.open("w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    partial.chmod(READ_ONLY)
    partial.replace(path)
