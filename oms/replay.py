"""Books made again from what is on disk: a snapshot where there is a good one, and the events behind it.

What comes out is what the writer had, to the byte of its state's hash, with or without the snapshot.  An
event that cannot be read is told by file and seq, and nothing is guessed past it; a snapshot that cannot be
used is ignored, and why is told.

Most of the time of a replay is decoding.  So a body is decoded once, by the class of its type, and straight
to the record where its event says nothing else.

Not here: whether the chain holds, which opening the journal checks; who waits meanwhile.  All of it blocks.
"""

import gc
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final, Generic, Literal, NamedTuple, TypeVar

import msgspec

from oms.domain.events import CLASSES, RECORDS, BadEvent, Event, UnknownEvent, event_of, said_by, version_of
from oms.eventlog.chain import GENESIS
from oms.eventlog.envelope import Envelope, Recorded
from oms.eventlog.errors import Damaged, FileError, LocalError
from oms.eventlog.parts import joined
from oms.eventlog.reader import Reader
from oms.eventlog.snapshot import NotSaved, Snapshot, Unfit, epoch_of, load, save
from oms.projections import Books
from oms.projections.commands import STAMPED
from oms.projections.snapshot import VERSION as DUMP_VERSION
from oms.projections.snapshot import BadDump, dumped, restored

Tag = TypeVar("Tag")
Said = TypeVar("Said")
UNREAD: Final = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)  # that a body can raise
REMEDY: Final = "restore the journal from a backup or from the stream"


class Replayed(NamedTuple):
    """Books, and where they stand."""

    books: Books
    seq: int = 0  # the last event folded
    head: bytes = GENESIS  # the chain's hash there
    since: int = 0  # the seq of the snapshot that they began with; 0: there was none, or it was ignored
    ignored: str | None = None  # why a snapshot that is there was not used
    forgotten: bool = False  # because the journal lacks events that were in it: an older copy was put back


class TooNew(FileError):
    """The journal holds a type of event, or a version of one, that this build does not know."""


class _Stored(msgspec.Struct, Generic[Tag, Said], frozen=True, gc=False):
    """What folding needs of an envelope."""

    type: Tag
    version: int
    data: Said
    part: int | None = None


def _decoder(tag: str, kind: Any) -> Callable[[bytes], _Stored[Any, Any]]:
    said = RECORDS.get(kind, kind)
    found: Any = msgspec.json.Decoder(_Stored[Literal[tag], said])  # type: ignore[valid-type]
    return found.decode  # type: ignore[no-any-return]


_KINDS: Final = {tag: (kind, version_of(tag), _decoder(tag, kind)) for tag, kind in CLASSES.items()}


def rebuilt(
    path: Path,
    until: int | None = None,
    start: Replayed | None = None,
    *,
    paged: Callable[[], object] = lambda: None,
) -> Replayed:
    """The journal's events behind `start`, up to `until` or the end as it is now, folded.

    The books of `start` are folded further: they are its caller's no more.  An event in parts counts with its
    last one; where `until` is among the others, the books stand before the first.  `paged` is called once a
    page, and what it raises ends the replay.  Raises TooNew, Damaged, Unreadable.
    """
    with closing(Reader(path)) as reader, nothing_collected():
        replay = _Replay(reader, start or Replayed(Books()))
        last = reader.last()
        end = last if until is None else min(until, last)
        seq = replay.seq
        while seq < end:
            rows, reached = reader.page(seq, end)
            if len(rows) != reached - seq:
                raise replay.damaged(_first_missing(rows, seq), "is missing")
            replay.fold(rows)
            seq = reached
            paged()
        if replay.parts and end == last:
            raise replay.damaged(end, "the parts behind it are missing")
        return replay.done()


def opened_books(folder: Path, account: str) -> Replayed:
    """The books of an account: its snapshot and the rest of its journal, or everything.

    Raises as `rebuilt`.
    """
    path = folder / f"{account}.db"
    with closing(Reader(path)) as reader:
        found = load(snapshot_path(folder, account), reader, DUMP_VERSION)
    return rebuilt(path, start=begun(found))


