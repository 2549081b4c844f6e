"""An intent that waits for its stream: `publish_before_send` (docs/design.md 10).

A disk that is lost takes away what no stream holds; what was ordered must not be among it.  So what adds
risk is not sent before the stream has its intent.  What only takes risk away, or changes stops and prices,
waits as long, and then goes all the same: staying in a position is the greater danger.  While NATS is known
to be away that does not wait at all.
"""

from collections.abc import Awaitable, Callable

import trio

from oms.domain.decide.case import Need


class Publishing:
    """How an account's intents wait."""

    def __init__(
        self, reached: Callable[[int], Awaitable[None]], away: Callable[[], bool], within_s: float
    ) -> None:
        """`reached` returns when the stream has an event; `away`: it is known that nothing gets there now."""
        self._reached, self._away, self.within_s = reached, away, within_s

    async def awaited(self, seq: int, need: Need) -> bool:
        """Whether the stream has the event, which is waited for at most `within_s`."""
        if need != "risk" and self._away():
            return False
        with trio.move_on_after(self.within_s) as waiting:
            await self._reached(seq)
        return not waiting.cancelled_caught
