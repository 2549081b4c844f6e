"""What a journal is made of: events and bytes by type, and how many there were over time.

One pass, page by page; memory does not grow with the journal.
"""

from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from .envelope import Recorded
from .errors import Damaged
from .reader import Reader, Wanted

SPANS: Final = 60  # that the time between the first event and the last is cut into
SECOND: Final = len("2026-11-21T01:04:05")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class TypeCount(NamedTuple):
    """Events of a type."""

    type: str
    events: int
    bytes: int  # of their bodies


class Statistics(NamedTuple):
    """Of the events that were counted."""

    events: int
    bytes: int  # of their bodies
    types: list[TypeCount]  # the most frequent first
    first_at: str | None  # when the first and the last were recorded, UTC
    last_at: str | None
    busiest_at: str | None  # the second in which most were recorded,
    busiest: int  # and how many
    span_s: float  # how long each of `spans` is
    spans: list[int]  # events, from `first_at` on


class _When(msgspec.Struct, frozen=True, gc=False):
    recorded_at: str


_when = msgspec.json.Decoder(_When).decode


def counted(path: Path, since: int | None = None, before: int | None = None) -> Statistics:
    """Of what was recorded in [since, before), nanoseconds of UTC; all of it where None.

    Raises Unreadable, Damaged.
    """
    with closing(Reader(path)) as reader:
        begins, ends = _ends(reader, since, before)
        counting = _Counting(begins, ends)
        for row in reader.read(wanted=Wanted(since=since, before=before)):
            try:
                counting.add(row, _when(row.body).recorded_at)
            except ValueError as why:  # msgspec's errors are; or a time that is none
                raise Damaged(path, f"seq {row.seq}: {why}") from None
        return counting.done()


def _ends(reader: Reader, since: int | None, before: int | None) -> tuple[float, float]:
    """Seconds of UTC between which all of it was recorded, unless a clock was set back."""
    first, last = (reader.get(seq) for seq in (1, reader.last()))
    if first is None or last is None:
        return 0.0, 0.0
    try:
        begins, ends = (_seconds(_when(row.body).recorded_at) for row in (first, last))
    except ValueError as why:
        raise Damaged(reader.path, f"seq 1 or {last.seq}: {why}") from None
    return max(begins, (since or 0) / 1e9), ends if before is None else min(ends, before / 1e9)


def _seconds(at: str) -> float:
    whole = datetime.fromisoformat(f"{at[:SECOND]}+00:00") - _EPOCH
    return whole / timedelta(seconds=1)


class _Counting:
    """What was counted so far."""

    def __init__(self, begins: float, ends: float) -> None:
        self._begins = begins
        self._span = max(1.0, (ends - begins + 1) / SPANS)
        self._spans = [0] * SPANS
        self._types: dict[str, tuple[int, int]] = {}
        self._first: str | None = None
        self._last: str | None = None
        self._busiest_at: str | None = None
        self._second, self._in_second, self._busiest, self._place = "", 0, 0, 0

    def add(self, row: Recorded, at: str) -> None:
        events, size = self._types.get(row.type, (0, 0))
        self._types[row.type] = events + 1, size + len(row.body)
        if at[:SECOND] != self._second:
            self._second, self._in_second = at[:SECOND], 0
            self._place = int((_seconds(at) - self._begins) // self._span)
        self._in_second += 1
        if self._in_second > self._busiest:
            self._busiest, self._busiest_at = self._in_second, self._second + "Z"
        self._spans[min(max(self._place, 0), SPANS - 1)] += 1  # a clock that was set back stays within
        self._first, self._last = self._first or at, at

    def done(self) -> Statistics:
        types = [TypeCount(name, *counts) for name, counts in self._types.items()]
        return Statistics(
            sum(one.events for one in types),
            sum(one.bytes for one in types),
            sorted(types, key=lambda one: (-one.events, one.type)),
            self._first,
            self._last,
            self._busiest_at,
            self._busiest,
            self._span,
            self._spans if types else [],
        )
