"""How files of the log stand, looked at from outside: read only, whether their writer runs or not."""

import fcntl
from pathlib import Path
from typing import Final, NamedTuple

import apsw

from .envelope import Recorded, recorded
from .errors import ForeignJournal
from .format import recognize
from .journal_file import other_end
from .sqlite import opened_for_reading, reading

SQLITE_VERSION: Final[str] = apsw.sqlite_lib_version()
# The first row, the last row.
EVENTS: Final = (
    "SELECT seq, type, body, hash FROM event ORDER BY seq LIMIT 1",
    "SELECT seq, type, body, hash FROM event ORDER BY seq DESC LIMIT 1",
)
PUSHES: Final = (
    "SELECT seq, received_at, hash FROM push ORDER BY seq LIMIT 1",
    "SELECT seq, received_at, hash FROM push ORDER BY seq DESC LIMIT 1",
)


class JournalLook(NamedTuple):
    """A journal at one moment."""

    account: str
    format: str
    first: Recorded | None
    last: Recorded | None  # its seq is the number of events, its hash the head
    closed: bool  # its writer left it as it should; also False while it is open


class SegmentLook(NamedTuple):
    """A file of the market log at one moment."""

    rows: int
    first_at: int | None  # received, nanoseconds of UTC
    last_at: int | None
    whole: bool  # it ends with the end of a commit


class Holder(NamedTuple):
    """Who holds a lock; None where it does not say."""

    pid: int | None


def look_at_journal(path: Path) -> JournalLook:
    """Raises Unreadable, Damaged, ForeignJournal."""
    connection = opened_for_reading(path)
    try:
        with reading(path), connection:  # one moment: all reads see the same
            tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_schema")}
            if not {"event", "meta"} <= tables:
                raise ForeignJournal(path, "is a database, but no journal")
            meta = dict(connection.execute("SELECT name, value FROM meta"))
            recognize(path, meta.get("format"))
            first, last = (connection.execute(ask).fetchone() for ask in EVENTS)
    finally:
        connection.close(True)
    begins, ends = (recorded(path, row) if row else None for row in (first, last))
    closed = str(meta.get("closed", ""))
    if closed and (ends is None or closed != f"{ends.seq} {ends.hash.hex()}"):
        raise other_end(path, closed, ends.seq if ends else 0)
    return JournalLook(
        str(meta.get("account", "")), str(meta.get("format", "")),
        begins, ends, bool(closed),
    )  # fmt: skip


def look_at_segment(path: Path) -> SegmentLook:
    """Raises Unreadable, Damaged."""
    connection = opened_for_reading(path)
    try:
        with reading(path), connection:
            first, last = (connection.execute(ask).fetchone() for ask in PUSHES)
    finally:
        connection.close(True)
    if first is None or last is None:
        return SegmentLook(0, None, None, whole=True)
    return SegmentLook(last[0], first[1], last[1], whole=last[2] is not None)


def holder(path: Path) -> Holder | None:
    """Who holds the lock of this file; None where nobody does.  Raises OSError, also where there is no file.

    A file without a process id was released by its holder.  With one it is tried for an instant, shared: only
    the system knows whether a process that wrote its id still has the lock.
    """
    with path.open("rb") as file:
        written = file.read(32).strip()
        if not written:
            return None
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return Holder(int(written) if written.isdigit() else None)
    return None
