"""What a rule looks at: a request, and what the venue knows about what it names."""

from collections.abc import Callable
from decimal import Decimal
from typing import NamedTuple

from protocol.enums import Execution, Retcode, Side, TradeAction
from protocol.records.account import TradeSettings
from protocol.records.symbols import FullSymbol
from protocol.records.trade import Order, Position, TradeRequest

from .floor import Floor, side_of
from .model import Account
from .money import exact, rounded

DEALS = frozenset(
    {TradeAction.DEAL_REQUEST, TradeAction.DEAL_INSTANT, TradeAction.DEAL_MARKET, TradeAction.DEAL_EXCHANGE}
)


class Case(NamedTuple):
    """A request before its rules; the symbol is known, everything else may be missing."""

    floor: Floor
    account: Account
    request: TradeRequest
    spec: FullSymbol
    position: Position | None  # that the request meets, or names
    order: Order | None  # open, that it names

    @property
    def trade(self) -> TradeSettings:
        """How the symbol may be traded."""
        return self.spec.trade

    @property
    def side(self) -> Side:
        """The side that the request trades."""
        return side_of(self.request.trade_type)

    @property
    def mode(self) -> int:
        """Execution mode of the symbol."""
        return self.spec.trade.trade_exemode

    @property
    def exchange(self) -> bool:
        """Whether the symbol executes on an exchange."""
        return self.mode == Execution.EXCHANGE

    @property
    def reduces(self) -> bool:
        """Whether a request only takes off the netted or addressed position (docs/protocol.md 7.7)."""
        held, request = self.position, self.request
        if held is None or held.trade_action == self.side or request.trade_volume > held.trade_volume:
            return False
        # In hedging a pending order opens a position of its own, whatever it names.
        return not self.account.hedging or request.trade_action != TradeAction.PENDING

    @property
    def stops_level(self) -> Decimal:
        """The distance of prices, in price (docs/protocol.md 7.7)."""
        return self.distance(self.trade.trade_stops_level)

    def distance(self, points: int) -> Decimal:
        """So many points in price."""
        return rounded(exact(self.spec.point) * points, self.spec.digits)

    @property
    def ask(self) -> Decimal:
        """The present ask."""
        return exact(self.floor.prices[self.spec.trade_symbol].ask)

    @property
    def bid(self) -> Decimal:
        """The present bid."""
        return exact(self.floor.prices[self.spec.trade_symbol].bid)


# A rule returns why a request may not go on, or None.
Rule = Callable[[Case], Retcode | None]


def case_of(floor: Floor, account: Account, request: TradeRequest, spec: FullSymbol) -> Case:
    """Look up what the request names."""
    position = floor.position_for(account, spec.trade_symbol, request.trade_position)
    return Case(floor, account, request, spec, position, account.orders.get(request.trade_order))


def ever_held(account: Account, position_id: int) -> bool:
    """Whether a position with this id existed."""
    return any(deal.position_id == position_id for deal in reversed(account.deals)) and position_id != 0
