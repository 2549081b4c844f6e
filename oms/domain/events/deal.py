"""Events of deals: the only ones that make fills, move positions, book money."""

from ..records import DealRecord
from .fact import Fact


class DealBooked(DealRecord, frozen=True, tag="deal.booked", tag_field="event"):
    """A deal, once per ticket."""


class DealAmended(Fact, frozen=True, tag="deal.amended"):
    """The broker changed a deal; the books follow, both versions stay."""

    before: DealRecord
    after: DealRecord


class DealRemoved(Fact, frozen=True, tag="deal.removed"):
    """The broker took a deal back; the books follow."""

    removed: DealRecord
