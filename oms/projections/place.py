"""Where deals meet: the position that the deals of one place leave, in the order of their turns.

A deal that is the last of its place is met where the fold stands; any other, an amended or a removed one
folds the place anew.  Both give the same, for both meet the same deals in the same order.
"""

from bisect import insort
from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple

import msgspec

from oms.domain.records import DealRecord, PositionRecord
from oms.domain.values import ZERO, wall

from .holding import identifier, meet, touched

Order = tuple[str, int]  # server time, ticket
FIRST: Order = ("", 0)


class Base(NamedTuple):
    """A position taken over as it stood: deals made up to `behind` are in it."""

    position: PositionRecord | None
    behind: Order


class Place(msgspec.Struct, gc=False):
    """The deals of one place."""

    deals: list[DealRecord] = []  # in order
    base: Base | None = None
    made: PositionRecord | None = None  # what they leave
    last: Order = FIRST  # when the latest deal was made
    touched: dict[str, str] = {}  # by position: wall time of its last deal

    def insert(self, deal: DealRecord, at: Order) -> None:
        """One deal more, made `at`."""
        if self.last < at:
            self.last = at
        if not self.deals or self.deals[-1].turn < deal.turn:
            self.deals.append(deal)
            self._meet(deal)
        else:
            insort(self.deals, deal, key=lambda one: one.turn)
            self.refold()

    def remove(self, ticket: str) -> None:
        """One deal less."""
        self.deals = [deal for deal in self.deals if deal.deal != ticket]
        self.last = max((deal.place for deal in self.deals), default=FIRST)
        self.refold()

    def take(self, base: Base) -> None:
        """From now on its deals work on this."""
        self.base = base
        self.refold()

    def refold(self) -> None:
        """From the start."""
        self.made = self.base.position if self.base else None
        self.touched = {}
        for deal in self.deals:
            self._meet(deal)

    def making(self) -> Iterator[tuple[DealRecord, Decimal]]:
        """The deals that made what is open, the latest first, each with the lots it moved, long counted up.

        Back to the one that opened it; of one that reversed it the rest alone.
        """
        left = self.made.signed if self.made else ZERO
        for deal in reversed(self.deals):
            if not left or (self.base is not None and deal.place <= self.base.behind):
                return
            before = left - deal.signed
            yield deal, left if before * left < 0 else deal.signed
            left = before if before * left > 0 else ZERO

    def _meet(self, deal: DealRecord) -> None:
        position, at = identifier(deal), wall(touched(deal))
        if self.touched.get(position, "") < at:
            self.touched[position] = at
        if self.base is None or deal.place > self.base.behind:
            self.made = meet(self.made, deal)

    @property
    def empty(self) -> bool:
        """Whether nothing is known here."""
        return not self.deals and self.base is None
