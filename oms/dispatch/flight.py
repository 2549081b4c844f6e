"""A trade request on its way: written down, handed to a session, its result not yet told."""

import trio

from oms.domain.calls import OPENING, CallClass
from oms.domain.decide.decision import Approved
from oms.domain.intent import REQUEST_PRICES
from oms.ingest.breakers import UNCOUNTED, Call
from oms.projections.commands import Key
from oms.sessions.connection import Connection
from oms.sessions.translate import Result
from protocol.records.trade import TradeRequest


class Flight:
    """One request of a command; its number is never used again."""

    def __init__(
        self,
        key: Key,
        approved: Approved,
        request: TradeRequest,
        marker: str,
        connection: Connection,
    ) -> None:
        self.key, self.approved, self.request = key, approved, request
        self.marker, self.connection = marker, connection
        self.call: Call = UNCOUNTED  # of its breaker, from the moment that it is sent
        self.call_class: CallClass = OPENING
        self.accepted = False  # answer 12 had accepted it
        self.doubt = (
            ""  # why nobody knows what became of it, where that is clear before its session has ended
        )
        self.prices: Result | None = None  # that were asked for
        self.priced_at = 0.0  # by Trio's clock
        self.moved = trio.Event()  # prices came, or it is over
        self.over = trio.Event()  # nothing more is expected, as far as is recorded

    @property
    def asks_prices(self) -> bool:
        """Whether it orders nothing yet."""
        return self.approved.intent.action == REQUEST_PRICES

    @property
    def age_s(self) -> float:
        """Of its prices."""
        return trio.current_time() - self.priced_at

    def end(self) -> None:
        """Nothing more is expected of it; where nothing was said of its call, nothing will be."""
        self.call.dropped()
        self.over.set()
        self.moved.set()
