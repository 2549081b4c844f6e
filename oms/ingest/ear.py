"""Who listens to one connection: market data go their way at once, all else waits, in order, for its reader.

Trade facts are never dropped.  A venue that sends them faster than they can be stored, for long, is cut off:
what was lost then is found again by reconciling.
"""

from collections import deque
from collections.abc import Callable
from typing import Final, NamedTuple

import trio

from oms.sessions.connection import Heard
from protocol.drift import NO_DRIFT, Drift
from protocol.messages import Push

from .market import MARKET, TICKS, Feed

MOST: Final = 50_000  # messages that wait
TRANSACTIONS, ACCOUNT_CHANGED = 10, 14
MOVES: Final = frozenset({TRANSACTIONS, ACCOUNT_CHANGED})  # pushes that make a comparison a race


class Drifted(NamedTuple):
    """A push held what the documents do not explain."""

    command: int
    drift: Drift


Waiting = Heard | Drifted


class Ear:
    """The listener of one connection."""

    def __init__(self, feed: Feed, overrun: Callable[[], None]) -> None:
        """`overrun` is called when too much waits."""
        self.waiting: deque[Waiting] = deque()
        self.moves = 0  # pushes that told of orders, positions, deals, money
        self._feed, self._overrun = feed, overrun
        self._hear_ticks = feed.hear_ticks
        self._came = trio.Event()

    def __call__(self, heard: list[Heard]) -> None:
        """What came in one read."""
        for one in heard:
            if isinstance(one, Push):
                if one.drift is not NO_DRIFT:
                    self.waiting.append(Drifted(one.command, one.drift))
                if one.command == TICKS:
                    self._hear_ticks(one)
                    continue
                if one.command in MARKET:
                    self._feed.hear(one)
                    continue
                self.moves += one.command in MOVES
            self.waiting.append(one)
        self._feed.pause()
        if self.waiting:
            self._came.set()
        if len(self.waiting) > MOST:
            self._overrun()

    def take(self, most: int) -> list[Waiting]:
        """What waits, in order, at most so many."""
        return [self.waiting.popleft() for _ in range(min(most, len(self.waiting)))]

    async def listen(self) -> None:
        """Return when something waits."""
        while not self.waiting:
            self._came = trio.Event()
            await self._came.wait()
