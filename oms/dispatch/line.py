"""Who may speak next: one at a time, the most urgent first, among equals who joined first."""

from heapq import heapify, heappop, heappush
from types import TracebackType

import trio


class Line:
    """Places in a line, by rank; the smaller goes first."""

    def __init__(self) -> None:
        self._speaking: Place | None = None
        self._waiting: list[tuple[int, int, Place]] = []
        self._joined = 0

    def join(self, rank: int) -> "Place":
        """A place, kept until it is left; `async with` it waits for its turn, and leaves it."""
        place = Place(self)
        self._joined += 1
        heappush(self._waiting, (rank, self._joined, place))
        self._go_on()
        return place

    def _left(self, place: "Place") -> None:
        if self._speaking is place:
            self._speaking = None
        else:
            self._waiting = [entry for entry in self._waiting if entry[2] is not place]
            heapify(self._waiting)
        self._go_on()

    def _go_on(self) -> None:
        if self._speaking is None and self._waiting:
            self._speaking = heappop(self._waiting)[2]
            self._speaking.turn.set()


class Place:
    """One's place in a line."""

    def __init__(self, line: Line) -> None:
        """Made by the line."""
        self.turn = trio.Event()
        self._line = line

    def leave(self) -> None:
        """Let the next one; also before one's turn has come.  Twice is once."""
        self._line._left(self)

    async def __aenter__(self) -> None:
        if self.turn.is_set():
            return
        try:
            await self.turn.wait()
        except trio.Cancelled:
            self.leave()
            raise

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.leave()
