"""The one writer of an account's journal: commit, fold, wake.

Whoever has something to tell takes a turn.  In its turn it looks at the books, proposes events, and sees each
folded as soon as it is proposed; then they are committed together.  Turns never overlap, and nobody reads the
books during one: so nothing is seen, published or answered that is not on disk.

The awkward moment: a commit that fails.  Then the books know what the disk does not.  They are thrown away
and made anew from the journal; the turn's caller is told, and what it had to tell is not recorded.

Not here: what events mean, where they go when they are recorded.
"""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from time import perf_counter
from typing import Final

import trio

from oms.domain.events import DealAmended, DealBooked, Event, data_of, type_of, version_of
from oms.domain.observations import Observation
from oms.domain.observe import observe
from oms.domain.records import OrderRecord, PositionRecord
from oms.eventlog.envelope import Draft, Recorded
from oms.eventlog.errors import FileError
from oms.eventlog.journal import Journal
from oms.failpoints import reach
from oms.projections import Books
from oms.projections.commands import STAMPED
from oms.projections.outcomes import follow

MOST: Final = 1000  # events in a commit; each may take several rows

Rebuild = Callable[[], Books]
_STAMPED_TAGS: Final = frozenset(str(kind.__struct_config__.tag) for kind in STAMPED)


class Turn:
    """What one turn proposes: events, each folded at once."""

    def __init__(self, books: Books) -> None:
        self.books = books
        self.events: list[Event] = []

    def add(self, event: Event) -> None:
        """An event that happened."""
        self.events.append(event)
        self.books.fold(event)

    def see(self, seen: Iterable[Observation]) -> None:
        """What of these is news, in their order."""
        for one in seen:
            for event in observe(self.books, one):
                self.add(event)

    def conclude(self) -> None:
        """What has happened by now may settle commands: that belongs to the same turn."""
        for event in follow(self.books, tuple(self.events)):
            self.add(event)


