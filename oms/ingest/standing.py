"""What an account can do: how its link stands, what it is permitted; each change is an event.

The permission lasts longer than a session and than the process; `state` is the narrower of both.
"""

from collections.abc import Callable
from typing import Final

from oms.domain.events import AccountState
from oms.recorder import Recorder, Turn

CONNECTING: Final = "connecting"
RECONCILING: Final = "reconciling"
READY: Final = "ready"
REFUSED: Final = "refused"
CLOSED: Final = "closed"

ACTIVE: Final = "active"
REDUCING: Final = "reducing"
HALTED: Final = "halted"
DIFFERENCE: Final = "difference"
RESTORED: Final = "restored"
DIRTY: Final = "dirty"
READ_ONLY: Final = "read_only"
UNTIL_EQUAL: Final = frozenset({DIRTY, DIFFERENCE, RESTORED, READ_ONLY})

RACE: Final = "race"  # why an account was let in reducing only: its pushes never paused for a comparison
FENCE: Final = "fence"  # stream and journal contradict each other


class Standing:
    """Link and permission of one account."""

    def __init__(self, recorder: Recorder, clock: Callable[[], int]) -> None:
        """As the journal has it; an account that was never opened is dirty: it has to reconcile first."""
        self._recorder, self._clock = recorder, clock
        self.link = CLOSED
        self.since_ns = clock()  # nanoseconds of UTC: how long the link has been so

    @property
    def _last(self) -> AccountState | None:
        return self._recorder.books.terms.standing

    @property
    def permission(self) -> str:
        """What it may do."""
        return self._last.permission if self._last else DIRTY

    @property
    def reason(self) -> str:
        """Why."""
        return self._last.reason if self._last else ""

    @property
    def state(self) -> str:
        """The narrower of the two."""
        return self.permission if self.link == READY else self.link

    async def move(
        self, link: str | None = None, permission: str | None = None, reason: str | None = None
    ) -> None:
        """Record what changes.  Without a reason given, a permission that stays keeps its own."""
        if link is not None and link != self.link:
            self.link, self.since_ns = link, self._clock()

        def work(turn: Turn) -> None:
            known = turn.books.terms.standing
            allowed = permission or (known.permission if known else DIRTY)
            kept = known.reason if known and known.permission == allowed else ""
            told = AccountState(self.link, allowed, kept if reason is None else reason)
            if known is None or _said(known) != _said(told):
                turn.add(told)

        await self._recorder.write(work)


def _said(event: AccountState) -> tuple[str, str, str]:
    return event.link, event.permission, event.reason


def after_equal_round(permission: str, reason: str, *, may_trade: bool) -> str:
    """What an account may do when books and venue agree: what a person or a fence stopped stays stopped."""
    lifted = permission in UNTIL_EQUAL or (permission == REDUCING and reason == RACE)
    if not may_trade:
        return READ_ONLY if lifted or permission == ACTIVE else permission
    return ACTIVE if lifted else permission
