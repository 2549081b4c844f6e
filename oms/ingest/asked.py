"""A comparison, and somebody who waits for one: an operator, who may accept what differs."""

from typing import Final, NamedTuple

import trio

from oms.domain.correction import Acceptance
from oms.domain.events.reconcile import Difference

# Why what differs was not accepted.
NO_DIFFERENCE: Final = "no_difference"
UNCONFIRMED: Final = "difference_unconfirmed"
CHANGED: Final = "difference_changed"
UNACCEPTABLE: Final = "difference_unacceptable"


class Round(NamedTuple):
    """What one round found."""

    quiet: bool  # nothing moved meanwhile; else it proves nothing
    differences: tuple[Difference, ...] = ()
    confirmed: bool = False  # it was the same in so many rounds that it is one
    accepted: bool = False  # the books have taken them over
    refusal: str = ""  # why not, where somebody accepted them; a code

    @property
    def equal(self) -> bool:
        """Whether books and venue agree, for sure."""
        return self.quiet and not self.differences


RACED: Final = Round(quiet=False)


class Asked:
    """Somebody waits for a round; where it accepts what differs, that is booked or nothing is."""

    def __init__(self, accept: Acceptance | None = None) -> None:
        self.accept = accept
        self.found: Round | None = None
        self.withdrawn = False  # nobody waits any more: nothing is to be booked for it
        self.booking = False  # it is in a turn that may yet fail
        self.over = trio.Event()

    async def wait(self, within_s: float) -> Round | None:
        """What came of it; None where it took longer, or the session ended before.

        Behind None nothing was booked and nothing will be.
        """
        try:
            with trio.move_on_after(within_s):
                await self.over.wait()
        finally:
            self.withdrawn = True
        if self.booking:
            await self.over.wait()
        return self.found

    def end(self) -> None:
        """Nothing more comes of it."""
        self.booking = False
        self.over.set()
