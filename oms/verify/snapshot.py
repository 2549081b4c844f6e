"""A snapshot beside a journal: whether it is whole, stands on that journal, and holds what it says.

A wrong one costs a start its shortcut and nothing else, for nobody believes it.  But it was good once: that
it is not any more is damage, and where the journal lacks what it was made of, the journal's tail is gone.
"""

from collections.abc import Iterator
from contextlib import closing
from hashlib import sha256
from pathlib import Path

from oms.eventlog.errors import Damaged
from oms.eventlog.reader import Reader
from oms.eventlog.snapshot import Snapshot, Unfit, load
from oms.projections import Books
from oms.projections.snapshot import VERSION, BadDump, dumped, restored

from .finding import Finding, Weight


class SnapshotCheck:
    """Of one snapshot; it is read once, for a running daemon may put another in its place."""

    def __init__(self, path: Path, journal: Path) -> None:
        """Raises what reading the journal raises."""
        self._path = path
        with closing(Reader(journal)) as reader:
            try:
                self._found = load(path, reader, VERSION)
            except Damaged as why:
                self._found = Unfit(f"cannot be held against its journal: {why.message}", unread=True)

    @property
    def seq(self) -> int | None:
        """Of the last event that is in it; None where there is no good one."""
        return self._found.seq if isinstance(self._found, Snapshot) else None

    def unfit(self) -> Iterator[Finding]:
        """Why it cannot be used, by itself."""
        match self._found:
            case Unfit(reason, forgotten, unread):
                weight = Weight.NOTE if unread else Weight.FAULT
                yield Finding(weight, self._path, "forgotten" if forgotten else "snapshot", reason)

    def against(self, books: Books) -> Iterator[Finding]:
        """Whether it holds the books that its journal comes to at its seq."""
        if not isinstance(self._found, Snapshot):
            return
        found = self._found
        if found.state_hash != books.state_hash():
            yield self._fault("the events up to it do not come to the state whose hash it holds")
        elif sha256(dumped(books)).digest() != sha256(found.payload).digest():
            yield from self._by_content(found, books)

    def _by_content(self, found: Snapshot, books: Books) -> Iterator[Finding]:
        """Other bytes may mean the same."""
        try:
            same = restored(found.payload).state() == books.state()
        except BadDump as why:
            yield self._fault(f"its payload cannot be read: {why}")
        else:
            if not same:
                yield self._fault("it does not hold the state that the events up to it come to")

    def _fault(self, text: str) -> Finding:
        return Finding(Weight.FAULT, self._path, "snapshot", text, self.seq)
