"""Reading a journal: by range, type, symbol and time, from any process, while its writer goes on.

Everything is read in pages, each its own short transaction: memory stays bounded however large the journal
is, and no reader keeps the writer's log from beginning anew.  An event, once seen, never changes.
"""

from collections.abc import Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, Final, NamedTuple

import apsw
import trio

from .envelope import KINDS, Recorded, recorded, rfc3339
from .errors import LocalError
from .format import recognize
from .sqlite import opened_for_reading, reading

PAGE_ROWS: Final = 1000
PAGE_BYTES: Final = 4 * 1024 * 1024  # of bodies, about
ROWS: Final = 50  # looked at together: one by one takes twice the time
_KINDS: Final = [{kind} for kind in KINDS]
_recorded: Final = partial(tuple.__new__, Recorded)  # of a row that is a tuple already
SPAN: Final = 20_000  # seqs looked through by one page
POLL_S: Final = 0.02


class Wanted(NamedTuple):
    """Which events; None = all."""

    types: tuple[str, ...] | None = None  # tags; `order.*` = all of orders
    symbol: str | None = None  # of `data.symbol`
    since: int | None = None  # recorded at or after, nanoseconds of UTC
    before: int | None = None  # recorded before


class Page(NamedTuple):
    """Some events, and the seq up to which there are no others."""

    rows: list[Recorded]
    reached: int


ALL: Final = Wanted()


class Reader:
    """A journal's file, read only."""

    def __init__(self, path: Path) -> None:
        """Raises Unreadable, Damaged, NewerJournal, ForeignJournal."""
        self.path = path
        self._connection = opened_for_reading(path)
        try:
            with reading(path):
                self._connection.execute("SELECT seq, type, body, hash FROM event LIMIT 0")
                told = self._connection.execute("SELECT value FROM meta WHERE name = 'format'").fetchone()
            recognize(path, told and told[0])
        except BaseException:
            self._connection.close(True)
            raise

    def last(self) -> int:
        """The last seq that is on disk, 0 before the first."""
        with reading(self.path):
            return int(self._connection.execute("SELECT ifnull(max(seq), 0) FROM event").get)

    def get(self, seq: int) -> Recorded | None:
        """One event."""
        with reading(self.path):
            row = self._connection.execute(
                "SELECT seq, type, body, hash FROM event WHERE seq = ?", (seq,)
            ).fetchone()
        return None if row is None else recorded(self.path, row)

    def page(self, after: int, until: int, wanted: Wanted = ALL, *, rows: int = PAGE_ROWS) -> Page:
        """What is wanted behind `after`, up to `until`, which must be there; as much as a page holds.

        About so many rows; where all of them are decoded, it is quicker to do it a hundred at a time.
        """
        end, until = until, min(until, after + SPAN)
        where, given = _conditions(wanted)
        with reading(self.path):
            cursor = self._connection.execute(
                f"SELECT seq, type, body, hash FROM event WHERE seq > ? AND seq <= ?{where} ORDER BY seq",  # noqa: S608
                (after, until, *given),
            )
            found = _filled(self.path, cursor, until, rows)
            return found if found.rows or until == end else Page([], min(end, self._before_next(until)))

    def _before_next(self, seq: int) -> int:
        """`seq`, or the last of those behind it that are missing: nobody looks through them all."""
        ask = "SELECT ifnull(min(seq), ?1 + 1) - 1 FROM event WHERE seq > ?1"
        return int(self._connection.execute(ask, (seq,)).get)

    def read(self, after: int = 0, until: int | None = None, wanted: Wanted = ALL) -> Iterator[Recorded]:
        """What is wanted behind `after`, up to `until` or the end as it is now."""
        end = self.last() if until is None else min(until, self.last())
        while after < end:
            rows, after = self.page(after, end, wanted)
            yield from rows

    def follow(self, after: int = 0, wanted: Wanted = ALL, *, poll_s: float = POLL_S) -> "Following":
        """What is wanted behind `after`, page by page, then what comes, for ever; for Trio."""
        return Following(self, after, wanted, poll_s)

    def close(self) -> None:
        """Let the file go."""
        self._connection.close(True)


class Following:
    """An asynchronous iterator over pages, none of them empty."""

    def __init__(self, reader: Reader, after: int, wanted: Wanted, poll_s: float) -> None:
        self.reached = after  # everything wanted up to here was given out
        self._reader, self._wanted, self._poll_s = reader, wanted, poll_s

    def __aiter__(self) -> "Following":
        return self

    async def __anext__(self) -> list[Recorded]:
        """The next page; a checkpoint."""
        await trio.lowlevel.checkpoint()
        while True:
            end = self._reader.last()
            while self.reached < end:
                rows, self.reached = self._reader.page(self.reached, end, self._wanted)
                if rows:
                    return rows
                await trio.lowlevel.checkpoint()
            await trio.sleep(self._poll_s)


def _conditions(wanted: Wanted) -> tuple[str, list[Any]]:
    """The WHERE behind the range, and its values.  Bodies are text: as a blob SQLite takes them for JSONB."""
    found: list[tuple[str, list[Any]]] = []
    if wanted.types is not None:
        if not wanted.types:
            raise LocalError("types", "are none")
        # Tags have no other wildcard than the star that somebody wrote.
        found.append((" OR ".join(["type GLOB ?"] * len(wanted.types)), list(wanted.types)))
    for path, sign, value in (
        ("$.data.symbol", "=", wanted.symbol),
        ("$.recorded_at", ">=", None if wanted.since is None else rfc3339(wanted.since)),
        ("$.recorded_at", "<", None if wanted.before is None else rfc3339(wanted.before)),
    ):
        if value is not None:
            found.append((f"CAST(body AS TEXT) ->> '{path}' {sign} ?", [value]))
    return "".join(f" AND ({text})" for text, _ in found), [value for _, values in found for value in values]


def _filled(path: Path, cursor: apsw.Cursor, until: int, most: int) -> Page:
    rows: list[Recorded] = []
    size = 0
    while some := list(islice(cursor, ROWS)):
        columns = list(zip(*some, strict=True))
        if [set(map(type, column)) for column in columns] != _KINDS:
            for row in some:
                recorded(path, row)  # raises
        rows += map(_recorded, some)
        size += sum(map(len, columns[2]))
        if len(rows) >= most or size >= PAGE_BYTES:
            cursor.close()  # the transaction ends here
            return Page(rows, rows[-1].seq)
    return Page(rows, until)
