"""When books and venue are compared in a session, and what that does to the permission (docs/semantics.md 7).

At the start until they agree, or until it is clear that they will not; from then on on a timer, soon after a
doubt, and as soon as an operator asks.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Never

import trio

from oms.domain.events.reconcile import Difference
from oms.failpoints import reach
from oms.projections.reversals import RACE

from .asked import Asked, Round
from .reconciler import Limits, Reconciler
from .standing import DIFFERENCE, REDUCING, Change, Standing, agreed, differing, raced, rights_gone

SETTLE_S: Final = 1.0  # from a doubt to the round that looks: what is missing may be on its way
RACED_AGAIN_S: Final = 5.0
OPERATOR: Final = "operator"  # the cause of a round
TIMER: Final = "timer"
SPELLED: Final = 5  # differences in an alarm; all are in the report


class Agreement:
    """Rounds of one session, and those who wait for one."""

    def __init__(
        self,
        reconciler: Reconciler,
        standing: Standing,
        limits: Limits,
        every_s: float,
        drain: Callable[[], Awaitable[None]],
        told: Callable[[str, str], None],
    ) -> None:
        """Every so many seconds; `drain` lets the books have the pushes that wait; `told` raises alarm."""
        self.rounds = 0
        self._reconciler, self._standing = reconciler, standing
        self._limits, self._every_s, self._drain, self._told = limits, every_s, drain, told
        self._doubted = trio.Event()
        self._cause = TIMER
        self._compared_at = -float("inf")  # when the last round ended
        self._asked: list[Asked] = []
        self._ended = False

    # To READY.

    async def reach(self, cause: str, *, live: bool) -> Change:
        """Rounds until books and venue agree, or until it is clear that they will not; what that changes."""
        racing_since = trio.current_time()
        pause_s = self._limits.pause_s
        while True:
            result = await self._round(cause, live=live)
            if result.equal:
                return agreed
            if result.confirmed:
                return differing
            if result.quiet:
                await trio.sleep(pause_s)
                pause_s = min(2 * pause_s, self._limits.spacing_s)
                racing_since = trio.current_time()
            elif trio.current_time() - racing_since > self._limits.race_s:
                return raced

    async def reach_again(self, change: Change) -> Change:
        """The same, until nothing speaks against what was found; an account that never rests is let in."""
        while self._doubtful and change is not raced:
            change = await self.reach(self._begin_round(), live=True)
        return change

    @property
    def _doubtful(self) -> bool:
        """Whether what was found equal may be so no longer."""
        return self._doubted.is_set() or trio.current_time() - self._compared_at > self._every_s

    # Staying there.

    def doubt(self, cause: str) -> None:
        """Compare soon, and not only when it is time."""
        self._cause = cause
        self._doubted.set()

    def ask(self, asked: Asked) -> None:
        """A round as soon as the account is ready, and until one was quiet or nobody waits any more."""
        if self._ended:
            asked.end()
            return
        self._asked.append(asked)
        self.doubt(OPERATOR)

    def end(self) -> None:
        """The session is over: who waits is told."""
        self._ended = True
        for one in self._asked:
            one.end()
        self._asked.clear()

    async def keep(self) -> Never:
        """Compare on the timer, soon after a doubt, at once when asked; what a round says counts."""
        wait_s = self._first_wait()
        while True:
            if not self._asked:
                with trio.move_on_after(wait_s):
                    await self._doubted.wait()
            if self._doubted.is_set() and not self._asked:
                await trio.sleep(SETTLE_S)
            cause = self._begin_round()
            await self._drain()
            wait_s = await self._serve(cause)

    def _first_wait(self) -> float:
        raced = self._standing.restrictions.get(REDUCING) == RACE
        return RACED_AGAIN_S if raced else self._every_s

    def _begin_round(self) -> str:
        """Its cause; what is doubted from now on is another round's."""
        cause, self._cause = self._cause, TIMER
        self._doubted = trio.Event()
        return cause

    async def _round(self, cause: str, *, live: bool, asked: Asked | None = None) -> Round:
        result = await self._reconciler.run(cause, live=live, asked=asked)
        self.rounds = self._reconciler.rounds
        self._compared_at = trio.current_time()
        reach("reconcile.judged")
        if result.confirmed and DIFFERENCE not in self._standing.restrictions:
            self._told(DIFFERENCE, _spelled(result.differences))
        return result

    async def _serve(self, cause: str) -> float:
        """One round, for everybody who waits by now; seconds to the next."""
        self._asked = [one for one in self._asked if not one.withdrawn]
        served = [one for one in self._asked if one.accept is None]
        accepting = next((one for one in self._asked if one.accept is not None), None)
        if accepting is not None:
            served.append(accepting)
        result = await self._round(OPERATOR if served else cause, live=True, asked=accepting)
        if result.quiet:
            for one in served:
                one.found = result
        wait_s = await self._weigh(result, cause, accepting)
        if not result.quiet:
            return wait_s
        for one in served:
            self._asked.remove(one)
            one.end()
        return wait_s

    async def _weigh(self, result: Round, cause: str, accepting: Asked | None) -> float:
        """Let a live round count; seconds to the next."""
        accept = accepting.accept if accepting is not None else None
        if result.accepted and accept is not None:
            await self._standing.move(change=agreed, by=accept.by, comment=accept.reason)
            self.doubt(OPERATOR)  # what was taken over has to prove true
            return self._every_s
        if result.equal:
            await self._standing.move(change=agreed)
            return self._every_s
        await self._standing.move(change=differing if result.confirmed else rights_gone)
        if result.quiet:
            return self._limits.spacing_s
        if self._asked:
            await trio.sleep(SETTLE_S)  # and then again: somebody waits for it
        return self._first_wait() if cause == TIMER else RACED_AGAIN_S


def _spelled(found: Sequence[Difference]) -> str:
    """What differs, in words: the first few."""
    words = [
        f"{' '.join(filter(None, (one.subject, one.key, one.field)))} is {one.books or 'not there'} in the "
        f"books, {one.venue or 'not there'} at the venue"
        for one in found[:SPELLED]
    ]
    more = [f"{len(found) - SPELLED} more"] if len(found) > SPELLED else []
    return "; ".join([*words, *more])
