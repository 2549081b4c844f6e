"""A journal as a whole: its file, its rows, the state they come to, the heads that were signed of it.

Reads page by page, as it is at the beginning: what a running daemon appends meanwhile is left for the next
time.  Nothing is changed.  What cannot be read is told and not guessed past.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import msgspec

from oms.eventlog.envelope import Recorded
from oms.eventlog.errors import Damaged, FileError, ForeignJournal, NewerJournal
from oms.eventlog.inspection import holder, look_at_journal
from oms.eventlog.journal import OPENED
from oms.eventlog.reader import Reader
from oms.eventlog.structure import journal_faults, page_faults
from oms.eventlog.wal import log_path
from oms.eventlog.wal_check import Rest, rest_of_log
from oms.heads.head import SignedHead
from oms.replay import PAGE_ROWS, nothing_collected, read, snapshot_path

from .chain import ChainCheck
from .finding import Finding, Weight, told
from .heads import HeadCheck
from .snapshot import SnapshotCheck
from .state import Mark, StateCheck


class JournalCheck:
    """Of one; `findings` is gone through once, and the figures are those of its end."""

    def __init__(
        self,
        path: Path,
        heads: Sequence[SignedHead] | None = None,
        *,
        deep: bool = True,
        paged: Callable[[int, int], object] = lambda done, of: None,
    ) -> None:
        """`heads` of this account, None where nobody asked for any; without `deep` the chain alone.

        `paged` hears now and then how many events are done, of how many.
        """
        self.path, self.account = path, path.stem
        self.events = 0
        self.chain = ChainCheck(path, self.account)
        self.heads = HeadCheck(path, heads or ())
        self._asked = heads is not None
        self._marks = _marks(heads or ())
        self._deep, self._paged = deep, paged
        self._epoch = ""

    def findings(self) -> Iterator[Finding]:
        """All that is wrong, in doubt, or worth knowing; raises nothing for what the files hold."""
        with nothing_collected():
            yield from told(self.path, self._findings())

    def _findings(self) -> Iterator[Finding]:
        try:
            yield from self._log()
            yield from self._file()
        except (FileError, OSError) as why:
            yield _told(self.path, why)
            return
        # SQLite looks through its pages by itself: a second processor's work, where there is one.
        with ThreadPoolExecutor(max_workers=1) as beside:
            pages = beside.submit(list, page_faults(self.path)) if self._deep else None
            for part in (self._rows(), self._pages(pages)):
                try:
                    yield from part
                except (FileError, OSError) as why:
                    yield _told(self.path, why)

    # The file.

    def _log(self) -> Iterator[Finding]:
        """The write-ahead log, where no writer is at it; SQLite drops what is wrong with it."""
        if _written(self.path):
            return
        log, rest = log_path(self.path), rest_of_log(self.path)
        if rest is not Rest.NOTHING and _written(self.path):
            return  # it was begun anew meanwhile
        match rest:
            case Rest.DAMAGED:
                text = "is damaged: SQLite drops commits that it held"
                yield Finding(Weight.FAULT, log, "wal", text)
            case Rest.UNCLEAR:
                text = "ends with a commit that was never finished, or that was damaged: nothing tells which"
                yield Finding(Weight.DOUBT, log, "wal", text)
            case Rest.UNFINISHED:
                text = "ends with a commit that was never finished: nobody was told of it"
                yield Finding(Weight.NOTE, log, "wal", text)

    def _file(self) -> Iterator[Finding]:
        for text in journal_faults(self.path):
            yield Finding(Weight.FAULT, self.path, "file", text)
        try:
            look = look_at_journal(self.path)
        except Damaged as why:  # its end is not the one that it was closed with; its rows can be read
            yield _told(self.path, why)
            return
        if look.account != self.account:
            text = f"is the journal of {look.account!r}"
            yield Finding(Weight.FAULT, self.path, "file", text)

    def _pages(self, found: "Future[list[str]] | None") -> Iterator[Finding]:
        for text in found.result() if found is not None else ():
            yield Finding(Weight.FAULT, self.path, "file", text)

    # The rows.

    def _rows(self) -> Iterator[Finding]:
        snapshot = SnapshotCheck(snapshot_path(self.path.parent, self.account), self.path)
        state = StateCheck(self.path, self._marks, snapshot) if self._deep else None
        with closing(Reader(self.path)) as reader:
            end, seq = reader.last(), 0  # later than heads and snapshot, which must not be ahead of it
            while seq < end:
                rows, seq = reader.page(seq, end, rows=PAGE_ROWS)
                found = read(rows) if self._deep else []
                yield from self.chain.page(rows, found, seq)
                yield from self._meet(rows)
                if state is not None:
                    yield from state.page(rows, found, seq)
                self.events += len(rows)
                self._paged(seq, end)
        if not end:
            text = "holds no event: it was just made, or somebody emptied it"
            yield Finding(Weight.DOUBT, self.path, "gap", text)
        if state is not None:
            yield from state.end()
        yield from snapshot.unfit()
        yield from self.heads.findings(end)
        yield from self._proof(end)
        if state is not None and state.incomparable:
            text = f"{state.incomparable} recorded states are of another build, and were not compared"
            yield Finding(Weight.NOTE, self.path, "state", text)
        if (back := self.chain.backwards) is not None:
            text = f"was recorded at {back.at}, earlier than the one before it: the clock was set back"
            yield Finding(Weight.NOTE, self.path, "clock", text, back.seq)

    def _meet(self, rows: list[Recorded]) -> Iterator[Finding]:
        """The first event, and heads, as their events are read."""
        if rows and rows[0].seq == 1:
            self._epoch = _epoch(rows[0].body)
            if rows[0].type != OPENED:
                text = f"is {rows[0].type!r}, and every journal begins with {OPENED}"
                yield Finding(Weight.FAULT, self.path, "event", text, 1)
        for row in rows if self.heads.seqs else ():
            if row.seq in self.heads.seqs:
                self.heads.meet(row, self._epoch)

    def _proof(self, end: int) -> Iterator[Finding]:
        """How far heads vouch for it."""
        if not self._asked:
            text = "its tail is not proven: no signed head was given"
            yield Finding(Weight.NOTE, self.path, "tail_unproven", text)
        elif not self.heads.seqs:
            text = "its tail cannot be checked: none of the heads is of this account"
            yield Finding(Weight.DOUBT, self.path, "no_head", text)
        elif (proven := self.heads.proven) is not None and proven.seq < end and not self.heads.wrong:
            text = f"{end - proven.seq} events behind seq {proven.seq}, the last head's, are not proven yet"
            yield Finding(Weight.NOTE, self.path, "tail_unproven", text)


class _First(msgspec.Struct):
    data: dict[str, object]


def _epoch(body: bytes) -> str:
    """That a journal's first event names; "" in what is no such event."""
    try:
        return str(msgspec.json.decode(body, type=_First).data.get("epoch", ""))
    except (msgspec.MsgspecError, ValueError):
        return ""


def _marks(heads: Iterable[SignedHead]) -> Mapping[int, list[Mark]]:
    found: dict[int, list[Mark]] = {}
    for head in heads:
        mark = Mark(f"the head of {head.signed_at}", head.state_hash, head.state_version)
        found.setdefault(head.seq, []).append(mark)
    return found


def _written(path: Path) -> bool:
    """Whether somebody writes the journal now."""
    try:
        return holder(path.with_suffix(".lock")) is not None
    except FileNotFoundError:
        return False  # a copy, or a backup


def _told(path: Path, why: FileError | OSError) -> Finding:
    match why:
        case OSError():
            return Finding(Weight.DOUBT, path, "unreadable", f"cannot be read: {why.strerror}")
        case Damaged():
            return Finding(Weight.FAULT, path, "file", why.message)
        case NewerJournal():
            return Finding(Weight.DOUBT, path, "newer", why.message)
        case ForeignJournal():
            return Finding(Weight.DOUBT, path, "format", why.message)
    return Finding(Weight.DOUBT, path, "unreadable", why.message)
