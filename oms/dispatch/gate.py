"""When durable commands may be taken: while their account can trade, so that waiting does not deny them."""

from collections.abc import Callable
from typing import Protocol

from oms.ingest.standing import ACTIVE, HALTED, READ_ONLY, READY, Standing


class Reach(Protocol):
    """Whether NATS takes what the account has to tell."""

    @property
    def away(self) -> bool:
        """Whether it does not."""
        ...

    async def back(self) -> None:
        """Return when it does."""
        ...


class Gate:
    """Open while the account is what it has to be."""

    def __init__(
        self, standing: Standing, opens: Callable[[Standing], bool], reach: Reach | None = None
    ) -> None:
        """`reach`, where it is given, has to be there too."""
        self._standing, self._opens, self._reach = standing, opens, reach

    @property
    def closed(self) -> bool:
        """Whether nothing may be taken."""
        return not self._opens(self._standing) or (self._reach is not None and self._reach.away)

    async def open(self) -> None:
        """Return when something may."""
        while self.closed:
            if self._opens(self._standing) and self._reach is not None:
                await self._reach.back()
            else:
                await self._standing.moved()


def trades(standing: Standing) -> bool:
    """Whether new risk may be taken."""
    return standing.link == READY and standing.permission == ACTIVE


def reduces(standing: Standing) -> bool:
    """Whether risk may be taken away: also while reducing, or with a difference."""
    return standing.link == READY and standing.restrictions.keys().isdisjoint((HALTED, READ_ONLY))
