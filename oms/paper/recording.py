"""Conversations written down as captures that `oms wire decode --pcap-lines` reads.

A line is direction, UTC seconds, and a whole WebSocket message as hex.  A capture is read with one key at a
time, so each file holds one conversation after the other: while the first file has one going on, the next
goes to FILE.2, and so on.  The keys are in the capture, and with them whatever passwords were said: the files
are for their owner alone.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

from protocol.frame import Direction


class Recording:
    """One file, while a conversation is written to it."""

    def __init__(self, file: TextIO, utc_ms: Callable[[], int]) -> None:
        self.free = False
        self._file = file
        self._utc_ms = utc_ms

    def note(self, direction: Direction, message: bytes) -> None:
        """Write one message down."""
        seconds, milliseconds = divmod(self._utc_ms(), 1000)
        self._file.write(f"{direction.value} {seconds}.{milliseconds:03} {message.hex()}\n")

    def end(self) -> None:
        """The conversation is over: the file can take another."""
        self._file.flush()
        self.free = True

    def close(self) -> None:
        """Nothing more will be written."""
        self._file.close()


class Recorder:
    """The files of a venue's conversations; what a file holds already stays in front."""

    def __init__(self, path: Path, utc_ms: Callable[[], int]) -> None:
        """Opens the first file; raises OSError where that cannot be."""
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
        recording.free = False
        return recording

    def close(self) -> None:
        """Close every file."""
        for recording in self._files:
            recording.close()

    def _opened(self, path: Path) -> Recording:
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        return Recording(open(descriptor, "w", encoding="ascii", buffering=1), self._utc_ms)  # noqa: PTH123
