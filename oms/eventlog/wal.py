"""A look at SQLite's write-ahead log before SQLite does: how many page images were written to it.

SQLite drops what follows the last commit without a word.  Compared with what it took, the count tells
whether the writer died in the middle of a commit (nobody was told of that commit).  Format:
sqlite.org/fileformat2.html, section 4: a header of 32 bytes, then frames of 24 bytes and a page; frames of
an earlier use have other salts.
"""

from pathlib import Path
from struct import Struct
from typing import Final

HEADER: Final = Struct(">IIIIQII")  # magic, version, page size, checkpoint, both salts, checksums
FRAME: Final = Struct(">IIQII")  # page, size after a commit, both salts, checksums


def log_path(path: Path) -> Path:
    """The write-ahead log of a file."""
    return path.with_name(f"{path.name}-wal")


def frames_written(path: Path) -> int:
    """Frames of the present use in the write-ahead log of `path`, whole or cut off; 0 without one."""
    log = log_path(path)
    if not log.exists():
        return 0
    with log.open("rb") as file:
        head = file.read(HEADER.size)
        if len(head) < HEADER.size:
            return 0
        _, _, page_size, _, salts, _, _ = HEADER.unpack(head)
        frames = 0
        while len(frame := file.read(FRAME.size)) == FRAME.size and FRAME.unpack(frame)[2] == salts:
            frames += 1
            file.seek(page_size, 1)
        return frames
