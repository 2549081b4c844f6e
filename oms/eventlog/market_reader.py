"""Reading the market log: the pushes of a folder by time, account and kind, page by page, in the order
received.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, NamedTuple

from .chain import GENESIS, BrokenChain
from .errors import LocalError, Unreadable
from .packing import unpacked
from .retention import places
from .segment import packed_row
from .sqlite import opened_for_reading, reading

PAGE_ROWS: Final = 1000
SECOND: Final = 1_000_000_000
DAY: Final = 86_400 * SECOND


class Pushed(NamedTuple):
    """A stored push."""

    seq: int  # within its file
    kind: str
    account: str
    received_at: int  # nanoseconds of UTC
    body: bytes
    hash: bytes | None  # with the last push of a commit

    def rows(self) -> list[tuple[Any, ...]]:
        """What was received."""
        return unpacked(self.body)


def read_market(
    folder: Path,
    *,
    since: int = 0,
    before: int = 2**63 - 1,
    account: str | None = None,
    kind: str | None = None,
) -> Iterator[Pushed]:
    """Pushes received in [since, before), nanoseconds of UTC; a file deleted meanwhile is left out."""
    for path in segments(folder, since):
        for push in read_kept(path):
            wanted = account in (None, push.account) and kind in (None, push.kind)
            if wanted and since <= push.received_at < before:
                yield push


def segments(folder: Path, since: int = 0) -> Iterator[Path]:
    """The files, oldest first, without those that hold nothing received since then."""
    first = _day(max(since - DAY, 0))  # a clock set back leaves pushes in the file of the day after
    return (place.path(folder) for place in places(folder) if place.day >= first)


def read_kept(path: Path, after: int = 0) -> Iterator[Pushed]:
    """As `read_segment`, but a file that is deleted meanwhile just ends."""
    try:
        yield from read_segment(path, after)
    except Unreadable:
        if path.exists():
            raise


def read_segment(path: Path, after: int = 0) -> Iterator[Pushed]:
    """All pushes of a file behind a seq; raises Unreadable, Damaged."""
    connection = opened_for_reading(path)
    try:
        while True:
            with reading(path):
                cursor = connection.execute(
                    "SELECT seq, kind, account, received_at, body, hash FROM push WHERE seq > ? LIMIT ?",
                    (after, PAGE_ROWS),
                )
                page = [Pushed(*row) for row in cursor]
            if not page:
                return
            yield from page
            after = page[-1].seq
    finally:
        connection.close(True)


def check_segment(
    path: Path, until: int | None = None, paged: Callable[[int], object] = lambda seq: None
) -> int:
    """The last seq of a file whose chain holds, up to `until` where that ends a commit.

    `paged` hears now and then how far it is.  Raises BrokenChain, Unreadable, Damaged.
    """
    seq, digest = 0, sha256(GENESIS)
    ended = True
    for push in read_segment(path):
        if until is not None and push.seq > until:
            break
        if push.seq != seq + 1:
            raise BrokenChain(seq + 1, f"is missing, {push.seq} comes next")
        seq = push.seq
        digest.update(_hashed(push))
        if ended := push.hash is not None:
            if digest.digest() != push.hash:
                raise BrokenChain(seq, "the commit that ends here is not what was hashed")
            digest = sha256(push.hash)
        if not seq % PAGE_ROWS:
            paged(seq)
    if not ended:
        raise BrokenChain(seq, "is not the end of a commit")
    return seq


def _hashed(push: Pushed) -> bytes:
    """The row as it was hashed; BrokenChain where its columns are none that were written."""
    wanted = (int, str, str, int, bytes)
    if not all(isinstance(one, kind) for one, kind in zip(push, wanted, strict=False)):
        raise BrokenChain(push.seq, "a column holds another kind of value than was written")
    try:
        return packed_row(push.kind, push.account, push.received_at, push.body)
    except LocalError as why:
        raise BrokenChain(push.seq, str(why)) from None


def _day(at_ns: int) -> str:
    return f"{datetime.fromtimestamp(at_ns // SECOND, UTC):%Y%m%d}"
