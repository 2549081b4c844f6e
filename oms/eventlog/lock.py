"""One writer per journal: a lock on a file of its own, never SQLite's, so that others may read meanwhile.

The file holds the process id of the writer, for whoever finds it locked.  It stays when the lock is gone:
removing it would let two writers lock two files of one name.
"""

import fcntl
import os
from pathlib import Path

from .errors import JournalLocked


class Lock:
    """The lock, held from its making until `release` or the end of the process."""

    def __init__(self, path: Path) -> None:
        """Raises JournalLocked, or OSError where the file cannot be opened."""
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            written = os.read(self._file, 32).strip()
            os.close(self._file)
            raise JournalLocked(path, int(written) if written.isdigit() else None) from None
        os.ftruncate(self._file, 0)
        os.write(self._file, b"%d\n" % os.getpid())

    def release(self) -> None:
        """Let others in."""
        os.ftruncate(self._file, 0)
        os.close(self._file)
