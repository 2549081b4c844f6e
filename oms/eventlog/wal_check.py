"""Whether the write-ahead log that a dead writer left is whole, or SQLite will drop what was committed.

SQLite takes the frames up to the last commit before the first that is not as its checksum says, and says
nothing of the rest.  A writer killed in the middle of a commit leaves such a rest, and nobody was told of it.
So does a machine that loses power, in another way: pages reach the disk in any order until they are synced.
A damaged byte leaves one, too, and cuts off what was acknowledged.  The two are told apart as far as they can
be: each commit is synced before the next begins, so a bad frame with more than the rest of its own commit
behind it is damage.

Not for a file that is being written: it changes while it is read.
"""

from collections.abc import Iterator
from enum import Enum
from itertools import chain
from pathlib import Path
from struct import Struct, unpack
from typing import BinaryIO, Final, NamedTuple

from .wal import FRAME, HEADER, log_path

LITTLE, BIG = 0x377F0682, 0x377F0683  # magic; it says how the words of the checksum are read
SUMMED: Final = 24  # bytes of the header that its checksum is of
PLACED: Final = 8  # bytes of a frame's head that its checksum is of, before the page
PAIR: Final = Struct(">II")
WORD: Final = 0xFFFFFFFF

Sum = tuple[int, int]


class Rest(Enum):
    """What lies behind the last commit that SQLite takes."""

    NOTHING = "nothing"
    UNFINISHED = "unfinished"  # frames of a commit that never ended
    UNCLEAR = "unclear"  # within the last commit a frame that is not what was written: not synced, or damaged
    DAMAGED = "damaged"  # it held more commits, or its header is none


class _Frame(NamedTuple):
    """One, as it lies there."""

    salted: bool  # of the present use of the file
    summed: bool  # its checksum goes on from that of the frame before
    ends: bool  # a commit


def rest_of_log(path: Path) -> Rest:
    """What the write-ahead log of a file that nobody writes holds beyond what counts; raises OSError."""
    log = log_path(path)
    if not log.exists() or not log.stat().st_size:
        return Rest.NOTHING
    with log.open("rb") as file:
        begin = _Begin.read(file)
        return Rest.DAMAGED if begin is None else _judged(_frames(file, begin))


def _judged(frames: Iterator[_Frame]) -> Rest:
    """By the frames: first those that SQLite takes, then whatever follows."""
    open_commit = False
    for frame in frames:
        if frame.salted and frame.summed:
            open_commit = not frame.ends
        elif frame.summed:
            return Rest.DAMAGED  # it is of this use, and its salt, which no checksum holds, was changed
        else:
            behind = _behind(chain((frame,), frames))
            if behind is not Rest.NOTHING:
                return behind
    return Rest.UNFINISHED if open_commit else Rest.NOTHING


def _behind(frames: Iterator[_Frame]) -> Rest:
    """By a bad frame and all that follow; those of an earlier use do not count."""
    found, ended = Rest.NOTHING, False
    for frame in frames:
        if frame.salted:
            if ended:
                return Rest.DAMAGED  # another commit was begun, so this one was synced
            found, ended = Rest.UNCLEAR, frame.ends
    return found


class _Begin(NamedTuple):
    """What the header says."""

    order: str  # of bytes in the words that are summed
    page_size: int
    salts: int
    sum: Sum

    @classmethod
    def read(cls, file: BinaryIO) -> "_Begin | None":
        """None where it is no header: SQLite then takes nothing."""
        head = file.read(HEADER.size)
        if len(head) < HEADER.size:
            return None
        magic, _, page_size, _, salts, _, _ = HEADER.unpack(head)
        order = {LITTLE: "<", BIG: ">"}.get(magic)
        if order is None or page_size < 512 or page_size > 65_536 or page_size & (page_size - 1):
            return None
        found = _summed(order, head[:SUMMED], (0, 0))
        return cls(order, page_size, salts, found) if found == PAIR.unpack(head[SUMMED:]) else None


def _frames(file: BinaryIO, begin: _Begin) -> Iterator[_Frame]:
    """Whole frames, one after the other; one that is cut off was never finished."""
    before = begin.sum
    while True:
        head, page = file.read(FRAME.size), file.read(begin.page_size)
        if len(page) < begin.page_size:
            if len(head) == FRAME.size and FRAME.unpack(head)[2] == begin.salts:
                yield _Frame(salted=True, summed=False, ends=False)
            return
        _, size, salts, _, _ = FRAME.unpack(head)
        told = PAIR.unpack(head[-PAIR.size :])
        summed = _summed(begin.order, head[:PLACED] + page, before) == told
        yield _Frame(salts == begin.salts, summed, bool(size))
        before = told


def _summed(order: str, data: bytes, start: Sum) -> Sum:
    """SQLite's checksum, from `start` on."""
    one, other = start
    words = iter(unpack(f"{order}{len(data) // 4}I", data))
    for first in words:
        one = (one + first + other) & WORD
        other = (other + next(words) + one) & WORD
    return one, other
