"""Events of positions beside those that deals make."""

from decimal import Decimal

from ..records import PositionRecord
from ..values import Ticket
from .fact import Fact


class PositionAdjusted(PositionRecord, frozen=True, tag="position.adjusted", tag_field="event"):
    """Stops, accrued swap or commission, comment changed; or, where it says so, the average price.

    Volume never changes here: that takes a deal.
    """

    repriced: bool = False


class PositionRenamed(Fact, frozen=True, tag="position.renamed"):
    """The broker gave the position's symbol another name."""

    position: Ticket
    before: str
    symbol: str


class PositionAdopted(PositionRecord, frozen=True, tag="position.adopted", tag_field="event"):
    """The position as it stands, for its history is cut off: later deals work on this.

    Volume 0 adopts that there is none.
    """

    by: str = ""  # who, where a person accepted it
    before: Decimal | None = None  # lots that the books had, signed, long counted up
