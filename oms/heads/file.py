"""A file of signed heads: a line each, only ever added to.  It belongs on another disk than the journals."""

import os
from collections.abc import Iterator
from pathlib import Path

from .head import LONGEST, BadHead, SignedHead, read


class UnreadableHeads(Exception):
    """Heads that were asked for and cannot be had: where, and why."""


def append_head(path: Path, line: bytes) -> None:
    """Add one; on disk when this returns.  Raises OSError.

    What a crash left of a line is taken away first: nobody was told of it.
    """
    with path.open("ab+") as file:
        end = file.seek(0, os.SEEK_END)
        begin = max(0, end - LONGEST)
        file.seek(begin)
        whole = file.read().rfind(b"\n") + 1
        if begin + whole < end:
            file.truncate(begin + whole)
        file.write(line + b"\n")
        file.flush()
        os.fsync(file.fileno())


def read_heads(path: Path) -> Iterator[SignedHead]:
    """All of a file, whether their signatures are right or not.  Raises UnreadableHeads."""
    try:
        with path.open("rb") as file:
            for number, line in enumerate(iter(lambda: file.readline(LONGEST + 2), b""), 1):
                try:
                    yield read(line.removesuffix(b"\n"))
                except BadHead as why:
                    if not line.endswith(b"\n") and not file.read(1):
                        return  # it was being written when somebody was killed
                    raise UnreadableHeads(f"{path}:{number}: is no signed head: {why}") from None
    except OSError as why:
        raise UnreadableHeads(f"{path}: {why.strerror}") from None
