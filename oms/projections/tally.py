"""What many entries hash to, together: a sum that follows each of them as it changes.

Equal entries give equal sums, in whatever order they came to be.  An entry is hashed when the sum is asked
for, not when it changes: a past that nobody touches is hashed once, and a replay hashes nothing.
"""

from collections.abc import Callable, Hashable, Iterable
from hashlib import sha256
from typing import Any, Final, Generic, TypeVar

import msgspec

Key = TypeVar("Key", bound=Hashable)
MODULUS: Final = 1 << 256


class Tally(Generic[Key]):
    """The sum of the entries' hashes modulo 2^256; whoever keeps them tells what is about to change."""

    def __init__(self) -> None:
        self._sum = 0
        self._left: dict[Key, None] | None = None  # entries that are not in the sum; None: none is in it

    def holds(self, key: Key) -> bool:
        """Whether an entry may be in the sum, so that it must `leave` before it changes."""
        return self._left is not None and key not in self._left

    def leave(self, key: Key, entry: Any) -> None:
        """Take out an entry that the tally `holds`, as it is before its change; None: there is none yet."""
        if self._left is not None:
            self._left[key] = None
        if entry is not None:
            self._sum = (self._sum - _hash(key, entry)) % MODULUS

    def total(self, keys: Iterable[Key], entry: Callable[[Key], Any]) -> str:
        """The sum over all entries, in hex; `entry` gives one as it is now, None where it is gone."""
        for key in tuple(keys if self._left is None else self._left):
            found = entry(key)
            if found is not None:
                self._sum = (self._sum + _hash(key, found)) % MODULUS
        self._left = {}
        return f"{self._sum:064x}"

    def restore(self, total: str) -> None:
        """Go on from a total of the entries that are there."""
        self._sum, self._left = int(total, 16), {}


def _hash(key: Any, entry: Any) -> int:
    """SHA-256 of the canonical JSON of key and entry, as a number."""
    return int.from_bytes(sha256(msgspec.json.encode((key, entry), order="sorted")).digest())
