"""The chain of hashes: whoever changes, drops or inserts a row changes every hash behind it.

hash = SHA-256(previous hash ‖ body), with 32 zero bytes before the first.  Anybody can check it with
SHA-256 alone, from the file or from what was published.
"""

from collections.abc import Iterable, Iterator
from hashlib import sha256
from typing import Final, Protocol, TypeVar

from .errors import LogError

GENESIS: Final = bytes(32)


class Linked(Protocol):
    """A row of a chain."""

    @property
    def seq(self) -> int: ...  # noqa: D102
    @property
    def body(self) -> bytes: ...  # noqa: D102
    @property
    def hash(self) -> bytes: ...  # noqa: D102


Row = TypeVar("Row", bound=Linked)


class BrokenChain(LogError):
    """The row `seq` does not follow from the one before it."""

    def __init__(self, seq: int, message: str) -> None:
        self.seq, self.message = seq, message
        super().__init__(f"seq {seq}: {message}")


def link(previous: bytes, body: bytes) -> bytes:
    """The hash of a body behind a hash."""
    return sha256(previous + body).digest()


def checked(rows: Iterable[Row], seq: int = 0, head: bytes = GENESIS) -> Iterator[Row]:
    """The rows behind `seq`, whose hash is `head`, as long as each follows; raises BrokenChain at the first
    that does not.
    """
    for row in rows:
        if row.seq != seq + 1:
            raise BrokenChain(seq + 1, f"is missing, {row.seq} comes next")
        if link(head, row.body) != row.hash:
            raise BrokenChain(row.seq, "its hash does not follow from its body and the hash before it")
        seq, head = row.seq, row.hash
        yield row
