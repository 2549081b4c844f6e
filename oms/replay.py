"""Books made again from what is on disk: a snapshot where there is a good one, and the events behind it.

What comes out is what the writer had, to the byte of its state's hash, with or without the snapshot.  An
event that cannot be read is told by file and seq, and nothing is guessed past it; a snapshot that cannot be
used is ignored, and why is told.

Most of the time of a replay is decoding.  So a body is decoded once, by the class of its type, and straight
to the record where its event says nothing else.

Not here: whether the chain holds, which opening the journal checks; who waits meanwhile.  All of it blocks.
"""

import gc
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Annotated, Any, Final, Generic, Literal, NamedTuple, TypeVar

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
Version = TypeVar("Version")
Said = TypeVar("Said")
PAGE_ROWS: Final = 100  # read, decoded and folded together: they stay in the processor's cache
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


TIME: Final = len("2026-11-21T01:04:05.123456789Z")
Moment = Annotated[
    str, msgspec.Meta(min_length=TIME, max_length=TIME)
]  # a pattern would cost more than all the rest


class Stored(msgspec.Struct, Generic[Tag, Version, Said], frozen=True, gc=False, forbid_unknown_fields=True):
    """The envelope of an event that is whole and of today's version, with what it says."""

    account: str
    cause: str | int | None
    data: Said
    recorded_at: Moment
    seq: int
    trace: str | None
    type: Tag
    venue_time: str | None
    version: Version
    part: None = None
    parts: None = None


Read = Stored[Any, Any, Any] | None  # None: a part, an older version, or what cannot be read


def _decoder(tag: str, kind: Any) -> Callable[[bytes], Stored[Any, Any, Any]]:
    said, version = RECORDS.get(kind, kind), version_of(tag)
    found: Any = msgspec.json.Decoder(Stored[Literal[tag], Literal[version], said])  # type: ignore[valid-type]
    return found.decode  # type: ignore[no-any-return]


_DECODERS: Final = {tag: _decoder(tag, kind) for tag, kind in CLASSES.items()}


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
        replay = Replay(path, start or Replayed(Books()))
        last = reader.last()
        end = last if until is None else min(until, last)
        while replay.reached < end:
            rows, reached = reader.page(replay.reached, end, rows=PAGE_ROWS)
            replay.fold(rows, read(rows), reached)
            paged()
        if end == last:
            replay.close()
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


def read(rows: Iterable[Recorded]) -> list[Read]:
    """What each row is, where it can be folded at once, as nearly all can."""
    found: list[Read] = []
    for _, tag, body, _ in rows:
        try:
            found.append(_DECODERS[tag](body))
        except (KeyError, *UNREAD):  # why, tells who looks at it again
            found.append(None)
    return found


class Replay:
    """Rows of a journal going into books, in the order in which they are read."""

    def __init__(self, path: Path, start: Replayed) -> None:
        """Behind `start`, whose books are its caller's no more; `path` is what errors name."""
        self.books = start.books
        self.reached = start.seq  # the last row that was read
        self._path, self._start = path, start
        self._seq, self._head = start.seq, start.head  # of the last event folded
        self._parts: list[Envelope] = []  # of an event of which some are still to come
        self._kinds = {
            tag: (self.books.folds(kind), kind if kind in STAMPED else None) for tag, kind in CLASSES.items()
        }

    def fold(self, rows: Sequence[Recorded], found: Sequence[Read], reached: int) -> None:
        """The rows behind the last ones, all that there are up to `reached`, and what was `read` of them.

        Raises TooNew, Damaged, after which the books are of no use.
        """
        if len(rows) != reached - self.reached:
            raise self._damaged(self._first_missing(rows), "is missing")
        kinds, parts, commands = self._kinds, self._parts, self.books.commands
        folded: Recorded | None = None
        for row, event in zip(rows, found, strict=True):
            if event is None or parts:
                self._stand(folded)
                self._look(row)
                folded = None
                continue
            said = event.data
            folds, stamped = kinds[event.type]
            for fold in folds:
                fold(said)
            if stamped is not None:
                commands.stamp(stamped, said, row.seq, event.recorded_at)
            folded = row
        self._stand(folded)
        self.reached = reached

    def close(self) -> None:
        """There are no more rows: raises Damaged where parts of an event are missing."""
        if self._parts:
            raise self._damaged(self.reached, "the parts behind it are missing")

    def done(self) -> Replayed:
        """Everything so far."""
        return self._start._replace(seq=self._seq, head=self._head)

    def _first_missing(self, rows: Sequence[Recorded]) -> int:
        behind = enumerate(rows, self.reached + 1)
        return next((seq for seq, row in behind if row.seq != seq), self.reached + len(rows) + 1)

    def _damaged(self, seq: int, message: str) -> Damaged:
        """A row that cannot be folded."""
        return Damaged(self._path, f"seq {seq}: {message}; {REMEDY}")

    def _look(self, row: Recorded) -> None:
        """A part of an event, an event of an older version, or one that cannot be read: which, and why."""
        try:
            event = self._event(row)
        except UnknownEvent as why:
            raise TooNew(
                self._path, f"seq {row.seq}: {why}; a newer version wrote it, and can read it"
            ) from why
        except (LocalError, BadEvent, *UNREAD) as why:
            raise self._damaged(row.seq, str(why)) from why
        if event is not None:
            self.books.fold(event)
            if type(event) in STAMPED:  # of an older version; none of these is ever divided
                at = self._parts[0].recorded_at
                self.books.commands.stamp(type(event), said_by(event), row.seq, at)
            self._parts.clear()
            self._stand(row)

    def _stand(self, row: Recorded | None) -> None:
        """Behind a row whose event was folded, if one was."""
        if row is not None:
            self._seq, self._head = row.seq, row.hash

    def _event(self, row: Recorded) -> Event | None:
        """What a row is, or completes; None where parts are still to come."""
        found, parts = row.envelope(), self._parts
        parts.append(found)
        if not row.type == found.type == parts[0].type:
            raise LocalError("type", f"is {row.type}, in the body {found.type}, before {parts[0].type}")
        if found.part == len(parts) < (found.parts or 0):
            return None
        if len(parts) > 1 or found.part is not None:
            found = joined(parts)
        return event_of(found.type, found.version, found.data)


@contextmanager
def nothing_collected() -> Iterator[None]:
    """What is made meanwhile stays: looking through it for garbage finds none, now and when it is over."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was and not gc.get_freeze_count():  # else the process has set aside what it began with
            gc.freeze()  # out of the young ones, which are looked through often ...
            gc.unfreeze()  # ... into the old ones, which seldom are
        if was:
            gc.enable()
