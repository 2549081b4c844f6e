"""A queue from one event loop into another, with one wake per burst.

What a crossing costs is the wake, not the message: so whoever puts first wakes the other side, and all that
is put until the other side takes goes with it.  There is no lock.  A deque's ends are atomic, and the flag
falls before anything is taken: what is put after that wakes anew.
"""

from collections import deque
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

Item = TypeVar("Item")


class Burst(Generic[Item]):
    """Put by one thread, taken by another."""

    __slots__ = ("_items", "_wake", "_woken")

    def __init__(self, wake: Callable[[], object]) -> None:
        """`wake` is called in the thread that puts."""
        self._items: deque[Item] = deque()
        self._wake = wake
        self._woken = False

    def put(self, item: Item) -> None:
        """One more."""
        self._items.append(item)
        if not self._woken:
            self._woken = True
            self._wake()

    def take(self) -> Iterator[Item]:
        """All that waits, and what comes meanwhile; what is not taken stays."""
        self._woken = False
        while self._items:
            yield self._items.popleft()

    def __len__(self) -> int:
        return len(self._items)
