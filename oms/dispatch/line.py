"""Who may speak next: one at a time, the most urgent first, among equals who came first."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from heapq import heapify, heappop, heappush

import trio


class Line:
    """A lock with ranks; the smaller goes first."""

    def __init__(self) -> None:
        self._held = False
        self._waiting: list[tuple[int, int, trio.Event]] = []
        self._came = 0

    @asynccontextmanager
    async def at(self, rank: int) -> AsyncIterator[None]:
        """One's turn, waited for."""
        await self._enter(rank)
        try:
            yield
        finally:
            self._leave()

    async def _enter(self, rank: int) -> None:
        if not self._held:
            self._held = True
            return
        self._came += 1
        turn = trio.Event()
        entry = (rank, self._came, turn)
        heappush(self._waiting, entry)
        try:
            await turn.wait()
        except trio.Cancelled:
            if turn.is_set():
                self._leave()
            else:
                self._waiting.remove(entry)
                heapify(self._waiting)
            raise

    def _leave(self) -> None:
        if self._waiting:
            heappop(self._waiting)[2].set()
        else:
            self._held = False
