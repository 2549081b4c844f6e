"""The journal of one account: every trade fact and every decision, in order, for ever.

What `append` or `write` returned is on disk and is there after any crash; what they raised for is not,
except after JournalBroken, where the next opening shows it.  The events of one call are stored together or
not at all, one behind the other.  Seqs have no gaps; the first event is `account.opened` with a random
epoch, which tells this journal from any other of the same name.

Not here: what events mean, who may read them, who is woken by them.
"""

import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from re import compile as pattern
from typing import Any, Final, NamedTuple

import apsw

from oms.failpoints import reach

from .ballast import Ballast
from .chain import link
from .checkpoint import Checkpointer
from .committer import Kind, committer, fitting
from .envelope import Draft, Prepared, Recorded, prepared, rfc3339, sealed
from .errors import JournalBroken, JournalFull, LocalError, Unreadable
from .format import FORMAT
from .journal_file import JournalFile
from .lock import Lock
from .parts import divided

ACCOUNT: Final = pattern(r"[A-Za-z0-9_-]{1,32}")
BALLAST: Final = "ballast"  # its file, beside the journals
BALLAST_BYTES: Final = 64 * 1024 * 1024
EPOCH_BYTES: Final = 16
OPENED: Final = "account.opened"


class Opening(NamedTuple):
    """What an opening found."""

    created: bool  # there was no journal
    clean: bool  # its last writer closed it
    torn_frames: int  # page images of a commit that was never finished: nobody was told of it
    seq: int  # the last event then


