"""One file of the market log: SQL and nothing else, and the look of its rows.

A row per push, its own sequence from 1.  Commits are chained, not rows: the last row of each commit has the
hash, SHA-256(hash of the commit before ‖ the rows of this one).  A row is hashed as 19 digits of
`received_at`, 8 of the blob's length, the kind and the account filled up with spaces to 10 and 32, the
blob.
"""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import Any, Final, NamedTuple, Protocol

import apsw

from .chain import GENESIS, link
from .checkpoint import Checkpointer
from .errors import Damaged, LocalError
from .packing import packed
from .sqlite import opened_for_writing, reading

KIND, ACCOUNT = 10, 32  # bytes, at most
# Its commits sync nothing, so only checkpoints ever stop the loop: the fewer the better, within 64 MB of log.
DUE_PAGES: Final = 16_384
LATEST: Final = 10**19  # nanoseconds: what 19 digits write
SCHEMA: Final = """CREATE TABLE push (seq INTEGER PRIMARY KEY, kind TEXT NOT NULL, account TEXT NOT NULL,
    received_at INTEGER NOT NULL, body BLOB NOT NULL, hash BLOB)"""
# As with the journal: one statement over one array of blobs.  A blob is the row as it is hashed.
INSERT: Final = """INSERT INTO push (seq, kind, account, received_at, body, hash)
    SELECT ?1 + rowid, rtrim(CAST(substr(value, 28, 10) AS TEXT)), rtrim(CAST(substr(value, 38, 32) AS TEXT)),
           CAST(CAST(substr(value, 1, 19) AS TEXT) AS INTEGER), substr(value, 70), iif(rowid = ?2, ?3, NULL)
    FROM carray(?4)"""


class Pushed(Protocol):
    """What the log takes for a push."""

    @property
    def kind(self) -> str:
        """A word of the caller's."""
        ...

    @property
    def account(self) -> str:
        """Whose."""
        ...

    @property
    def received_at(self) -> int:
        """Nanoseconds of UTC."""
        ...

    @property
    def rows(self) -> Sequence[tuple[Any, ...]]:
        """As `packing` takes them."""
        ...


class Push(NamedTuple):
    """Market data as they came."""

    kind: str
    account: str
    received_at: int  # nanoseconds of UTC
    rows: Sequence[tuple[Any, ...]]


def encoded(push: Pushed) -> bytes:
    """A push as it is hashed and handed to SQLite; LocalError where it is none."""
    at = push.received_at
    if not 0 <= at < LATEST:
        raise LocalError("received_at", f"{at} is no moment")
    body = packed(push.rows)
    return b"%019d%08d%b%b" % (at, len(body), _place(push.kind, push.account), body)


def packed_row(kind: str, account: str, received_at: int, body: bytes) -> bytes:
    """A row's columns as one blob."""
    return b"%019d%08d%b%b" % (received_at, len(body), _place(kind, account), body)


@lru_cache(4096)
def _place(kind: str, account: str) -> bytes:
    for name, word, most in (("kind", kind, KIND), ("account", account, ACCOUNT)):
        if not 0 < len(word) <= most or not word.isascii() or word != word.strip():
            raise LocalError(name, f"{ascii(word)[:80]} is not 1 to {most} plain letters")
    return b"%-10b%-32b" % (kind.encode(), account.encode())


class Segment:
    """A file open for writing."""

    def __init__(self, path: Path, *, checkpoints_apart: bool) -> None:
        """Open or make it; raises Damaged, another FileError, apsw's errors."""
        self.path = path
        self._apart = checkpoints_apart
        with reading(path):
            self._connection = self._connected()
        try:
            with reading(path):
                self.seq, self.head = self._tail()
        except BaseException:
            self._connection.close(True)
            raise
        self._committing = Lock()
        self._checkpointer = (
            Checkpointer(self._connected, self._committing, DUE_PAGES) if checkpoints_apart else None
        )

    def append(self, rows: Sequence[bytes]) -> None:
        """Commit encoded pushes, all or none; raises apsw's errors."""
        head = link(self.head, b"".join(rows))
        with self._committing:
            blobs = apsw.carray(tuple(rows), flags=apsw.SQLITE_CARRAY_BLOB)
            self._connection.execute(INSERT, (self.seq, len(rows), head, blobs))
            self.seq, self.head = self.seq + len(rows), head
        if self._checkpointer is not None:
            self._checkpointer.committed(sum(map(len, rows)))

    def close(self) -> None:
        """Let the file go."""
        if self._checkpointer is not None:
            self._checkpointer.close()
        self._connection.close(True)

    def _connected(self) -> apsw.Connection:
        return opened_for_writing(self.path, "normal", automatic_checkpoints=not self._apart)

    def _tail(self) -> tuple[int, bytes]:
        if not self._connection.execute("SELECT count(*) FROM sqlite_schema").get:
            self._connection.execute(SCHEMA)
        row = self._connection.execute("SELECT seq, hash FROM push ORDER BY seq DESC LIMIT 1").fetchone()
        if row is None:
            return 0, GENESIS
        if row[1] is None:
            raise Damaged(self.path, "does not end with the end of a commit")
        return int(row[0]), bytes(row[1])
