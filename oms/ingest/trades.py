"""Whoever sent trade requests on a session: what the session tells it, each in a turn of the recorder's."""

from typing import Protocol

from oms.recorder import Turn
from oms.sessions.connection import Connection
from oms.sessions.translate import Terms
from protocol.records.trade import TradeOutcome


class Trades(Protocol):
    """The sender of trade requests."""

    def resulted(self, told: TradeOutcome, terms: Terms, connection: Connection, turn: Turn) -> bool:
        """Push 19 came; whether it is about a request that was sent on this connection and is in flight."""
        ...

    def ended(self, connection: Connection, turn: Turn) -> None:
        """The connection is over and all that came on it is in the books: nothing more will come."""

    async def quiet(self, connection: Connection) -> None:
        """Return when nothing that was sent on this connection waits for an answer or a result."""
        ...


class NoTrades:
    """Nobody sends any."""

    def resulted(self, told: TradeOutcome, terms: Terms, connection: Connection, turn: Turn) -> bool:
        """It is not ours."""
        return False

    def ended(self, connection: Connection, turn: Turn) -> None:
        """Nothing was sent."""

    async def quiet(self, connection: Connection) -> None:
        """It is."""
