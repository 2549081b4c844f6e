"""The commands in memory, and who waits for one of them to move."""

from collections.abc import Callable

import trio

from oms.projections.commands import Key

from .pending import Pending


class InHand:
    """By identity, in the order that they were taken in."""

    def __init__(self) -> None:
        self.pending: dict[Key, Pending] = {}
        self._moves: dict[Key, trio.Event] = {}

    async def until(self, pending: Pending, done: Callable[[], bool]) -> None:
        """Return when something is so of a command, which is looked at whenever it moved."""
        while not done():
            await self._moves.setdefault(pending.key, trio.Event()).wait()

    def moved(self, key: Key) -> None:
        """Wake who waits for it."""
        waiting = self._moves.pop(key, None)
        if waiting is not None:
            waiting.set()

    def let_go(self, pending: Pending) -> None:
        """It is refused: its id is free, and may be another's by now."""
        if self.pending.get(pending.key) is pending:
            del self.pending[pending.key]
        self.moved(pending.key)
