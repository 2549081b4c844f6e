"""What the tests of the log share: quiet journals, a disk that fails when told to, an independent check."""

import hashlib
import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import apsw

from oms.eventlog.envelope import Draft
from oms.eventlog.journal import Journal

NOON = 1_795_176_000_123_456_789  # 2026-11-20T12:00:00.123456789Z by `date -u -d @1795176000`


def opened(folder: Path, account: str = "main", **options: Any) -> Journal:
    """A journal without threads and without ballast, unless told otherwise."""
    quiet: dict[str, Any] = {"kind": "inline", "checkpoints_apart": False, "ballast_bytes": 0}
    return Journal.open(folder, account, **(quiet | options))


def draft(number: int = 0, size: int = 0, **data: Any) -> Draft:
    return Draft("deal.booked", 1, {"deal": str(number), "text": "x" * size} | data)


def drafts(*numbers: int) -> list[Draft]:
    return [draft(number) for number in numbers]


def stored(path: Path) -> list[dict[str, Any]]:
    """Envelopes of a closed journal, read by Python's own sqlite3, hashed by hashlib; no code of ours."""
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute("SELECT seq, type, body, hash FROM event ORDER BY seq").fetchall()
    previous, found = bytes(32), []
    for place, (seq, tag, body, digest) in enumerate(rows, 1):
        envelope = json.loads(body)
        assert (seq, envelope["seq"], envelope["type"]) == (place, place, tag)
        assert hashlib.sha256(previous + body).digest() == digest
        previous = digest
        found.append(envelope)
    return found


def deals(path: Path) -> list[int]:
    """The numbers of the deals in a closed journal."""
    return [int(one["data"]["deal"]) for one in stored(path) if one["type"] == "deal.booked"]


class Disk(apsw.VFS):
    """The disk as SQLite sees it; the operation number `fails_at` fails, and all later ones if `for_good`."""

    def __init__(self) -> None:
        super().__init__("failing", "unix", makedefault=True)
        self.operations: list[str] = []
        self._name = ""
        self.arm(None)

    def only(self, name: str) -> None:
        """From now on only the file of that name counts and fails."""
        self._name = name

    def arm(self, fails_at: int | None, how: str = "error", *, for_good: bool = False) -> None:
        """Count anew; `how`: error, full, torn (half of a write arrives)."""
        self.operations.clear()
        self.fails_at, self.how, self.for_good = fails_at, how, for_good

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> apsw.VFSFile:  # noqa: N802
        return DiskFile(self, name, flags)

    def meet(self, operation: str, name: str) -> str | None:
        """One more operation; how it fails, None = it does not."""
        if self._name not in ("", name):
            return None
        self.operations.append(operation)
        number = len(self.operations) - 1
        if self.fails_at is None or number < self.fails_at:
            return None
        return self.how if number == self.fails_at or self.for_good else None


class DiskFile(apsw.VFSFile):
    def __init__(self, disk: Disk, name: str | apsw.URIFilename | None, flags: list[int]) -> None:
        super().__init__("unix", name, flags)
        self._disk = disk
        self._name = Path(str(name.filename() if isinstance(name, apsw.URIFilename) else name)).name

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802
        how = self._disk.meet("write", self._name)
        if how == "torn":
            super().xWrite(data[: len(data) // 2], offset)
        if how is not None:
            raise apsw.FullError("no room") if how == "full" else apsw.IOError("the disk does not answer")
        super().xWrite(data, offset)

    def xSync(self, flags: int) -> None:  # noqa: N802
        if self._disk.meet("sync", self._name) is not None:
            raise apsw.IOError("the disk does not answer")
        super().xSync(flags)


@contextmanager
def failing_disk() -> Iterator[Disk]:
    disk = Disk()
    try:
        yield disk
    finally:
        disk.unregister()


def crash_image(folder: Path, into: Path) -> Path:
    """What a crash at this moment would leave: the files as they are, copied."""
    into.mkdir()
    for path in folder.iterdir():
        if path.name.endswith((".db", "-wal")):
            (into / path.name).write_bytes(path.read_bytes())
    return into


def seqs(rows: Sequence[Any]) -> list[int]:
    return [row.seq for row in rows]
