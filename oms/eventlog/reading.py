"""A journal, or all of a folder's, as a Python iterator of events: for notebooks and back-tests.

    for event in oms.eventlog.read("/var/lib/oms", "main", types=["deal.*"]):
        print(event.seq, event.recorded_at, event.data["deal"], event.data["profit"])

Read only, in pages, beside a running daemon or without one; what is stored in parts comes whole.
"""

from collections.abc import Iterator, Sequence
from contextlib import closing
from heapq import merge
from pathlib import Path

from .envelope import Envelope, Recorded
from .errors import Damaged, LocalError, Unreadable
from .journal import ACCOUNT
from .parts import joined
from .reader import ALL, Reader, Wanted

JOURNALS = "journal"  # in a data folder


def read(
    data: Path | str,
    account: str | None = None,
    *,
    after: int = 0,
    until: int | None = None,
    types: Sequence[str] | str = (),
    symbol: str | None = None,
    since: int | None = None,
    before: int | None = None,
) -> Iterator[Envelope]:
    """Events of a data folder: of one account by seq; of all (None) by when they were recorded.

    Those behind seq `after`, up to `until` or the end as it is now; `types` are tags, or one, such as
    `deal.booked` or `order.*`; recorded in [since, before), nanoseconds of UTC.  Raises Unreadable, Damaged.
    """
    folder = Path(data) / JOURNALS
    tags = (types,) if isinstance(types, str) else tuple(types)
    wanted = Wanted(tags or None, symbol, since, before)
    if account is not None:
        return _of(folder / f"{account}.db", after, until, wanted)
    if not folder.is_dir():
        raise Unreadable(folder, "there are no journals")
    found = sorted(path for path in folder.glob("*.db") if ACCOUNT.fullmatch(path.stem))
    each = [_of(path, after, until, wanted) for path in found]
    return merge(*each, key=lambda event: event.recorded_at)


def events_of(
    reader: Reader, after: int = 0, until: int | None = None, wanted: Wanted = ALL
) -> Iterator[Envelope]:
    """Those of an open journal; an event in parts comes with its last one, in the place of its first.

    It is left out where `after` or `until` is among its parts.  Raises Damaged.
    """
    parts: list[Envelope] = []
    begun = False  # an event; parts before that are of one that began before
    for row in reader.read(after, until, wanted):
        found = _decoded(reader.path, row)
        begun = begun or found.part in (None, 1)
        if not begun:
            continue
        if found.part is None and not parts:
            yield found
            continue
        parts.append(found)
        if found.part == len(parts) == found.parts:
            whole, parts = _joined(reader.path, parts), []
            yield whole


def _of(path: Path, after: int, until: int | None, wanted: Wanted) -> Iterator[Envelope]:
    with closing(Reader(path)) as reader:
        yield from events_of(reader, after, until, wanted)


def _decoded(path: Path, row: Recorded) -> Envelope:
    try:
        return row.envelope()
    except ValueError as why:  # msgspec's errors are
        raise Damaged(path, f"seq {row.seq}: {why}") from None


def _joined(path: Path, parts: Sequence[Envelope]) -> Envelope:
    try:
        return joined(parts)
    except LocalError as why:
        raise Damaged(path, f"seq {parts[-1].seq}: {why}") from None
