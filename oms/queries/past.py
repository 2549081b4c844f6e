"""The books of then: the journal folded up to a seq or a time.

Read in pages in a thread, so that nothing waits for it; one query at a time, and none goes on longer than
somebody waits for it.
"""

from pathlib import Path
from typing import Final, NamedTuple

import trio

from oms.eventlog.errors import FileError
from oms.past import NotRecorded, books_at, seq_at
from oms.projections import Books

from .refusal import UNREADABLE, Refused, bad
from .times import utc_ns

AS_OF: Final = "as_of"
_ONE_AT_A_TIME: Final = trio.CapacityLimiter(1)


class Then(NamedTuple):
    """Books, and the last event that is in them; 0: none was recorded yet."""

    books: Books
    seq: int


async def books_as_of(path: Path, wanted: int | str) -> Then:
    """The books at a seq, or before the first event recorded later than an RFC 3339 time; raises Refused."""
    time_ns = utc_ns(AS_OF, wanted) if isinstance(wanted, str) else None
    until = wanted if isinstance(wanted, int) else None
    return await trio.to_thread.run_sync(_made_anew, path, until, time_ns, limiter=_ONE_AT_A_TIME)


def unreadable(why: Exception) -> Refused:
    """The journal cannot be read: not the asker's fault."""
    return Refused("unreadable", f"the journal cannot be read: {why}", None, UNREADABLE)


def _made_anew(path: Path, until: int | None, time_ns: int | None) -> Then:
    paged = trio.from_thread.check_cancelled
    try:
        seq = seq_at(path, until, time_ns, paged=paged)
        found = books_at(path.parent, path.stem, seq, paged=paged)
    except NotRecorded as why:
        raise bad(AS_OF, str(why)) from None
    except FileError as why:
        raise unreadable(why) from None
    return Then(found.books, found.seq)
