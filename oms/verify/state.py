"""The state that a journal comes to, against what was recorded of it while it was written.

Folding the events reads every one of them as an event of its type, and joins those in parts.  On the way the
books are what they were when a reconciliation reported on them, when a head was signed, when a snapshot was
made: each recorded the hash of its state.  Where an event cannot be read, nothing is guessed past it.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from oms.domain.events import ReconcileReport
from oms.eventlog.envelope import Recorded
from oms.eventlog.errors import Damaged, FileError
from oms.projections import Books
from oms.projections.books import STATE_VERSION
from oms.replay import Read, Replay, Replayed, TooNew

from .finding import Finding, Weight
from .snapshot import SnapshotCheck

REPORT: Final = str(ReconcileReport.__struct_config__.tag)


class Mark(NamedTuple):
    """A hash of the state, recorded behind an event."""

    what: str  # that recorded it, in words
    state_hash: str
    version: int  # of what that hash is made of


class _Reported(msgspec.Struct, frozen=True):
    equal: bool
    balance: Decimal | None = None
    credit: Decimal | None = None
    state_hash: str = ""
    state_version: int = 0


class _Report(msgspec.Struct, frozen=True):
    data: _Reported
    part: int | None = None


_report = msgspec.json.Decoder(_Report).decode


class StateCheck:
    """Of one journal, page by page."""

    def __init__(self, path: Path, marks: Mapping[int, list[Mark]], snapshot: SnapshotCheck | None) -> None:
        """`marks` by the seq behind which they were made."""
        self._replay = Replay(path, Replayed(Books()))
        self.over = False  # an event could not be read: nothing more is folded
        self.compared = self.incomparable = 0  # hashes
        self._path, self._marks, self._snapshot = path, marks, snapshot
        self._differs = False

    def page(self, rows: list[Recorded], found: list[Read], reached: int) -> Iterator[Finding]:
        """The next rows, and what a replay `read` of them; `reached` as of the chain."""
        marks, kept_at = self._marks, self._snapshot.seq if self._snapshot is not None else None
        done = 0
        for place, row in enumerate(rows):
            if row.type == REPORT and (told := _told(row)) is not None:
                yield from self._fold(rows[done:place], found[done:place], row.seq - 1)
                yield from self._reported(row.seq, told)  # its hash is of the books before it
                done = place
            if row.seq in marks or row.seq == kept_at:
                yield from self._fold(rows[done : place + 1], found[done : place + 1], row.seq)
                yield from self._marked(row.seq)
                done = place + 1
        yield from self._fold(rows[done:], found[done:], reached)

    def end(self) -> Iterator[Finding]:
        """There are no more."""
        if not self.over:
            try:
                self._replay.close()
            except Damaged as why:
                yield self._over(Weight.FAULT, "event", why)

    def _marked(self, seq: int) -> Iterator[Finding]:
        """What was recorded behind an event."""
        for mark in self._marks.get(seq, ()):
            yield from self._compare(seq, mark)
        if self._snapshot is not None and seq == self._snapshot.seq and not self.over:
            yield from self._snapshot.against(self._replay.books)

    def _reported(self, seq: int, told: _Reported) -> Iterator[Finding]:
        if told.state_hash:
            what = "the reconciliation that it reports"
            yield from self._compare(seq, Mark(what, told.state_hash, told.state_version))
        if told.equal and not self.over:
            yield from self._money(seq, told)

    def _money(self, seq: int, told: _Reported) -> Iterator[Finding]:
        """A reconciliation that found no difference says what the venue has, and so what the books have."""
        ledger = self._replay.books.ledger
        for name, theirs, ours in (
            ("balance", told.balance, ledger.balance),
            ("credit", told.credit, ledger.credit),
        ):
            if theirs is not None and theirs != ours:
                text = f"{name} was {theirs:f} then, and the events before it come to {ours:f}"
                yield Finding(Weight.FAULT, self._path, "report", text, seq)

    def _compare(self, seq: int, mark: Mark) -> Iterator[Finding]:
        """Told once: what differs from some event on differs behind it, too."""
        if self.over or self._differs:
            return
        if mark.version != STATE_VERSION:
            self.incomparable += 1
            return
        self.compared += 1
        if self._replay.books.state_hash() != mark.state_hash:
            self._differs = True
            text = f"the events up to it do not come to the state that {mark.what} recorded"
            yield Finding(Weight.FAULT, self._path, "state", text, seq)

    def _fold(self, rows: list[Recorded], found: list[Read], reached: int) -> Iterator[Finding]:
        if self.over:
            return
        try:
            self._replay.fold(rows, found, reached)
        except TooNew as why:
            yield self._over(Weight.DOUBT, "newer", why)
        except Damaged as why:
            yield self._over(Weight.FAULT, "event", why)

    def _over(self, weight: Weight, code: str, why: FileError) -> Finding:
        self.over = True
        return Finding(weight, self._path, code, f"{why.message}; what follows was not folded")


def _told(row: Recorded) -> _Reported | None:
    """What a report says; None in its later parts, and where folding tells what is wrong with it."""
    try:
        found = _report(row.body)
    except (msgspec.MsgspecError, ValueError):
        return None
    return found.data if found.part in (None, 1) else None
