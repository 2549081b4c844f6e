"""What can go wrong with the log, and who has to act on it.

`LocalError` is the caller's mistake, and nothing was written.  All others concern the files: the message
names the file, says what is wrong and, where somebody can do something, what.
"""

from pathlib import Path


class LogError(Exception):
    """Any of these."""


class LocalError(LogError):
    """What was given cannot be stored; `field` is the path to it, empty for the whole."""

    def __init__(self, field: str, message: str) -> None:
        self.field, self.message = field, message
        super().__init__(f"{field}: {message}" if field else message)


class FileError(LogError):
    """Something about one file of the log."""

    def __init__(self, path: Path, message: str) -> None:
        self.path, self.message = path, message
        super().__init__(f"{path}: {message}")


class JournalLocked(FileError):
    """Another process (`pid`, None where it did not say) writes this journal."""

    def __init__(self, path: Path, pid: int | None) -> None:
        self.pid = pid
        who = "another process" if pid is None else f"process {pid}"
        super().__init__(path, f"{who} is writing this journal; there must be one writer only")


class ForeignJournal(FileError):
    """Another format, or another account's."""


class NewerJournal(ForeignJournal):
    """A format that only a newer version of this program reads."""


class Damaged(FileError):
    """The file holds something else than what was written to it."""


class Unreadable(FileError):
    """The file is not there, or may not be read."""


class JournalFull(FileError):
    """The disk is full, nothing of this append is stored; the ballast is given up, so little more may be."""


class JournalBroken(FileError):
    """A commit failed: whether its events are stored shows at the next opening; nothing more is accepted."""
