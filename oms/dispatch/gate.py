"""When durable commands may be taken: while their account can trade, so that waiting does not deny them."""

from collections.abc import Callable

from oms.ingest.standing import ACTIVE, HALTED, READ_ONLY, READY, Standing


class Gate:
    """Open while the account is what it has to be."""

    def __init__(self, standing: Standing, opens: Callable[[Standing], bool]) -> None:
        self._standing, self._opens = standing, opens

    @property
    def closed(self) -> bool:
        """Whether nothing may be taken."""
        return not self._opens(self._standing)

    async def open(self) -> None:
        """Return when something may."""
        while self.closed:
            await self._standing.moved()


def trades(standing: Standing) -> bool:
    """Whether new risk may be taken."""
    return standing.link == READY and standing.permission == ACTIVE


def reduces(standing: Standing) -> bool:
    """Whether risk may be taken away: also while reducing, or with a difference."""
    return standing.link == READY and standing.restrictions.keys().isdisjoint((HALTED, READ_ONLY))
