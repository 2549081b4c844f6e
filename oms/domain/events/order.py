"""Events of orders at the venue, ours or not."""

from ..records import OrderRecord
from ..values import Ticket
from .fact import Fact


class OrderPlaced(OrderRecord, frozen=True, tag="order.placed", tag_field="event"):
    """An open order was seen for the first time."""


class OrderUpdated(OrderRecord, frozen=True, tag="order.updated", tag_field="event"):
    """An open order's record says something new."""


class OrderEnded(OrderRecord, frozen=True, tag="order.ended", tag_field="event"):
    """The order is filled, canceled, rejected or expired by its record.  Fills are deals, never this."""


class OrderRemoved(Fact, frozen=True, tag="order.removed"):
    """The broker took the order out of the history."""

    order: Ticket
    symbol: str = ""
