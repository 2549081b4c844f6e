"""Room kept for the worst moment: a file given up when the disk is full, so that the halt can be written.

One file serves all journals of a folder: what is full is the disk, not one of them.  Its blocks are
allocated, not only promised; on a file system that compresses or copies on write it is worth less.
"""

import os
import shutil
from contextlib import suppress
from pathlib import Path


class Ballast:
    """The file, `size` bytes of nothing; 0 = none wanted."""

    def __init__(self, path: Path, size: int) -> None:
        self._path, self._size = path, size

    @property
    def held(self) -> bool:
        """Whether there is something to give up."""
        return self._path.exists()

    def hold(self) -> bool:
        """Take the room; whether it is held now.  Not where that would leave less than as much to others."""
        if not self._size or self.held:
            return self.held
        made = self._path.with_name(f"{self._path.name}.{os.getpid()}")
        try:
            if shutil.disk_usage(self._path.parent).free < 2 * self._size:
                return False  # it would make the disk full itself
            with made.open("wb") as file:
                os.posix_fallocate(file.fileno(), 0, self._size)
            made.replace(self._path)
        except OSError:  # the disk is too full already, which the caller learns and tells
            with suppress(OSError):
                made.unlink(missing_ok=True)
            return False
        return True

    def give_up(self) -> bool:
        """Free the room; whether there was any."""
        held = self.held
        self._path.unlink(missing_ok=True)
        return held