class Journal:
    """The one writer of one account's journal."""

    def __init__(
        self,
        file: JournalFile,
        *,
        clock: Callable[[], int],
        ballast: Ballast,
        kind: Kind,
        checkpoints_apart: bool,
    ) -> None:
        """Use `open`."""
        self.path, self.account = file.path, file.account
        self.ballast = ballast
        self.seq, self.head = file.tail.seq, file.tail.hash  # the last event's
        self.opening = Opening(not self.seq, file.tail.clean, file.tail.torn_frames, self.seq)
        self.epoch = ""
        self.committer: Kind = kind
        self._file, self._clock = file, clock
        self._ended = ExitStack()
        self._broken: str | None = None
        self._closed = False
        self._committing = threading.Lock()
        self._checkpointer = Checkpointer(file.connected, self._committing) if checkpoints_apart else None
        self._committer = committer(kind, self._commit)

    @classmethod
    def open(
        cls,
        folder: Path,
        account: str,
        *,
        clock: Callable[[], int] = time.time_ns,
        random: Callable[[int], bytes] = os.urandom,
        opened: Mapping[str, Any] | None = None,
        kind: Kind | None = None,
        checkpoints_apart: bool = True,
        ballast_bytes: int = BALLAST_BYTES,
    ) -> "Journal":
        """Open `folder`/`account`.db for writing, or make it.

        `clock` gives nanoseconds of UTC, `random` so many random bytes; `opened` goes into the data of a new
        journal's first event; `kind` of committer None = what the disk asks for; without `checkpoints_apart`
        there is no thread for them, and a simulation has none at all with an inline committer.

        Raises LocalError, JournalLocked, ForeignJournal, Damaged, Unreadable; JournalFull where a new one
        finds no room.  Then nothing is held, and nothing that was there is changed.
        """
        if not ACCOUNT.fullmatch(account):
            raise LocalError("account", f"{ascii(account)[:80]} is no label: 1 to 32 of A-Z a-z 0-9 _ -")
        path = folder / f"{account}.db"
        with ExitStack() as ending:
            ballast = Ballast(folder / BALLAST, ballast_bytes)
            try:
                folder.mkdir(parents=True, exist_ok=True)
                lock = Lock(folder / f"{account}.lock")
                ending.callback(lock.release)
                file = JournalFile(path, account, automatic_checkpoints=not checkpoints_apart)
                ending.callback(file.close)
                kind = kind or fitting(folder)
                journal = cls(
                    file, clock=clock, ballast=ballast, kind=kind, checkpoints_apart=checkpoints_apart
                )
                ending.callback(journal._stop)
                journal._begin(random, opened or {})
                ballast.hold()
            except (apsw.FullError, JournalFull):
                ballast.give_up()
                raise JournalFull(path, "cannot be opened: the disk is full") from None
            except (apsw.Error, OSError) as why:
                raise Unreadable(path, f"cannot be opened: {why}") from None
            journal._ended = ending.pop_all()
        return journal

    def write(self, drafts: Sequence[Draft]) -> Sequence[Recorded]:
        """Store events together, blocking until they are on disk; an event too large becomes several.

        Raises LocalError (nothing was tried), JournalFull (nothing is stored, later calls may succeed),
        JournalBroken (no later call will).
        """
        rows = _rows(drafts)
        if self._closed:
            raise LocalError("", "the journal is closed")
        return self._commit(rows)

    async def append(self, drafts: Sequence[Draft]) -> Sequence[Recorded]:
        """As `write`, together with what other tasks append at the same time; cancellation: see committer."""
        rows = _rows(drafts)
        return await self._committer.submit(rows, sum(len(row.data) for row in rows))

    @property
    def checkpoint_trouble(self) -> str | None:
        """Why the latest checkpoint failed; the log then grows, and nothing is lost."""
        return self._checkpointer.trouble if self._checkpointer else None

    @property
    def broken(self) -> str | None:
        """Why it accepts nothing more."""
        return self._broken

    def close(self) -> None:
        """Finish what was handed over, leave the file as a clean end, let others write.  Twice is once."""
        if not self._closed:
            self._closed = True
            self._committer.close()
            with self._ended:
                if self._broken is None:
                    self._leave()

    def _begin(self, random: Callable[[int], bytes], opened: Mapping[str, Any]) -> None:
        """Whatever was left clean or not: from now on it is open, with its first event."""
        self._file.mark_open()
        if not self.seq:
            data = {**opened, "epoch": random(EPOCH_BYTES).hex(), "format": FORMAT}
            self.write([Draft(OPENED, 1, data)])
        reach("start.marked")
        first = self._file.first()
        if first is None or first.type != OPENED:
            raise Unreadable(self.path, f"does not begin with {OPENED}")
        self.epoch = str(first.envelope().data["epoch"])

    def _commit(self, rows: Sequence[Prepared]) -> Sequence[Recorded]:
        """Seal rows with seq, time and hash, and store them; only then has the journal moved."""
        if not rows:
            return ()
        with self._committing:
            if self._broken is not None:
                raise JournalBroken(self.path, f"accepts nothing since a commit failed: {self._broken}")
            recorded = self._sealed(rows)
            try:
                self._file.append(self.seq, recorded)
            except apsw.FullError:
                freed = "the ballast was given up" if self.ballast.give_up() else "there was no ballast left"
                raise JournalFull(self.path, f"the disk is full; {freed}") from None
            except apsw.Error as why:
                self._broken = str(why)
                raise JournalBroken(self.path, f"a commit failed: {why}") from None
            self.seq, self.head = recorded[-1].seq, recorded[-1].hash
        if self._checkpointer is not None:
            self._checkpointer.committed(sum(len(row.body) for row in recorded))
        return recorded

    def _sealed(self, rows: Sequence[Prepared]) -> list[Recorded]:
        recorded_at = rfc3339(self._clock())
        head, found = self.head, []
        for seq, row in enumerate(rows, self.seq + 1):
            body = sealed(row, self.account, seq, recorded_at)
            head = link(head, body)
            found.append(Recorded(seq, row.type, body, head))
        return found

    def _leave(self) -> None:
        try:
            self._file.mark_closed(self.seq, self.head)
        except apsw.Error as why:
            raise JournalBroken(
                self.path, f"could not be closed cleanly, and is as after a crash: {why}"
            ) from None

    def _stop(self) -> None:
        if self._checkpointer is not None:
            self._checkpointer.close()


def _rows(drafts: Sequence[Draft]) -> list[Prepared]:
    return [part for draft in drafts for part in divided(prepared(draft))]
