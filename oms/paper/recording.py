"""Conversations written down as captures that `oms wire decode --pcap-lines` reads.

A line is direction, UTC seconds, and a whole WebSocket message as hex.  A capture is read with one key at a
time, so each file holds one conversation after the other: while the first file has one going on, the next
goes to FILE.2, and so on.  Secrets are not in it (oms.paper.redaction), but accounts and trades are: the
files are for their owner alone.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

from protocol.frame import Direction

from .redaction import Redaction


class RecordError(Exception):
    """A record that cannot be written: which, and why."""

    def __init__(self, path: Path, message: str) -> None:
        self.path, self.message = path, message
        super().__init__(f"{path}: {message}")


class Recording:
    """One file, while a conversation is written to it.  RecordError where it cannot be."""

    def __init__(self, path: Path, file: TextIO, utc_ms: Callable[[], int]) -> None:
        self.free = False
        self._path = path
        self._file = file
        self._utc_ms = utc_ms
        self._redaction = Redaction()

    def begin(self) -> None:
        """A conversation begins, with keys of its own."""
        self.free = False
        self._redaction = Redaction()

    def note(self, direction: Direction, message: bytes) -> None:
        """Write one message down, without its secrets."""
        message = self._redaction.of(direction, message)
        seconds, milliseconds = divmod(self._utc_ms(), 1000)
        with self._writing():
            self._file.write(f"{direction.value} {seconds}.{milliseconds:03} {message.hex()}\n")

    def end(self) -> None:
        """The conversation is over: the file can take another."""
        with self._writing():
            self._file.flush()
        self.free = True

    def close(self) -> None:
        """Nothing more will be written."""
        with suppress(OSError):  # each line was flushed: what was not written was told then
            self._file.close()

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """A record with a hole in it is none: the venue must stop."""
        try:
            yield
        except OSError as why:
            raise RecordError(self._path, f"cannot be written: {why.strerror}") from None


class Recorder:
    """The files of a venue's conversations; what a file holds already stays in front."""

    def __init__(self, path: Path, utc_ms: Callable[[], int]) -> None:
        """Opens the first file; raises RecordError where that cannot be."""
        self._path = path
        self._utc_ms = utc_ms
        self._files = [self._opened(path)]
        self._files[0].free = True

    def begin(self) -> Recording:
        """A file that no conversation is being written to."""
        recording = next((one for one in self._files if one.free), None)
        if recording is None:
            number = len(self._files) + 1
            recording = self._opened(self._path.with_name(f"{self._path.name}.{number}"))
            self._files.append(recording)
        recording.begin()
        return recording

    def close(self) -> None:
        """Close every file."""
        for recording in self._files:
            recording.close()

    def _opened(self, path: Path) -> Recording:
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        except OSError as why:
            raise RecordError(path, f"cannot be opened: {why.strerror}") from None
        return Recording(
            path,
            open(descriptor, "w", encoding="ascii", buffering=1),  # noqa: PTH123
            self._utc_ms,
        )
