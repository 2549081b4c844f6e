"""The books of an account as they were at a seq or a time, from the nearest snapshot on.

Not here: what they are asked (oms/queries), what market there was (oms/rewind).  All of it blocks.
"""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from oms.eventlog.reader import Reader, Wanted
from oms.eventlog.snapshot import Snapshot, load
from oms.projections.snapshot import VERSION as DUMP_VERSION
from oms.replay import Replayed, begun, rebuilt, snapshot_path


class NotRecorded(ValueError):
    """The journal has no such seq; the text says which is its last."""


def seq_at(
    path: Path, seq: int | None, time_ns: int | None, *, paged: Callable[[], object] = lambda: None
) -> int:
    """The last event of the books of then: a seq, or the one before the first that was recorded later than a
    time (nanoseconds of UTC; clocks may be set back, seqs are not), or the end as it is now.

    Raises NotRecorded, Unreadable, Damaged.
    """
    with closing(Reader(path)) as reader:
        last = reader.last()
        if seq is not None and not 0 <= seq <= last:
            raise NotRecorded(f"{seq} is not recorded, the last is {last}")
        if seq is not None or time_ns is None:
            return last if seq is None else seq
        later, after = Wanted(since=time_ns + 1), 0
        while after < last:
            paged()
            rows, after = reader.page(after, last, later)
            if rows:
                return rows[0].seq - 1
        return last


def books_at(
    folder: Path,
    account: str,
    until: int,
    *,
    snapshots: bool = True,
    paged: Callable[[], object] = lambda: None,
) -> Replayed:
    """The books behind `until`, which must be recorded; where that is within an event in parts, before it.

    `snapshots`: whether one may be begun with.  Raises TooNew, Damaged, Unreadable.
    """
    path = folder / f"{account}.db"
    start = _snapshot_before(folder, account, until) if snapshots else None
    return rebuilt(path, until, start, paged=paged)


def _snapshot_before(folder: Path, account: str, until: int) -> Replayed | None:
    """Where to begin: a good snapshot that is not of later."""
    path = folder / f"{account}.db"
    with closing(Reader(path)) as reader:
        found = load(snapshot_path(folder, account), reader, DUMP_VERSION)
    if not isinstance(found, Snapshot) or found.seq > until:
        return None
    return begun(found)