def save_snapshot(folder: Path, account: str, books: Books, seq: int) -> None:
    """Keep books as they are behind `seq`, which must be on disk, for the next `opened_books`.

    They must not change meanwhile, and where there are many orders it takes seconds.  Raises NotSaved, which
    costs nothing but the time of the next start (the snapshot that was there stays); LocalError for a seq
    that is not recorded; Damaged, Unreadable for the journal.
    """
    with closing(Reader(folder / f"{account}.db")) as reader, nothing_collected():
        last = reader.get(seq)
        if last is None:
            raise LocalError("seq", f"{seq} is not in {reader.path}")
        snapshot = Snapshot(
            DUMP_VERSION, account, epoch_of(reader), seq, last.hash, books.state_hash(), dumped(books)
        )
    save(snapshot_path(folder, account), snapshot)


def snapshot_path(folder: Path, account: str) -> Path:
    """Where an account's snapshot is, beside its journal."""
    return folder / f"{account}.snapshot"


def drop_snapshot(folder: Path, account: str) -> None:
    """Take an account's snapshot away; nothing where there is none.  Raises NotSaved."""
    path = snapshot_path(folder, account)
    try:
        path.unlink(missing_ok=True)
    except OSError as why:
        raise NotSaved(path, f"cannot be removed: {why.strerror}") from None


def _first_missing(rows: list[Recorded], after: int) -> int:
    behind = enumerate(rows, after + 1)
    return next((seq for seq, row in behind if row.seq != seq), after + len(rows) + 1)


def begun(found: Snapshot | Unfit | None) -> Replayed:
    """Where a replay goes on from; the beginning where no snapshot is good."""
    match found:
        case Snapshot():
            try:
                with nothing_collected():
                    books = restored(found.payload)
            except BadDump as why:
                return Replayed(Books(), ignored=f"its payload cannot be read: {why}")
            return Replayed(books, found.seq, found.head, since=found.seq)
        case Unfit(reason, forgotten):
            return Replayed(Books(), ignored=reason, forgotten=forgotten)
    return Replayed(Books())


class _Replay:
    """Rows of a journal going into books."""

    def __init__(self, reader: Reader, start: Replayed) -> None:
        self._reader, self._start = reader, start
        self.seq, self._head = start.seq, start.head
        self.parts: list[Envelope] = []

    def fold(self, rows: list[Recorded]) -> None:
        """The next rows.  What cannot be folded at once is looked at again: nearly everything can."""
        books = self._start.books
        fold = books.fold_said
        for row in rows:
            try:
                kind, version, decode = _KINDS[row.type]
                stored = decode(row.body)
            except (KeyError, *UNREAD):
                self._look(row)
                continue
            if stored.part is None and stored.version == version and not self.parts:
                fold(kind, stored.data)
                self.seq, self._head = row.seq, row.hash
                if kind in STAMPED:
                    books.commands.stamp(kind, stored.data, row.seq, row.envelope().recorded_at)
            else:
                self._look(row)

    def done(self) -> Replayed:
        """Everything so far."""
        return self._start._replace(seq=self.seq, head=self._head)

    def damaged(self, seq: int, message: str) -> Damaged:
        """A row that cannot be folded."""
        return Damaged(self._reader.path, f"seq {seq}: {message}; {REMEDY}")

    def _look(self, row: Recorded) -> None:
        """A part of an event, or an event that cannot be read: which, and why."""
        try:
            event = self._event(row)
        except UnknownEvent as why:
            raise TooNew(
                self._reader.path, f"seq {row.seq}: {why}; a newer version wrote it, and can read it"
            ) from why
        except (LocalError, BadEvent, *UNREAD) as why:
            raise self.damaged(row.seq, str(why)) from why
        if event is not None:
            books = self._start.books
            books.fold(event)
            if type(event) in STAMPED:  # of an older version; none of these is ever divided
                books.commands.stamp(type(event), said_by(event), row.seq, self.parts[0].recorded_at)
            self.parts, self.seq, self._head = [], row.seq, row.hash

    def _event(self, row: Recorded) -> Event | None:
        """What a row is, or completes; None where parts are still to come."""
        found = row.envelope()
        self.parts.append(found)
        if not row.type == found.type == self.parts[0].type:
            raise LocalError("type", f"is {row.type}, in the body {found.type}, before {self.parts[0].type}")
        if found.part == len(self.parts) < (found.parts or 0):
            return None
        if len(self.parts) > 1 or found.part is not None:
            found = joined(self.parts)
        return event_of(found.type, found.version, found.data)


@contextmanager
def nothing_collected() -> Iterator[None]:
    """What is made meanwhile stays, so looking through it for garbage, again and again, finds none."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()
