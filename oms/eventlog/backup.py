"""Copies of files of the log, made beside their writer, and a journal put back.

A copy is of one moment: it is read in one transaction, by SQLite's own backup interface, and is there under
its name only when it is whole, checked and on disk.  Nothing that is there is ever overwritten.  A journal
that is put back has its mark (`restored`) before it has its name: at no moment can a daemon take it for one
that knows everything.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final, NamedTuple

import apsw
import msgspec

from .chain import GENESIS, BrokenChain, checked, link
from .durable import sync_folder
from .envelope import Envelope, Recorded
from .errors import Damaged, FileError
from .inspection import look_at_journal
from .journal_file import JournalFile
from .lock import Lock
from .market_reader import check_segment
from .reader import Reader
from .restored import mark_restored
from .sqlite import opened_for_reading, reading

PAGES: Final = 1000  # copied at once
BESIDE: Final = ("-wal", "-shm")
DAEMON: Final = "_daemon"  # whose journal is of no account, and trades nothing


class AlreadyThere(FileError):
    """A file has the name that was to be given: nothing is overwritten."""


class Copied(NamedTuple):
    """A file that was made."""

    path: Path
    account: str  # "" of the market log
    seq: int  # its last event, or push
    head: bytes  # the chain's hash there; empty of the market log
    bytes: int


def back_up_journal(source: Path, target: Path) -> Copied:
    """Copy a journal as it is at this moment; its writer goes on.

    Raises AlreadyThere, Unreadable, Damaged where the copy's chain does not hold, OSError.
    """
    with _new(target) as partial:
        _copy(source, partial)
        return _checked(partial, target.stem, source)._replace(path=target)


def back_up_segment(source: Path, target: Path) -> Copied:
    """Likewise a file of the market log."""
    with _new(target) as partial:
        _copy(source, partial)
        try:
            seq = check_segment(partial)
        except BrokenChain as why:
            raise Damaged(source, str(why)) from None
        return Copied(target, "", seq, b"", partial.stat().st_size)


def restore_journal(source: Path, folder: Path, account: str, why: str) -> Copied:
    """Put a backup back as the account's journal, marked with `why`.

    Raises as `back_up_journal`, and JournalLocked where a daemon runs with this account.
    """
    if (found := look_at_journal(source).account) != account:  # before a lock or a folder is made
        raise Damaged(source, f"is the journal of {found!r}, not of {account!r}")
    with _vacant(folder, account, why) as (partial, target):
        _copy(source, partial)
        return _checked(partial, account, source)._replace(path=target)


class Restoring:
    """A journal made anew of the bodies of its events, one after the other."""

    def __init__(self, file: JournalFile) -> None:
        self._file = file
        self.seq, self._head = 0, GENESIS

    def add(self, copies: Iterable[tuple[bytes, str]]) -> None:
        """The next bodies, each with the hash (in hex) that was told with it; Damaged where one differs."""
        rows: list[Recorded] = []
        head = self._head
        for seq, (body, told) in enumerate(copies, self.seq + 1):
            head = link(head, body)
            if head.hex() != told:
                raise Damaged(self._file.path, f"seq {seq}: its hash does not follow from those before it")
            rows.append(Recorded(seq, _envelope(self._file.path, seq, body).type, body, head))
        with reading(self._file.path):
            self._file.append(self.seq, rows)
        self.seq, self._head = self.seq + len(rows), head


@contextmanager
def restoring(folder: Path, account: str, why: str) -> Iterator[tuple[Restoring, list[Copied]]]:
    """Put a journal back out of what `Restoring.add` is given; told in the list when the block has ended.

    Raises as `restore_journal`; where the block raises, nothing is left.
    """
    done: list[Copied] = []
    with _vacant(folder, account, why) as (partial, target):
        file = JournalFile(partial, account, automatic_checkpoints=True)
        try:
            yield Restoring(file), done
        finally:
            file.close()
        done.append(_checked(partial, account, target)._replace(path=target))


@contextmanager
def _vacant(folder: Path, account: str, why: str) -> Iterator[tuple[Path, Path]]:
    """A file to be filled, and the name that it gets, while no daemon has this account."""
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{account}.db"
    lock = Lock(folder / f"{account}.lock")
    try:

        def mark() -> None:
            if account != DAEMON:
                mark_restored(folder, account, why)

        with _new(target, mark) as partial:
            yield partial, target
    finally:
        lock.release()


@contextmanager
def _new(target: Path, before: Callable[[], None] = lambda: None) -> Iterator[Path]:
    """A file beside `target` that gets its name in the end, unless there is one."""
    for path in (target, *(target.with_name(target.name + end) for end in BESIDE)):
        if path.exists():
            raise AlreadyThere(path, "is there; nothing is overwritten: move it away first")
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(target.name + ".partial")
    _remove(partial)  # of an attempt that was killed
    try:
        yield partial
        _sync(partial)
        before()
        try:
            os.link(partial, target)  # unlike a rename it never takes another file's place
        except FileExistsError:
            raise AlreadyThere(target, "is there; nothing is overwritten: move it away first") from None
        sync_folder(target.parent)
    finally:
        _remove(partial)


def _copy(source: Path, target: Path) -> None:
    """Page by page in one transaction of the source, so that its writer's commits do not begin it anew."""
    with (
        closing(opened_for_reading(source)) as read,
        closing(apsw.Connection(str(target))) as written,
        reading(source),
        read,
    ):
        read.execute("SELECT count(*) FROM sqlite_schema").fetchone()  # from here on it is one moment
        with written.backup("main", read, "main") as copying:
            while not copying.done:
                copying.step(PAGES)


def _checked(path: Path, account: str, source: Path) -> Copied:
    """What a copy holds, once all of it is known to be this account's and its chain holds from the first on.

    What is wrong is told of `source`: the copy is not kept.
    """
    try:
        if (found := look_at_journal(path).account) != account:
            raise Damaged(path, f"is the journal of {found!r}, not of {account!r}")
        seq, head = 0, GENESIS
        with closing(Reader(path)) as reader:
            for row in checked(reader.read()):
                told = _envelope(path, row.seq, row.body)
                if (told.account, told.seq, told.type) != (account, row.seq, row.type):
                    raise Damaged(path, f"seq {row.seq}: its body is of another event")
                seq, head = row.seq, row.hash
    except BrokenChain as why:
        raise Damaged(source, str(why)) from None
    except FileError as why:
        raise type(why)(source, why.message) from None
    if not seq:
        raise Damaged(source, "holds no event")
    return Copied(path, account, seq, head, path.stat().st_size)


def _envelope(path: Path, seq: int, body: bytes) -> Envelope:
    try:
        return Recorded(seq, "", body, b"").envelope()
    except msgspec.MsgspecError as why:
        raise Damaged(path, f"seq {seq}: {why}") from None


def _sync(path: Path) -> None:
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _remove(partial: Path) -> None:
    for end in ("", *BESIDE):
        partial.with_name(partial.name + end).unlink(missing_ok=True)


__all__ = [
    "AlreadyThere",
    "Copied",
    "Restoring",
    "back_up_journal",
    "back_up_segment",
    "restore_journal",
    "restoring",
]
