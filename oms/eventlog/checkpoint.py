"""Checkpoints beside the commits: the write-ahead log is copied into its file by a thread of its own.

A commit then never pays for copying many pages.  While commits go on a single pass never reaches the end of
the log, which so grows for ever, and syncing a file that grows costs half as much again as overwriting one.
So there are two: a long one beside the commits, and a short one between two of them with what came meanwhile;
the next commit then begins the log anew.  What cannot be copied stays safe in the log: it is tried again, and
`trouble` tells.
"""

import threading
from collections.abc import Callable
from typing import Final

import apsw

DUE_PAGES: Final = 400  # where every commit syncs the log: syncing a long one costs more
PAGE_BYTES: Final = 4096


class Checkpointer:
    """The thread; `open_file` gives it a connection of its own, `between` is held during every commit."""

    def __init__(
        self, open_file: Callable[[], apsw.Connection], between: threading.Lock, due_pages: int = DUE_PAGES
    ) -> None:
        """A checkpoint is due when about so many pages were written."""
        self.trouble: str | None = None  # why the latest checkpoint failed
        self.done = 0
        self._connection = open_file()
        self._between, self._due_pages = between, due_pages
        self._pages = 0  # written since the last one, about
        self._due = threading.Event()
        self._ending = False
        self._thread = threading.Thread(target=self._run, name="checkpoints", daemon=True)
        self._thread.start()

    def committed(self, written: int) -> None:
        """So many bytes were committed; never blocks."""
        self._pages += 1 + written // PAGE_BYTES
        if self._pages >= self._due_pages:
            self._pages = 0
            self._due.set()

    def close(self) -> None:
        """End the thread, which may finish a checkpoint first."""
        self._ending = True
        self._due.set()
        self._thread.join()
        self._connection.close(True)

    def _run(self) -> None:
        while True:
            self._due.wait()
            self._due.clear()
            if self._ending:
                return
            try:
                self._checkpoint()
                self.trouble = None
            except (
                apsw.BusyError
            ):  # the writer was just changing the log's index: once more after its next commit
                self._pages = self._due_pages
            except apsw.Error as why:
                self.trouble = str(why)
            self.done += 1

    def _checkpoint(self) -> None:
        self._connection.wal_checkpoint()
        with self._between:
            self._connection.wal_checkpoint()
