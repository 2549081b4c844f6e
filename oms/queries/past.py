"""The books of then: the journal folded up to a seq or a time.

Read in pages in a thread, so that nothing waits for it; one query at a time.  Whoever asked over NATS may
have gone away, which nobody says: so no query waits for others and reads for longer than a limit.
"""

from pathlib import Path
from typing import Final, NamedTuple

import trio

from oms.eventlog.errors import FileError
from oms.past import NotRecorded, books_at, seq_at
from oms.projections import Books

from .refusal import BUSY, UNAVAILABLE, UNREADABLE, Refused, bad
from .times import utc_ns

AS_OF: Final = "as_of"
LIMIT_S: Final = 60.0  # a journal of a million events takes half of that
ONE_AT_A_TIME: Final = trio.CapacityLimiter(1)


class Then(NamedTuple):
    """Books, and the last event that is in them; 0: none was recorded yet."""

    books: Books
    seq: int


async def books_as_of(path: Path, wanted: int | str) -> Then:
    """The books at a seq, or before the first event recorded later than an RFC 3339 time; raises Refused."""
    time_ns = utc_ns(AS_OF, wanted) if isinstance(wanted, str) else None
    until = wanted if isinstance(wanted, int) else None
    with trio.move_on_after(LIMIT_S):
        return await trio.to_thread.run_sync(_made_anew, path, until, time_ns, limiter=ONE_AT_A_TIME)
    told = f"was not read within {LIMIT_S:.0f} s: oms replay reads the data folder instead"
    raise Refused(BUSY, told, AS_OF, UNAVAILABLE)


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
