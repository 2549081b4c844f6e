"""The file of a journal: SQL and nothing else.  Blocking by design; whoever calls chooses the thread.

`event` is an ordinary table with a row per event.  Triggers refuse to change or remove one, and to insert
any but the next seq, so that a gap cannot come about whoever writes.  `meta` says what file this is; its
`closed` holds the last seq and hash from a clean close to the next opening, and nothing in between.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

import apsw

from .chain import GENESIS, BrokenChain, checked
from .envelope import TAG_LENGTH, Recorded, recorded
from .errors import Damaged, ForeignJournal
from .format import FORMAT, recognize
from .sqlite import opened_for_writing, prepare_for_writing, reading
from .wal import frames_written, log_path

META: Final = frozenset({"account", "closed", "format"})
TAIL: Final = 1000  # rows that an opening reads again
HASH: Final = len(GENESIS)

SCHEMA: Final = (
    """CREATE TABLE event
       (seq INTEGER PRIMARY KEY, type TEXT NOT NULL, body BLOB NOT NULL, hash BLOB NOT NULL)""",
    "CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    """CREATE TRIGGER event_follows BEFORE INSERT ON event
       WHEN NEW.seq <> (SELECT ifnull(max(seq), 0) + 1 FROM event)
       BEGIN SELECT RAISE(ABORT, 'the next event of a journal has the next seq'); END""",
    """CREATE TRIGGER event_stays BEFORE UPDATE ON event
       BEGIN SELECT RAISE(ABORT, 'a journal is append-only'); END""",
    """CREATE TRIGGER event_is_kept BEFORE DELETE ON event
       BEGIN SELECT RAISE(ABORT, 'a journal is append-only'); END""",
)
# A whole commit is one statement over one array of blobs, so that a thread gives up the interpreter's lock
# once and not once a row.  A blob is the row: the hash, the tag filled up with spaces, the body.
INSERT: Final = f"""INSERT INTO event (seq, type, body, hash)
    SELECT ?1 + rowid, rtrim(CAST(substr(value, {HASH + 1}, {TAG_LENGTH}) AS TEXT)),
           substr(value, {HASH + TAG_LENGTH + 1}), substr(value, 1, {HASH})
    FROM carray(?2)"""  # noqa: S608


def other_end(path: Path, closed: str, seq: int) -> Damaged:
    """A journal ends at `seq`, and not as it was `closed`."""
    told = closed.partition(" ")[0]
    ends = "there with another hash" if told == str(seq) else f"at {seq}"
    return Damaged(path, f"was closed at seq {told or repr(told)} and now ends {ends}: restore it")


class Tail(NamedTuple):
    """Where a journal ends, and how it was left."""

    seq: int
    hash: bytes
    clean: bool  # closed by its writer, or new
    torn_frames: int  # page images of a commit that was never finished


class JournalFile:
    """One account's journal on disk."""

    def __init__(self, path: Path, account: str, *, automatic_checkpoints: bool) -> None:
        """Open or make it; raises ForeignJournal, Damaged, apsw's errors."""
        self.path, self.account = path, account
        self._automatic = automatic_checkpoints
        frames = frames_written(path)
        if frames and not path.exists():
            raise Damaged(log_path(path), "is there, but the journal it belongs to is not; restore both")
        with reading(path):
            self._connection = apsw.Connection(str(path))
        try:
            with reading(path):
                self._recognize()
                prepare_for_writing(self._connection, "full", automatic_checkpoints=automatic_checkpoints)
                self.tail = self._examined(frames)
        except BaseException:
            self._connection.close(True)
            raise

    def connected(self) -> apsw.Connection:
        """One more connection to it."""
        return opened_for_writing(self.path, "full", automatic_checkpoints=self._automatic)

    def append(self, seq: int, rows: Sequence[Recorded]) -> None:
        """Commit rows behind `seq`, all or none; on disk when this returns.  Raises apsw's errors."""
        blobs = tuple(b"%b%-64b%b" % (row.hash, row.type.encode(), row.body) for row in rows)
        self._connection.execute(INSERT, (seq, apsw.carray(blobs, flags=apsw.SQLITE_CARRAY_BLOB)))

    def first(self) -> Recorded | None:
        """The event that opened the account."""
        row = self._connection.execute("SELECT seq, type, body, hash FROM event WHERE seq = 1").fetchone()
        return None if row is None else recorded(self.path, row)

    def mark_open(self) -> None:
        """From now on it counts as not closed."""
        self._set("closed", "")

    def mark_closed(self, seq: int, head: bytes) -> None:
        """It ends here, and was left as it should be."""
        self._set("closed", f"{seq} {head.hex()}")

    def close(self) -> None:
        """Let the file go; the last connection copies the write-ahead log into it."""
        self._connection.close(True)

    def _recognize(self) -> None:
        """Judge what file this is before anything in it is changed or believed; an empty database is new."""
        tables = {name for (name,) in self._connection.execute("SELECT name FROM sqlite_schema")}
        if not tables:
            return
        if not {"event", "meta"} <= tables:
            raise ForeignJournal(self.path, "is a database, but no journal")
        recognize(self.path, self._get("format"))
        found = self._get("account")
        if found != self.account:
            raise ForeignJournal(
                self.path, f"has the account {found!r}, and only {self.account!r} can be opened here"
            )

    def _examined(self, frames: int) -> Tail:
        if not self._connection.execute("SELECT count(*) FROM sqlite_schema").get:
            self._make()
        seq, head = self._checked_tail()
        torn = max(0, frames - self._fold_log()) if frames else 0
        closed = self._get("closed")
        if closed and closed != f"{seq} {head.hex()}":
            raise other_end(self.path, closed, seq)
        return Tail(seq, head, bool(closed) or not seq, torn)

    def _make(self) -> None:
        with self._connection:  # all of it or nothing: a crash leaves an empty database, which is a new one
            for statement in SCHEMA:
                self._connection.execute(statement)
            self._set("format", FORMAT)
            self._set("account", self.account)

    def _checked_tail(self) -> tuple[int, bytes]:
        """The last seq and hash, once the last rows were read and follow from each other."""
        last = self._connection.execute("SELECT ifnull(max(seq), 0) FROM event").get
        before = max(0, last - TAIL)
        base = self._connection.execute("SELECT hash FROM event WHERE seq = ?", (before,)).fetchone()
        head = base[0] if base else GENESIS
        rows = self._connection.execute(
            "SELECT seq, type, body, hash FROM event WHERE seq > ? ORDER BY seq", (before,)
        )
        try:
            for row in checked((recorded(self.path, row) for row in rows), before, head):
                head = row.hash
        except BrokenChain as why:
            raise Damaged(self.path, f"{why}; restore it from a backup or from the stream") from None
        return last, head

    def _fold_log(self) -> int:
        """Copy the write-ahead log into the file; how many of its frames counted.

        Done before anything is appended: if a sync failed before the last end, the system may hold those
        frames for written when they are not, and only writing them anew makes them so.
        """
        frames, _ = self._connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
        return frames

    def _get(self, name: str) -> str | None:
        row = self._connection.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
        return None if row is None else str(row[0])

    def _set(self, name: str, value: str) -> None:
        self._connection.execute(
            "INSERT INTO meta VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            (name, value),
        )
