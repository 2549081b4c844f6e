"""The market log: ticks, books and statistics of all accounts as they were received.

It serves whoever looks back, and stops nothing: where it cannot be written it pauses, says so, and tries
again later.  A power failure may cost its last moments.  A file holds a day of UTC, or a part of one where
the day is large; keeping to the bounds means deleting the oldest file.
"""

import shutil
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, NamedTuple

import apsw

from .committer import Kind, committer
from .errors import Damaged, FileError
from .retention import Place, latest_of, remove_old, size
from .segment import Pushed, Segment, encoded

GB: Final = 1_000_000_000
SECOND: Final = 1_000_000_000  # in nanoseconds
DAY: Final = 86_400 * SECOND
LOOK_NS: Final = SECOND  # how often the disk is looked at
RETRY_NS: Final = 10 * SECOND  # after a failure
ROOMIER: Final = 1.1  # so much more than the least must be free before logging goes on


class Bounds(NamedTuple):
    """How much is kept."""

    days: int = 3
    most_bytes: int = 5 * GB
    segment_bytes: int = GB  # then the day goes on in another file
    least_free_bytes: int = 2 * GB  # on the disk; below it nothing is logged


class MarketState(NamedTuple):
    """How the log stands."""

    logging: bool
    reason: str  # why not; empty when it is
    segment: str  # the file written last; what it needs to be understood alone goes into each new one


DEFAULT: Final = Bounds()


class MarketLog:
    """The one writer of the market log of a data folder."""

    def __init__(
        self,
        folder: Path,
        *,
        clock: Callable[[], int] = time.time_ns,
        bounds: Bounds = DEFAULT,
        kind: Kind = "inline",
        checkpoints_apart: bool = True,
        told: Callable[[MarketState], None] = lambda _: None,
        free: Callable[[Path], int] = lambda folder: shutil.disk_usage(folder).free,
    ) -> None:
        """`told` is called in the writer's own task whenever the state has changed."""
        self.state = MarketState(True, "", "")
        self._folder, self._clock, self._bounds = folder, clock, bounds
        self.told = told
        self._apart, self._free = checkpoints_apart, free
        self._told_state = self.state
        self._segment: Segment | None = None
        self._place: Place | None = None
        self._day_ends = 0
        self._looked_at = 0
        self._next_look_ns = 0  # how long after that
        self._committer = committer(kind, self._commit)

    def write(self, pushes: Sequence[Pushed]) -> bool:
        """Log pushes, in one commit; whether they are logged.  LocalError where a push is none.

        Not beside `append`: there is one writer.
        """
        return self.write_rows([encoded(push) for push in pushes])

    def write_rows(self, rows: Sequence[bytes]) -> bool:
        """As `write`, of what `segment.encoded` made."""
        logged = not rows or self._commit(rows)[0]
        self._tell()
        return logged

    def ready(self) -> bool:
        """Whether it logs; where it pauses and a look is due, it looks whether it can go on, and tells.

        So that what has to come first, when it does go on, can be written first.
        """
        if not self.state.logging:
            try:
                self._look_when_due(self._clock())
            except OSError as why:
                self._pause(str(why), RETRY_NS)
            self._tell()
        return self.state.logging

    async def append(self, pushes: Sequence[Pushed]) -> bool:
        """As `write`, together with what other tasks append at the same time."""
        rows = [encoded(push) for push in pushes]
        stored = await self._committer.submit(rows, sum(map(len, rows)))
        self._tell()
        return all(stored)

    def close(self) -> None:
        """Finish what was handed over and let the files go."""
        self._committer.close()
        self._leave_segment()

    def _tell(self) -> None:
        if self.state != self._told_state:
            self._told_state = self.state
            self.told(self.state)

    def _commit(self, rows: Sequence[bytes]) -> list[bool]:
        """Never raises for what the disk does."""
        now = self._clock()
        try:
            self._look_when_due(now)
            if self.state.logging:
                self._segment_for(now).append(rows)
        except (apsw.Error, OSError, FileError) as why:
            self._pause(str(why), RETRY_NS)
        return [self.state.logging] * len(rows)

    def _look_when_due(self, now: int) -> None:
        if not 0 <= now - self._looked_at < self._next_look_ns:
            self._look(now)

    def _look(self, now: int) -> None:
        """Whether there is room, and nothing older or more than should be; raises OSError."""
        self._looked_at, self._next_look_ns = now, LOOK_NS
        self._folder.mkdir(parents=True, exist_ok=True)
        today = _utc(now).date()
        bounds = self._bounds
        remove_old(self._folder, today, days=bounds.days, most_bytes=bounds.most_bytes, keep=self._place)
        free = self._free(self._folder)
        least = bounds.least_free_bytes * (1 if self.state.logging else ROOMIER)
        if free < least:
            self._pause(f"less than {bounds.least_free_bytes} bytes are free on the disk", LOOK_NS)
        else:
            self.state = self.state._replace(logging=True, reason="")
            if self._place is not None and size(self._folder, self._place) >= bounds.segment_bytes:
                self._leave_segment()
                self._place = Place(self._place.day, self._place.number + 1)

    def _segment_for(self, now: int) -> Segment:
        """The open segment of that day; one day never comes back, even if the clock does."""
        if self._place is None or now >= self._day_ends:
            day = f"{_utc(now):%Y%m%d}"
            self._day_ends = (now // DAY + 1) * DAY
            if self._place is None or day > self._place.day:
                self._leave_segment()
                self._place = latest_of(self._folder, day)
        if self._segment is None:
            self._segment = self._opened(self._place)
            self.state = self.state._replace(segment=self._segment.path.name)
        return self._segment

    def _opened(self, place: Place) -> Segment:
        """The segment at that place; behind one that is damaged another is begun, next time."""
        try:
            return Segment(place.path(self._folder), checkpoints_apart=self._apart)
        except Damaged:
            self._place = Place(place.day, place.number + 1)
            raise

    def _pause(self, reason: str, wait_ns: int) -> None:
        self._next_look_ns = wait_ns
        self.state = self.state._replace(logging=False, reason=reason)
        self._leave_segment()

    def _leave_segment(self) -> None:
        if self._segment is not None:
            with suppress(apsw.Error):  # it was committed or told as not logged; nothing hangs on the closing
                self._segment.close()
            self._segment = None


def _utc(at_ns: int) -> datetime:
    return datetime.fromtimestamp(at_ns // SECOND, UTC)
