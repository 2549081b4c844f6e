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
from oms.replay import Replayed, TooNew, rebuilt

from .finding import Finding, Weight
from .snapshot import SnapshotCheck

STRIDE: Final = 20_000  # events folded at once: turning from one thing to another costs
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
        self.at = Replayed(Books())
        self.over = False  # an event could not be read: nothing more is folded
        self.compared = self.incomparable = 0  # hashes
        self._path, self._marks, self._snapshot = path, marks, snapshot
        self._differs = False

    def page(self, rows: list[Recorded], reached: int) -> Iterator[Finding]:
        """The next rows; `reached` as of the chain."""
        for row in rows:
            if row.type == REPORT:
                yield from self._reported(row)
            if row.seq in self._marks:
                yield from self._fold(row.seq)
                for mark in self._marks[row.seq]:
                    yield from self._compare(row.seq, mark)
            if self._snapshot is not None and row.seq == self._snapshot.seq:
                yield from self._fold(row.seq)
                yield from () if self.over else self._snapshot.against(self.at.books)
        if reached - self.at.seq >= STRIDE:
            yield from self._fold(reached)

    def end(self, seq: int) -> Iterator[Finding]:
        """The journal ends there."""
        yield from self._fold(seq)

    def _reported(self, row: Recorded) -> Iterator[Finding]:
        """A report's hash is of the books before it."""
        try:
            found = _report(row.body)
        except (msgspec.MsgspecError, ValueError):
            return  # folding tells what is wrong with it
        if found.part not in (None, 1):
            return
        yield from self._fold(row.seq - 1)
        told = found.data
        if told.state_hash:
            what = "the reconciliation that it reports"
            yield from self._compare(row.seq, Mark(what, told.state_hash, told.state_version))
        if told.equal and not self.over:
            yield from self._money(row.seq, told)

    def _money(self, seq: int, told: _Reported) -> Iterator[Finding]:
        """A reconciliation that found no difference says what the venue has, and so what the books have."""
        ledger = self.at.books.ledger
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
        if self.at.books.state_hash() != mark.state_hash:
            self._differs = True
            text = f"the events up to it do not come to the state that {mark.what} recorded"
            yield Finding(Weight.FAULT, self._path, "state", text, seq)

    def _fold(self, until: int) -> Iterator[Finding]:
        if self.over or until <= self.at.seq:
            return
        try:
            self.at = rebuilt(self._path, until, self.at)
        except TooNew as why:
            yield self._over(Weight.DOUBT, "newer", why)
        except Damaged as why:
            yield self._over(Weight.FAULT, "event", why)
        except FileError as why:
            yield self._over(Weight.DOUBT, "unreadable", why)

    def _over(self, weight: Weight, code: str, why: FileError) -> Finding:
        self.over = True
        return Finding(weight, self._path, code, f"{why.message}; what follows was not folded")
