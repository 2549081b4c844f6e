"""Group commit: what arrives during one commit is the next, without a timer.

Both committers keep one promise: what is handed over together is committed together, in the order of
handing over, and the answer comes when it is on disk.  Cancelled before it is handed over, nothing is
stored; after that a caller cannot be cancelled: a commit is short, and who asked for it has to learn what
came of it.

`InlineCommitter` commits in the calling task, where the disk is fast: whoever comes first lets all other
runnable tasks join.  `ThreadCommitter` has a thread of its own and wakes Trio once per commit.
"""

import queue
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any, Final, Generic, Literal, Protocol, TypeVar

import trio

from .errors import LocalError
from .sqlite import opened_for_writing

MOST_ROWS: Final = 2000  # of a commit
MOST_BYTES: Final = 8 * 1024 * 1024  # of a commit, about; one hand-over may be more
FAST_S: Final = 0.0003  # a commit that may stop the loop
PROBES: Final = 15
PROBE_S: Final = 0.25  # then it is slow enough to know

Kind = Literal["inline", "thread"]
Row = TypeVar("Row")
Stored = TypeVar("Stored")
Row_contra = TypeVar("Row_contra", contravariant=True)
Stored_co = TypeVar("Stored_co", covariant=True)
Commit = Callable[[Sequence[Row]], Sequence[Stored]]  # blocking; as many as rows, in their order


class Committer(Protocol[Row_contra, Stored_co]):
    """What a log needs of one."""

    async def submit(self, rows: Sequence[Row_contra], size: int) -> Sequence[Stored_co]:
        """Commit rows of `size` bytes together; raises what the commit raised, or LocalError."""
        ...

    def close(self) -> None:
        """Refuse more, and return when everything handed over is committed and its callers told."""
        ...


class Handed(Generic[Row, Stored]):
    """Rows handed over by one caller."""

    __slots__ = ("_token", "done", "error", "rows", "size", "stored")

    def __init__(self, rows: Sequence[Row], size: int) -> None:
        if len(rows) > MOST_ROWS:
            raise LocalError("", f"{len(rows)} rows are to be committed together, {MOST_ROWS} are the most")
        self.rows, self.size = rows, size
        self.stored: Sequence[Stored] = ()
        self.error: BaseException | None = None
        self.done = trio.Event()
        self._token = trio.lowlevel.current_trio_token()

    def tell_from_thread(self, told: "list[Handed[Row, Stored]]") -> None:
        """Wake everybody of a commit with one wake of the loop."""
        self._token.run_sync_soon(_tell, told)

    async def outcome(self) -> Sequence[Stored]:
        """What came of it."""
        with trio.CancelScope(shield=True):
            await self.done.wait()
        if self.error is not None:
            raise self.error
        return self.stored


def _tell(told: list[Handed[Any, Any]]) -> None:
    for one in told:
        one.done.set()


def _commit(commit: Commit[Row, Stored], batch: list[Handed[Row, Stored]]) -> None:
    """Commit a batch; whatever happens is the outcome of each in it."""
    try:
        stored = commit([row for one in batch for row in one.rows])
    except BaseException as why:  # noqa: BLE001 - it is raised in every caller's task, and nobody waits for ever
        for one in batch:
            one.error = why
        return
    place = 0
    for one in batch:
        one.stored = stored[place : place + len(one.rows)]
        place += len(one.rows)


def _next_batch(waiting: "deque[Handed[Row, Stored] | None]") -> list[Handed[Row, Stored]]:
    """Take what one commit may hold, at least one hand-over; none at the end, which None marks."""
    batch: list[Handed[Row, Stored]] = []
    rows = size = 0
    while waiting and (handed := waiting[0]) is not None:
        rows, size = rows + len(handed.rows), size + handed.size
        if batch and (rows > MOST_ROWS or size > MOST_BYTES):
            break
        batch.append(handed)
        waiting.popleft()
    return batch


class InlineCommitter(Generic[Row, Stored]):
    """Commits in the task that comes first."""

    def __init__(self, commit: Commit[Row, Stored]) -> None:
        self._commit = commit
        self._waiting: deque[Handed[Row, Stored] | None] = deque()
        self._led = False  # somebody is about to commit what waits
        self._closed = False

    async def submit(self, rows: Sequence[Row], size: int) -> Sequence[Stored]:
        """As Committer says."""
        await trio.lowlevel.checkpoint_if_cancelled()
        if self._closed:
            raise LocalError("", "the log is closed")
        handed = Handed[Row, Stored](rows, size)
        self._waiting.append(handed)
        if not self._led:
            self._led = True
            await trio.lowlevel.cancel_shielded_checkpoint()  # whoever can run now joins
            self._drain()
        return await handed.outcome()

    def close(self) -> None:
        """As Committer says."""
        self._closed = True
        self._drain()

    def _drain(self) -> None:
        self._led = False
        while batch := _next_batch(self._waiting):
            _commit(self._commit, batch)
            _tell(batch)


class ThreadCommitter(Generic[Row, Stored]):
    """Commits in a thread of its own, begun with the first hand-over."""

    def __init__(self, commit: Commit[Row, Stored]) -> None:
        self._commit = commit
        # Its put and get are atomic in C: neither end ever waits for the other's Python.
        self._handed: queue.SimpleQueue[Handed[Row, Stored] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._closed = False

    async def submit(self, rows: Sequence[Row], size: int) -> Sequence[Stored]:
        """As Committer says."""
        await trio.lowlevel.checkpoint_if_cancelled()
        if self._closed:
            raise LocalError("", "the log is closed")
        handed = Handed[Row, Stored](rows, size)
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="commits", daemon=True)
            self._thread.start()
        self._handed.put(handed)
        return await handed.outcome()

    def close(self) -> None:
        """As Committer says; the callers are told by the loop's next turn."""
        self._closed = True
        if self._thread is not None:
            self._handed.put(None)
            self._thread.join()
            self._thread = None

    def _run(self) -> None:
        waiting: deque[Handed[Row, Stored] | None] = deque([self._handed.get()])
        while batch := _next_batch(waiting):
            _commit(self._commit, batch)
            batch[0].tell_from_thread(batch)
            if not waiting:
                waiting.append(self._handed.get())
            while not self._handed.empty():  # nobody else takes from it
                waiting.append(self._handed.get())


def committer(kind: Kind, commit: Commit[Row, Stored]) -> Committer[Row, Stored]:
    """The committer of that kind."""
    return InlineCommitter(commit) if kind == "inline" else ThreadCommitter(commit)


def fitting(folder: Path) -> Kind:
    """Inline where the disk of the folder commits fast enough to stop the loop for it, else a thread."""
    return "inline" if probe(folder) < FAST_S else "thread"


def probe(folder: Path) -> float:
    """Seconds that a durable commit of one row takes there, the median of some; raises apsw.Error."""
    with tempfile.TemporaryDirectory(dir=folder, prefix="probe-") as inside:
        connection = opened_for_writing(Path(inside) / "probe", "full", automatic_checkpoints=False)
        try:
            connection.execute("CREATE TABLE row (body BLOB)")
            times: list[float] = []
            while len(times) < PROBES and sum(times) < PROBE_S:
                start = time.perf_counter()
                connection.execute("INSERT INTO row VALUES (zeroblob(300))")
                times.append(time.perf_counter() - start)
        finally:
            connection.close(True)
        return median(times)