class Recorder:
    """One account's journal and books."""

    def __init__(
        self,
        journal: Journal,
        books: Books,
        rebuild: Rebuild,
        *,
        took: Callable[[int, float], None] = lambda events, seconds: None,
    ) -> None:
        """`rebuild` makes the books from the journal's file; `took` hears of each commit.

        `failed`, which may be set later, hears at once of a commit that failed.
        """
        self.account = journal.account
        self.books = books
        self.kept = 0  # the seq of the latest snapshot, for whoever makes them
        self._hearers: list[Callable[[Sequence[Event]], None]] = []
        self.failed: Callable[[FileError], None] = lambda why: None
        self._journal, self._rebuild, self._took = journal, rebuild, took
        self._turn = trio.Lock()  # fair: who waits first is first
        self._moved = trio.Event()
        self._stale = False  # books that could not be made anew after a commit had failed

    def tell(self, hear: Callable[[Sequence[Event]], None]) -> None:
        """From now on `hear` is told the events of each turn, as soon as they are on disk."""
        self._hearers.append(hear)

    @property
    def seq(self) -> int:
        """The last event that is on disk; between turns also the last one folded."""
        return self._journal.seq

    @property
    def head(self) -> str:
        """The chain's hash there, in hex."""
        return self._journal.head.hex()

    @property
    def epoch(self) -> str:
        """Which journal it is."""
        return self._journal.epoch

    @property
    def path(self) -> Path:
        """The journal's file, which others may read meanwhile."""
        return self._journal.path

    @property
    def broken(self) -> str | None:
        """Why nothing can be recorded any more."""
        return self._journal.broken

    async def record(
        self, events: Iterable[Event], *, cause: str | int | None = None, trace: str | None = None
    ) -> Sequence[Recorded]:
        """Events that happened, stored together; raises what `write` raises."""

        def work(turn: Turn) -> None:
            for event in events:
                turn.add(event)

        return await self.write(work, cause=cause, trace=trace)

    async def see(self, seen: Iterable[Observation], *, cause: str | int | None = None) -> list[Event]:
        """Record what is news of this, and return it."""
        news: list[Event] = []

        def work(turn: Turn) -> None:
            turn.see(seen)
            news.extend(turn.events)

        await self.write(work, cause=cause)
        return news

    async def write(
        self,
        work: Callable[[Turn], None],
        *,
        cause: str | int | None = None,
        trace: str | None = None,
        at_once: bool = False,
    ) -> Sequence[Recorded]:
        """Let `work` propose events in a turn of its own, and commit them.

        `at_once`: a turn that nobody has is taken without a turn of the event loop; not for who writes much.

        Raises JournalFull or JournalBroken, and whatever `work` raises; then nothing of the turn counts.
        Once the turn has begun it is not cancelled.
        """
        if at_once and not self._turn.locked():
            self._turn.acquire_nowait()
        else:
            await self._turn.acquire()
        try:
            if self._stale:
                self._remake()
            turn = Turn(self.books)
            recorded: Sequence[Recorded] = ()
            try:
                work(turn)
                turn.conclude()
                if turn.events:
                    reach("turn.folded")
                    recorded = await self._commit([self._draft(event, cause, trace) for event in turn.events])
                    reach("turn.committed")
                    self._stamp(turn.events, recorded)
            except BaseException as why:
                if isinstance(why, FileError):
                    self.failed(why)
                if turn.events:
                    self._remake()
                raise
        finally:
            self._turn.release()
        if recorded:
            moved, self._moved = self._moved, trio.Event()
            moved.set()
            for hear in self._hearers:
                hear(turn.events)
        return recorded

    async def settled(self, min_seq: int = 0) -> None:
        """Return when `min_seq` is recorded and no turn goes on: books and disk then agree until an await."""
        while self.seq < min_seq:
            await self._moved.wait()
        if not self._turn.locked() and not self._stale:
            return  # nothing goes on
        async with self._turn:
            if self._stale:
                self._remake()

    async def committed(self, after: int) -> int:
        """The last seq, as soon as it is beyond `after`."""
        while self.seq <= after:
            await self._moved.wait()
        return self.seq

    @property
    def sound(self) -> bool:
        """Whether the books are what the disk says, for sure."""
        return not self._stale and self.broken is None

    def _draft(self, event: Event, cause: str | int | None, trace: str | None) -> Draft:
        if cause is None:
            cause = self.books.commands.cause_of(event)
        kind = type_of(event)
        return Draft(kind, version_of(kind), data_of(event), venue_time(event), cause, trace)

    def _remake(self) -> None:
        """The books are not what the disk says: make them anew, now or else before the next turn."""
        self._stale = True
        self.books = self._rebuild()
        self._stale = False

    def _stamp(self, events: Sequence[Event], recorded: Sequence[Recorded]) -> None:
        """Let the books know where events of commands stand; none of these is ever divided."""
        stamped = [event for event in events if type(event) in STAMPED]
        if stamped:
            rows = [row for row in recorded if row.type in _STAMPED_TAGS]
            for event, row in zip(stamped, rows, strict=True):
                self.books.commands.stamp(type(event), event, row.seq, row.recorded_at)

    async def _commit(self, drafts: list[Draft]) -> Sequence[Recorded]:
        """In one commit, but for what is too much for one: then a crash may leave the beginning of it."""
        recorded: list[Recorded] = []
        for place in range(0, len(drafts), MOST):
            started = perf_counter()
            some = drafts[place : place + MOST]
            if self._journal.committer == "inline":
                recorded += self._journal.write(some)
            else:
                with trio.CancelScope(shield=True):
                    recorded += await self._journal.append(some)
            self._took(len(some), perf_counter() - started)
        return recorded


def venue_time(event: Event) -> str | None:
    """When it happened by the server's clock, where the event's record says so."""
    match event:
        case DealBooked(time=time):
            return time
        case DealAmended(after=deal):
            return deal.updated_at or deal.time
        case OrderRecord():
            return event.done_at or event.setup_at
        case PositionRecord():
            return event.updated_at
    return None
